"""Networks whose weights are set by hand, on every array library."""

import numpy as np
import pytest

from xpnn import handmade


def sine(x):
    return np.sin(2 * np.pi * x)


def test_pairs_of_neurons_interpolate_between_knots(backend, dtype):
    knots = handmade.sine_knots(8)
    network = handmade.relu_pairs(sine, knots, dtype=dtype)
    x = np.linspace(-0.5, 1.5, 501)[:, None]
    wanted = np.interp(x, knots, sine(knots))  # which is flat outside, too
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(network.predict(x), wanted, atol=30 * eps)


def test_bad_settings_of_networks_by_hand_are_refused():
    for knots, said in (
        ([0], r"knots must have the shape \(k \+ 1,\), k > 0, got \(1,\)"),
        ([0, 1, 1], "knots must rise from one to the next; got 1.0 in row 2"),
        ([0, np.inf], "knots must hold finite numbers; got inf in row 1"),
    ):
        with pytest.raises(ValueError, match=said):
            handmade.relu_pairs(sine, knots)
    with pytest.raises(ValueError, match=r"f must give the shape of knots, \(2,\), got \(\)"):
        handmade.relu_pairs(lambda x: 1.0, [0, 1])
    with pytest.raises(ValueError, match="pieces must be an integer >= 1, got 0"):
        handmade.sine_knots(0)
