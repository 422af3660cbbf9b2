"""solver="lbfgs", beside scikit-learn's own from the same start."""

import warnings

import numpy as np
import pytest
from perceptrons import OURS
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

import xpnn

iris, species = load_iris(return_X_y=True)
diabetes, progress = load_diabetes(return_X_y=True)
WEIGHTS = np.random.default_rng(0).integers(0, 4, 150)
NOTED = ("loss_curve_", "best_loss_", "validation_scores_", "validation_loss_curve_")


def both(theirs, X, y, weights=None):
    ours = OURS[type(theirs)](**theirs.get_params())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return ours.fit(X, y, weights), theirs.fit(X, y, weights)


@pytest.mark.parametrize(
    ("theirs", "X", "y", "weights"),
    [
        (MLPClassifier(activation="tanh", alpha=0.1), iris, species, None),
        (MLPClassifier((4, 3), early_stopping=True), iris, species == 1, None),
        (MLPClassifier(activation="logistic", max_fun=12), iris, np.eye(3)[species], None),
        (MLPRegressor(batch_size=7), diabetes, progress / 100, None),
        (MLPClassifier(alpha=1.0), iris, species, WEIGHTS),
    ],
)
def test_each_iteration_is_scikit_learns(theirs, X, y, weights):
    theirs.set_params(solver="lbfgs", max_iter=15, random_state=3)
    ours, theirs = both(theirs, X, y, weights)
    assert (ours.n_iter_, ours.t_) == (theirs.n_iter_, theirs.t_)
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-6)
    for array, wanted in zip(
        ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_
    ):
        np.testing.assert_allclose(array, wanted, rtol=1e-4, atol=1e-6)
    assert not any(hasattr(model, name) for name in NOTED for model in (ours, theirs))
    assert not hasattr(ours, "partial_fit")


def test_how_it_ends():
    settings = {"solver": "lbfgs", "random_state": 0, "tol": 1e-2, "alpha": 0.1}
    ours, theirs = both(MLPClassifier(**settings), iris, species)
    assert abs(ours.n_iter_ - theirs.n_iter_) <= 2
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-3)
    for limit in ({"max_iter": 5}, {"max_fun": 5}):
        with pytest.warns(ConvergenceWarning, match=r"failed to converge .*\(status=1\)"):
            clone(ours).set_params(**limit).fit(iris, species)
    large = np.full((4, 1), 1e300)
    with pytest.raises(ValueError, match="Solver produced non-finite parameter weights"):
        OURS[MLPRegressor](solver="lbfgs").fit(large, large[:, 0])


def test_it_goes_on_and_solvers_are_changed(capsys):
    warnings.simplefilter("ignore", ConvergenceWarning)
    model = OURS[MLPClassifier](solver="lbfgs", max_iter=4, warm_start=True, random_state=0)
    first = model.fit(iris, species).loss_
    assert model.set_params(verbose=True).fit(iris, species).loss_ < first
    assert capsys.readouterr().out.startswith("Iteration 1, loss = ")
    model.set_params(solver="adam", early_stopping=True, verbose=False).fit(iris, species)
    assert len(model.validation_scores_) == len(model.loss_curve_) == 4
    model.set_params(solver="lbfgs", warm_start=False).fit(iris, species)
    assert model.loss_ == pytest.approx(first)
    assert not any(hasattr(model, name) for name in NOTED)


@pytest.mark.float64
def test_on_other_libraries(backend):
    settings = {"solver": "lbfgs", "max_iter": 10, "random_state": 0, "backend": backend}
    warnings.simplefilter("ignore", ConvergenceWarning)
    ours = OURS[MLPClassifier](**settings).fit(iris, species, WEIGHTS)
    with xpnn.use_backend("numpy"):
        wanted = clone(ours).set_params(backend=None).fit(iris, species, WEIGHTS)
    np.testing.assert_allclose(ours.coefs_[0], wanted.coefs_[0], rtol=1e-5, atol=1e-8)
