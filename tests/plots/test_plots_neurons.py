"""Curves by neurons: a sine by hand, on every array library."""

from itertools import pairwise

import numpy as np
import pytest
from drawing import X, Y, axes, model
from matplotlib.figure import Figure

import xpnn
from xpnn import handmade, plots


def sine(x):
    return np.sin(2 * np.pi * x)


def test_eight_pairs_come_as_near_as_chords_can():
    knots = handmade.sine_knots(8)
    x, wave = xpnn.datasets.sine(1000)
    figure = Figure()
    largest = plots.fitted_curve(
        figure.subplots(), handmade.relu_pairs(sine, knots).predict, x, wave
    )
    # a chord is off by length² / 8 of the second derivative at most (Taylor)
    bends = [4 * np.pi**2 * np.abs(sine(np.linspace(a, b))).max() for a, b in pairwise(knots)]
    assert largest <= (np.diff(knots) ** 2 / 8 * bends).max()
    assert largest == pytest.approx(
        np.abs(np.interp(x, knots, sine(knots)) - wave).max(), abs=1e-6
    )
    # and evenly spaced knots would be worse
    even = handmade.relu_pairs(sine, np.linspace(0, 1, 9))
    assert largest < np.abs(even.predict(x) - wave).max()


@pytest.mark.float64
def test_the_curve_grows_piece_by_piece(backend):
    knots = handmade.sine_knots(8)
    network = handmade.relu_pairs(sine, knots, dtype="float64")
    x = np.linspace(0, 1, 101)[:, None]
    a = axes()
    curves = plots.contributions(a, network, x[::-1])
    assert curves.shape == (101, 9)
    assert len(a.get_lines()) == 9
    for count in range(9):  # with the first pairs, it follows the sine so far, and is flat then
        upto = np.minimum(x[:, 0], knots[count])
        wanted = np.interp(upto, knots, sine(knots))
        np.testing.assert_allclose(curves[:, count], wanted, atol=1e-12)
        np.testing.assert_array_equal(a.get_lines()[count].get_ydata(), curves[:, count])


def test_by_hand_beside_trained():
    x, wave = xpnn.datasets.sine(50)
    by_hand = handmade.relu_pairs(sine, handmade.sine_knots(4))
    layers = [xpnn.Dense(1, 3), xpnn.Tanh(), xpnn.Dense(3, 1)]
    trained = xpnn.Sequential(layers, seed=0)
    figure = plots.sine_by_hand(by_hand, trained, x, wave)
    for panel, network in zip(figure.axes[1::2], (by_hand, trained)):
        off = np.abs(network.predict(x) - wave).max()
        assert f"off by {off:.4f} at most" in panel.get_title()
        lines = {line.get_label(): line for line in panel.get_lines()}
        np.testing.assert_array_equal(lines["curve"].get_ydata(), wave[:, 0])
        np.testing.assert_array_equal(lines["network"].get_ydata(), network.predict(x)[:, 0])


def test_bad_settings_of_curves_are_refused():
    network = handmade.relu_pairs(sine, [0, 0.5, 1])
    with pytest.raises(ValueError, match=r"of one feature, of shape \(n, 1\), got \(30, 2\)"):
        plots.fitted_curve(axes(), network.predict, X, Y)
    with pytest.raises(ValueError, match="y must have as many rows as X, 30, got 29"):
        plots.fitted_curve(axes(), network.predict, X[:, :1], Y[1:])
    with pytest.raises(ValueError, match="end in a Dense layer of one output, got Sequential"):
        plots.contributions(axes(), model(), X[:, :1])
