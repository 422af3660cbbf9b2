"""A network, or any function of numbers, as a graph of single operations.

On each edge stands the number that goes along it, and the gradient that comes back (the book's
chapters 8 and 9).  `xpnn.plots.operations` draws it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..backend import to_host
from ..layers import Dense, Layer
from ..network import Network

__all__ = ["Edge", "Graph", "Node", "graph_of_network"]

# how far apart columns are: products from inputs, weights from products, and operations
PRODUCTS, WEIGHTS, OPERATIONS = 2.6, 1.3, 1.5


@dataclass(frozen=True)
class Node:
    """An operation, or a number that goes in.

    Attributes
    ----------
    name : str
        What it is: ``"x[0]"``, ``"0.weights[0, 1]"``; or which operation.
    text : str
        What is drawn in it.
    value : float
        What it gives.
    stage : int
        How many operations are behind it at most; 0 for a number that goes in.
    column, row : float
        Where it is drawn, from the left and from the top.
    """

    name: str
    text: str
    value: float
    stage: int
    column: float
    row: float


@dataclass(frozen=True)
class Edge:
    """A number on its way from one operation to the next.

    Attributes
    ----------
    source, target : int
        The numbers of its nodes; an output goes to no node, and its target is -1.
    gradient : float
        The derivative, with respect to the number on this edge alone, of what is asked for:
        that of all edges from a node, added, is the node's.
    """

    source: int
    target: int
    gradient: float


@dataclass
class Graph:
    """Operations and what goes between them.

    Attributes
    ----------
    nodes : list of Node
        In an order in which they can be computed.
    edges : list of Edge
        In an order in which gradients go back: from the outputs to what goes in.
    """

    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)

    def add(self, *node: Any) -> int:
        """Add a node, given its attributes, and return its number."""
        self.nodes.append(Node(*node))
        return len(self.nodes) - 1

    def gradient(self, name: str) -> float:
        """Return the gradient of a number that goes in: the sum over its edges.

        Raises
        ------
        KeyError
            If no node has that name.
        """
        found = [k for k, node in enumerate(self.nodes) if node.name == name]
        if not found:
            raise KeyError(f"no node is named {name!r}")
        return sum(edge.gradient for edge in self.edges if edge.source in found)


def graph_of_network(model: Network, x: Any, dy: Any = None) -> Graph:
    """Take a network apart, for one row, into single operations.

    A Dense layer becomes products, sums and, behind it, the operations of its activation.  Of
    any other layer that doesn't work on each of its inputs apart, as Softmax, each output is an
    operation on all of them, whose slopes come from the layer's own backward pass.

    Parameters
    ----------
    model : Sequential
        The network.
    x : array_like of shape (n_features,) or (1, n_features)
        The row.
    dy : array_like of shape (n_outputs,), optional
        The gradient that comes to each output; by default 1.

    Returns
    -------
    Graph
        The operations, in float64.

    Raises
    ------
    ValueError
        If `x` is no row for the network, or `dy` not of its outputs' shape.
    """
    row = to_host(x).astype(np.float64).reshape(-1)
    outputs = to_host(model.layer_outputs(row[None], len(model.layers) - 1))[0]
    dy = np.ones(outputs.shape) if dy is None else to_host(dy).astype(np.float64)
    if dy.shape != outputs.shape:
        raise ValueError(f"dy must have the shape {outputs.shape}, got {dy.shape}")
    graph, ways_back = Graph(), list[WayBack]()
    layers = model.links.items()
    height = max([row.size, *(_height(layer) for _, layer in layers)])
    places = _places(next(iter(model.links.values())), row.size, height)
    now = [
        graph.add(f"x[{i}]", f"x{i}", float(value), 0, 0.0, place)
        for i, (value, place) in enumerate(zip(row, places))
    ]
    for (name, layer), arrays in zip(layers, model.stack.split(model.all_arrays)):
        on_host = tuple(to_host(array).astype(np.float64) for array in arrays)
        if isinstance(layer, Dense):
            now, way_back = _dense(graph, name, layer, on_host, now, height)
        else:
            now, way_back = _other(graph, layer, on_host, now, height)
        ways_back.append(way_back)
    graph.edges += [Edge(node, -1, float(d)) for node, d in zip(now, dy)]
    for way_back in reversed(ways_back):
        dy = way_back(dy)
    return graph


WayBack = Callable[[np.ndarray], np.ndarray]
"""From the gradients of a layer's outputs to those of its inputs; adds edges to the graph."""


