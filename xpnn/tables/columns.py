"""Tables in memory: columns of texts, of numbers, or of moments, each kept compactly.

Cells of a text file stay as they are written, since what looks like a number may be a label:
`01`, `1` and `1.50`.  A column of texts keeps each text once, and is read as numbers only
when somebody asks.  `Numbers` holds what came as numbers, and those texts which are so many
different numbers that they can't be labels.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

__all__ = [
    "LARGEST_WHOLE",
    "MISSING",
    "MOST_TEXTS",
    "Column",
    "Moments",
    "Numbers",
    "Table",
    "Texts",
    "is_missing",
    "is_plain_number",
    "to_number",
]

Rows = np.ndarray | slice

MISSING = frozenset(
    ("", "na", "n/a", "#n/a", "nan", "null", "<na>", "nat", "?", "-", "--", ".", "...")
)
"""What people and programs write where a cell has no value, casefolded.

"none" is not among them, since it is often a category.
"""

MOST_TEXTS = 10_000
"""How many different texts a column of plain numbers may have and still be kept as texts."""

MOST_NAMES = 20
"""How many names of columns an error message shows."""

LARGEST_WHOLE = 2.0**53
"""From here on float64 doesn't keep every whole number."""

PLAIN = re.compile(r"[+-]?(?!0\d)(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def is_missing(text: str) -> bool:
    """Whether a stripped cell says that it has no value."""
    return text.casefold() in MISSING


def to_number(text: str) -> float:
    """Return the finite number that a text is, or NaN where it is none.

    It is what Python's `float` takes, but for underscores, infinity and NaN.
    """
    if "_" in text:
        return math.nan
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def is_plain_number(text: str) -> bool:
    """Whether a text loses nothing but its way of writing if it is kept as a float64.

    A leading zero before another digit, and whole numbers larger than float64 keeps, belong
    to labels.
    """
    if PLAIN.fullmatch(text) is None:
        return False
    value = float(text)
    if abs(value) < LARGEST_WHOLE:
        return True
    return math.isfinite(value) and not text.lstrip("+-").isdigit()


class Column(Protocol):
    """What all columns can do."""

    def __len__(self) -> int: ...

    def take(self, rows: Rows) -> Column:
        """Return some rows, in the order asked for."""

    def missing(self) -> np.ndarray:
        """Return which cells have no value, bool of shape (n,)."""

    def cells(self) -> np.ndarray:
        """Return the cells as texts, None where one is missing: objects of shape (n,)."""


@dataclass(frozen=True, eq=False)
class Texts:
    """Cells as they were written, without the spaces around them; each text is kept once.

    Attributes
    ----------
    codes : numpy.ndarray of int32, shape (n,)
        The position of each cell's text in `values`; -1 where the cell is missing.
    values : tuple of str
        The texts, in the order in which they first appear.  After `take` there may be
        texts that no row has; `counts` tells.
    """

    codes: np.ndarray
    values: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, rows: Rows) -> Texts:
        """Return some rows, in the order asked for."""
        return Texts(self.codes[rows], self.values)

    def missing(self) -> np.ndarray:
        """Return which cells have no value, bool of shape (n,)."""
        missing: np.ndarray = self.codes < 0
        return missing

    def cells(self) -> np.ndarray:
        """Return the cells as texts, None where one is missing: objects of shape (n,)."""
        cells: np.ndarray = np.array([*self.values, None], dtype=object)
        cells = cells[self.codes]
        return cells

    def counts(self) -> np.ndarray:
        """Return how many rows have each text, int64 of shape (len(values),)."""
        counts: np.ndarray = np.bincount(self.codes + 1, minlength=len(self.values) + 1)
        counts = counts[1:]
        return counts

    def present(self) -> tuple[list[str], np.ndarray]:
        """Return the texts that rows have, and how many rows have each."""
        counts = self.counts()
        kept = np.flatnonzero(counts)
        return [self.values[k] for k in kept], counts[kept]

    def numbers(self) -> np.ndarray:
        """Return the cells as float64 of shape (n,), NaN where one is missing or no number."""
        numbers: np.ndarray = self._value_numbers
        numbers = numbers[self.codes]
        return numbers

    @cached_property
    def _value_numbers(self) -> np.ndarray:
        return np.array([*map(to_number, self.values), math.nan])


