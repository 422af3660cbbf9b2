"""Chapter 2: neurons, dot products, matrix products, batches."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import numpy as np

from ..layers import Dense
from ..optimizers import SGD
from ..plots import (
    array_cells,
    dot_product,
    fitted_rows,
    matrix_product,
    network_diagram,
    neuron_diagram,
    new_figure,
    transposition,
)
from ..sequential import Sequential
from .entry import BookFigure, frames, on_axes

__all__ = ["BIASES", "FIGURES", "INPUTS", "WEIGHTS"]

INPUTS = np.array([[1.0, 2.0, 3.0, 2.5], [2.0, 5.0, -1.0, 2.0], [-1.5, 2.7, 3.3, -0.8]])
"""The chapter's batch of three samples."""

WEIGHTS = np.array(
    [[0.2, 0.8, -0.5, 1.0], [0.5, -0.91, 0.26, -0.5], [-0.26, -0.27, 0.17, 0.87]]
)
"""A row for each of its three neurons."""

BIASES = np.array([2.0, 3.0, 0.5])

SMALL = (6, 3.2)


def layer() -> Sequential:
    """Return the chapter's layer of three neurons."""
    return Sequential([Dense(4, 3, weights=WEIGHTS.T, biases=BIASES)], dtype="float64")


def _neuron(parts: int, inputs: Any = INPUTS[0], weights: Any = WEIGHTS[0]) -> Any:
    return on_axes(neuron_diagram, inputs, weights, BIASES[0], parts=parts, size=SMALL)


def _neurons(count: int) -> Any:
    """Return what draws the first neurons of the layer, one above the other."""

    def draw() -> Any:
        figure = new_figure(6, 9, dpi=110)
        panels = figure.subplots(3, 1)
        for k, axes in enumerate(panels):
            neuron_diagram(axes, INPUTS[0], WEIGHTS[k], BIASES[k], parts=5 if k < count else 2)
        return figure

    return draw


def _layer(numbers: bool) -> Any:
    return lambda: on_axes(network_diagram, layer(), x=INPUTS[0], numbers=numbers)()


def _batches(size: int) -> Any:
    """Return what draws a neuron after some batches of a size."""

    def draw(axes: Any, step: int) -> None:
        X, y, weights, rows = _fits(size)
        weight, bias = weights[step]

        def predict(x: np.ndarray) -> np.ndarray:
            y: np.ndarray = Dense(1, 1).forward((weight, bias), x)[0]
            return y

        fitted_rows(axes, predict, X, y, rows[step])
        axes.set_title(f"batches of {size}, after {step + 1}", fontsize="medium")
        axes.set_ylim(-1.7, 1.7)

    return lambda step: on_axes(partial(draw, step=step), size=(5, 3.8))


STEPS = 30


@cache
def _fits(size: int) -> Any:
    """Train a neuron, and return what it was after each batch, and which rows that had."""
    rng = np.random.default_rng(0)
    X = np.sort(rng.uniform(-1, 1, (64, 1)), axis=0)
    y = X + rng.normal(0, 0.3, (64, 1))
    model = Sequential([Dense(1, 1, weights=np.array([[-1.0]]))], dtype="float64")
    model.compile("mean_squared_error", SGD(0.3))
    weights, rows = [], []
    for _ in range(STEPS):
        batch = rng.choice(len(X), size, replace=False)
        model.fit(X[batch], y[batch], epochs=1, batch_size=None)
        weights.append(tuple(np.array(p) for p in model.parameters))
        rows.append(batch)
    return X, y, weights, rows


def _product(cells: int | None, biases: Any = None, rows: int = 3, neurons: int = 3) -> Any:
    return on_axes(
        matrix_product,
        INPUTS[:rows],
        WEIGHTS[:neurons].T,
        biases=biases,
        cells=cells,
        size=(6, 5),
    )


A, B = np.array([1.0, 2.0, 3.0]), np.array([2.0, 3.0, 4.0])
LISTS = np.array([[4, 2], [5, 1], [8, 2]])

