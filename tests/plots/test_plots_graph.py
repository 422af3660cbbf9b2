"""Graphs of operations: the gradient on each edge, against central differences."""

from itertools import pairwise

import numpy as np
import pytest

import xpnn
from xpnn.calculus import gradient
from xpnn.plots import graph_of_function, graph_of_network

ACTIVATIONS = [
    xpnn.ReLU,
    xpnn.Sigmoid,
    xpnn.Tanh,
    xpnn.Softmax,
    xpnn.LeakyReLU,
    xpnn.GELU,
    xpnn.Linear,
]

rng = np.random.default_rng(0)


def random_network():
    """Return a small network in float64, and a row for it."""
    sizes = rng.integers(1, 4, rng.integers(2, 5))
    layers = []
    for n, m in pairwise(sizes):
        weights, biases = rng.normal(size=(n, m)), rng.normal(size=m)
        layers.append(xpnn.Dense(int(n), int(m), weights=weights, biases=biases))
        layers.append(ACTIVATIONS[rng.integers(len(ACTIVATIONS))]())
    model = xpnn.Sequential(layers, dtype="float64", backend="numpy")
    return model, rng.normal(size=sizes[0]), rng.normal(size=sizes[-1])


def recomputed(graph, model, changed, value, dy):
    """Compute what the graph is asked for, with another number on one edge."""
    values = {}
    first = {}
    for k, node in enumerate(graph.nodes):
        first.setdefault((node.name, node.column, node.row), k)
    incoming = {}
    for k, edge in enumerate(graph.edges):
        incoming.setdefault(edge.target, []).append((k, edge))

    def on_edge(k, edge):
        return value if k == changed else values[edge.source]

    links = {type(layer).__name__: layer for layer in model.links.values()}
    total = 0.0
    for number, node in enumerate(graph.nodes):
        taken = [on_edge(k, edge) for k, edge in incoming.get(number, [])]
        if not taken:
            values[number] = node.value
        elif node.name == "product":
            values[number] = taken[0] * taken[1]
        elif node.name == "sum":
            values[number] = sum(taken)
        else:
            y, _ = links[node.name].forward((), np.array([taken]))
            peers = [n for n in graph.nodes if (n.name, n.column) == (node.name, node.column)]
            place = [n.row for n in peers].index(node.row) if len(taken) > 1 else 0
            values[number] = y[0, place]
    for j, (k, edge) in enumerate(sorted(incoming[-1], key=lambda one: one[0])):
        total = total + dy[j] * on_edge(k, edge)
    return total


def check_edges(graph, model, dy):
    for k, edge in enumerate(graph.edges):
        at = graph.nodes[edge.source].value
        measured = gradient(
            lambda v, k=k: recomputed(graph, model, k, v[0], dy), np.array([at]), 1e-6
        )
        np.testing.assert_allclose(edge.gradient, measured[0], atol=1e-6, rtol=1e-6)


def test_every_edge_of_the_books_neuron():
    layers = [xpnn.Dense(3, 1, weights=[[-3.0], [-1.0], [2.0]], biases=[1.0]), xpnn.ReLU()]
    model = xpnn.Sequential(layers, dtype="float64", backend="numpy")
    graph = graph_of_network(model, [1.0, -2.0, 3.0])
    assert [edge.gradient for edge in graph.edges] == [1, 1, 1, 1, 1, 1, -3, 1, -1, -2, 2, 3]
    check_edges(graph, model, [1.0])


@pytest.mark.parametrize("number", range(20))
def test_every_edge_of_a_random_network(number):
    for _ in range(number + 1):  # as each test draws from the beginning
        model, x, dy = random_network()
    check_edges(graph_of_network(model, x, dy), model, dy)