def _height(layer: Layer) -> float:
    """Return how many rows a layer takes: of each output one a factor, and one for the bias."""
    return layer.n_outputs * (2 * layer.n_inputs + 1) if isinstance(layer, Dense) else 0


def _places(layer: Layer, n: int, height: float) -> np.ndarray:
    """Return the rows of n numbers that a layer takes: beside its products, if it can be."""
    if isinstance(layer, Dense) and layer.n_outputs == 1:
        return _top(layer, height) + 2.0 * np.arange(n)
    return (np.arange(n) + 0.5) * height / n - 0.5


def _top(layer: Layer, height: float) -> float:
    return (height - _height(layer)) / 2


def _dense(
    graph: Graph, name: str, layer: Dense, arrays: Any, inputs: list[int], height: float
) -> tuple[list[int], WayBack]:
    """Add products and sums: for each output a product for each input, and the bias."""
    weights, biases = arrays
    first = graph.nodes[inputs[0]]
    x = np.array([graph.nodes[node].value for node in inputs])
    _, backward = layer.forward(arrays, x[None])
    products = np.empty(weights.shape, int)  # the numbers of their nodes
    leaves, starts = np.empty(weights.shape, int), list[int]()
    sums = list[int]()
    across, stage = first.column + PRODUCTS, first.stage + 1
    for j in range(layer.n_outputs):
        top = _top(layer, height) + j * (2 * layer.n_inputs + 1)
        for i in range(layer.n_inputs):
            leaves[i, j] = graph.add(
                f"{name}.weights[{i}, {j}]",
                f"w{i}" if layer.n_outputs == 1 else f"w{i}{j}",
                float(weights[i, j]),
                0,
                across - WEIGHTS,
                top + 2 * i + 1,
            )
            value = float(x[i] * weights[i, j])
            products[i, j] = graph.add("product", "×", value, stage, across, top + 2 * i)
        bias = float(biases[j])
        text = "b" if layer.n_outputs == 1 else f"b{j}"
        row = top + 2 * layer.n_inputs
        starts.append(graph.add(f"{name}.biases[{j}]", text, bias, 0, across, row))
        value = bias + sum(graph.nodes[node].value for node in products[:, j])
        row = top + layer.n_inputs
        sums.append(graph.add("sum", "+", value, stage + 1, across + OPERATIONS, row))

    def way_back(dz: np.ndarray) -> np.ndarray:
        for j, d in enumerate(map(float, dz)):  # the slope of a sum is 1 for each of its terms
            graph.edges += [Edge(int(node), sums[j], d) for node in products[:, j]]
            graph.edges.append(Edge(starts[j], sums[j], d))
        for j, d in enumerate(map(float, dz)):  # that of a product is the other factor
            for i, node in enumerate(map(int, products[:, j])):
                graph.edges.append(Edge(inputs[i], node, float(weights[i, j]) * d))
                graph.edges.append(Edge(int(leaves[i, j]), node, float(x[i]) * d))
        dx, _ = backward(dz[None])
        return np.asarray(dx[0])

    return sums, way_back


def _other(
    graph: Graph, layer: Layer, arrays: Any, inputs: list[int], height: float
) -> tuple[list[int], WayBack]:
    """Add an operation for each output, on the inputs of which it has a slope."""
    x = np.array([graph.nodes[node].value for node in inputs])
    y, backward = layer.forward(arrays, x[None])
    slopes = np.stack([backward(one[None])[0][0] for one in np.eye(y.shape[1])])
    apart = slopes.shape[0] == slopes.shape[1] and not (slopes - np.diag(np.diag(slopes))).any()
    begin = graph.nodes[inputs[0]]
    rows = [graph.nodes[node].row for node in inputs]
    if len(rows) != y.shape[1]:
        rows = list(_places(layer, y.shape[1], height))
    text = type(layer).__name__
    column = begin.column + (OPERATIONS if apart else PRODUCTS)
    outputs = [
        graph.add(text, text, float(v), begin.stage + 1, column, row)
        for v, row in zip(y[0], rows)
    ]

    def way_back(dy: np.ndarray) -> np.ndarray:
        for k, (output, d) in enumerate(zip(outputs, dy)):
            graph.edges += [
                Edge(node, output, float(slopes[k, i] * d))
                for i, node in enumerate(inputs)
                if i == k or not apart
            ]
        dx, _ = backward(dy[None])
        return np.asarray(dx[0])

    return outputs, way_back
