"""In which order an epoch goes through rows that are read in parts.

Storage that is read in sequence, as Parquet is, can't give rows in any order: each block of a
hundred steps would read all of it.  So parts come in an order that is drawn, a few of them at a
time are a window, and the rows of a window come in an order that is drawn.  Each part is read
once in an epoch, two windows are held at a time, and where one window holds all, the order is
that of rows in memory.

All is drawn from the seed when an epoch begins, but the order within a window only when it is
asked for: it takes no memory for rows that are far ahead.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # as in `xpnn.initializers`, which says why
    from ..initializers import Generator

__all__ = ["Windows", "equal_parts"]

NUMBERS = 1 << 24
"""About how many numbers a window has, if that are 2 to 4 parts."""

FEWEST, MOST = 2, 4
"""How many parts a window has: rows of several are mixed, and few parts are held."""

OF_PART = 1 << 20
"""About how many numbers a part has where storage names none."""


def equal_parts(n: int, width: int) -> list[int]:
    """Return how many rows parts have, of n rows with so many numbers each."""
    rows = min(n, max(1, OF_PART // max(1, width)))
    return [rows] * (n // rows) + ([n % rows] if n % rows else [])


class Windows:
    """The numbers of rows in the order of an epoch; ``windows[start:stop]`` are some of them.

    Parameters
    ----------
    parts : sequence of int
        How many rows each part has, in the order of the rows.
    width : int
        How many numbers a row has.
    generator : numpy.random.Generator or numpy.random.RandomState, optional
        Where the order comes from; without it rows stay in theirs.

    Attributes
    ----------
    ends : numpy.ndarray of int
        After how many rows each window ends.
    """

    def __init__(
        self, parts: Sequence[int], width: int, generator: Generator | None = None
    ) -> None:
        counts = np.asarray(parts, dtype=np.int64)
        per_part = max(1, int(counts.mean() * width))
        at_once = min(MOST, max(FEWEST, NUMBERS // per_part))
        order, self._all, self._seed = np.arange(len(counts)), None, None
        if generator is not None and len(counts) <= at_once:
            self._all = generator.permutation(int(counts.sum()))
        elif generator is not None:
            order = generator.permutation(len(counts))
            self._seed = [*generator.bytes(16)]
        begins = np.cumsum(counts) - counts
        lasts = np.arange(at_once, len(counts) + at_once, at_once).clip(max=len(counts)) - 1
        self.ends: np.ndarray = np.cumsum(counts[order])[lasts]
        of_windows = np.split(order, lasts[:-1] + 1)
        self._windows = [(begins[window], counts[window]) for window in of_windows]
        self._newest: tuple[int, np.ndarray] = -1, order[:0]

    def __getitem__(self, rows: slice) -> np.ndarray:
        first, last = np.searchsorted(self.ends, (rows.start, rows.stop - 1), side="right")
        numbers = [self._of(window) for window in range(int(first), int(last) + 1)]
        begin = self.ends[first] - len(numbers[0])
        together = numbers[0] if len(numbers) == 1 else np.concatenate(numbers)
        return together[rows.start - begin : rows.stop - begin]

    def _of(self, window: int) -> np.ndarray:
        """Return the numbers of the rows of a window."""
        newest, numbers = self._newest  # read at once: threads may ask
        if newest == window:
            return numbers
        if self._all is not None:
            return self._all
        numbers = np.concatenate(
            [np.arange(begin, begin + count) for begin, count in zip(*self._windows[window])]
        )
        if self._seed is not None:
            numbers = np.random.default_rng([*self._seed, window]).permutation(numbers)
        self._newest = window, numbers
        return numbers
