"""The focal loss beside its definition, and where numbers are extreme."""

import numpy as np
import pytest
from support import host

import xpnn
from xpnn.network.stack import fuse

rng = np.random.default_rng(7)
LOGITS = 2 * rng.standard_normal((6, 3))
CLASSES = rng.integers(3, size=6)
SOFT = rng.dirichlet(np.ones(3), size=6)


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("gamma", [0, 0.5, 1, 2.0, 5.0])
@pytest.mark.parametrize("y", [CLASSES, SOFT], ids=["classes", "rows"])
@pytest.mark.parametrize("from_logits", [False, True])
def test_the_focal_loss(backend, dtype, gamma, y, from_logits):
    p = softmax(LOGITS)
    rows = y if y.ndim == 2 else np.eye(3)[y]
    wanted = -np.mean(np.sum(rows * (1 - p) ** gamma * np.log(p), axis=1))
    loss = xpnn.Focal(gamma, from_logits=from_logits)
    given = backend.asarray(LOGITS if from_logits else p, dtype)
    value, slope = loss(given, backend.asarray(y))
    rounding = 200 * np.finfo(dtype).eps
    np.testing.assert_allclose(host(value), wanted, rtol=rounding)
    if gamma == 0:
        plain, plain_slope = xpnn.CategoricalCrossEntropy(from_logits)(
            given, backend.asarray(y)
        )
        np.testing.assert_allclose(host(value), host(plain), rtol=rounding)
        np.testing.assert_allclose(host(slope), host(plain_slope), rtol=rounding, atol=rounding)


@pytest.mark.parametrize("gamma", [0, 0.5, 1, 2.0])
@pytest.mark.parametrize("scale", [1e2, 1e30])
def test_certainty_is_finite(backend, dtype, gamma, scale):
    """What is certain and right has no loss, and what is wrong that of cross-entropy."""
    logits = backend.asarray(np.array([[scale, 0.0, 0.0]] * 2), dtype)
    for y in (np.array([0, 1]), np.eye(3)[:2]):
        losses, backward = xpnn.Focal(gamma, from_logits=True).forward(
            logits, backend.asarray(y, None if y.ndim == 1 else dtype)
        )
        np.testing.assert_allclose(host(losses), [0, scale], rtol=1e-6, atol=1e-30)
        np.testing.assert_allclose(host(backward()), [[0, 0, 0], [1, -1, 0]], atol=1e-12)


def test_it_is_computed_with_softmax_and_learns(backend):
    x = rng.standard_normal((60, 2))
    y = (x[:, 0] > 0).astype(int)
    model = xpnn.Sequential([xpnn.Dense(2, 2), xpnn.Softmax()], seed=0)
    model.compile("focal", xpnn.Adam(0.1), metrics=["accuracy"])
    stack, together = fuse(model.layers, model.compiled.loss)
    assert (stack.head, together.from_logits) == (xpnn.Softmax(), True)
    model.fit(x, y, epochs=60, verbose=False, class_weight={0: 1.0, 1: 2.0})
    assert model.evaluate(x, y)["accuracy"] > 0.95


@pytest.mark.parametrize("gamma", [-0.1, float("nan"), "two", None])
def test_what_gamma_may_be(gamma):
    with pytest.raises((TypeError, ValueError), match="gamma must be"):
        xpnn.Focal(gamma)


def test_one_output_is_refused():
    with pytest.raises(ValueError, match="needs an output for each class"):
        xpnn.Sequential([xpnn.Dense(2, 1)]).compile(xpnn.Focal(from_logits=True), "sgd")
