"""Numerical derivatives beside the true ones."""

import math

import numpy as np
import pytest
from support import host

from xpnn.backend import array_namespace
from xpnn.calculus import derivative, gradient, jacobian, tangent_line


def test_forward_differences_are_off_by_delta():
    # of x² the forward difference is 2x + delta, the central one 2x
    assert derivative(lambda x: x * x, 3.0) == pytest.approx(6.0001, abs=1e-9)
    assert derivative(lambda x: x * x, 3.0, 0.01) == pytest.approx(6.01, abs=1e-11)
    assert derivative(lambda x: x * x, 3.0, method="central") == pytest.approx(6, abs=1e-9)


@pytest.mark.float64
def test_each_entry_of_an_array_is_a_point(backend):
    x = backend.asarray([0.0, 1.0, 2.0])
    xp = backend.xp
    slopes = derivative(xp.sin, x, 1e-5, method="central")
    np.testing.assert_allclose(host(slopes), np.cos([0, 1, 2]), atol=1e-9)


def test_the_tangent_touches():
    slope, intercept = tangent_line(math.exp, 1.0)
    assert slope == pytest.approx(math.e, rel=1e-4)
    assert slope * 1.0 + intercept == pytest.approx(math.e, rel=1e-15)


def test_the_gradient_of_a_quadratic_form(backend, dtype):
    rng = np.random.default_rng(0)
    matrix = rng.standard_normal((6, 6))
    a = backend.asarray(matrix, dtype)
    x = rng.standard_normal((2, 3))

    def f(x):
        flat = array_namespace(x).reshape(x, (6, 1))
        return flat.T @ a @ flat  # (1, 1): one number

    grad = gradient(f, backend.asarray(x, dtype), 1e-4 if dtype == "float64" else 1e-2)
    wanted = ((matrix + matrix.T) @ x.reshape(6)).reshape(2, 3)
    assert grad.shape == (2, 3)
    assert grad.dtype == backend.dtype(dtype)
    np.testing.assert_allclose(host(grad), wanted, atol=1e-8 if dtype == "float64" else 1e-3)


@pytest.mark.float64
def test_the_jacobian_of_a_linear_map_is_the_map(backend):
    matrix = np.arange(12.0).reshape(3, 4)
    a = backend.asarray(matrix)
    result = jacobian(lambda x: a @ x, backend.asarray([1.0, 2.0, 3.0, 4.0]))
    np.testing.assert_allclose(host(result), matrix, atol=1e-9)
    column = jacobian(lambda x: a @ x, backend.asarray([[1.0], [2.0], [3.0], [4.0]]))
    assert column.shape == (3, 1, 4, 1)


def test_lists_and_integers_are_taken(backend):
    np.testing.assert_allclose(host(gradient(lambda x: x[0] * x[1], [2, 5])), [5, 2], atol=1e-9)


def test_the_argument_is_not_changed(backend):
    x = backend.asarray([1.0, 2.0])
    gradient(lambda x: x[0] * x[1], x)
    assert host(x).tolist() == [1.0, 2.0]


@pytest.mark.parametrize("delta", [0.0, -1e-4, math.nan, math.inf])
def test_a_bad_delta(delta):
    with pytest.raises(ValueError, match=r"delta must be a finite number > 0, got"):
        derivative(math.sin, 0.0, delta)


def test_a_bad_method():
    with pytest.raises(ValueError, match=r"method must be 'forward' or 'central', got 'both'"):
        gradient(lambda x: x[0], [1.0], method="both")


@pytest.mark.float64
def test_gradients_of_functions_that_give_python_numbers(backend):
    x = backend.asarray(np.array([1.0, 2.0]))
    result = gradient(lambda p: float(backend.xp.sum(p**3)), x)
    np.testing.assert_allclose(host(result), [3, 12], rtol=1e-7)
    assert result.dtype == backend.dtype("float64")
    row = jacobian(lambda p: backend.xp.sum(p**3), x)
    np.testing.assert_allclose(host(row), [3, 12], rtol=1e-7)
