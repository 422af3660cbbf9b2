"""One neuron: its drawing, its line, activations."""

import numpy as np
import pytest
from drawing import axes

import xpnn
from xpnn import plots


def texts(drawn):
    return [text.get_text() for text in drawn.texts]


@pytest.mark.parametrize("activation", [None, xpnn.ReLU(), xpnn.Sigmoid()])
def test_a_neuron_shows_its_computation(activation):
    drawn = axes()
    y = plots.neuron_diagram(drawn, [1, 2], [0.5, -1], 0.25, activation)
    z = 0.5 - 2 + 0.25
    wanted = {None: z, xpnn.ReLU: 0.0, xpnn.Sigmoid: 1 / (1 + np.exp(-z))}
    np.testing.assert_allclose(y, wanted[activation and type(activation)])
    minus = "\N{MINUS SIGN}"
    assert {"× 0.5 = 0.5", f"× {minus}1 = {minus}2", f"sum {minus}1.5\n+ bias 0.25"} <= {
        *texts(drawn)
    }
    assert texts(drawn)[-1] == plots.style.number(y)


def test_a_neuron_grows_part_by_part():
    counts = []
    for parts in range(1, 6):
        drawn = axes()
        plots.neuron_diagram(drawn, [1, 2], [0.5, -1], 0.25, xpnn.ReLU(), parts=parts)
        counts.append(len(texts(drawn)))
    assert counts == [2, 4, 4, 6, 7]


def test_the_line_of_a_neuron_with_an_activation_is_drawn_too():
    drawn = axes()
    line = plots.neuron_line(drawn, -2.0, 1.0, xpnn.ReLU())
    x, y = line.get_data()
    np.testing.assert_allclose(y, np.maximum(1 - 2 * x, 0))
    np.testing.assert_allclose(drawn.get_lines()[0].get_ydata(), 1 - 2 * x)


@pytest.mark.parametrize("layer", [xpnn.GELU(), xpnn.Softplus(), xpnn.SELU(), xpnn.Mish()])
def test_the_slope_of_an_activation_is_that_of_its_curve(layer):
    drawn = axes()
    line = plots.activation_curve(drawn, layer, low=-3, high=3)
    x, y = line.get_data()
    slopes = drawn.get_lines()[1].get_ydata()
    away = np.abs(x) > 0.05  # from kinks
    np.testing.assert_allclose(slopes[away], np.gradient(y, x)[away], atol=0.02)


def test_bad_neurons_are_refused():
    with pytest.raises(ValueError, match=r"the same shape \(n,\), got \(2,\) and \(1,\)"):
        plots.neuron_diagram(axes(), [1, 2], [1], 0)
    with pytest.raises(ValueError, match="parts must be an integer >= 1"):
        plots.neuron_diagram(axes(), [1], [1], 0, parts=0)
    with pytest.raises(TypeError, match="weight must be"):
        plots.neuron_line(axes(), "1", 0)
    with pytest.raises(ValueError, match="high must be a finite number > 2"):
        plots.neuron_line(axes(), 1, 0, low=2, high=1)
    with pytest.raises(TypeError, match="a layer without parameters"):
        plots.activation_curve(axes(), xpnn.Dense(1, 1))
