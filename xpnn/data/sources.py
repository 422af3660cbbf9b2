"""Row sources: rows that stay where they are until their numbers are asked for.

A source is any object that has

``shape``
    ``(n, n_features)``, or ``(n,)`` for targets: integers.
``take(numbers)``
    which returns the rows of these numbers, a NumPy array of integers from 0 to n - 1 in any
    order: numbers of any library, of the shape ``(len(numbers), n_features)``.  It is called
    in a thread of its own, by one at a time.
``parts``
    only where storage is read in sequence: how many rows lie in each part, in order.  Then
    rows are asked for in the order of `xpnn.data.order`, a few parts at a time.

It is no array: what a library of arrays or tables made is read at once, as before, but for
arrays that are mapped from a large file, dask's collections, the datasets of h5py and Zarr,
and sparse matrices, which are sources by themselves.

A Python iterable of batches is refused.  In which order its rows come, nobody can draw from the
seed; a run can't go on in the middle of it, be cut over processes, or say how long an epoch is;
and a generator is empty after one.  What makes batches can nearly always make the rows of given
numbers, too, and then has all of this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from operator import index
from threading import Lock
from typing import Any

import numpy as np

from ..backend import Array, is_array, to_host
from ..checks import about, check_codes

__all__ = ["PROBED", "Held", "Source", "inputs", "source_of", "targets"]

MAPPED = 1 << 22
"""How many numbers of a mapped file are read at once rather than from time to time."""


PROBED = 64
"""How many rows are asked for at the door, to see what comes."""

HELD = ("iloc", "column_names", "to_numpy", "__array_interface__", "__dlpack__")
"""What arrays, tables and columns in memory have, which may have a shape and `take`, too."""


def source_of(x: Any) -> Any:
    """Return what gives rows of `x` by their numbers; None where `x` is read at once."""
    if type(x) is np.ndarray:
        return None
    if isinstance(x, np.memmap):
        from .mapping import MappedRows

        is_mapped = getattr(x, "_mmap", None) is not None  # and not computed from such a one
        return MappedRows(x) if is_mapped and x.size > MAPPED else None
    if isinstance(x, np.ndarray | list | tuple | Source):
        return x if isinstance(x, Source) else None
    if any(kind.__module__.startswith("dask") for kind in type(x).__mro__):
        from .stored import from_dask

        return from_dask(x)
    if callable(getattr(x, "tocsr", None)):
        from .sparse import Sparse

        return Sparse(x)
    if is_array(x) or any(hasattr(x, mark) for mark in HELD) or not hasattr(x, "shape"):
        return None
    if callable(getattr(x, "take", None)):
        return x
    is_stored = all(hasattr(x, mark) for mark in ("chunks", "dtype", "nbytes", "__getitem__"))
    if is_stored and isinstance(x.shape, tuple) and len(x.shape) in (1, 2):
        from .stored import Stored

        return Stored(x)
    return None


class Source:
    """Rows of a source, checked when they come.

    Parameters
    ----------
    given : object
        With ``shape`` and ``take``.
    name : str
        What an error calls it.
    finish : callable
        From rows as they come, and their numbers, to what they are to be.

    Attributes
    ----------
    shape : tuple of int
        That of all rows when they have come.
    parts : list of int, or None
        How many rows each part has, where it is read in parts.

    Raises
    ------
    TypeError, ValueError
        If the shape is none of rows, or the first rows are not what they should be.
    """

    def __init__(
        self,
        given: Any,
        name: str,
        finish: Callable[[np.ndarray, np.ndarray], np.ndarray],
    ) -> None:
        self._given, self._name, self._finish = given, name, finish
        self._lock = Lock()  # a callback may take rows while the next block is read
        self._of_given = _shape_of(given, name)
        n = self._of_given[0]
        self._begin, self._chosen = 0, None  # all rows of those that are given
        self.parts = _parts_of(given, n, name)
        self.shape = (n, *self.take(np.arange(min(n, PROBED))).shape[1:])

    _chosen: np.ndarray | None

    def take(self, numbers: np.ndarray) -> np.ndarray:
        """Return rows on the host, by their numbers.

        Raises
        ------
        TypeError, ValueError
            If what comes is not what it should be.
        """
        numbers = np.asarray(numbers) + self._begin
        if self._chosen is not None:
            numbers = self._chosen[numbers]
        wanted = (len(numbers), *self._of_given[1:])
        is_ours = type(self._given).__module__.startswith("xpnn.")
        try:
            with self._lock:
                rows = to_host(self._given.take(numbers))
        except (TypeError, ValueError) as error:
            raise about(self._name if is_ours else f"{self._name}.take", error) from error
        if rows.shape != wanted:
            raise ValueError(
                f"{self._name}.take must return rows of the shape {wanted} for {len(numbers)} "
                f"numbers, since its shape is {self._of_given}; got {rows.shape}"
            )
        if not is_ours:
            rows = np.array(rows)  # whose it is may use it again, while steps are taken with it
        return self._finish(rows, numbers)

    def batch(self, numbers: np.ndarray) -> Array:
        """Return rows by their numbers as steps take them."""
        return self.take(numbers)

    def pieces(self, at_once: int) -> Iterator[tuple[slice, Array]]:
        """Yield which rows, and these as steps take them, until all have come."""
        n = self.shape[0]
        for start in range(0, n, at_once):
            rows = slice(start, min(start + at_once, n))
            yield rows, self.batch(np.arange(rows.start, rows.stop))

    def __getitem__(self, rows: tuple[slice, Any]) -> Source:
        """Return consecutive rows, ``x[a:b, ...]`` as of an array, as a source."""
        begin, stop, _ = rows[0].indices(self.shape[0])
        new = self._with(stop - begin, np.clip, begin, stop)
        new._begin = self._begin + begin
        return new

    def of(self, numbers: np.ndarray) -> Source:
        """Return some of the rows, by their numbers in ascending order, as a source."""
        new = self._with(len(numbers), lambda ends: np.searchsorted(numbers, ends))
        numbers = numbers + self._begin
        new._begin, new._chosen = 0, numbers if self._chosen is None else self._chosen[numbers]
        return new

    def _with(self, n: int, where: Callable[..., Any], *bounds: int) -> Source:
        """Return a source of n of the rows; a function tells where in them parts end."""
        new = copy(self)
        new.shape = (n, *self.shape[1:])
        if self.parts is not None:
            counts = np.diff(where(np.cumsum(self.parts), *bounds), prepend=bounds[:1] or 0)
            new.parts = counts[counts > 0].tolist()
        return new


def _shape_of(given: Any, name: str) -> tuple[int, ...]:
    """Return the shape that a source says it has.

    Raises
    ------
    TypeError, ValueError
        If it is none of rows.
    """
    try:
        shape = tuple(index(size) for size in given.shape)
    except TypeError:
        raise TypeError(
            f"{name}.shape must be a tuple of integers, got {given.shape!r}"
        ) from None
    if len(shape) not in (1, 2) or 0 in shape:
        raise ValueError(
            f"{name} must have the shape (n_samples, n_features), or (n_samples,) for targets, "
            f"with at least one of each, got {shape}"
        )
    return shape


def _parts_of(given: Any, n: int, name: str) -> list[int] | None:
    """Return how many rows the parts have in which a source is read.

    Raises
    ------
    ValueError
        If they are not all its rows.
    """
    parts = getattr(given, "parts", None)
    if parts is None:
        return None
    try:
        counts = [index(count) for count in parts]
    except TypeError:
        counts = [-1]
    if sum(counts) != n or min(counts, default=0) < 0:
        raise ValueError(
            f"{name}.parts must be integers, how many of its {n} rows each has, got {parts!r}"
        )
    return [count for count in counts if count]


# ------------------------------------------------------------------------ of the placed


def inputs(
    given: Any, dtype: str, name: str, codes: Callable[[int], Mapping[int, int]]
) -> Source:
    """Return inputs of a network that come from a source, in its dtype.

    `codes` returns, of a number of columns, which hold codes, as `check_codes` takes them.
    """

    def finish(rows: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):  # what is too large becomes infinite, and is found
            x = rows.astype(dtype, copy=False)
        is_finite = np.isfinite(x)
        if not is_finite.all():
            row, column = np.argwhere(~is_finite)[0]
            raise ValueError(
                f"{name} must hold finite numbers; got {rows[row, column].item()!r} in row "
                f"{numbers[row]}, column {column}"
            )
        check_codes(name, x, codes(x.shape[1]), numbers)
        return x

    if len(_shape_of(given, name)) == 1:
        n = given.shape[0]
        raise ValueError(
            f"{name} must have the shape (n_samples, n_features), got ({n},), that of targets"
        )
    return Source(given, name, finish)


def targets(given: Any, prepare: Callable[[np.ndarray], np.ndarray], name: str) -> Source:
    """Return targets that come from a source, as a loss prepares them."""

    def finish(rows: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        try:
            return prepare(rows)
        except ValueError:
            for number, row in zip(numbers, rows):
                try:
                    prepare(row[None])
                except ValueError as error:  # which counts rows from those that it was given
                    what = str(error).replace("in row 0", f"in row {number}")
                    raise ValueError(what) from None
            raise

    return Source(given, name, finish)


class Held(Source):
    """Rows in memory, beside others that are not.

    Parameters
    ----------
    rows : numpy.ndarray
        As they are to be.
    """

    def __init__(self, rows: np.ndarray) -> None:
        self.rows, self.shape, self.parts = rows, rows.shape, None

    def take(self, numbers: np.ndarray) -> np.ndarray:
        """Return rows by their numbers."""
        rows: np.ndarray = self.rows[numbers]
        return rows

    def __getitem__(self, rows: tuple[slice, Any]) -> Held:
        """Return consecutive rows."""
        return Held(self.rows[rows])

    def of(self, numbers: np.ndarray) -> Held:
        """Return some of the rows, by their numbers."""
        return Held(self.rows[numbers])
