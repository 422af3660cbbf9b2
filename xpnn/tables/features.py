"""How columns become a network's inputs, each by what was found out about it in training.

A feature takes a column, of any later table, and gives inputs of three kinds: `numbers`, which
a network may embed, `plain` ones, and `codes` of categories, which `xpnn.layers.OneHot` makes
columns of.  No cell stops it: what is missing, or was not there in training, is an input too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple, Protocol

import numpy as np

from .cells import DAY, PARTS, UNKNOWN, codes_of, moments_of, numbers_of, read_cells
from .columns import Column
from .dating import DateStyle, TimeStyle
from .parsing import NumberStyle
from .scaling import Scale

__all__ = [
    "CategoryFeature",
    "DateFeature",
    "Feature",
    "Inputs",
    "Names",
    "NumberFeature",
    "Odd",
    "TimeFeature",
    "YesNoFeature",
]

FAR = 1.0
"""How far outside of the training rows' range a number is odd, in parts of this range."""

Arrays = list[np.ndarray]
Names = tuple[list[str], list[str], list[str]]


class Inputs(NamedTuple):
    """What a feature makes of a column: arrays of shape (n,), of each kind so many."""

    numbers: Arrays
    plain: Arrays
    codes: Arrays


@dataclass
class Odd:
    """What cells held that training rows did not, counted for one warning.

    Attributes
    ----------
    cells : dict of str to dict of str to int
        Of each column what was odd, and in how many rows.
    """

    cells: dict[str, dict[str, int]] = field(default_factory=dict)

    def count(self, column: str, what: str, which: np.ndarray) -> None:
        """Count the rows of a mask."""
        if n := int(np.count_nonzero(which)):
            of_column = self.cells.setdefault(column, {})
            of_column[what] = of_column.get(what, 0) + n

    def __str__(self) -> str:
        """Return what was odd, in a sentence."""
        said = [
            f"{column!r} has {what} in {n:,} row{'s' * (n != 1)}"
            for column, counts in self.cells.items()
            for what, n in counts.items()
        ]
        return "rows are unlike those of the training: " + "; ".join(said)


class Feature(Protocol):
    """What all features can do.

    Attributes
    ----------
    column : str
        The column's name.
    """

    kind: ClassVar[str]

    @property
    def column(self) -> str:
        """The column's name."""

    @property
    def widths(self) -> tuple[int, int, tuple[int, ...]]:
        """How many inputs are numbers, how many plain, and of each code how many there are."""

    def names(self) -> Names:
        """Return what the inputs are: of numbers, plain ones, and of all values of codes."""

    def apply(self, column: Column, odd: Odd) -> Inputs:
        """Return the inputs of a column's rows, and count what is odd."""


@dataclass(frozen=True)
class NumberFeature:
    """A number, and whether it is missing where that was seen in training.

    Attributes
    ----------
    column : str
        The column's name.
    style : NumberStyle
        How it is written.
    scale : Scale
        How it becomes an input.
    missing : bool
        Whether cells were missing in training.
    low, high : float
        The training rows' range.
    """

    column: str
    style: NumberStyle
    scale: Scale
    missing: bool
    low: float
    high: float

    kind: ClassVar[str] = "number"

    @property
    def widths(self) -> tuple[int, int, tuple[int, ...]]:
        """One number, and one plain input where cells were missing."""
        return 1, int(self.missing), ()

    def names(self) -> Names:
        """Return the column's name, and that it is missing."""
        return [self.column], _missing(self.column, self.missing), []

    def apply(self, column: Column, odd: Odd) -> Inputs:
        """Return the scaled numbers; as `Feature.apply`."""
        values = numbers_of(column, self.style)
        absent = ~np.isfinite(values)
        values = np.where(absent, np.nan, values)
        odd.count(self.column, "no number", absent & ~column.missing())
        reach = FAR * (self.high - self.low)
        far = (values < self.low - reach) | (values > self.high + reach)
        odd.count(self.column, "far outside of the training rows", far)
        plain = [absent.astype(np.float32)] if self.missing else []
        return Inputs([self.scale(values)], plain, [])


@dataclass(frozen=True)
class YesNoFeature:
    """One of two: -1 and 1, or 0 where it is neither.

    Attributes
    ----------
    column : str
        The column's name.
    values : tuple of str
        The two as texts, numbers as `number_text` writes them; where there is only one, a
        missing cell is the other.
    """

    column: str
    values: tuple[str, ...]

    kind: ClassVar[str] = "yes/no"

    @property
    def widths(self) -> tuple[int, int, tuple[int, ...]]:
        """One plain input."""
        return 0, 1, ()

    def names(self) -> Names:
        """Return the column's name with the value that is 1."""
        return [], [f"{self.column}={self.values[-1]}"], []

    def apply(self, column: Column, odd: Odd) -> Inputs:
        """Return -1 for the first value and 1 for the second; as `Feature.apply`."""
        codes = codes_of(column, self.values)
        odd.count(self.column, "a value that was not there in training", codes == UNKNOWN)
        signs = [1.0] if len(self.values) == 1 else [-1.0, 1.0]
        absent = -1.0 if len(self.values) == 1 else 0.0
        return Inputs([], [np.array([*signs, 0.0, absent], np.float32)[codes]], [])


