"""Texts as they come from the engine, many at a time, and each kept once.

The engine hands over a column's cells as one run of bytes and where each cell begins (Apache
Arrow's layout).  Making a Python string of every cell would take longer than reading the
file, so cells are compared as numbers: their bytes, eight at a time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .columns import Texts, is_missing

__all__ = ["Dictionary", "TextCells", "compact"]

WORDS = 4
"""Cells of up to this many times eight bytes are compared as numbers."""

SLOT_BITS = 17

MANY = 1000
"""From this many cells on, it pays to copy all the bytes first."""

FACTOR = np.uint64(0x9E3779B97F4A7C15)
"""An odd number without a pattern: multiplying by it spreads what differs over all bits."""

MASKS = np.array([(1 << 8 * count) - 1 for count in range(9)], dtype=np.uint64)


@dataclass(frozen=True, eq=False)
class TextCells:
    """A run of cells of one column.

    Attributes
    ----------
    starts, lengths : numpy.ndarray of int, shape (n,)
        Where each cell begins, and how many bytes it has.
    data : numpy.ndarray of uint8
        The cells' UTF-8, and at least eight bytes more.
    null : numpy.ndarray of bool, shape (n,)
        Which cells the engine found empty.
    floats : numpy.ndarray of float64, shape (n,), or None
        What the engine made of the cells as numbers, NaN where nothing, if it was asked to.
    """

    starts: np.ndarray
    lengths: np.ndarray
    data: np.ndarray
    null: np.ndarray
    floats: np.ndarray | None = None

    @classmethod
    def of(cls, array: Any, floats: np.ndarray | None = None) -> TextCells:
        """Take a nanoarrow array of strings."""
        view, n, skip = array.view(), array.length, array.offset
        offsets = np.asarray(view.buffer(1))[skip : skip + n + 1]
        data = np.asarray(view.buffer(2)).view(np.uint8)
        padded = np.zeros(data.size + 8, dtype=np.uint8)
        padded[: data.size] = data
        return cls(offsets[:-1], np.diff(offsets), padded, nulls(array), floats)

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, rows: slice) -> TextCells:
        floats = None if self.floats is None else self.floats[rows]
        return TextCells(
            self.starts[rows], self.lengths[rows], self.data, self.null[rows], floats
        )

    def decoded(self, rows: np.ndarray) -> list[str]:
        """Return the texts of some rows."""
        begins = self.starts[rows]
        ends = (begins + self.lengths[rows]).tolist()
        places = zip(begins.tolist(), ends)
        if len(rows) < MANY:
            some = memoryview(self.data)
            return [str(some[a:b], "utf-8") for a, b in places]
        data = self.data.tobytes()
        if data.isascii():
            text = data.decode("ascii")
            return [text[a:b] for a, b in places]
        return [str(data[a:b], "utf-8") for a, b in places]

    def words(self, count: int) -> list[np.ndarray]:
        """Return the first bytes of each cell as `count` arrays of uint64, shape (n,)."""
        windows: np.ndarray = np.ndarray(
            (self.data.size - 7,), "<u8", buffer=self.data, strides=(1,)
        )
        found = []
        for word in range(count):
            left = np.clip(self.lengths - 8 * word, 0, 8)
            # where nothing is left the mask is 0, so any place will do
            place = np.where(left > 0, self.starts + 8 * word, 0)
            found.append(windows[place].astype(np.uint64) & MASKS[left])
        return found


class Dictionary:
    """The different texts of a column so far, in the order in which they came."""

    def __init__(self) -> None:
        self.positions: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.positions)

    def encode(self, cells: TextCells) -> np.ndarray:
        """Return each cell's position in the dictionary, int32 of shape (n,); -1 if null."""
        codes = np.full(len(cells), -1, dtype=np.int32)
        leader = _leaders(cells)
        # besides the leaders, those must be looked at whose slot another text had taken
        alone = (leader == np.arange(len(cells))) | ((leader < 0) & ~cells.null)
        rows = np.flatnonzero(alone)
        codes[rows] = self.add(cells.decoded(rows))
        led = np.flatnonzero(leader >= 0)
        codes[led] = codes[leader[led]]
        return codes

    def add(self, texts: Iterable[str]) -> list[int]:
        """Return the positions of texts, new ones at the end."""
        known = self.positions
        return [known.setdefault(text, len(known)) for text in texts]


def _leaders(cells: TextCells) -> np.ndarray:
    """Find equal cells without looking at their texts one by one.

    Returns
    -------
    numpy.ndarray of int64, shape (n,)
        For each row the first one with the same cell, maybe itself; -1 where a cell is too
        long for this, or where a different one has the same place in a table by hash.
    """
    leader = np.full(len(cells), -1, dtype=np.int64)
    rows = np.flatnonzero(~cells.null & (cells.lengths <= 8 * WORDS))
    if not rows.size:
        return leader
    longest = int(cells.lengths[rows].max())
    words = [word[rows] for word in cells.words(-(-longest // 8))]
    words.append(cells.lengths[rows].astype(np.uint64))
    hashed = np.zeros(len(rows), dtype=np.uint64)
    for word in words:
        hashed = (hashed ^ (hashed >> np.uint64(29)) ^ word) * FACTOR
    slots = (hashed >> np.uint64(64 - SLOT_BITS)).astype(np.int64)
    table = np.empty(1 << SLOT_BITS, dtype=np.int64)
    table[slots[::-1]] = np.arange(len(rows))[::-1]  # what is written last stays: the first row
    found = table[slots]
    same = np.ones(len(rows), dtype=bool)
    for word in words:
        same &= word == word[found]
    leader[rows[same]] = rows[found[same]]
    return leader


def compact(codes: np.ndarray, texts: list[str]) -> Texts:
    """Make a column of codes and texts: strip these, join what is the same, drop the missing.

    Parameters
    ----------
    codes : numpy.ndarray of int32, shape (n,)
        Positions in `texts`, or -1.
    texts : list of str
        The texts as they were read.
    """
    positions: dict[str, int] = {}
    new = []
    for text in texts:
        stripped = text.strip()
        missing = is_missing(stripped)
        new.append(-1 if missing else positions.setdefault(stripped, len(positions)))
    if len(positions) < len(texts):
        codes = np.array([*new, -1], dtype=np.int32)[codes]
    return Texts(codes, tuple(positions))


def nulls(array: Any) -> np.ndarray:
    """Return which elements of a nanoarrow array are null, bool of shape (n,)."""
    n, skip = array.length, array.offset
    bits = np.asarray(array.view().buffer(0))
    if not bits.size or not array.null_count:
        return np.zeros(n, dtype=bool)
    valid = np.unpackbits(bits.view(np.uint8), bitorder="little")[skip : skip + n]
    return valid == 0