@dataclass(frozen=True, eq=False)
class Numbers:
    """Cells that are numbers.

    Attributes
    ----------
    values : numpy.ndarray of float64, shape (n,)
        The numbers; NaN where a cell is missing.
    """

    values: np.ndarray

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: Rows) -> Numbers:
        """Return some rows, in the order asked for."""
        return Numbers(self.values[rows])

    def missing(self) -> np.ndarray:
        """Return which cells have no value, bool of shape (n,)."""
        missing: np.ndarray = np.isnan(self.values)
        return missing

    def cells(self) -> np.ndarray:
        """Return the cells as texts, None where one is missing: objects of shape (n,)."""
        return _objects(map(number_text, self.values.tolist()), len(self))

    def numbers(self) -> np.ndarray:
        """Return the cells as float64 of shape (n,), NaN where one is missing."""
        return self.values


@dataclass(frozen=True, eq=False)
class Moments:
    """Cells that are dates or points in time.

    Attributes
    ----------
    values : numpy.ndarray of datetime64[us], shape (n,)
        The moments; NaT where a cell is missing.
    """

    values: np.ndarray

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: Rows) -> Moments:
        """Return some rows, in the order asked for."""
        return Moments(self.values[rows])

    def missing(self) -> np.ndarray:
        """Return which cells have no value, bool of shape (n,)."""
        missing: np.ndarray = np.isnat(self.values)
        return missing

    def cells(self) -> np.ndarray:
        """Return the cells as texts, None where one is missing: objects of shape (n,).

        They are dates, `2021-01-31`, where no cell has a time of day.
        """
        values = self.values
        days = values.astype("datetime64[D]")
        unit = "D" if ((values == days) | np.isnat(values)).all() else "auto"
        texts = (
            None if text == "NaT" else text.replace("T", " ") for text in _times(values, unit)
        )
        return _objects(texts, len(self))


def _times(values: np.ndarray, unit: str) -> list[str]:
    """Return moments as texts, which show the fraction of a second only where there is one."""
    if unit == "D":
        return list(np.datetime_as_string(values, unit="D"))
    seconds = np.datetime_as_string(values.astype("datetime64[s]"))
    exact = np.datetime_as_string(values, unit="us")
    whole = values == values.astype("datetime64[s]")
    return list(np.where(whole, seconds, exact))


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of named columns.

    Attributes
    ----------
    source : str
        Where they come from, for messages.
    columns : mapping of str to Column
        The columns, in the order of the source.
    notes : tuple of str
        What reading had to decide, one sentence each.
    left_out : tuple of str
        The names of columns that were left out, by which they can be asked for.
    """

    source: str
    columns: Mapping[str, Column]
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        lengths = {name: len(column) for name, column in self.columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"columns of a table must be equally long, got {lengths}")

    def __len__(self) -> int:
        return next((len(column) for column in self.columns.values()), 0)

    def __getitem__(self, name: str) -> Column:
        """Return a column.

        Raises
        ------
        ValueError
            If there is none of that name; it tells the nearest name, and what there is.
        """
        if name not in self.columns:
            raise ValueError(no_column(self.source, name, self.columns))
        return self.columns[name]

    def take(self, rows: Rows) -> Table:
        """Return some rows, by their numbers or as a slice, in the order asked for."""
        columns = {name: column.take(rows) for name, column in self.columns.items()}
        return Table(self.source, columns, self.notes)

    def said(self) -> list[str]:
        """Return the notes as sentences."""
        return [
            f"{note if note.startswith(self.source) else note[:1].upper() + note[1:]}."
            for note in self.notes
        ]

    def without(self, names: Iterable[str]) -> Table:
        """Return the table without some columns.

        Raises
        ------
        ValueError
            If there is no column of such a name.
        """
        left_out = set(names)
        for name in left_out:
            self[name]
        kept = {name: self.columns[name] for name in self.columns if name not in left_out}
        return Table(self.source, kept, self.notes)


def no_column(source: str, name: str, names: Iterable[str]) -> str:
    """Return that a table has no such column, in words, for an error message."""
    names = list(names)
    near = difflib.get_close_matches(name, names, 1, 0.5)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    shown = ", ".join(map(repr, names[:MOST_NAMES]))
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"{source} has no column {name!r}{hint} Its columns are: {shown}{more}"


def number_text(value: float) -> str | None:
    """Return a number as one writes it, without `.0` where it is whole; None for NaN."""
    if math.isnan(value):
        return None
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _objects(cells: Iterable[Any], n: int) -> np.ndarray:
    """Return objects as an array, also where they are arrays' scalars or sequences."""
    return np.fromiter(cells, dtype=object, count=n)
