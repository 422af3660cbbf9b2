"""Columns gathered from runs of cells, as the engine hands them over.

A column of a text file begins as texts.  It becomes numbers where it has more different texts
than labels would have, and all of them are plain numbers; from then on its texts aren't kept.
If one that is no plain number comes later, the column must be read once more, as texts.
"""

from __future__ import annotations

import math
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
        self.kind = kind
        self.parts: list[np.ndarray] = []
        self.spoilt = False

    def add(self, cells: Cells) -> None:
        """Add a run of cells."""
        assert isinstance(cells, np.ndarray)
        self.parts.append(cells)

    def end(self) -> None:
        """Say that there are no more cells."""

    def column(self) -> Column:
        """Return what was gathered, and let go of it."""
        if self.kind == "moment":
            return Moments(joined(self.parts, "datetime64[us]"))
        return Numbers(joined(self.parts, "float64"))


class TextGatherer:
    """Gathers texts, which may turn out to be numbers.

    Parameters
    ----------
    may_be_numbers : bool
        Whether so many plain numbers that they can't be labels are kept as numbers.
    keep : bool
        Whether cells that became numbers are kept as texts too, so that the column needn't
        be read once more.  For few rows.

    Attributes
    ----------
    spoilt : bool
        Whether the column must be read once more, with `may_be_numbers` false.
    """

    def __init__(self, may_be_numbers: bool = True, keep: bool = False) -> None:
        self.dictionary = Dictionary()
        self.parts: list[np.ndarray] = []
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
            self.parts.append(table[cells.codes])
            return
        assert isinstance(cells, TextCells)
        if self.kept is not None:
            self.kept.append(cells)
        if self.undecided and cells.floats is not None:
            self.waiting.append(cells)
            if sum(map(len, self.waiting)) > ROWS_TO_DECIDE:
                self._decide()
        else:
            self.end()
            self._add_decided(cells)

    def end(self) -> None:
        """Say that there are no more cells, after which `spoilt` is known."""
        if self.undecided:
            self._decide()

    def column(self) -> Column:
        """Return what was gathered, and let go of it."""
        self.end()
        if self.are_numbers:
            return Numbers(joined(self.parts, "float64"))
        codes = joined(self.parts, "int32")
        texts = list(self.dictionary.positions)
        self.dictionary = Dictionary()
        return compact(codes, texts)

    def _decide(self) -> None:
        """See whether the first cells alone are so many different numbers."""
        self.undecided = False
        first, self.waiting = self.waiting, []
        if sum(map(len, first)) > MOST_TEXTS:
            values = [plain_numbers(cells) for cells in first]
            plain = [part for part in values if part is not None]
            if len(plain) == len(first) and different(np.concatenate(plain)) > MOST_TEXTS:
                self.are_numbers = True
                self.parts = plain
                return
        for cells in first:
            self._add_decided(cells)

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
            self.parts.append(values)
        elif self.kept is None:
            self.spoilt = True
            self.parts = []
        else:
            again = TextGatherer(may_be_numbers=False, keep=True)
            for earlier in self.kept:
                again.add(earlier)
            self.__dict__ = again.__dict__

    def _add_texts(self, cells: TextCells) -> None:
        self.parts.append(self.dictionary.encode(cells))
        if self.may_be_numbers and len(self.dictionary) > MOST_TEXTS:
            self._turn_to_numbers()

    def _turn_to_numbers(self) -> None:
        """Make numbers of what there is, if there are many and all are plain."""
        stripped = [text.strip() for text in self.dictionary.positions]
        values = numbers_of(stripped)
        if values is None:
            self.may_be_numbers = False
        elif len({text for text in stripped if not is_missing(text)}) > MOST_TEXTS:
            values = np.append(values, math.nan)
            self.parts = [values[codes] for codes in self.parts]
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
    at, lengths = cells.starts, cells.lengths
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
    odd = (first == ZERO) & (second >= ZERO) & (second <= NINE) & (lengths > signed + 1)
    odd |= (first <= SPACE) | (first == PLUS) | (first == MINUS)
    underscores = np.flatnonzero(cells.data == UNDERSCORE)
    if underscores.size:
        owners = np.searchsorted(cells.starts, underscores, "right") - 1
        odd[owners[owners >= 0]] = True
    return odd


def joined(parts: list[np.ndarray], dtype: str) -> np.ndarray:
    """Join arrays, and let go of them."""
    whole: np.ndarray = np.concatenate(parts) if parts else np.empty(0, dtype=dtype)
    parts.clear()
    return whole
