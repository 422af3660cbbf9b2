"""How an optimizer walks down a function, on every array library."""

import numpy as np
import pytest

import xpnn
from xpnn import plots


def test_minima_are_where_the_polynomial_has_them(backend):
    # the derivative of the valley is x³ / 4 - x + 1 / 4
    roots = np.sort(np.roots([0.25, 0, -1, 0.25]).real)
    found = plots.minima(plots.valley, -3.5, 3.7)
    np.testing.assert_allclose(found, [roots[0], roots[2]], atol=1e-8)
    slopes = xpnn.calculus.derivative(plots.valley, found, method="central")
    np.testing.assert_allclose(slopes, 0, atol=1e-7)
    assert plots.valley(found[0]) < plots.valley(found[1])  # the lowest comes first
    assert plots.minima(lambda x: x, -1, 1).size == 0


def test_a_walk_is_that_of_the_rule(backend):
    places = plots.walk(plots.valley, 3.4, xpnn.SGD(0.02, momentum=0.9), 50)
    x, v, wanted = 3.4, 0.0, [3.4]
    for _ in range(50):
        v = 0.9 * v - 0.02 * (x**3 / 4 - x + 1 / 4)
        x += v
        wanted.append(x)
    np.testing.assert_allclose(places, wanted, atol=1e-6)


def test_a_walk_ends_where_numbers_do():
    places = plots.walk(plots.valley, 3.4, xpnn.SGD(10.0), 50)
    assert 1 < len(places) < 51
    assert np.isfinite(places).all()


def test_bad_settings_of_walks_are_refused():
    for wrong, said in (
        ({"start": np.nan}, "start must be a finite number"),
        ({"steps": 0}, "steps must be an integer >= 1"),
    ):
        with pytest.raises(ValueError, match=said):
            plots.walk(**{"f": plots.valley, "start": 1.0, "optimizer": xpnn.SGD(), **wrong})
    with pytest.raises(TypeError, match="optimizer must be an Optimizer, got 'sgd'"):
        plots.walk(plots.valley, 1.0, "sgd")
    with pytest.raises(ValueError, match="high must be a finite number > 1, got 0"):
        plots.minima(plots.valley, 1, 0)
