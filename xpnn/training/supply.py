"""Where the rows of a training lie, and how they come to the steps that take them.

`Supply` has them on this process.  Of `OwnRows` each process has a part: the numbers of rows
are those of the whole, in which the rows of the first process come first, and the rows of a
block of steps travel to who takes them, each once in an epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..backend import Array, Backend
from .team import Team

__all__ = ["Data", "OwnRows", "Supply"]

Data = tuple[Array, Array, Array | None]
"""Inputs, targets and samples' weights of some rows, on the backend."""


class Supply:
    """Rows that each process has all of.

    Parameters
    ----------
    team : Team
        The processes that train.
    backend : Backend
        Where the rows are.
    dtype : str
        That of weights.
    x, y : array of n rows
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

    Raises
    ------
    ValueError
        If all weights are 0.
    """

    def __init__(
        self,
        team: Team,
        backend: Backend,
        dtype: str,
        x: Array,
        y: Array,
        weight: np.ndarray | None,
    ) -> None:
        self.team, self._backend = team, backend
        self.seen = x, y
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
        """Return the shape of all rows, and their weights."""
        n, n_features = x.shape
        return (n, n_features), weight

    def of_steps(self, rows: Any) -> tuple[Data, Any]:
        """Return what the steps of a block take here.

        Parameters
        ----------
        rows : slice or numpy.ndarray of shape (count, size)
            The rows of each step over all processes, by their numbers in the whole.

        Returns
        -------
        data, rows
            As in `Backend.repeat`.
        """
        if self.team.size > 1:
            rows = rows[:, self.team.here(rows.shape[1])]
        return self._data, rows

    def of_all(self) -> Data:
        """Return what a step takes here that takes all rows."""
        if self.team.size == 1:
            return self._data
        here = self.team.here(self.shape[0])
        x, y, weight = self._data
        return x[here, ...], y[here, ...], None if weight is None else weight[here]


class OwnRows(Supply):
    """Rows of which each process has its own; all of them make this at the same moment."""

    def _of_whole(
        self, x: Array, weight: np.ndarray | None
    ) -> tuple[tuple[int, int], np.ndarray | None]:
        counts = self.team.gather(int(x.shape[0]))
        self._ends = np.cumsum(counts)
        self._begin = sum(counts[: self.team.rank])
        if weight is not None:
            weight = np.concatenate(self.team.gather(weight))
        return (sum(counts), x.shape[1]), weight

    def of_steps(self, rows: Any) -> tuple[Data, Any]:
        """Let each process have the rows that it takes; all of them call it."""
        here = [self.team.here(rows.shape[1], rank) for rank in range(self.team.size)]
        data = self._take([rows[:, part] for part in here])
        return data, slice(0, data[0].shape[0])

    def of_all(self) -> Data:
        """Let each process have the rows that it takes of a step that takes all."""
        rows = np.arange(self.shape[0])
        here = [self.team.here(len(rows), rank) for rank in range(self.team.size)]
        return self._take([rows[part] for part in here])

    def _take(self, wanted: Sequence[np.ndarray]) -> Data:
        """Return the rows that are wanted here, of those that each process wants."""
        sent = []
        for numbers in wanted:
            own = numbers.ravel() - self._begin
            own = own[(own >= 0) & (own < self._data[0].shape[0])]
            sent.append([self._on_host(array, own) for array in self._data])
        got = self.team.exchange(sent)
        owners = np.searchsorted(self._ends, wanted[self.team.rank].ravel(), side="right")
        # what came of each process is in the order in which it is wanted
        places = np.argsort(owners, kind="stable")
        x, y, weight = (self._put(parts, places) for parts in zip(*got))
        return x, y, weight

    def _on_host(self, array: Array | None, numbers: np.ndarray) -> np.ndarray | None:
        """Return rows as they travel."""
        if array is None:
            return None
        return self._backend.to_numpy(
            self._backend.take_rows(array, self._backend.asarray(numbers))
        )

    def _put(self, parts: Sequence[np.ndarray | None], places: np.ndarray) -> Array | None:
        """Return the rows that came of all processes, each in its place."""
        if parts[0] is None:
            return None
        together = np.concatenate([part for part in parts if part is not None])
        rows = np.empty_like(together)
        rows[places] = together
        return self._backend.asarray(rows)