@dataclass(frozen=True)
class CategoryFeature:
    """One of several: a code for each.

    Attributes
    ----------
    column : str
        The column's name.
    values : tuple of str
        The categories that have a code, in its order.
    missing : bool
        Whether cells were missing in training, so that this has a code, after those.
    pooled : bool
        Whether there were more categories, which share the last code with unseen ones.
    """

    column: str
    values: tuple[str, ...]
    missing: bool
    pooled: bool

    kind: ClassVar[str] = "category"

    @property
    def widths(self) -> tuple[int, int, tuple[int, ...]]:
        """One code."""
        return 0, 0, (len(self.values) + self.missing + self.pooled,)

    def names(self) -> Names:
        """Return the column's name with each value."""
        values = [f"{self.column}={value}" for value in self.values]
        values += _missing(self.column, self.missing)
        return [], [], values + ([f"{self.column} other"] if self.pooled else [])

    def apply(self, column: Column, odd: Odd) -> Inputs:
        """Return the codes, -1 for what has none; as `Feature.apply`."""
        codes = codes_of(column, self.values)
        if not self.pooled:
            odd.count(self.column, "a value that was not there in training", codes == UNKNOWN)
        n = len(self.values)
        other = n + self.missing if self.pooled else -1
        table = np.array([*range(n), other, n if self.missing else -1], np.float32)
        return Inputs([], [], [table[codes]])


@dataclass(frozen=True)
class DateFeature:
    """A date: when it is, and what of a year, a month, a week or a day it is.

    Attributes
    ----------
    column : str
        The column's name.
    style : DateStyle
        How it is written.
    parts : dict of str to Scale
        What of it becomes inputs, and how: of `PARTS` those that varied in training.
    missing : bool
        Whether cells were missing in training.
    """

    column: str
    style: DateStyle
    parts: Mapping[str, Scale]
    missing: bool

    kind: ClassVar[str] = "date"

    @property
    def widths(self) -> tuple[int, int, tuple[int, ...]]:
        """A number for each part, and a plain input where cells were missing."""
        return len(self.parts), int(self.missing), ()

    def names(self) -> Names:
        """Return the column's name with each part."""
        parts = [f"{self.column} {part}" for part in self.parts]
        return parts, _missing(self.column, self.missing), []

    def apply(self, column: Column, odd: Odd) -> Inputs:
        """Return the parts, scaled; as `Feature.apply`."""
        moments = moments_of(column, self.style)
        absent = np.isnat(moments)
        odd.count(self.column, "no date", absent & ~column.missing())
        known = np.where(absent, np.datetime64(0, "us"), moments)
        parts = {name: np.where(absent, np.nan, PARTS[name](known)) for name in self.parts}
        numbers = [scale(parts[name]) for name, scale in self.parts.items()]
        plain = [absent.astype(np.float32)] if self.missing else []
        return Inputs(numbers, plain, [])


@dataclass(frozen=True)
class TimeFeature:
    """A time of day: how late it is, and where it is on the clock.

    Attributes
    ----------
    column : str
        The column's name.
    scale : Scale
        How its seconds become an input.
    missing : bool
        Whether cells were missing in training.
    """

    column: str
    scale: Scale
    missing: bool

    kind: ClassVar[str] = "time"

    @property
    def widths(self) -> tuple[int, int, tuple[int, ...]]:
        """One number, two plain inputs, and one more where cells were missing."""
        return 1, 2 + self.missing, ()

    def names(self) -> Names:
        """Return the column's name, and that with its place on the clock."""
        clock = [f"{self.column} sine", f"{self.column} cosine"]
        return [self.column], clock + _missing(self.column, self.missing), []

    def apply(self, column: Column, odd: Odd) -> Inputs:
        """Return the seconds, scaled, and sine and cosine of the day; as `Feature.apply`."""
        seconds = read_cells(column, TimeStyle())
        absent = np.isnan(seconds)
        odd.count(self.column, "no time", absent & ~column.missing())
        angle = np.where(absent, 0.0, seconds) * (2 * math.pi / DAY)
        plain = [
            np.where(absent, 0.0, wave(angle)).astype(np.float32) for wave in (np.sin, np.cos)
        ]
        plain += [absent.astype(np.float32)] if self.missing else []
        return Inputs([self.scale(seconds)], plain, [])


def _missing(column: str, missing: bool) -> list[str]:
    """Return the name of the input that says that a cell is missing, if there is one."""
    return [f"{column} missing"] if missing else []
