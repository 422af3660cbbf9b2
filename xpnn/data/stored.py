"""Rows that lie in parts, each read as a whole: blocks of dask, chunks of a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..backend import to_host

__all__ = ["InParts", "Stored", "from_dask"]

NUMBERS = 1 << 20
"""About how many numbers a part has at least, where storage has smaller ones."""


class InParts:
    """Rows in parts: a source, of which a class says how a part is read.

    Attributes
    ----------
    shape : tuple of int
        That of all rows.
    parts : list of int
        How many rows each part has.
    """

    def __init__(self, parts: Sequence[int], of_row: tuple[int, ...]) -> None:
        self.parts = [int(count) for count in parts]
        self.shape = (sum(self.parts), *of_row)

    def read(self, part: int) -> Any:
        """Return all rows of a part, numbers of any kind that `to_host` takes."""
        raise NotImplementedError

    def take(self, numbers: np.ndarray) -> np.ndarray:
        """Return rows by their numbers; each part that has some of them is read once.

        Parameters
        ----------
        numbers : array_like of int, of shape (k,)
            Which rows, in any order.

        Returns
        -------
        numpy.ndarray of shape (k, …)
            The rows.
        """
        numbers = np.asarray(numbers)
        ends = np.cumsum(self.parts)
        of_part = np.searchsorted(ends, numbers, side="right")
        taken = None
        if len(numbers) and not 0 <= numbers.min() <= numbers.max() < self.shape[0]:
            raise IndexError(f"numbers must be from 0 to {self.shape[0] - 1}")
        for part in np.unique(of_part):
            rows = to_host(self.read(int(part)))
            where = of_part == part
            own = numbers[where] - (ends[part] - self.parts[part])
            if taken is None:
                taken = np.empty((len(numbers), *self.shape[1:]), rows.dtype)
            elif taken.dtype != rows.dtype:
                taken = taken.astype(np.result_type(taken, rows))
            taken[where] = rows[own]
        return np.empty((0, *self.shape[1:])) if taken is None else taken


class Stored(InParts):
    """The rows of a data set in a file that is read by slices: h5py's, or Zarr's.

    Parameters
    ----------
    dataset : h5py.Dataset or zarr.Array
        With ``shape``, ``chunks``, and ``dataset[a:b]``.
    """

    def __init__(self, dataset: Any) -> None:
        n, *of_row = dataset.shape
        wanted = max(1, NUMBERS // max(1, int(np.prod(of_row))))
        chunk = dataset.chunks[0] if dataset.chunks else 1
        rows = -(-wanted // chunk) * chunk  # whole chunks
        counts = [rows] * (n // rows) + ([n % rows] if n % rows else [])
        super().__init__(counts, tuple(of_row))
        self._dataset, self._rows = dataset, rows

    def read(self, part: int) -> np.ndarray:
        """Return a part."""
        rows: np.ndarray = self._dataset[part * self._rows : (part + 1) * self._rows]
        return rows


class _OfDask(InParts):
    """The rows of a collection of dask's; see `from_dask`."""

    def __init__(
        self, blocks: Sequence[Any], counts: Sequence[int], of_row: tuple[int, ...]
    ) -> None:
        super().__init__(counts, of_row)
        self._blocks = blocks

    def read(self, part: int) -> Any:
        """Compute a block."""
        return self._blocks[part].compute()


def from_dask(collection: Any) -> InParts:
    """Return the rows of a dask array or dataframe as a source, a part for each block.

    Parameters
    ----------
    collection : dask.array.Array of 1 or 2 dimensions, dask.dataframe.DataFrame or Series
        The rows; columns of a dataframe must hold numbers.  Where it does not know how many
        rows its blocks have, these are computed once, and let go, to count them.

    Returns
    -------
    InParts
        With ``shape``, ``parts`` and ``take(numbers)``, which computes the blocks that the
        rows are in, one at a time.

    Raises
    ------
    TypeError
        If it is no such collection.
    ValueError
        If it has more dimensions.
    """
    kind = type(collection)  # of what is delayed, an instance has any attribute
    if hasattr(kind, "partitions") and hasattr(kind, "map_partitions"):
        frames = collection.partitions
        blocks = [frames[i] for i in range(collection.npartitions)]
        counts = collection.map_partitions(len).compute()
        width = (len(collection.columns),) if collection.ndim == 2 else ()
        return _OfDask(blocks, counts, width)
    if not (hasattr(kind, "blocks") and hasattr(kind, "numblocks")):
        raise TypeError(
            "expected a dask array, dataframe or series, got an object of the type "
            f"{kind.__name__}"
        )
    if collection.ndim not in (1, 2):
        raise ValueError(
            f"expected a dask array of 1 or 2 dimensions, got the shape {collection.shape}: "
            "flatten what belongs to one sample"
        )
    blocks = [collection.blocks[i] for i in range(collection.numblocks[0])]
    counts = collection.chunks[0]
    if np.isnan(counts).any():
        counts = [len(block.compute()) for block in blocks]
    of_row = tuple(int(size) for size in collection.shape[1:])
    return _OfDask(blocks, counts, of_row)
