"""Activations that bend without a corner, at 0 and where they are almost lines."""

import math
import warnings

import numpy as np
import pytest
from onnx_runs import run
from support import host

import xpnn
from xpnn.export import onnx_model

BENDS = {  # far below the output, far above the slope, and both at 0
    xpnn.ELU(): (-1, 1, 0, 1),
    xpnn.ELU(0.5): (-0.5, 1, 0, 0.5),
    xpnn.GELU(): (0, 1, 0, 0.5),
    xpnn.Mish(): (0, 1, 0, 0.6),
    xpnn.SELU(): (-1.7580993408473766, 1.0507009873554805, 0, 1.7580993408473766),
    xpnn.Softplus(): (0, 1, math.log(2), 0.5),
}


@pytest.mark.parametrize("layer", BENDS, ids=str)
def test_at_0_and_far_from_it(layer, backend, dtype):
    below, slope, at_0, slope_at_0 = BENDS[layer]
    far = [1e3, 1e4, 1e30]
    x = np.array([[*far, *(-number for number in far), 0.0, -0.0]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y, backward = layer.forward((), backend.asarray(x, dtype))
        dx, _ = backward(backend.asarray(np.full(x.shape, 3.0), dtype))
    close = {"rtol": 1e-6 if dtype == "float32" else 1e-14, "atol": 1e-30}
    wanted = [*(slope * number for number in far), *[below] * 3, at_0, at_0]
    np.testing.assert_allclose(host(y), [wanted], **close)
    wanted = [*[3 * slope] * 3, *[0] * 3, 3 * slope_at_0, 3 * slope_at_0]
    close["atol"] = 1e-6 if dtype == "float32" else 1e-15
    np.testing.assert_allclose(host(dx), [wanted], **close)


@pytest.mark.parametrize("layer", BENDS, ids=str)
def test_onnx_of_large_and_small_numbers(layer, dtype):
    x = np.concatenate([np.logspace(-30, 30, 61), [0.0], -np.logspace(-30, 30, 61)])
    x = x.astype(dtype)[:, None]
    model = xpnn.Sequential([layer], dtype=dtype, backend="numpy")
    tolerance = 1e-6 if dtype == "float32" else 1e-14
    output = run(onnx_model(model), inputs=x)
    np.testing.assert_allclose(output, model.predict(x), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("layer", [xpnn.Mish(), xpnn.Softplus()], ids=str)
def test_small_numbers_are_right_to_their_last_digits(layer, backend):
    """Below 0 both are about exp(x) times a line; 1 + exp(x) would lose it."""
    x = np.array([[-20.0, -30.0]])
    y, backward = layer.forward((), backend.asarray(x, "float32"))
    dx, _ = backward(backend.asarray(np.ones((1, 2)), "float32"))
    mish = isinstance(layer, xpnn.Mish)
    np.testing.assert_allclose(host(y), np.exp(x) * (x if mish else 1), rtol=1e-5)
    np.testing.assert_allclose(host(dx), np.exp(x) * (1 + x if mish else 1), rtol=1e-5)


def test_a_deep_network_of_selu_keeps_what_is_normalised():
    layers = []
    for _ in range(20):
        layers += [xpnn.Dense(200, 200, weights="lecun_normal"), xpnn.SELU()]
    x = np.random.default_rng(0).standard_normal((100, 200))
    y = xpnn.Sequential(layers, seed=0, backend="numpy").predict(x)
    assert y.mean() == pytest.approx(0, abs=0.1)
    assert y.var() == pytest.approx(1, abs=0.2)


def test_alpha_is_above_0():
    with pytest.raises(ValueError, match="alpha must"):
        xpnn.ELU(0.0)
