"""The column that is to be learnt: one of several classes, or a number."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar

import numpy as np

from .cells import UNKNOWN, codes_of, key_of, numbers_of
from .columns import Column, Numbers, Table, Texts, number_text, to_number
from .parsing import NumberStyle
from .understanding import ID_NAME, Understood, mark_of, understand

__all__ = ["Classes", "Measure", "Target", "find_target"]

MOST_CLASSES = 1000
"""How many classes can be learnt."""

MOST_WHOLE = 20
"""How many different whole numbers are taken for classes, unless the task is given."""

MOST_OF_ONE_ROW = 0.5
"""The part of all squared distances from the mean that one row may have without a word."""

ROWS_PER_CLASS = 5
"""How many rows there must be for each of them, on average."""

TASKS = ("auto", "classification", "regression")


@dataclass(frozen=True)
class Classes:
    """A target that is one of several classes.

    Attributes
    ----------
    column : str
        The column that holds it; empty for data that is no table.
    labels : tuple of str
        The classes as they are written, in the order of the network's outputs.
    """

    column: str
    labels: tuple[str, ...]

    kind: ClassVar[str] = "classes"

    @property
    def n_outputs(self) -> int:
        """One for each class."""
        return len(self.labels)

    def apply(self, column: Column) -> np.ndarray:
        """Return the classes' numbers, int64 of shape (n,): -1 where a cell is none of them."""
        codes = codes_of(column, self.labels)
        return np.where(codes == UNKNOWN, -1, codes)


@dataclass(frozen=True)
class Measure:
    """A target that is a number.

    Attributes
    ----------
    column : str
        The column that holds it.
    mean, scale : float
        A number y is (y - mean) / scale for the network.
    low, high : float
        The training rows' range, to which answers are cut.
    style : NumberStyle
        How it is written.
    """

    column: str
    mean: float = 0.0
    scale: float = 1.0
    low: float = -math.inf
    high: float = math.inf
    style: NumberStyle = NumberStyle()  # noqa: RUF009 - it is frozen

    kind: ClassVar[str] = "number"

    @property
    def n_outputs(self) -> int:
        """One."""
        return 1

    def apply(self, column: Column) -> np.ndarray:
        """Return the numbers, float64 of shape (n,): NaN where a cell is none."""
        return numbers_of(column, self.style)

    def fitted(
        self,
        numbers: np.ndarray,
        weights: np.ndarray | None = None,
        in_parts_of_mean: bool = False,
    ) -> Measure:
        """Return the target with the mean, scale and range of some numbers.

        Parameters
        ----------
        numbers : numpy.ndarray of float64, shape (n,)
            The right answers.
        weights : numpy.ndarray of float64, shape (n,), optional
            How much each counts.
        in_parts_of_mean : bool
            Whether a number is y / mean for the network, and not (y - mean) / deviation.
        """
        mean, deviation = mean_and_deviation(numbers, weights)
        mean, scale = (0.0, mean) if in_parts_of_mean else (mean, deviation or 1.0)
        low, high = float(numbers.min()), float(numbers.max())
        return replace(self, mean=mean, scale=scale, low=low, high=high)

    def restore(self, outputs: np.ndarray) -> np.ndarray:
        """Return the numbers that a network's outputs, of any shape, stand for."""
        restored = outputs.astype(np.float64) * self.scale + self.mean
        return np.clip(restored, self.low, self.high)


def mean_and_deviation(numbers: np.ndarray, weights: np.ndarray | None) -> tuple[float, float]:
    """Return the mean of numbers that count differently, and how far they are from it."""
    mean = float(np.average(numbers, weights=weights))
    return mean, float(np.sqrt(np.average((numbers - mean) ** 2, weights=weights)))


Target = Classes | Measure


def find_target(table: Table, name: str, task: str = "auto") -> tuple[Target, str]:
    """Find out whether a column is classes or a number.

    Parameters
    ----------
    table : Table
        The rows to learn from.
    name : str
        The column to learn.
    task : {"auto", "classification", "regression"}
        What to learn.  "auto" is regression of numbers, but of at most 20 different whole
        numbers with at least 5 rows each on average; all else is classes.

    Returns
    -------
    target : Classes or Measure
        What it is.
    said : str
        A sentence that says why.

    Raises
    ------
    ValueError
        If it is not there, or can't be learnt.
    """
    if task not in TASKS:
        raise ValueError(f"task must be one of {', '.join(TASKS)}, got {task!r}")
    column = table[name]
    found = understand(Table(table.source, {name: column}), decimal=mark_of(table))[name]
    if found.kind == "constant":
        raise ValueError(f"{table.source}: the target {name!r} is constant, {found.reason}")
    if task == "regression" or (task == "auto" and found.kind in ("number", "id", "index")):
        return _measure(table, name, found, task)
    return _classes(table, name, found, task)


