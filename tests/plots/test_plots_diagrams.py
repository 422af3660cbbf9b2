"""Diagrams of networks."""

import numpy as np
import pytest
from drawing import axes

import xpnn
from xpnn import plots

W, B = np.array([[1.0, -2.0, 0.0], [0.5, 4.0, -1.0]]), np.array([0.1, -0.2, 0.0])


def network(**settings):
    layers = [
        xpnn.Dense(2, 3, weights=W, biases=B),
        xpnn.ReLU(),
        xpnn.Dense(3, 1, weights=np.ones((3, 1))),
        xpnn.Sigmoid(),
    ]
    return xpnn.Sequential(layers, dtype="float64", **settings)


def texts(drawn):
    return [text.get_text() for text in drawn.texts]


def test_sizes_alone():
    drawn = axes()
    lines = plots.network_diagram(drawn, [2, 4, 3])
    assert [len(one.get_segments()) for one in lines] == [8, 12]
    assert len(drawn.patches) == 2 + 4 + 3
    assert texts(drawn) == ["inputs", "hidden 1", "outputs"]


def test_lines_tell_weights_by_colour_and_width():
    drawn = axes()
    first, second = plots.network_diagram(drawn, network())
    widths = np.array(first.get_linewidths()).reshape(3, 2).T  # by neuron, then by input
    assert (widths[np.abs(W) == 4] == widths.max()).all()
    np.testing.assert_array_equal(widths == 0, W == 0)
    order = np.argsort(np.abs(W).ravel())
    assert (np.diff(widths.ravel()[order]) >= 0).all()
    blue = np.array(first.get_colors())[:, 2].reshape(3, 2).T > 0.5
    np.testing.assert_array_equal(blue, W >= 0)
    assert len(second.get_segments()) == 3
    assert texts(drawn) == ["inputs", "Dense\nReLU", "Dense\nSigmoid"]


def test_a_row_shows_what_each_neuron_gives(backend):
    drawn, x = axes(), np.array([1.0, -1.0])
    plots.network_diagram(
        drawn, network(backend=backend) if backend.has_float64 else network(), x=x
    )
    hidden = np.maximum(x @ W + B, 0)
    y = 1 / (1 + np.exp(-hidden.sum()))
    shown = [float(t.replace("\N{MINUS SIGN}", "-")) for t in texts(drawn) if t[-1].isdigit()]
    np.testing.assert_allclose(shown, [*x, *hidden, y], atol=1e-3)
    sleeping = [patch.get_facecolor()[0] == pytest.approx(0.8) for patch in drawn.patches]
    np.testing.assert_array_equal(sleeping, [False] * 2 + [*(hidden == 0)] + [False])


def test_weights_and_biases_as_numbers():
    drawn = axes()
    plots.network_diagram(drawn, network(), numbers=True)
    minus = "\N{MINUS SIGN}"
    assert texts(drawn).count("1") == 1 + 3
    assert {f"{minus}2", "0.5", "4", f"{minus}1", "+ 0.1", f"{minus} 0.2"} <= {*texts(drawn)}
    assert "0" not in texts(drawn)


def test_of_many_neurons_some_are_drawn():
    drawn = axes()
    first, second = plots.network_diagram(
        drawn, xpnn.Sequential([xpnn.Dense(2, 64), xpnn.Dense(64, 3)], seed=0)
    )
    assert len(drawn.patches) == 2 + 15 + 3
    assert (len(first.get_segments()), len(second.get_segments())) == (30, 45)
    assert "⋮" in texts(drawn)


def test_layers_of_other_kinds():
    layers = [xpnn.Embedding(5, 3), xpnn.Dense(3, 2), xpnn.Dropout(0.5)]
    drawn = axes()
    lines = plots.network_diagram(drawn, xpnn.Sequential(layers, seed=0), x=[2.0])
    assert [len(one.get_segments()) for one in lines] == [3, 6]
    assert texts(drawn)[-1] == "Dense\nDropout"


def test_what_is_no_network_is_refused():
    with pytest.raises(TypeError, match="model must be a Sequential or a list of sizes, got 3"):
        plots.network_diagram(axes(), 3)
    with pytest.raises(ValueError, match="sizes must be an integer >= 1"):
        plots.network_diagram(axes(), [2, 0])
    with pytest.raises(ValueError, match="give a row x"):
        plots.network_diagram(axes(), xpnn.Sequential([xpnn.ReLU()]))
