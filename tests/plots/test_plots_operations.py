"""Graphs of operations, drawn."""

import pytest
from drawing import positions

import xpnn
from xpnn import plots


def graph():
    layers = [xpnn.Dense(3, 3), xpnn.ReLU(), xpnn.Dense(3, 2), xpnn.Softmax()]
    model = xpnn.Sequential(layers, seed=1, dtype="float64", backend="numpy")
    return plots.graph_of_network(model, [1.0, -2.0, 3.0], [1.0, 0.0])


def of_colour(axes, colour):
    return [
        text for text in axes.texts if text.get_color() == colour and text.get_zorder() == 3
    ]


def test_each_edge_has_its_value_and_its_gradient_at_the_same_place():
    g = graph()
    (axes,) = plots.operation_graph(g).axes
    values = of_colour(axes, "black")
    gradients = of_colour(axes, plots.COLOURS[4])
    assert len(values) == len(gradients) == len(g.edges) == len(axes.patches)
    for edge, value, gradient in zip(g.edges, values, gradients):
        assert value.get_text() == plots.style.number(g.nodes[edge.source].value)
        assert gradient.get_text() == plots.style.number(edge.gradient)
        assert value.get_position()[0] == gradient.get_position()[0]
        assert value.get_position()[1] < gradient.get_position()[1]  # down is more


def test_numbers_are_apart_where_they_are_written():
    figure = plots.operation_graph(graph())
    places = positions(figure, [t for t in figure.axes[0].texts if t.get_zorder() == 3])
    for k, one in enumerate(places):
        assert not any(one.overlaps(other) for other in places[k + 1 :])


def test_it_grows_forwards_and_then_backwards():
    g = graph()
    (axes,) = plots.operation_graph(g, stages=1, gradients=0).axes
    shown = sum(g.nodes[edge.source].stage <= 1 for edge in g.edges)
    assert len(of_colour(axes, "black")) == shown < len(g.edges)
    (axes,) = plots.operation_graph(g, gradients=3).axes
    assert len(of_colour(axes, plots.COLOURS[4])) == 3
    # nothing comes back to where nothing has arrived
    (axes,) = plots.operation_graph(g, stages=0).axes
    assert len(of_colour(axes, plots.COLOURS[4])) == len(of_colour(axes, "black"))


def test_bad_counts_are_refused():
    with pytest.raises(ValueError, match="stages must be"):
        plots.operation_graph(graph(), stages=-1)
    with pytest.raises(TypeError, match="gradients must be"):
        plots.operation_graph(graph(), gradients=1.5)
