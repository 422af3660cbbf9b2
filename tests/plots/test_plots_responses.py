"""A network beside the curve that it gives."""

import numpy as np
import pytest

import xpnn
from xpnn import plots


def test_the_curve_is_drawn_from_left_to_right(backend):
    layers = [xpnn.Dense(1, 1, weights=np.array([[2.0]]), biases=np.array([1.0])), xpnn.ReLU()]
    model = xpnn.Sequential(layers, backend=backend)
    X = np.array([[1.0], [-1.0], [0.0]], np.float32)
    _, curve = plots.network_response(model, X).axes
    (given,) = curve.get_lines()
    np.testing.assert_array_equal(given.get_data(), [[-1, 0, 1], [0, 1, 3]])
    _, curve = plots.network_response(model, X, [[5.0], [6.0], [7.0]], at=0.25).axes
    wanted, given, _, mark = curve.get_lines()
    np.testing.assert_array_equal(wanted.get_data(), [[-1, 0, 1], [6, 7, 5]])
    np.testing.assert_array_equal(mark.get_data(), [[0.25], [1.5]])


def test_what_is_no_curve_is_refused():
    model = xpnn.Sequential([xpnn.Dense(2, 1)])
    with pytest.raises(
        ValueError, match=r"rows of one feature, of shape \(n, 1\), got \(3, 2\)"
    ):
        plots.network_response(model, np.ones((3, 2)))
