"""How estimators are fitted: beside scikit-learn's own MLP, and in what that does not tell."""

import pickle
import re
from copy import deepcopy

import numpy as np
import pytest
import sklearn.neural_network as stock
from perceptrons import DATA, OURS, diabetes, digit_labels, digits, fitted, progress

import xpnn
from xpnn.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore:.*Maximum iterations:UserWarning")

SETTINGS = {
    # Adam's epsilon joins another number there (see the guide), so it shall be nothing here
    "adam": {"epsilon": 1e-30},
    "batches": {"epsilon": 1e-30, "batch_size": 20},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.01},
    "momentum": {"solver": "sgd", "nesterovs_momentum": False, "learning_rate_init": 0.01},
    "plain": {"solver": "sgd", "momentum": 0, "alpha": 1.0},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.3},
    "adaptive": {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "learning_rate_init": 0.02,
        "n_iter_no_change": 1,
        "tol": 0.05,
        "max_iter": 40,
    },
    "logistic": {"activation": "logistic", "hidden_layer_sizes": (9, 5), "epsilon": 1e-30},
    "early stopping": {
        "early_stopping": True,
        "validation_fraction": 0.25,
        "tol": 0.01,
        "n_iter_no_change": 3,
        "epsilon": 1e-30,
        "max_iter": 40,
    },
}


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("kind", ["classes", "two classes", "labels", "numbers"])
def test_the_same_seed_learns_what_scikit_learns_own_learns(kind, setting):
    ours, theirs = (fitted(which, kind, **SETTINGS[setting]) for which in ("ours", "theirs"))
    for name in ("coefs_", "intercepts_"):
        for a, b in zip(getattr(ours, name), getattr(theirs, name), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)
    for name in ("loss_curve_", "validation_scores_"):
        if getattr(theirs, name) is None:
            assert getattr(ours, name) is None
        else:
            np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-9)
    same = ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_")
    for name in (*same, "_no_improvement_count"):
        assert getattr(ours, name) == getattr(theirs, name), name
    for name in ("loss_", "best_loss_", "best_validation_score_"):
        expected = getattr(theirs, name)
        wanted = expected if expected is None else pytest.approx(expected, rel=1e-9)
        assert getattr(ours, name) == wanted, name


@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_weights_count_as_in_scikit_learn(kind):
    cls, X, y = DATA[kind]
    weight = np.random.default_rng(0).uniform(0.5, 2, len(y))
    settings = {"random_state": 0, "max_iter": 10, "solver": "sgd", "alpha": 1.0}
    ours, theirs = (c(**settings).fit(X, y, weight) for c in (OURS[cls], cls))
    np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], rtol=1e-9)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)


def test_several_numbers_are_learnt_alike_with_the_sum_as_loss():
    Y = np.stack([progress, progress[::-1]], axis=1)
    settings = {"random_state": 0, "max_iter": 10, "solver": "sgd", "alpha": 0}
    ours = MLPRegressor(**settings).fit(diabetes, Y)
    theirs = stock.MLPRegressor(**settings).fit(diabetes, Y)
    np.testing.assert_allclose(ours.predict(diabetes), theirs.predict(diabetes), rtol=1e-9)
    np.testing.assert_allclose(ours.loss_curve_, 2 * np.array(theirs.loss_curve_), rtol=1e-9)


@pytest.mark.parametrize("kind", ["classes", "two classes", "labels", "numbers"])
def test_partial_fits_are_scikit_learns(kind):
    cls, X, y = DATA[kind]
    settings = {
        "random_state": 0,
        "solver": "sgd",
        "learning_rate_init": 0.05,
        "shuffle": False,
    }
    ours, theirs = OURS[cls](**settings), cls(**settings)
    first = {"classes": np.unique(y)} if kind.endswith("classes") else {}
    if kind == "labels":
        first = {"classes": np.arange(5)}
    for part in (slice(40), slice(20, 60), slice(30)):  # of other sizes, too
        ours.partial_fit(X[part], y[part], **first)
        theirs.partial_fit(X[part], y[part], **first)
        first = {}
    np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], rtol=1e-9)
    np.testing.assert_array_equal(ours.predict(X) > 1, theirs.predict(X) > 1)


def test_a_warm_start_keeps_classes_and_sizes():
    model = fitted("ours", "classes", warm_start=True)
    first = model.loss_
    assert model.fit(digits, digit_labels).loss_ < first
    assert len(model.loss_curve_) == 24
    with pytest.raises(ValueError, match=re.escape("Previously got [0 1 2 3 4 5 6 7 8 9]")):
        model.fit(digits, digit_labels % 3)
    model.set_params(hidden_layer_sizes=(8, 8))
    with pytest.raises(ValueError, match=r"the layers must keep their sizes \[64, 8, 10\]"):
        model.fit(digits, digit_labels)


@pytest.mark.parametrize("weight", [-1.0, 0.0])
def test_weights_that_mean_nothing_are_refused(weight):
    X = np.arange(20.0)[:, None]
    for estimator in (MLPClassifier(), MLPRegressor()):
        with pytest.raises(ValueError, match=r"(sample_weight|Sample weights) must"):
            estimator.fit(X, X[:, 0] > 9, sample_weight=np.full(20, weight))


def rows(n):
    generator = np.random.default_rng(4)
    X = generator.standard_normal((n, 5))
    return X, X[:, 0] * X[:, 1] + 0.1 * generator.standard_normal(n)


@pytest.mark.parametrize("through", [pickle.dumps, deepcopy], ids=["pickle", "deepcopy"])
def test_a_copy_goes_on_with_what_is_behind_the_means(through):
    X, y = rows(80)
    model = MLPRegressor(
        hidden_layer_sizes=(8,), solver=xpnn.Adam(0.01, average=0.9), random_state=0
    )
    for _ in range(3):
        model.partial_fit(X, y)
    copied = through(model)
    copied = pickle.loads(copied) if isinstance(copied, bytes) else copied
    for one in (model, copied):
        one.partial_fit(X, y)
    np.testing.assert_array_equal(copied.predict(X), model.predict(X))


@pytest.mark.parametrize("n", [80, 40])
def test_arrays_that_are_set_are_gone_on_from_where_means_are_made(n):
    X, y = rows(80)
    solver = xpnn.SGD(1e-9, average=0.9)
    model = MLPRegressor(hidden_layer_sizes=(8,), solver=solver, alpha=0.1, random_state=0)
    for _ in range(3):
        model.partial_fit(X, y)
    model.coefs_ = [0 * c for c in model.coefs_]
    model.partial_fit(X[:n], y[:n])  # with other batches the penalty of each step is another
    assert max(np.abs(c).max() for c in model.coefs_) < 1e-3


def test_early_stopping_may_begin_where_training_goes_on():
    X, y = rows(80)
    model = MLPRegressor(hidden_layer_sizes=(8,), max_iter=3, warm_start=True, random_state=0)
    model.fit(X, y)
    model.set_params(early_stopping=True).fit(X, y)
    assert len(model.validation_scores_) == 3
