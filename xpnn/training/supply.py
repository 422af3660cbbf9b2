"""Where the rows of a training lie, and how they come to the steps that take them.

`Supply` has them in memory, on this process.  To an `ArrivingSupply` they come piece by piece:
from sources (`xpnn.data.sources`), of which a thread reads the next piece while steps take the
one before; and from other processes, where each has its own rows.  Then the numbers of rows are
those of the whole, in which the rows of the first process come first, and the rows of a piece
travel to who takes them, each once in an epoch.

A piece is what the steps of a block take; of what is read in parts, a window of these
(`xpnn.data.order`), which is cut into blocks here.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from functools import partial
from itertools import pairwise
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ..backend import Array, Backend
from ..data.ahead import ahead
from ..data.order import Windows
from ..data.sources import Source
from ..data.streams import recut
from .team import Team

__all__ = ["ArrivingSupply", "Data", "Order", "Span", "Supply", "numbers_of"]

Data = tuple[Array, Array, Array | None]
"""Inputs, targets and samples' weights of some rows, on the backend."""

Rows = list[np.ndarray]
"""The same on the host, without weights where there are none."""

Order = np.ndarray | Windows | None
"""The numbers of rows as an epoch goes through them; None where they stay in their order."""

Arriving = Generator[tuple[Data, Any], None, None]
"""What the steps of blocks take; to be closed, if it isn't gone through to the end."""


class Span(NamedTuple):
    """A block of steps within an epoch."""

    start: int
    """How many rows are taken before it."""

    stop: int
    """How many are taken when it ends."""

    size: int
    """How many rows a step takes."""

    @property
    def steps(self) -> int:
        """How many steps it has."""
        return (self.stop - self.start) // self.size


def numbers_of(order: Order, start: int, stop: int) -> np.ndarray:
    """Return the numbers of the rows that an epoch takes from one moment to another."""
    return np.arange(start, stop) if order is None else order[start:stop]


class Supply:
    """Rows that each process has all of, in memory.

    Parameters
    ----------
    team : Team
        The processes that train.
    backend : Backend
        Where the rows are.
    dtype : str
        That of weights.
    x, y : array or Source of n rows
        The inputs and targets that this process has.
    weight : numpy.ndarray of shape (n,), optional
        On the host, how much these samples count.

    Attributes
    ----------
    shape : (int, int)
        How many rows there are over all processes, and features.
    weight : numpy.ndarray or None
        The weights of all of them, on the host: parts of the largest, since only ratios count.
    seen : (x, y)
        What callbacks see: the rows that this process has.
    parts : list of int, or None
        How many rows lie in each part, where they are read in parts.

    Raises
    ------
    ValueError
        If all weights are 0.
    """

    arrives: ClassVar[bool] = False
    """Whether rows come only when they are to be taken."""

    def __init__(
        self,
        team: Team,
        backend: Backend,
        dtype: str,
        x: Array | Source,
        y: Array | Source,
        weight: np.ndarray | None,
    ) -> None:
        self.team, self._backend, self._dtype = team, backend, dtype
        self.seen = x, y
        self.parts: list[int] | None = None
        self.shape, self.weight = self._of_whole(x, weight)
        if weight is not None and self.weight is not None:
            if not self.weight.any():
                raise ValueError(
                    "sample_weight: the validation split leaves only samples of weight 0 to "
                    "train on"
                )
            largest = self.weight.max()  # parts of it survive in float32
            self.weight, weight = self.weight / largest, weight / largest
            weight = backend.asarray(weight, dtype)
        self._data: Data = x, y, weight

    def _of_whole(
        self, x: Array, weight: np.ndarray | None
    ) -> tuple[tuple[int, int], np.ndarray | None]:
        """Find out what there is; return the shape of all rows, and their weights."""
        n, n_features = x.shape
        return (n, n_features), weight

    def of_epoch(self, order: Order, spans: Sequence[Span]) -> Arriving:
        """Yield what the steps of each block take here, in an epoch or the rest of one.

        Parameters
        ----------
        order : Order
            As `order` returns it.
        spans : sequence of Span
            The blocks, of which each begins where the one before ends.

        Yields
        ------
        data, rows
            As in `Backend.repeat`.
        """
        for span in spans:
            if self.team.size > 1:
                numbers = numbers_of(order, span.start, span.stop).reshape(-1, span.size)
                yield self._data, numbers[:, self.team.here(span.size)]
            elif order is None:
                yield self._data, slice(span.start, span.stop)
            else:
                yield self._data, order[span.start : span.stop].reshape(-1, span.size)

    def of_all(self) -> Data:
        """Return what a step takes here that takes all rows."""
        if self.team.size == 1:
            return self._data
        here = self.team.here(self.shape[0])
        x, y, weight = self._data
        return x[here, ...], y[here, ...], None if weight is None else weight[here]


