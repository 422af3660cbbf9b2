"""Estimators become scikit-learn's own, and back."""

import pickle

import numpy as np
import pytest
import sklearn.neural_network as stock
from perceptrons import DATA, OURS, diabetes, digit_labels, digits, fitted, progress
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning, NotFittedError

import xpnn
from xpnn.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore:.*Maximum iterations:UserWarning")


@pytest.mark.parametrize("kind", ["classes", "two classes", "labels", "numbers", "counts"])
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_to_scikit_learn_and_back(kind, activation):
    cls, X, y = DATA[kind]
    extra = {"loss": "poisson"} if kind == "counts" else {}
    model = fitted("ours", kind, activation=activation, dropout=0.1, max_iter=4, **extra)
    theirs = model.to_sklearn()
    assert type(theirs) is cls
    assert theirs.hidden_layer_sizes == (8,)
    back = OURS[cls].from_sklearn(theirs)
    for other in (theirs, back):
        np.testing.assert_allclose(other.predict(X), model.predict(X), rtol=1e-12)
        if cls is stock.MLPClassifier:
            np.testing.assert_allclose(other.predict_proba(X), model.predict_proba(X))
        assert other.loss_curve_ == model.loss_curve_
        assert other.score(X, y) == pytest.approx(model.score(X, y))
        other.partial_fit(X, y)
    assert "xpnn" not in type(pickle.loads(pickle.dumps(theirs))).__module__


def test_two_outputs_become_scikit_learns_one():
    y = digit_labels % 2
    model = MLPClassifier(loss=xpnn.CategoricalCrossEntropy(), random_state=0, max_iter=5)
    theirs = model.fit(digits, y).to_sklearn()
    assert theirs.n_outputs_ == 1
    assert theirs._best_coefs[-1].shape == theirs.coefs_[-1].shape == (100, 1)
    np.testing.assert_allclose(theirs.predict_proba(digits), model.predict_proba(digits))


def test_what_scikit_learn_has_not_is_refused_or_left_out():
    for activation in ("leaky_relu", ["relu", "tanh"], xpnn.LeakyReLU(0.3)):
        model = MLPRegressor("huber", (4, 4), activation, random_state=0, max_iter=2)
        with pytest.raises(ValueError, match="has one activation for all hidden layers"):
            model.fit(diabetes, progress).to_sklearn()
    model = MLPRegressor("huber", solver="rmsprop", l1=0.1, random_state=0, max_iter=2)
    theirs = model.fit(diabetes, progress).to_sklearn()
    assert (theirs.solver, theirs.max_iter) == ("adam", 2)
    np.testing.assert_allclose(theirs.predict(diabetes), model.predict(diabetes))
    with pytest.raises(NotFittedError):
        MLPRegressor().to_sklearn()


def test_an_old_scikit_learn_has_no_counts(monkeypatch):
    class Old(BaseEstimator):
        def __init__(self, hidden_layer_sizes=()):
            self.hidden_layer_sizes = hidden_layer_sizes

    monkeypatch.setattr(MLPRegressor, "_stock", Old)
    with pytest.raises(ValueError, match=r"networks for counts from version 1\.7 on"):
        fitted("ours", "counts", loss="poisson").to_sklearn()


def test_from_scikit_learn():
    for kind in ("classes", "labels", "numbers"):
        _, X, y = DATA[kind]
        with pytest.warns(ConvergenceWarning):
            theirs = fitted("theirs", kind, solver="lbfgs")
        cls = OURS[type(theirs)]
        model = cls.from_sklearn(theirs)
        np.testing.assert_allclose(model.predict(X), theirs.predict(X), rtol=1e-12)
        assert (model.solver, model.random_state) == ("lbfgs", 0)
        before = model.score(X, y)
        model.set_params(solver="adam", learning_rate_init=1e-4).partial_fit(X, y)
        assert model.score(X, y) == pytest.approx(before, abs=0.1)
    with pytest.raises(TypeError, match="scikit-learn's own MLPRegressor, got MLPClassifier"):
        MLPRegressor.from_sklearn(fitted("theirs", "classes"))
    with pytest.raises(NotFittedError):
        MLPRegressor.from_sklearn(stock.MLPRegressor())
