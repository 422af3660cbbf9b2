"""Steps that recur: when a player is made for them, and how many are kept.

NumPy's players (`_playback`) and those of a GPU (`_cuda_graph`) take steps with batches of one
shape, faster than as they are written, and are made while training goes on.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from xpnn.backend import Block

__all__ = ["EagerWarning", "Players", "shapes_of", "warn"]

STEPS_BEFORE_RECORDING = 16
"""Recording and comparing cost about as much as some steps do."""

MOST_PLAYERS = 4
"""How many players are kept: of whole batches, and of a shorter last one."""

MOST_SEEN = 64
"""How many keys are counted: there may be new ones in each fit, for ever."""

Player = TypeVar("Player")


class EagerWarning(UserWarning):
    """Training goes on as it is written, or played, which is slower."""


_warned = False


def warn(what: str, error: Exception) -> None:
    """Say, once in a process, what could not be made faster."""
    global _warned
    if not _warned:
        _warned = True
        text = f"{what} ({type(error).__name__}: {error}). Training goes on without it, slower"
        warnings.warn(text, EagerWarning, stacklevel=2)


class Players(Generic[Player]):
    """The players of a step, by what they need to be the same."""

    def __init__(self) -> None:
        self._players: dict[Hashable, Player] = {}
        self._seen: dict[Hashable, int] = {}

    def get(self, key: Hashable, count: int, make: Callable[[], Player]) -> Player | None:
        """Return the player for `count` more steps; None as long as these are too few.

        Parameters
        ----------
        key : hashable
            What is the same for all steps that a player can take.
        count : int
            The number of steps that are to be taken now.
        make : callable
            Makes the player.
        """
        player = self._players.get(key)
        if player is not None:
            return player
        if key not in self._seen and len(self._seen) == MOST_SEEN:
            del self._seen[next(iter(self._seen))]  # the oldest
        self._seen[key] = self._seen.get(key, 0) + count
        if self._seen[key] < STEPS_BEFORE_RECORDING:
            return None
        if len(self._players) == MOST_PLAYERS:
            self._players.clear()
        player = self._players[key] = make()
        return player

    def clear(self) -> None:
        """Forget all players, and what was seen."""
        self._players.clear()
        self._seen.clear()


def shapes_of(block: Block) -> tuple[Hashable, ...]:
    """Return what is the same for blocks with batches of the same shapes and dtypes."""
    size = None if block.rows is None else block.batch_size
    return size, *(a if a is None else (a.shape[1:], a.dtype) for a in block.data)
