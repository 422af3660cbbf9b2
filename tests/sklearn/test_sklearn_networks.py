"""What parameters make of a network, beside NumPy by hand."""

import numpy as np
import pytest
from perceptrons import diabetes, digit_labels, digits, initial, progress
from sklearn.base import clone

import xpnn
from xpnn.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore:.*Maximum iterations:UserWarning")


def test_penalties_are_part_of_the_loss():
    (w1, b1, w2, b2), _ = initial((10, 6, 1))
    settings = {"hidden_layer_sizes": 6, "random_state": 0, "max_iter": 1}
    model = MLPRegressor(**settings, alpha=3.0, l1=0.5).fit(diabetes, progress)
    error = np.maximum(diabetes @ w1 + b1, 0) @ w2 + b2 - progress[:, None]
    squares, sizes = (sum(f(w).sum() for w in (w1, w2)) for f in (np.square, np.abs))
    expected = np.mean(error**2) / 2 + (3.0 / 2 * squares + 0.5 * sizes) / 200
    assert model.loss_ == pytest.approx(expected, rel=1e-12)
    sparse = MLPRegressor(**(settings | {"max_iter": 60}), l1=300.0, learning_rate_init=0.01)
    plain = clone(sparse).set_params(l1=0.0)
    sums = [
        sum(np.abs(w).sum() for w in m.fit(diabetes, progress).coefs_) for m in (sparse, plain)
    ]
    assert sums[0] < sums[1] / 4


def test_an_activation_for_each_layer():
    activations = ["tanh", xpnn.LeakyReLU(0.3), "identity"]
    model = MLPRegressor("huber", (7, 5, 4), activations, random_state=0, max_iter=5)
    model.fit(diabetes, progress)
    x = diabetes
    functions = [np.tanh, lambda z: np.where(z > 0, z, 0.3 * z), lambda z: z, lambda z: z]
    for w, b, f in zip(model.coefs_, model.intercepts_, functions, strict=True):
        x = f(x @ w + b)
    np.testing.assert_allclose(model.predict(diabetes), x[:, 0], rtol=1e-12)
    with pytest.raises(ValueError, match="activation must be one for all hidden layers or a"):
        clone(model).set_params(hidden_layer_sizes=(7, 5)).fit(diabetes, progress)
    with pytest.raises(ValueError, match="activation must not learn"):
        clone(model).set_params(activation=xpnn.BatchNorm(3)).fit(diabetes, progress)
    with pytest.raises(ValueError, match="activation must be one of 'identity'"):
        clone(model).set_params(activation=["relu", "relu", "rely"]).fit(diabetes, progress)


def test_dropout_acts_in_training_only():
    settings = {"hidden_layer_sizes": (20, 20), "random_state": 0, "max_iter": 5}
    plain, half, again, first = (
        MLPClassifier(**settings, dropout=rate).fit(digits, digit_labels)
        for rate in (0.0, 0.5, 0.5, [0.5, 0.0])
    )
    assert half.loss_ > plain.loss_
    assert half.loss_curve_ == again.loss_curve_ != first.loss_curve_
    x = np.maximum(digits @ half.coefs_[0] + half.intercepts_[0], 0)
    x = np.maximum(x @ half.coefs_[1] + half.intercepts_[1], 0)
    z = x @ half.coefs_[2] + half.intercepts_[2]
    np.testing.assert_allclose(
        half.predict_log_proba(digits), z - np.log(np.exp(z).sum(1, keepdims=True)), rtol=1e-9
    )


def test_optimizers_of_xpnn():
    for solver in ("adagrad", "rmsprop", xpnn.AdamW(0.01, weight_decay=0.1)):
        model = MLPClassifier(
            solver=solver, learning_rate_init=0.02, random_state=0, max_iter=30
        )
        assert model.fit(digits, digit_labels).score(digits, digit_labels) > 0.95
