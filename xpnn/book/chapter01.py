"""Chapter 1: a neuron's line, and networks as diagrams."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..datasets import digits
from ..layers import Dense, ReLU, Softmax, Step
from ..plots import (
    array_cells,
    forward_formula,
    network_diagram,
    neuron_line,
    new_figure,
)
from ..sequential import Sequential
from .entry import BookFigure, frames, on_axes

__all__ = ["FIGURES"]


def _line(weight: float, bias: float) -> Any:
    def draw(axes: Any) -> None:
        neuron_line(axes, weight, bias)
        axes.set_ylim(-4, 4)

    return on_axes(draw, size=(5, 4))


def _weights(first: float, last: float) -> Any:
    return frames([_line(weight, 0.0) for weight in np.linspace(first, last, 21)], fps=8)


def _digit() -> Any:
    """Draw a picture of a digit on its way through a network that has learnt them."""
    X, y = digits()
    layers = [Dense(64, 16), ReLU(), Dense(16, 10), Softmax()]
    model = Sequential(layers, seed=0).compile("categorical_cross_entropy", "adam")
    model.fit(X[100:], y[100:], epochs=20)
    figure = new_figure(9, 4, dpi=110)
    picture, network = figure.subplots(1, 2, width_ratios=[1, 2])
    picture.imshow(X[0].reshape(8, 8), cmap="gray_r")
    picture.set_axis_off()
    picture.set_title(f"{X.shape[1]} numbers, a {y[0]}", fontsize="medium")
    network_diagram(network, model, x=X[0])
    return figure


def _network() -> Sequential:
    layers = [Dense(2, 16), ReLU(), Dense(16, 16), ReLU(), Dense(16, 3), Softmax()]
    return Sequential(layers, seed=0).compile("categorical_cross_entropy", "sgd")


def _explained(lines: int | None) -> Any:
    size = (8, 4)
    return lambda: on_axes(
        forward_formula, _network(), explained=True, lines=lines, size=size
    )()


READINGS = np.array([[21.5, 40, 1], [35.2, 45, 1], [20.9, 80, 0], [33.0, 77, 1]])
"""Temperature, humidity and whether the light is on, of four hours."""


def _table() -> Any:
    figure = new_figure(8, 3, dpi=110)
    rows, answers = figure.subplots(1, 2, width_ratios=[3, 1])
    array_cells(rows, READINGS)
    array_cells(answers, np.array([[0], [1], [0], [1]]))
    rows.set_xlabel("features")
    for axes, name in ((rows, "X"), (answers, "y")):
        axes.set_title(f"{name}, {axes.get_title()}", fontsize="medium")
    return figure


FIGURES = [
    BookFigure(
        "1.03",
        "a network: inputs, two hidden layers, outputs",
        (network_diagram,),
        on_axes(network_diagram, [4, 5, 5, 2]),
        frames(
            [on_axes(network_diagram, [4, *[5] * k, 2], size=(7, 4)) for k in range(1, 5)], 1
        ),
    ),
    BookFigure(
        "1.04",
        "the line of a neuron with weight 1 and bias 0",
        (neuron_line,),
        _line(1.0, 0.0),
        _weights(0.0, 1.0),
    ),
    BookFigure("1.05", "weight 2", (neuron_line,), _line(2.0, 0.0), _weights(1.0, 2.0)),
    BookFigure("1.06", "weight 0.70", (neuron_line,), _line(0.7, 0.0), _weights(2.0, 0.7)),
    BookFigure("1.07", "weight -0.70", (neuron_line,), _line(-0.7, 0.0), _weights(0.7, -0.7)),
    BookFigure(
        "1.08",
        "weight 1 and bias 0.70",
        (neuron_line,),
        _line(1.0, 0.7),
        frames([_line(1.0, bias) for bias in np.linspace(0, 0.7, 15)], fps=8),
    ),
    BookFigure(
        "1.09",
        "a step function behind the line",
        (neuron_line,),
        on_axes(neuron_line, 1.0, 0.0, Step(), size=(5, 4)),
    ),
    BookFigure(
        "1.10",
        "a network of three hidden layers of 16 neurons",
        (network_diagram,),
        on_axes(network_diagram, [8, 16, 16, 16, 3], size=(8, 4)),
    ),
    BookFigure(
        "1.11",
        "a picture as numbers, its way through a network, and the class",
        (network_diagram,),
        _digit,
    ),
    BookFigure("1.12", "rows of a table, and their answers", (array_cells,), _table),
    BookFigure(
        "1.13",
        "the forward pass and the loss of a network as one formula",
        (forward_formula,),
        lambda: on_axes(forward_formula, _network(), size=(10, 1.2))(),
    ),
    BookFigure(
        "1.14",
        "the same, explained layer by layer",
        (forward_formula,),
        _explained(None),
        frames([_explained(lines) for lines in range(1, 9)], 1),
    ),
]