class ArrivingSupply(Supply):
    """Rows that come from sources, or of which each process has its own.

    All processes make it, and go through what it gives, at the same moments.
    """

    arrives = True

    def _of_whole(
        self, x: Array | Source, weight: np.ndarray | None
    ) -> tuple[tuple[int, int], np.ndarray | None]:
        n, n_features = x.shape
        of_each: list[tuple[int, list[int] | None]] = [(n, getattr(x, "parts", None))]
        if self.team.has_own_rows:
            of_each = self.team.gather(of_each[0])
            if weight is not None:
                weight = np.concatenate(self.team.gather(weight))
        counts = [count for count, _ in of_each]
        self._ends = np.cumsum(counts)
        self._own = range(sum(counts[: self._owner]), sum(counts[: self._owner + 1]))
        if any(parts is not None for _, parts in of_each):
            self.parts = [part for count, parts in of_each for part in parts or [count]]
        return (sum(counts), n_features), weight

    @property
    def _reads(self) -> bool:
        """Whether rows are read."""
        return isinstance(self.seen[0], Source)

    @property
    def _owner(self) -> int:
        """The number of this process among those that have rows of their own."""
        return self.team.rank if self.team.has_own_rows else 0

    def of_epoch(self, order: Order, spans: Sequence[Span]) -> Arriving:
        """Yield what the steps of each block take here; as in `Supply`."""
        with closing(self._pieces(order, spans)) as pieces:
            counts = (span.steps * _length(self.team.here(span.size)) for span in spans)
            for rows in recut(pieces, counts):
                x, y, *weight = map(self._backend.asarray, rows)
                yield (x, y, weight[0] if weight else None), slice(0, x.shape[0])

    def of_all(self) -> Data:
        """Return what a step takes here that takes all rows."""
        n = self.shape[0]
        ((data, _),) = self.of_epoch(None, [Span(0, n, n)])
        return data

    def _pieces(self, order: Order, spans: Sequence[Span]) -> Generator[Rows, None, None]:
        """Yield the rows that are taken here, in the order in which steps take them."""
        ends = [span.stop for span in spans]
        if isinstance(order, Windows):
            begin, end = spans[0].start, spans[-1].stop
            ends = [*order.ends[(order.ends > begin) & (order.ends < end)].tolist(), end]
        makers = (
            partial(self._read, order, spans, start, stop)
            for start, stop in pairwise([spans[0].start, *ends])
        )
        read = ahead(makers) if self._reads else (make() for make in makers)
        with closing(read):
            for wanted, rows in read:
                yield [*self._come(wanted, rows), *self._weights(wanted)]

    def _read(
        self, order: Order, spans: Sequence[Span], start: int, stop: int
    ) -> tuple[np.ndarray, list[Rows]]:
        """Return which rows of a piece are wanted here, and of those that are had, for each."""
        numbers = numbers_of(order, start, stop)
        wanted = [numbers]
        if self.team.size > 1:
            of_step = _steps(spans, start, stop)
            ranks = range(self.team.size) if self.team.has_own_rows else [self.team.rank]
            wanted = [numbers[self._are_of(rank, *of_step)] for rank in ranks]
        here = wanted[self._owner]
        if self.team.has_own_rows:
            first, end = self._own.start, self._own.stop
            wanted = [rows[(rows >= first) & (rows < end)] - first for rows in wanted]
        together = [self._take(array, np.concatenate(wanted)) for array in self.seen]
        if len(wanted) == 1:
            return here, [together]
        cuts = np.cumsum([len(rows) for rows in wanted])[:-1]
        return here, [list(one) for one in zip(*(np.split(array, cuts) for array in together))]

    def _are_of(self, rank: int, places: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        """Whether rows in some places of steps of some sizes are taken by a process."""
        taken = np.zeros(len(places), dtype=bool)
        for size in np.unique(sizes):
            here = self.team.here(int(size), rank)
            taken |= (sizes == size) & (places >= here.start) & (places < here.stop)
        return taken

    def _take(self, array: Array | Source, numbers: np.ndarray) -> Array:
        """Return rows of this process on the host."""
        if isinstance(array, Source):
            is_alone = self.team.communicator is None
            return array.batch(numbers) if is_alone else array.take(numbers)
        rows = self._backend.take_rows(array, self._backend.asarray(numbers))
        return self._backend.to_numpy(rows)

    def _come(self, wanted: np.ndarray, rows: list[Rows]) -> Rows:
        """Return the rows that are wanted here, where each process gives what it has."""
        if not self.team.has_own_rows:
            return rows[0]
        got = self.team.exchange(rows)
        owners = np.searchsorted(self._ends, wanted, side="right")
        # what came of each process is in the order in which it is wanted
        places = np.argsort(owners, kind="stable")
        arrays = []
        for of_one in zip(*got):
            together = np.concatenate(of_one)
            arrays.append(np.empty_like(together))
            arrays[-1][places] = together
        return arrays

    def _weights(self, wanted: np.ndarray) -> Rows:
        """Return the weights of rows, which all processes have, if there are any."""
        return [] if self.weight is None else [self.weight[wanted].astype(self._dtype)]


def _steps(spans: Sequence[Span], start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
    """Return of rows in the order of an epoch their places in their steps, and these' sizes."""
    rows = np.arange(start, stop)
    last = spans[-1]  # only the last step may have another size
    sizes = np.where(rows < last.start, spans[0].size, last.size)
    return (rows - np.where(rows < last.start, spans[0].start, last.start)) % sizes, sizes


def _length(rows: slice) -> int:
    return int(rows.stop - rows.start)
