"""Chapter 9: the backward pass, operation by operation."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..layers import Dense, ReLU
from ..optimizers import SGD
from ..plots import (
    graph_of_network,
    matrix_product,
    neuron_diagram,
    new_figure,
    operation_graph,
)
from ..sequential import Sequential
from .chapter02 import BIASES, INPUTS, WEIGHTS
from .entry import BookFigure, frames, on_axes

__all__ = ["FIGURES", "X", "neuron"]

X = np.array([1.0, -2.0, 3.0])
START = [np.array([[-3.0], [-1.0], [2.0]]), np.array([1.0])]
"""The chapter's inputs, and its weights and bias."""


def neuron(arrays: Any = START) -> Sequential:
    """Return the chapter's neuron, which gives 6."""
    weights, biases = arrays
    layers = [Dense(3, 1, weights=weights, biases=biases), ReLU()]
    return Sequential(layers, dtype="float64")


def layer() -> Sequential:
    """Return a layer of three neurons and its ReLU."""
    layers = [Dense(4, 3, weights=WEIGHTS.T, biases=BIASES), ReLU()]
    return Sequential(layers, dtype="float64")


def _graph(stages: int | None = None, gradients: int | None = None) -> Any:
    def draw() -> Any:
        return operation_graph(
            graph_of_network(neuron(), X), stages=stages, gradients=gradients
        )

    return draw


def _step(number: str, shows: str, stages: int, gradients: int) -> BookFigure:
    functions = graph_of_network, operation_graph
    return BookFigure(number, shows, functions, _graph(stages, gradients))


def _after_a_step() -> Any:
    """Draw the neuron before and after a step against its gradient."""
    graph = graph_of_network(neuron(), X)
    gradients = [
        np.array([[graph.gradient(f"0.weights[{i}, 0]")] for i in range(3)]),
        np.array([graph.gradient("0.biases[0]")]),
    ]
    sgd = SGD(0.001)
    copies = [array.copy() for array in START]  # what is updated is used up
    after, _ = sgd.update(copies, gradients, sgd.init(copies))
    figure = new_figure(6, 6.4, dpi=110)
    for axes, (weights, biases), when in zip(
        figure.subplots(2, 1), (START, after), ("before", "after a step of 0.001")
    ):
        neuron_diagram(axes, X, weights[:, 0], float(biases[0]), ReLU())
        axes.set_title(when, fontsize="medium")
    return figure


def _layer_graph(gradients: int | None = None) -> Any:
    return lambda: operation_graph(graph_of_network(layer(), INPUTS[0]), gradients=gradients)


ONES = np.ones((1, 3))


FIGURES = [
    _step("9.01", "a neuron's inputs and weights, and their products", 1, 0),
    _step("9.02", "the sum of the products and the bias", 2, 0),
    _step("9.03", "ReLU of the sum: the forward pass, 6", 3, 0),
    _step("9.04", "the gradient of 1 that comes back to the output", 3, 1),
    _step("9.05", "the slope of ReLU, which passes it on", 3, 2),
    _step("9.06", "the slope of a sum: it goes to the first product as it is", 3, 3),
    _step("9.07", "to the second product", 3, 4),
    _step("9.08", "to the third product", 3, 5),
    _step("9.09", "and to the bias", 3, 6),
    _step("9.10", "the slope of a product: the first input gets the weight", 3, 7),
    _step("9.11", "and the first weight gets the input", 3, 8),
    _step("9.12", "the second input", 3, 9),
    _step("9.13", "the second weight", 3, 10),
    _step("9.14", "the third input", 3, 11),
    _step("9.15", "the third weight", 3, 12),
    BookFigure(
        "9.16",
        "the gradients of the inputs together: the weights times what came back",
        (matrix_product,),
        on_axes(matrix_product, np.ones((1, 1)), START[0].T, size=(6, 4)),
    ),
    BookFigure(
        "9.17",
        "those of the weights: the inputs times what came back",
        (matrix_product,),
        on_axes(matrix_product, X[:, None], np.ones((1, 1)), size=(6, 4)),
    ),
    BookFigure(
        "9.18",
        "a step against the gradient makes the output smaller, 5.985",
        (neuron_diagram,),
        _after_a_step,
    ),
    BookFigure(
        "9.19",
        "the whole graph of the neuron, forwards and backwards",
        (graph_of_network, operation_graph),
        _graph(),
        frames(
            [
                *(_graph(stages, 0) for stages in range(4)),
                *(_graph(3, gradients) for gradients in range(1, 13)),
            ],
            1.5,
        ),
    ),
    BookFigure(
        "9.20",
        "the graph of a whole layer",
        (graph_of_network, operation_graph),
        _layer_graph(),
        frames([_layer_graph(k) for k in range(0, 46, 3)], 2),
    ),
    BookFigure(
        "9.21",
        "a layer's gradients of its inputs as a matrix product, for a batch",
        (matrix_product,),
        on_axes(
            matrix_product,
            np.array([[1.0] * 3, [2.0] * 3, [3.0] * 3]),
            WEIGHTS,
            size=(6, 5),
        ),
        frames(
            [
                on_axes(
                    matrix_product,
                    np.array([[1.0] * 3, [2.0] * 3, [3.0] * 3]),
                    WEIGHTS,
                    cells=k,
                    size=(6, 5),
                )
                for k in range(1, 13)
            ],
            2,
        ),
    ),
]
