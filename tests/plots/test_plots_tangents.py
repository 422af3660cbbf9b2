"""Secants, tangents and derivatives."""

import numpy as np
import pytest
from drawing import axes

from xpnn import plots
from xpnn.backend import array_namespace


def cube(x):
    return x**3


def exponential(x):
    return array_namespace(x).exp(x)


def test_secants_become_the_tangent(backend):
    deltas = np.array([1.0, 0.1, 1e-4])
    slopes = plots.secants(axes(), cube, 1.0, deltas)
    np.testing.assert_allclose(slopes, ((1 + deltas) ** 3 - 1) / deltas, rtol=1e-6)
    np.testing.assert_allclose(plots.tangents(axes(), cube, [1.0]), [3.0], rtol=1e-6)


def test_a_derivative_of_any_function():
    slopes = plots.derivative_curve(axes(), exponential, name="exp", low=-1, high=1)
    np.testing.assert_allclose(slopes, np.exp(np.linspace(-1, 1, 401)), rtol=1e-6)


def test_bad_places_are_refused():
    with pytest.raises(ValueError, match="deltas must be a finite number > 0"):
        plots.secants(axes(), cube, 1.0, [1.0, 0.0])
    with pytest.raises(TypeError, match="x must be"):
        plots.secants(axes(), cube, "1", [1.0])
    with pytest.raises(ValueError, match="high must be a finite number > 3"):
        plots.tangents(axes(), cube, [1.0], low=3, high=2)
