"""Chapter 3: layer after layer, and the spiral."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..datasets import spiral
from ..layers import Dense
from ..plots import matrix_product, network_diagram, points
from ..sequential import Sequential
from .chapter02 import BIASES, INPUTS, WEIGHTS
from .entry import BookFigure, frames, on_axes

__all__ = ["FIGURES"]

WEIGHTS_2 = np.array([[0.1, -0.14, 0.5], [-0.5, 0.12, -0.33], [-0.44, 0.73, -0.13]])
BIASES_2 = np.array([-1.0, 2.0, -0.5])


def _two() -> Sequential:
    layers = [
        Dense(4, 3, weights=WEIGHTS.T, biases=BIASES),
        Dense(3, 3, weights=WEIGHTS_2.T, biases=BIASES_2),
    ]
    return Sequential(layers, dtype="float64")


def _network(sample: int) -> Any:
    return lambda: on_axes(
        network_diagram, _two(), x=INPUTS[sample], numbers=True, size=(8, 5)
    )()


def _spiral_layer() -> Any:
    X, _ = spiral(samples=100, classes=3, seed=0)
    weights = np.random.default_rng(0).normal(size=(2, 3))
    rows, weights = X[50:55].round(2), weights.round(2)
    return on_axes(matrix_product, rows, weights, biases=np.zeros(3), size=(6, 5))()


def _points(coloured: bool) -> Any:
    X, y = spiral(samples=100, classes=3, seed=0)
    return on_axes(points, X, y if coloured else None, size=(5, 4))()


FIGURES = [
    BookFigure(
        "3.01",
        "four inputs and two layers of three neurons",
        (network_diagram,),
        on_axes(network_diagram, [4, 3, 3]),
    ),
    BookFigure(
        "3.02",
        "the same with weights, biases and what each neuron gives for the first sample",
        (network_diagram,),
        _network(0),
        frames([_network(sample) for sample in range(3)], 1),
    ),
    BookFigure(
        "3.03",
        "the first layer's outputs for a batch",
        (matrix_product,),
        on_axes(matrix_product, INPUTS, WEIGHTS.T, biases=BIASES, size=(6, 5)),
    ),
    BookFigure(
        "3.04",
        "which are the second layer's inputs",
        (matrix_product,),
        on_axes(
            matrix_product,
            INPUTS @ WEIGHTS.T + BIASES,
            WEIGHTS_2.T,
            biases=BIASES_2,
            size=(6, 5),
        ),
    ),
    BookFigure("3.05", "the spiral's points", (points,), lambda: _points(False)),
    BookFigure("3.06", "the same by class", (points,), lambda: _points(True)),
    BookFigure(
        "3.07",
        "a layer of three neurons on five of the spiral's points",
        (matrix_product,),
        _spiral_layer,
    ),
]
