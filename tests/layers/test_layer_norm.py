"""Layer normalisation, against its formula and automatic differentiation of it."""

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from onnx_runs import run
from support import host

import xpnn
from xpnn.export import onnx_model

rng = np.random.default_rng(3)


@pytest.mark.float64
def test_the_formula_and_its_gradients(backend):
    layer = xpnn.LayerNorm(4, epsilon=0.3)
    x, dy = rng.standard_normal((2, 5, 4))
    scale, shift = rng.standard_normal((2, 4))

    def reference(scale, shift, x):
        centred = x - anp.mean(x, axis=1, keepdims=True)
        variance = anp.mean(centred**2, axis=1, keepdims=True)
        return scale * centred / anp.sqrt(variance + 0.3) + shift

    y, backward = layer.forward(tuple(map(backend.asarray, (scale, shift))), backend.asarray(x))
    np.testing.assert_allclose(host(y), reference(scale, shift, x), rtol=1e-12)
    dx, (dscale, dshift) = backward(backend.asarray(dy))
    for i, ours in enumerate((dscale, dshift, dx)):
        wanted, _ = autograd.make_vjp(reference, i)(scale, shift, x)
        np.testing.assert_allclose(host(ours), wanted(dy), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("epsilon", [1e-5, 0.1])
def test_onnx_of_large_and_small_numbers(dtype, epsilon):
    x = (rng.standard_normal((7, 8)) * np.logspace(-6, 6, 7)[:, None]).astype(dtype)
    model = xpnn.Sequential([xpnn.LayerNorm(8, epsilon)], dtype=dtype, backend="numpy")
    output = run(onnx_model(model), inputs=x)
    tolerance = 1e-5 if dtype == "float32" else 1e-13
    np.testing.assert_allclose(output, model.predict(x), rtol=tolerance, atol=tolerance)


def test_another_number_of_inputs():
    assert xpnn.LayerNorm(3).n_inputs == 3
    with pytest.raises(ValueError, match=r"LayerNorm\(n=3.*takes 3 inputs, but gets 2"):
        xpnn.Sequential([xpnn.Dense(4, 2), xpnn.LayerNorm(3)])


@pytest.mark.parametrize("settings", [{"n": 0}, {"n": 2.5}, {"n": 3, "epsilon": 0}], ids=str)
def test_what_is_refused(settings):
    with pytest.raises((TypeError, ValueError), match=f"{[*settings][-1]} must"):
        xpnn.LayerNorm(**settings)
