"""Sparse rows in the estimators: what they learn is what they learn of dense rows."""

import numpy as np
import pytest
import scipy.sparse as sp
from perceptrons import OURS, digit_labels, digits
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import cross_val_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
WEIGHTS = np.random.default_rng(0).integers(1, 4, 200)
SETTINGS = {
    "adam": {"batch_size": 30},
    "early stopping": {"early_stopping": True, "dropout": 0.2},
    "lbfgs": {"solver": "lbfgs"},
    "sgd": {"solver": "sgd", "learning_rate": "adaptive", "shuffle": False, "l1": 0.1},
}


@pytest.mark.float64
@pytest.mark.parametrize("stock", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_what_is_learnt_is_that_of_dense_rows(backend, stock, settings):
    how = {"random_state": 0, "max_iter": 8, "hidden_layer_sizes": 9, "backend": backend}
    model = OURS[stock](**(how | settings))
    dense = clone(model).fit(digits, digit_labels, WEIGHTS)
    sparse = model.fit(sp.csc_matrix(digits), digit_labels, WEIGHTS)
    for array, wanted in zip(
        sparse.coefs_ + sparse.intercepts_, dense.coefs_ + dense.intercepts_
    ):
        np.testing.assert_allclose(array, wanted, rtol=1e-8, atol=1e-10)
    assert sparse.loss_ == pytest.approx(dense.loss_, rel=1e-10)
    for name in ("validation_scores_", "validation_loss_curve_"):
        assert getattr(sparse, name, None) == pytest.approx(getattr(dense, name, None))
    np.testing.assert_allclose(sparse.predict(sp.coo_array(digits)), dense.predict(digits))
    assert isinstance(sparse.coefs_[0], np.ndarray)
    if "solver" not in settings and not model.early_stopping:
        for one, x in ((sparse, sp.csr_array(digits)), (dense, digits)):
            one.partial_fit(x, digit_labels)
        np.testing.assert_allclose(sparse.coefs_[0], dense.coefs_[0], rtol=1e-8, atol=1e-10)


def test_single_precision_and_what_is_refused():
    model = OURS[MLPRegressor](max_iter=2).fit(sp.csr_array(digits, dtype="f4"), digit_labels)
    assert model.coefs_[0].dtype == np.float32
    wrong = sp.csr_array(digits)
    wrong.data[3] = np.nan
    with pytest.raises(ValueError, match="Input X contains NaN"):
        model.fit(wrong, digit_labels)
    with pytest.raises(ValueError, match="X has 3 features, but MLPRegressor is expecting 64"):
        model.predict(sp.csr_array(digits)[:, :3])


def test_texts_in_a_pipeline():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 120)
    texts = [" ".join(f"w{i}" for i in rng.integers(40 * k, 40 * k + 60, 30)) for k in labels]
    classes = np.array(["news", "sport"])[labels]
    scores = []
    for kind in (MLPClassifier, OURS[MLPClassifier]):
        model = make_pipeline(
            TfidfVectorizer(), kind(20, max_iter=9, learning_rate_init=0.02, random_state=0)
        )
        scores.append(cross_val_score(model, texts, classes, cv=3).mean())
    assert scores[1] == pytest.approx(scores[0], abs=0.03)
    assert scores[1] > 0.9
