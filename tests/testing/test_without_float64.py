"""Devices without double precision: checks, slopes and comparisons hold there too."""

from dataclasses import dataclass

import numpy as np
import pytest

import xpnn
from xpnn.backend import array_namespace, backend_of, resolve
from xpnn.calculus import derivative, gradient, jacobian
from xpnn.testing import check_layer, check_loss, check_optimizer

SINGLE = "array_api_strict:no_float64"
rng = np.random.default_rng(4)


@pytest.mark.parametrize("backends", [[SINGLE], [SINGLE, "numpy"], ["numpy", SINGLE]])
def test_checks_pass(backends):
    check_layer(xpnn.Tanh(), (5, 3), backends=backends)
    check_layer(xpnn.Dense(3, 2, l2=0.1), (5, 3), backends=backends)
    check_layer(xpnn.BatchNorm(3), (5, 3), backends=backends)
    check_loss(xpnn.CategoricalCrossEntropy(), backends=backends)
    check_optimizer(xpnn.Adam(0.01), backends=backends)


@dataclass(frozen=True)
class WrongOfTestWithoutFloat64(xpnn.Layer):
    """Its gradient is a little off: for everybody, or for a library alone."""

    only: str = ""

    def forward(self, params, x):
        off = 1.01 if self.only in array_namespace(x).__name__ else 1.0
        return x * x, lambda dy: (2 * off * dy * x, ())


def test_checks_find_what_is_wrong():
    with pytest.raises(AssertionError, match="beside central differences"):
        check_layer(WrongOfTestWithoutFloat64(), (5, 3), backends=[SINGLE])
    with pytest.raises(AssertionError, match="in float32: dx, beside the first backend's"):
        check_layer(WrongOfTestWithoutFloat64("strict"), (5, 3), backends=[SINGLE])


def test_a_backend_says_whether_it_has_it():
    assert not resolve(f"{SINGLE}!").has_float64
    assert resolve("array_api_strict!").has_float64
    assert resolve("numpy!").has_float64
    single = resolve(f"{SINGLE}!")
    assert single.asarray([1.0, 2.0]).dtype == single.xp.float32
    assert single.dtype("float64") == single.xp.float32


def test_slopes_are_taken_with_enough_digits():
    with xpnn.use_backend(f"{SINGLE}!") as backend:
        slope = derivative(lambda x: x**3, [1.0, 2.0], method="central")
        partials = gradient(lambda x: array_namespace(x).sum(x**3), [1.0, 2.0])
        rows = jacobian(lambda x: x**3, [1.0, 2.0])
    for found, wanted in ((slope, [3, 12]), (partials, [3, 12]), (rows, np.diag([3, 12]))):
        assert backend.owns(found)
        np.testing.assert_allclose(backend.to_numpy(found), wanted, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("order", [1, -1])
def test_comparisons_allow_for_its_rounding(dtype, order, capsys):
    layers = [xpnn.Dense(4, 6), xpnn.Tanh(), xpnn.Dense(6, 3), xpnn.Softmax()]
    model = xpnn.Sequential(layers, seed=0, dtype=dtype, backend="numpy")
    model.compile("categorical_cross_entropy", "adam")
    X, y = rng.standard_normal((30, 4)), rng.integers(3, size=30)
    found = xpnn.compare_backends(model, X, y, ["numpy", SINGLE][::order])
    assert found.first is None
    if dtype == "float64":
        assert any(part.difference > 1e-9 for part in found.parts)


def test_predictions_come_back_to_it():
    single = resolve(f"{SINGLE}!")
    model = xpnn.Sequential([xpnn.Dense(2, 3)], seed=0, dtype="float64", backend="numpy")
    x = single.asarray([[1.0, 2.0]], "float32")
    outputs = model.predict(x)
    assert backend_of(outputs).device == single.device
    np.testing.assert_allclose(single.to_numpy(outputs), model.predict([[1.0, 2.0]]), rtol=1e-6)
