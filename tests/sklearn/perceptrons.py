"""What the tests of the estimators share: data, and networks that are fitted to them."""

from itertools import pairwise

import numpy as np
import sklearn.neural_network as stock
from sklearn.datasets import load_diabetes, load_digits, make_multilabel_classification
from sklearn.preprocessing import scale

from xpnn.sklearn import MLPClassifier, MLPRegressor

OURS = {stock.MLPClassifier: MLPClassifier, stock.MLPRegressor: MLPRegressor}

digits, digit_labels = load_digits(return_X_y=True)
digits, digit_labels = digits[:200] / 16, digit_labels[:200]
many, labels = make_multilabel_classification(n_samples=60, random_state=0)
diabetes, progress = map(scale, load_diabetes(return_X_y=True))
diabetes, progress = diabetes[:200], progress[:200]
DATA = {
    "classes": (stock.MLPClassifier, digits, digit_labels),
    "two classes": (stock.MLPClassifier, digits, digit_labels == 3),
    "labels": (stock.MLPClassifier, scale(many), labels),
    "numbers": (stock.MLPRegressor, diabetes, progress),
    "counts": (stock.MLPRegressor, diabetes, np.round(4 + progress)),
}


def fitted(estimator, kind, **settings):
    cls, X, y = DATA[kind]
    cls = OURS[cls] if estimator == "ours" else cls
    settings = {"random_state": 0, "shuffle": False, "max_iter": 12} | settings
    return cls(**({"hidden_layer_sizes": 8} | settings)).fit(X, y)


def initial(sizes, seed=0):
    """Draw the first values as scikit-learn's MLP does, by hand."""
    random, arrays = np.random.RandomState(seed), []
    for n_inputs, n_outputs in pairwise(sizes):
        bound = np.sqrt(6 / (n_inputs + n_outputs))
        arrays.append(random.uniform(-bound, bound, (n_inputs, n_outputs)))
        arrays.append(random.uniform(-bound, bound, n_outputs))
    return arrays, random