FIGURES = [
    BookFigure(
        "2.01",
        "a neuron's three inputs",
        (neuron_diagram,),
        _neuron(1, A, WEIGHTS[0, :3]),
    ),
    BookFigure(
        "2.02",
        "its weights",
        (neuron_diagram,),
        _neuron(2, A, WEIGHTS[0, :3]),
        frames([_neuron(parts, A, WEIGHTS[0, :3]) for parts in range(1, 5)], 1),
    ),
    BookFigure(
        "2.03",
        "its sum, bias and output, 2.3",
        (neuron_diagram,),
        _neuron(4, A, WEIGHTS[0, :3]),
    ),
    BookFigure(
        "2.04",
        "a neuron with a fourth input, and its output, 4.8",
        (neuron_diagram,),
        _neuron(4),
        frames([_neuron(parts) for parts in range(1, 5)], 1),
    ),
    BookFigure(
        "2.04.2",
        "three neurons that share their inputs",
        (neuron_diagram,),
        _neurons(3),
        frames([_neurons(count) for count in range(4)], 1),
    ),
    BookFigure(
        "2.05",
        "a list of lists as an array: three rows of two",
        (array_cells,),
        on_axes(array_cells, LISTS, size=(4, 3)),
    ),
    BookFigure(
        "2.06",
        "the dot product of two vectors, 20",
        (dot_product,),
        on_axes(dot_product, A, B, size=SMALL),
        frames([on_axes(dot_product, A, B, terms=k, size=SMALL) for k in range(4)], 1),
    ),
    BookFigure(
        "2.07",
        "a neuron's sum as the dot product of inputs and weights, 2.8",
        (dot_product,),
        on_axes(dot_product, INPUTS[0], WEIGHTS[0], size=SMALL),
        frames(
            [
                on_axes(dot_product, INPUTS[0], WEIGHTS[0], terms=k, size=SMALL)
                for k in range(5)
            ],
            1,
        ),
    ),
    BookFigure(
        "2.08",
        "a layer's three dot products",
        (matrix_product,),
        _product(None, rows=1),
        frames([_product(k, rows=1) for k in range(4)], 1),
    ),
    BookFigure(
        "2.09",
        "and its biases",
        (matrix_product,),
        _product(None, BIASES, rows=1),
        frames([_product(k, BIASES, rows=1) for k in range(4)], 1),
    ),
    BookFigure("2.10", "the layer with its numbers", (network_diagram,), _layer(True)),
    BookFigure(
        "2.11",
        "a batch: a row for each sample, a column for each feature",
        (array_cells,),
        on_axes(array_cells, INPUTS, size=(5, 3)),
    ),
    BookFigure(
        "2.12",
        "a neuron that is fitted to a batch after the other, of 16 rows",
        (fitted_rows,),
        _batches(16)(STEPS - 1),
        frames([_batches(16)(step) for step in range(STEPS)], 5),
    ),
    BookFigure(
        "2.13",
        "two matrices that fit: as many columns as rows",
        (matrix_product,),
        _product(0),
    ),
    BookFigure(
        "2.14",
        "a matrix product, cell by cell",
        (matrix_product,),
        _product(5),
        frames([_product(k) for k in range(10)], 1),
    ),
    BookFigure(
        "2.15",
        "a row times a column is one number",
        (matrix_product,),
        on_axes(matrix_product, A[None], B[:, None], size=(5, 4)),
        frames(
            [
                on_axes(matrix_product, A[None], B[:, None], cells=k, size=(5, 4))
                for k in (0, 1)
            ],
            1,
        ),
    ),
    BookFigure(
        "2.16",
        "a matrix and its transpose",
        (transposition,),
        on_axes(transposition, WEIGHTS, size=(6, 3)),
        frames([on_axes(transposition, WEIGHTS, rows=k, size=(6, 3)) for k in range(4)], 1),
    ),
    BookFigure(
        "2.17",
        "a vector as a matrix of one row",
        (array_cells,),
        on_axes(array_cells, A[None], size=(4, 2)),
    ),
    BookFigure(
        "2.18",
        "a row and, transposed, a column",
        (transposition,),
        on_axes(transposition, B[None], size=(5, 3)),
        frames([on_axes(transposition, B[None], rows=k, size=(5, 3)) for k in range(2)], 1),
    ),
    BookFigure(
        "2.19",
        "a column times a row: a product for each pair",
        (matrix_product,),
        on_axes(matrix_product, A[:, None], B[None], size=(5, 4)),
        frames(
            [
                on_axes(matrix_product, A[:, None], B[None], cells=k, size=(5, 4))
                for k in range(10)
            ],
            2,
        ),
    ),
    BookFigure(
        "2.20",
        "a batch times the transposed weights",
        (matrix_product,),
        _product(None),
        frames([_product(k) for k in range(1, 10)], 2),
    ),
    BookFigure(
        "2.21",
        "with the biases: the outputs of a layer for a batch",
        (matrix_product,),
        _product(None, BIASES),
        frames([_product(k, BIASES) for k in range(1, 10)], 2),
    ),
]
