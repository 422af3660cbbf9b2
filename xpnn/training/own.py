"""Rows that each process has for itself, as if all of them lay behind one another.

Their numbers are those of the whole: the rows of the first process come first.  The order in
which steps take them is drawn for the whole, too, so that the rows of a block of steps travel
to who takes them, each once in an epoch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import Array, Backend
from .team import Team

__all__ = ["OwnRows"]


class OwnRows:
    """The rows of all processes.

    Parameters
    ----------
    team : Team
        The processes.
    backend : Backend
        Where the rows are.
    arrays : sequence of array or None
        Of this process, each of n_own rows, or None on all processes.

    Attributes
    ----------
    counts : list of int
        How many rows each process has.
    n : int
        How many all have.
    """

    def __init__(self, team: Team, backend: Backend, *arrays: Any) -> None:
        self._team, self._backend, self._arrays = team, backend, arrays
        self.counts = team.gather(int(arrays[0].shape[0]))
        self._ends = np.cumsum(self.counts)
        self.n = int(self._ends[-1])

    @property
    def here(self) -> slice:
        """Which rows of the whole are those of this process."""
        end = int(self._ends[self._team.rank])
        return slice(end - self.counts[self._team.rank], end)

    def take(self, wanted: list[np.ndarray]) -> list[Array | None]:
        """Let each process have the rows that it wants; all of them call it.

        Parameters
        ----------
        wanted : list of numpy.ndarray of shape (m,)
            For each process the numbers of its rows, in the whole.

        Returns
        -------
        list of array or None
            The rows that are wanted here, of each array, in that order.
        """
        here = self.here
        sent = []
        for numbers in wanted:
            own = numbers[(numbers >= here.start) & (numbers < here.stop)] - here.start
            sent.append([self._rows(array, own) for array in self._arrays])
        got = self._team.exchange(sent)
        numbers = wanted[self._team.rank]
        # stably, so that what came of each process is in the order in which it is wanted
        places = np.argsort(np.searchsorted(self._ends, numbers, side="right"), kind="stable")
        return [self._put(parts, places) for parts in zip(*got)]

    def _rows(self, array: Array | None, numbers: np.ndarray) -> np.ndarray | None:
        if array is None:
            return None
        taken = self._backend.take_rows(array, self._backend.asarray(numbers))
        return self._backend.to_numpy(taken)

    def _put(self, parts: tuple[np.ndarray | None, ...], places: np.ndarray) -> Array | None:
        """Return rows that came from all processes, each in its place."""
        if parts[0] is None:
            return None
        together = np.concatenate([part for part in parts if part is not None])
        rows = np.empty_like(together)
        rows[places] = together
        return self._backend.asarray(rows)