def _measure(table: Table, name: str, found: Understood, task: str) -> tuple[Target, str]:
    names_rows = found.kind == "id" or (found.kind == "index" and ID_NAME.fullmatch(name))
    if task == "auto" and names_rows:
        raise _names_rows(table, name, found)
    style = found.style if isinstance(found.style, NumberStyle) else NumberStyle()
    numbers = numbers_of(table[name], style)
    numbers = numbers[np.isfinite(numbers)]
    if not numbers.size:
        cells = table[name].cells()
        raise ValueError(
            f"{table.source}: the target {name!r} must be numbers, got {cells[0]!r}"
        )
    different = np.unique(numbers)
    is_whole = bool((different == np.floor(different)).all())
    few = len(different) <= min(MOST_WHOLE, len(numbers) // ROWS_PER_CLASS)
    if task == "auto" and is_whole and few:
        return _classes(table, name, found, task)
    with np.errstate(over="ignore", invalid="ignore"):
        spread = float(numbers.std())
    if not math.isfinite(spread):
        raise ValueError(
            f"{table.source}: the target {name!r} has too large numbers, {numbers.max():g}"
        )
    measure = Measure(name, style=style).fitted(numbers)
    kind = "whole numbers" if is_whole else "numbers"
    why = (
        "as asked"
        if task == "regression"
        else f"because it holds {len(different):,} different {kind}"
    )
    said = f"Task: regression of {name}, {why}."
    squares = (numbers - measure.mean) ** 2
    if squares.max() > MOST_OF_ONE_ROW * squares.sum():
        odd = numbers[squares.argmax()]
        said += f" One row, {odd:,.10g}, has most of the spread: see whether it is right."
    return measure, said


def _classes(table: Table, name: str, found: Understood, task: str) -> tuple[Target, str]:
    labels = labels_of(table[name])
    if task == "auto" and found.kind in ("id", "text", "date", "time"):
        raise _names_rows(table, name, found)
    if len(labels) < 2 and np.count_nonzero(~table[name].missing()) > 1:
        raise ValueError(
            f"{table.source}: the target {name!r} has no class but {labels[0]!r}, and cells "
            "that are missing; if these are a class, write what it is called into them"
        )
    if len(labels) > MOST_CLASSES:
        raise ValueError(
            f"{table.source}: the target {name!r} has {len(labels):,} different values, too "
            f"many for classes; at most {MOST_CLASSES:,} can be learnt"
        )
    whole = "few different whole numbers"
    kind = whole if found.kind in ("number", "index") else found.kind
    why = "as asked" if task == "classification" else f"because it is {kind}"
    said = f"Task: classification of {name} into {len(labels)} classes, {why}."
    alike = next(
        (pair for pair in pairwise(sorted(labels, key=_plain)) if _are_alike(*pair)), ()
    )
    if alike:
        said += f" {alike[0]!r} and {alike[1]!r} are two of them: see whether that is right."
    return Classes(name, labels), said


def _plain(label: str) -> str:
    """Return a label without capitals and further spaces, and as all write a number."""
    return " ".join(key_of(label).casefold().split())


def _are_alike(one: str, other: str) -> bool:
    return _plain(one) == _plain(other)


def labels_of(column: Column) -> tuple[str, ...]:
    """Return the different values of a column as they are written, sorted."""
    if isinstance(column, Texts):
        values, _ = column.present()
    elif isinstance(column, Numbers):
        different = np.unique(column.values[~column.missing()])
        return tuple(str(number_text(value)) for value in different.tolist())
    else:
        values = [cell for cell in set(column.cells().tolist()) if cell is not None]
    numbers = [to_number(value) for value in values]
    if all(map(math.isfinite, numbers)):
        return tuple(value for _, value in sorted(zip(numbers, values)))
    return tuple(sorted(values))


def _names_rows(table: Table, name: str, found: Understood) -> ValueError:
    return ValueError(
        f"{table.source}: the target {name!r} is {found.kind}, {found.reason}, so that there "
        "is nothing to learn; --task says that there is"
    )
