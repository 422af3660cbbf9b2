"""What is measured of rows, put together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..backend import Array
from ..losses import Loss
from ..metrics import Metric
from .stack import Stack
from .step import bind, make_measure

__all__ = ["Part", "joined", "measure_outputs"]

Part = tuple[np.ndarray, list[tuple[int, ...]], float]
"""What was measured of some rows: all numbers one after the other, the shape of each measure,
and how many rows they are, or what these weigh."""


def measure_outputs(
    stack: Stack,
    criterion: Loss,
    metrics: Sequence[Metric],
    params: Sequence[Array],
    outputs: Array,
    y: Array,
    weight: Array | None = None,
) -> tuple[list[Array], list[Array]]:
    """Measure the outputs of a stack.

    Parameters
    ----------
    stack, criterion
        As `fuse` returns them.
    metrics : sequence of Metric
        What to measure beside the loss.
    params : sequence of array
        All parameters; none are needed where none is penalised.
    outputs, y : array of n rows
        The outputs, and the targets.
    weight : array of shape (n,), optional
        How much each row counts.

    Returns
    -------
    measures : list of array
        The loss, and what metrics measure that don't need all rows.
    of_all : list of array
        What the others measure.
    """
    behind = Stack((), stack.head)  # nothing is left to go through
    (loss, *measures), _ = make_measure(behind, criterion, metrics)((), outputs, y, weight)
    weights = {} if weight is None else {"weight": weight}
    of_all = [bind(m, behind, criterion)(outputs, y, **weights) for m in metrics if m.of_all]
    return [stack.penalise(params, loss), *measures], of_all


def joined(
    metrics: Sequence[Metric], parts: Sequence[Part], of_all: Sequence[np.ndarray]
) -> dict[str, Any]:
    """Return the loss and each metric of all rows.

    Parameters
    ----------
    metrics : sequence of Metric
        What was measured beside the loss.
    parts : sequence of Part
        What was measured of some rows after the others.
    of_all : sequence of numpy.ndarray
        What metrics measured that need all rows.

    Returns
    -------
    dict of str to float or numpy.ndarray
        ``"loss"`` and each metric by its name.
    """
    numbers, shapes, counts = zip(*parts)
    rows = np.array(counts, dtype=np.float64)
    ends = np.cumsum([math.prod(shape) for shape in shapes[0]])
    losses, *columns = np.split(np.stack(numbers), ends[:-1], axis=1)  # (n_parts, w)
    values: dict[str, Any] = {"loss": float(sum(losses[:, 0] * rows) / sum(rows))}
    wholes = [*of_all]
    for metric in metrics:
        if metric.of_all:
            value = metric.result(wholes.pop(0)[None, :], np.array([sum(rows)]))
        else:
            value = metric.result(columns.pop(0), rows)
        values[metric.name] = float(value) if metric.is_number else value
    return values
