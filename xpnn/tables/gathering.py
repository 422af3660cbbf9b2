"""Columns gathered from runs of cells, as the engine hands them over.

A column of a text file begins as texts.  It becomes numbers where it has more different texts
than labels would have, and all of them are plain numbers; from then on its texts aren't kept.
If one that is no plain number comes later, the column must be read once more, as texts.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Protocol

import numpy as np

from .columns import (
    LARGEST_WHOLE,
    MOST_TEXTS,
    Column,
    Moments,
    Numbers,
    Texts,
    is_missing,
    is_plain_number,
)
from .texts import Dictionary, TextCells, compact

__all__ = ["Cells", "Gatherer", "TextGatherer", "ValueGatherer", "part"]

ROWS_TO_DECIDE = 2 * MOST_TEXTS
"""After how many rows a column is given up as clearly numbers, to be looked at as texts."""

MOST_SPACES = 3

SPACE, PLUS, MINUS, ZERO, NINE, UNDERSCORE = b" +-09_"

Cells = TextCells | np.ndarray | Texts
"""Texts or numbers as the engine gives them, or a whole column at once."""


class Growing:
    """An array that grows at its end, in place: larger ones are moved by no copy.

    Parameters
    ----------
    dtype : str
        What it holds.
    """

    def __init__(self, dtype: str) -> None:
        self.array: np.ndarray = np.empty(0, dtype=dtype)
        self.length = 0

    def add(self, values: np.ndarray) -> None:
        """Add values at the end."""
        stop = self.length + len(values)
        if stop > len(self.array):
            # nobody else sees the array before `taken`
            self.array.resize(max(stop, len(self.array) * 5 // 4), refcheck=False)
        self.array[self.length : stop] = values
        self.length = stop

    def taken(self) -> np.ndarray:
        """Return all values, and begin anew."""
        whole = self.array
        whole.resize(self.length, refcheck=False)
        self.array, self.length = np.empty(0, dtype=whole.dtype), 0
        return whole


class Gatherer(Protocol):
    """Gathers one column."""

    spoilt: bool

    def add(self, cells: Cells) -> None:
        """Add a run of cells."""

    def end(self) -> None:
        """Say that there are no more cells, after which `spoilt` is known."""

    def column(self) -> Column:
        """Return what was gathered, and let go of it."""


class ValueGatherer:
    """Gathers cells of a kind: "number" (float64) or "moment" (datetime64[us])."""

    def __init__(self, kind: str) -> None:
        self.values = Growing("datetime64[us]" if kind == "moment" else "float64")
        self.spoilt = False

    def add(self, cells: Cells) -> None:
        """Add a run of cells."""
        assert isinstance(cells, np.ndarray)
        self.values.add(cells)

    def end(self) -> None:
        """Say that there are no more cells."""

    def column(self) -> Column:
        """Return what was gathered, and let go of it."""
        values = self.values.taken()
        return Moments(values) if values.dtype.kind == "M" else Numbers(values)


class TextGatherer:
    """Gathers texts, which may turn out to be numbers.

    Parameters
    ----------
    may_be_numbers : bool
        Whether so many plain numbers that they can't be labels are kept as numbers.
    most : int
        How many different plain numbers may be labels.
    keep : bool
        Whether cells that became numbers are kept as texts too, so that the column needn't
        be read once more.  For few rows.

    Attributes
    ----------
    spoilt : bool
        Whether the column must be read once more, with `may_be_numbers` false.
    """

    def __init__(
        self, may_be_numbers: bool = True, keep: bool = False, most: int | None = None
    ) -> None:
        self.most = MOST_TEXTS if most is None else most
        self.dictionary = Dictionary()
        self.codes = Growing("int32")
        self.numbers = Growing("float64")
        self.waiting: list[TextCells] = []
        self.undecided = may_be_numbers
        self.may_be_numbers = may_be_numbers
        self.are_numbers = False
        self.kept: list[TextCells] | None = [] if keep else None
        self.spoilt = False

    def add(self, cells: Cells) -> None:
        """Add a run of cells."""
        if isinstance(cells, Texts):
            table = np.array([*self.dictionary.add(cells.values), -1], dtype=np.int32)
            self.codes.add(table[cells.codes])
            return
        assert isinstance(cells, TextCells)
        if self.undecided and cells.floats is not None:
            self._keep(cells)
            self.waiting.append(cells)
            if sum(map(len, self.waiting)) > ROWS_TO_DECIDE:
                self._decide()
        else:
            self.end()
            self._keep(cells)
            self._add_decided(cells)

    def end(self) -> None:
        """Say that there are no more cells, after which `spoilt` is known."""
        if self.undecided:
            self._decide()

    def column(self) -> Column:
        """Return what was gathered, and let go of it."""
        self.end()
        if self.are_numbers:
            return Numbers(self.numbers.taken())
        texts = list(self.dictionary.positions)
        self.dictionary = Dictionary()
        return compact(self.codes.taken(), texts)

    def _keep(self, cells: TextCells) -> None:
        if self.kept is not None:
            self.kept.append(cells)

    def _decide(self) -> None:
        """See whether the first cells alone are so many different numbers."""
        self.undecided = False
        if sum(map(len, self.waiting)) > self.most:
            values = [plain_numbers(cells) for cells in self.waiting]
            plain = [found for found in values if found is not None]
            if len(plain) == len(values) and different(np.concatenate(plain)) > self.most:
                self.are_numbers, self.waiting = True, []
                for found in plain:
                    self.numbers.add(found)
                return
        while self.waiting:
            self._add_decided(self.waiting.pop(0))

    def _add_decided(self, cells: TextCells) -> None:
        if self.spoilt:
            return
        if self.are_numbers:
            self._add_numbers(cells)
        else:
            self._add_texts(cells)

    def _add_numbers(self, cells: TextCells) -> None:
        values = plain_numbers(cells)
        if values is not None:
            self.numbers.add(values)
        elif self.kept is None:
            self.spoilt = True
            self.numbers.taken()
        else:
            # those kept are all that came, also what waits and these
            kept, self.kept, self.waiting = self.kept, None, []
            self.numbers.taken()
            self.are_numbers = self.may_be_numbers = False
            for earlier in kept:
                self._add_texts(earlier)

    def _add_texts(self, cells: TextCells) -> None:
        self.codes.add(self.dictionary.encode(cells))
        if self.may_be_numbers and len(self.dictionary) > self.most:
            self._turn_to_numbers()

    def _turn_to_numbers(self) -> None:
        """Make numbers of what there is, if there are many and all are plain."""
        stripped = [text.strip() for text in self.dictionary.positions]
        values = numbers_of(stripped)
        if values is None:
            self.may_be_numbers = False
        elif len({text for text in stripped if not is_missing(text)}) > self.most:
            values = np.append(values, math.nan)
            self.numbers.add(values[self.codes.taken()])
            self.dictionary = Dictionary()
            self.are_numbers = True


def part(cells: Cells, rows: slice) -> Cells:
    """Return some of a run of cells."""
    return cells.take(rows) if isinstance(cells, Texts) else cells[rows]


def different(values: np.ndarray) -> int:
    """Return how many different numbers there are beside NaN."""
    return int(np.unique(values[~np.isnan(values)]).size)


def numbers_of(texts: list[str]) -> np.ndarray | None:
    """Return stripped texts as numbers, NaN where one is missing; None unless all are plain."""
    values = np.empty(len(texts))
    for position, text in enumerate(texts):
        if is_missing(text):
            values[position] = math.nan
        elif is_plain_number(text):
            values[position] = float(text)
        else:
            return None
    return values


def plain_numbers(cells: TextCells) -> np.ndarray | None:
    """Return cells as numbers, NaN where one is missing; None unless all are plain.

    The engine has cast them already.  Those of which it made nothing, or which it takes more
    freely than `is_plain_number`, are looked at one by one.
    """
    given = cells.floats
    if given is None:
        odd = ~cells.null
        values = np.full(len(cells), math.nan)
    else:
        odd = (~(np.abs(given) < LARGEST_WHOLE) | _written_oddly(cells)) & ~cells.null
        values = given
    rows = np.flatnonzero(odd)
    if rows.size:
        found = numbers_of([text.strip() for text in cells.decoded(rows)])
        if found is None:
            return None
        values = values.copy()
        values[rows] = found
    return values


def _written_oddly(cells: TextCells) -> np.ndarray:
    """Return which cells begin like a label (`01`, `+-1`), or may have an underscore."""
    odd: np.ndarray = _suspicious_pairs()[cells.windows("<u2")[cells.starts]]
    rows = np.flatnonzero(odd)
    if rows.size:
        odd[rows] = _begins_oddly(cells, rows)
    underscores = np.flatnonzero(cells.data == UNDERSCORE)
    if underscores.size:
        owners = np.searchsorted(cells.starts, underscores, "right") - 1
        odd[owners[owners >= 0]] = True
    return odd


def _begins_oddly(cells: TextCells, rows: np.ndarray) -> np.ndarray:
    """Return which of some cells begin like a label."""
    at, lengths = cells.starts[rows], cells.lengths[rows]
    letters = cells.windows("<u4")
    begin = letters[at]
    for _ in range(MOST_SPACES):
        spaced = begin & 255 == SPACE
        if not spaced.any():
            break
        at, lengths = at + spaced, lengths - spaced
        begin = letters[at]
    first = begin & 255
    signed = (first == PLUS) | (first == MINUS)
    begin >>= signed.astype(np.uint32) << 3
    first, second = begin & 255, (begin >> 8) & 255
    odd: np.ndarray = (first == ZERO) & (second >= ZERO) & (second <= NINE)
    odd &= lengths > signed + 1
    odd |= (first <= SPACE) | (first == PLUS) | (first == MINUS)
    return odd


@cache
def _suspicious_pairs() -> np.ndarray:
    """Return for each pair of bytes whether a cell that begins so must be looked at.

    Most numbers begin with another digit than 0, or with `0.`.
    """
    first, second = np.arange(1 << 16) & 255, np.arange(1 << 16) >> 8
    digit = (second >= ZERO) & (second <= NINE)
    sign = (first == PLUS) | (first == MINUS)
    signed = (second == ZERO) | (second == PLUS) | (second == MINUS)
    pairs: np.ndarray = (first <= SPACE) | ((first == ZERO) & digit) | (sign & signed)
    return pairs