def test_gradients_of_parameters_are_those_of_backpropagation():
    layers = [xpnn.Dense(3, 4), xpnn.Tanh(), xpnn.Dense(4, 2)]
    model = xpnn.Sequential(layers, seed=0, dtype="float64", backend="numpy")
    model.compile("mean_squared_error", xpnn.SGD(0.1))
    x, y = rng.normal(size=3), rng.normal(size=2)
    outputs = model.predict(x[None])[0]
    graph = graph_of_network(model, x, outputs - y)  # the slope of the mean of two squares
    _, (w0, b0, w1, b1) = model.gradients(x[None], y[None])
    for name, of_layer in (("0.weights", w0), ("2.weights", w1)):
        for i, j in np.ndindex(of_layer.shape):
            np.testing.assert_allclose(graph.gradient(f"{name}[{i}, {j}]"), of_layer[i, j])
    for name, of_layer in (("0.biases", b0), ("2.biases", b1)):
        for j, one in enumerate(of_layer):
            np.testing.assert_allclose(graph.gradient(f"{name}[{j}]"), one)


def test_no_two_nodes_and_no_two_rows_of_numbers_are_in_one_place():
    for _ in range(10):
        model, x, _ = random_network()
        places = [(node.column, node.row) for node in graph_of_network(model, x).nodes]
        assert len(set(places)) == len(places)


def test_a_network_on_any_backend(backend):
    model = xpnn.Sequential([xpnn.Dense(2, 2), xpnn.ReLU()], seed=0, backend=backend)
    graph = graph_of_network(model, backend.asarray([1.0, 2.0]))
    (wanted,) = model.predict(np.array([[1.0, 2.0]], np.float32))  # on the host
    given = [graph.nodes[edge.source].value for edge in graph.edges if edge.target < 0]
    np.testing.assert_allclose(given, wanted, rtol=1e-5)


def test_layers_within_layers_are_one_operation():
    layers = [xpnn.Residual(xpnn.Dense(2, 2), xpnn.Tanh()), xpnn.Dense(2, 1)]
    model = xpnn.Sequential(layers, seed=0, dtype="float64", backend="numpy")
    x = np.array([0.5, -1.0])
    graph = graph_of_network(model, x)
    measured = gradient(lambda x: model.predict(x[None])[0, 0], x)
    for i in range(2):
        np.testing.assert_allclose(graph.gradient(f"x[{i}]"), measured[i], rtol=1e-6)


def test_what_is_no_row_or_gradient_is_refused():
    model = xpnn.Sequential([xpnn.Dense(2, 3)], seed=0)
    with pytest.raises(ValueError, match="features"):
        graph_of_network(model, [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"dy must have the shape \(3,\), got \(1,\)"):
        graph_of_network(model, [1.0, 2.0], [1.0])
    with pytest.raises(KeyError, match="no node is named 'x\\[7\\]'"):
        graph_of_network(model, [1.0, 2.0]).gradient("x[7]")


FUNCTIONS = {
    "the book's": lambda x, y, z: 3 * x**3 * z - y**2 + 5 * z + 2 * y * z,
    "quotients": lambda x, y, z: (x - y) / z + 2 / x - (3 - y) * 0.5,
    "shared": lambda x, y, z: (x * y) * (x * y) + (x * y) * z,
    "negative": lambda x, y, z: -x * (y**0.5) + z**-2,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_of_a_function(name):
    f = FUNCTIONS[name]
    at = {"x": 1.5, "y": 2.0, "z": 3.0}
    graph = graph_of_function(f, **at)
    measured = gradient(lambda p: f(*p), np.array([*at.values()]), 1e-6)
    for variable, slope in zip(at, measured):
        np.testing.assert_allclose(graph.gradient(variable), slope, atol=1e-6)
    (last,) = [edge for edge in graph.edges if edge.target < 0]
    np.testing.assert_allclose(graph.nodes[last.source].value, f(**at))


def test_a_shared_part_is_there_once():
    def f(x):
        square = x**2
        return square * square

    graph = graph_of_function(f, x=3.0)
    assert sorted(node.text for node in graph.nodes) == ["( )$^{2}$", "x", "×"]
    assert graph.gradient("x") == 4 * 3.0**3


def test_what_is_no_function_of_numbers_is_refused():
    with pytest.raises(TypeError, match="f must give a number made of its arguments, got 3"):
        graph_of_function(lambda x: 3, x=1.0)
    with pytest.raises(TypeError, match="unsupported operand"):
        graph_of_function(lambda x: x**x, x=1.0)
    with pytest.raises(ValueError, match="x must be"):
        graph_of_function(lambda x: x * x, x=float("nan"))
