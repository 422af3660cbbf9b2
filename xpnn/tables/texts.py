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

SLOT_BITS = 14

MANY = 1000
"""From this many cells on, it pays to copy all the bytes first."""

FACTOR = np.uint64(0x9E3779B97F4A7C15)
"""An odd number without a pattern: multiplying by it spreads what differs over all bits."""

HALF = np.uint64(32)

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
        offsets = np.frombuffer(view.buffer(1), dtype=np.int32)[skip : skip + n + 1]
        data = np.frombuffer(view.buffer(2), dtype=np.uint8)
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
            some = self.data.data
            return [str(some[a:b], "utf-8") for a, b in places]
        data = self.data.tobytes()
        if data.isascii():
            text = data.decode("ascii")
            return [text[a:b] for a, b in places]
        return [str(data[a:b], "utf-8") for a, b in places]

    def windows(self, dtype: str) -> np.ndarray:
        """See the bytes from each place on as a number, of at most eight bytes."""
        places = self.data.size - 8
        return np.ndarray((places + 1,), dtype, buffer=self.data, strides=(1,))

    def words(self, count: int) -> list[np.ndarray]:
        """Return the first bytes of each cell as `count` arrays of uint64, shape (n,)."""
        windows = self.windows("<u8")
        found = []
        for word in range(count):
            left, place = self.lengths - 8 * word, self.starts + 8 * word
            if word:  # where nothing is left the mask is 0, so any place will do
                left, place = np.maximum(left, 0), np.minimum(place, len(windows) - 1)
            found.append(windows[place] & MASKS[np.minimum(left, 8)])
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
    numpy.ndarray of int32, shape (n,)
        For each row the first one with the same cell, maybe itself; -1 where a cell is too
        long for this, or where a different one has the same place in a table by hash.
    """
    lengths, rows = cells.lengths, np.arange(len(cells), dtype=np.int32)
    short = lengths <= 8 * WORDS
    short &= ~cells.null
    all_short = bool(short.all())
    candidates = rows if all_short else rows[short]
    longest = int(lengths[candidates].max(initial=0))
    words = cells.words(-(-longest // 8))
    hashed = lengths.astype(np.uint64)
    for word in words:
        hashed ^= hashed >> HALF
        hashed ^= word
        hashed *= FACTOR
    hashed >>= np.uint64(64 - SLOT_BITS)
    slots = hashed.view(np.int64)
    table = np.empty(1 << SLOT_BITS, dtype=np.int32)
    taken = slots if all_short else slots[candidates]
    table[taken[::-1]] = candidates[::-1]  # what is written last stays: the first row
    found = table[slots]
    if not all_short:
        found[~short] = 0
    short &= lengths == lengths[found]
    for word in words:
        short &= word == word[found]
    return np.where(short, found, -1)


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
    if not array.null_count:
        return np.zeros(n, dtype=bool)
    bits = np.frombuffer(array.view().buffer(0), dtype=np.uint8)
    valid: np.ndarray = np.unpackbits(bits, bitorder="little")
    null: np.ndarray = valid[skip : skip + n] == 0
    return null
