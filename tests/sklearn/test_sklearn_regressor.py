"""What only the regressor has: its losses, and one's own."""

import numpy as np
import pytest
from perceptrons import diabetes, fitted, progress

import xpnn
from xpnn.backend import array_namespace
from xpnn.sklearn import MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore:.*Maximum iterations:UserWarning")


def test_counts_are_learnt_as_by_scikit_learn():
    ours, theirs = (
        fitted(which, "counts", loss="poisson", solver="sgd") for which in ("ours", "theirs")
    )
    np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], rtol=1e-9)
    np.testing.assert_allclose(ours.predict(diabetes), theirs.predict(diabetes), rtol=1e-9)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
    with pytest.raises(ValueError, match="must not be negative for the Poisson deviance"):
        MLPRegressor(loss="poisson").fit(diabetes, progress)


def test_the_absolute_error_finds_the_median():
    y = np.array([1.0] * 6 + [100.0] * 4)
    X = np.zeros((10, 1))
    rate = {"learning_rate_init": 0.1, "max_iter": 300, "random_state": 0, "alpha": 0}
    median = MLPRegressor("absolute_error", (), **rate, n_iter_no_change=300).fit(X, y)
    mean = MLPRegressor(hidden_layer_sizes=(), **(rate | {"learning_rate_init": 1.0})).fit(X, y)
    assert median.predict(X[:1])[0] == pytest.approx(1.0, abs=0.2)
    assert mean.predict(X[:1])[0] == pytest.approx(y.mean(), abs=2)


class SklearnQuantile(xpnn.Loss):
    """The loss of one quantile, 0.9."""

    def forward(self, predictions, targets):
        xp = array_namespace(predictions)
        error = predictions - targets
        slope = xp.where(error > 0, xp.ones_like(error) * 0.1, xp.ones_like(error) * -0.9)
        return xp.sum(error * slope, axis=1), lambda: 1.0 * slope


def test_a_loss_of_ones_own():
    y = np.random.default_rng(0).uniform(0, 1, 500)
    X = np.zeros((500, 1))
    model = MLPRegressor(SklearnQuantile(), (), learning_rate_init=0.02, random_state=0)
    assert model.fit(X, y).predict(X[:1])[0] == pytest.approx(np.quantile(y, 0.9), abs=0.03)
