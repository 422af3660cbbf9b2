"""Sparse inputs: only what isn't 0 is in memory, and of the rest no more than a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from ..backend import Array, SparseRows
from ..checks import check_codes
from .sources import Source
from .sparse import Sparse

__all__ = ["SparseInputs", "sparse_inputs"]

DENSE = 1 << 22
"""About how many numbers are made dense at once where rows are checked."""


class SparseInputs(Source):
    """Inputs of a network that are sparse, checked at the door.

    Parameters
    ----------
    rows : scipy.sparse.csr_array
        The rows, in the network's dtype.
    multiplies : bool
        Whether batches of them are multiplied as they are; else they are made dense.
    """

    def __init__(self, rows: Any, multiplies: bool) -> None:
        self.rows, self.multiplies = rows, multiplies
        self.shape, self.parts = rows.shape, None

    def take(self, numbers: np.ndarray) -> np.ndarray:
        """Return rows by their numbers, dense."""
        rows: np.ndarray = self.rows[numbers].toarray()
        return rows

    def batch(self, numbers: np.ndarray) -> Array:
        """Return rows by their numbers as the network takes them."""
        return SparseRows(self.rows[numbers]) if self.multiplies else self.take(numbers)

    def pieces(self, at_once: int) -> Iterator[tuple[slice, Array]]:
        """Yield which rows, and these: all at once where they are multiplied as they are."""
        return super().pieces(self.shape[0] if self.multiplies else at_once)

    def __getitem__(self, rows: tuple[slice, Any]) -> SparseInputs:
        """Return consecutive rows."""
        return SparseInputs(self.rows[rows[0]], self.multiplies)

    def of(self, numbers: np.ndarray) -> SparseInputs:
        """Return some of the rows, by their numbers."""
        return SparseInputs(self.rows[numbers], self.multiplies)


def sparse_inputs(
    given: Sparse,
    dtype: str,
    name: str,
    codes: Callable[[int], Mapping[int, int]],
    multiplies: bool,
) -> SparseInputs:
    """Return sparse inputs in a network's dtype, of which all that is stored was checked.

    Parameters
    ----------
    given : Sparse
        The rows.
    dtype, name, codes
        As in `xpnn.data.sources.inputs`.
    multiplies : bool
        As in `SparseInputs`.

    Raises
    ------
    ValueError
        If there is none, or one holds an infinity, a NaN, or no code where one should be.
    """
    n, n_features = given.shape
    if 0 in given.shape:
        raise ValueError(
            f"{name} must have the shape (n_samples, n_features), with at least one of each, "
            f"got {given.shape}"
        )
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is found
        rows = given.rows.astype(dtype, copy=False)
    is_finite = np.isfinite(rows.data)
    if not is_finite.all():
        place = int(is_finite.argmin())
        row = int(np.searchsorted(rows.indptr, place, side="right")) - 1
        raise ValueError(
            f"{name} must hold finite numbers; got {rows.data[place].item()!r} in row {row}, "
            f"column {rows.indices[place]}"
        )
    if of_codes := codes(n_features):
        at_once = max(1, DENSE // n_features)
        for start in range(0, n, at_once):
            numbers = np.arange(start, min(start + at_once, n))
            check_codes(name, rows[numbers].toarray(), of_codes, numbers)
    return SparseInputs(rows, multiplies)
