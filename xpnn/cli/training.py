"""What commands know of a training that was done, whatever it was done on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from ..backend import Backend
from ..callbacks import Callback, Checkpoint
from ..distributed import Communicator
from ..training.interrupt import Signals
from .errors import INTERRUPTED
from .saying import tell
from .settings import Asked

__all__ = ["Training", "checkpoint", "ended_by"]

CHECKPOINT_SECONDS = 30
"""How much of a run, in seconds, is lost at most when it is killed."""


class Training(ABC):
    """A training, and what it came to.

    Attributes
    ----------
    backend : Backend
        Where it computes.
    asked : Asked
        What the user asked for.
    """

    backend: Backend
    asked: Asked

    @abstractmethod
    def prepare(self, movies: Sequence[Callback]) -> None:
        """Get the data, and tell what it is taken for.

        Parameters
        ----------
        movies : sequence of Callback
            Who films the training.
        """

    @abstractmethod
    def fit(self, signals: Signals, communicator: Communicator) -> tuple[int, list[OSError]]:
        """Train, as long as nothing ends it, with all processes there are.

        Returns
        -------
        status : int
            The exit status where a signal ended the training, else 0.
        problems : list of OSError
            What could not be written beside the model.
        """

    @abstractmethod
    def save(self, path: Path) -> bool:
        """Write the model file, with how raw rows become inputs and how the training ended."""

    @abstractmethod
    def draw(self, path: Path) -> bool:
        """Draw a picture of the training, if an epoch was finished; return whether it was."""

    @abstractmethod
    def results(self) -> str:
        """Return how good the model is."""

    @abstractmethod
    def done(self) -> str:
        """Return what was trained and for how long, as "5 networks for 24 epochs"."""


def checkpoint(folder: Path) -> Callback:
    """Return what writes checkpoints to a folder."""
    return Checkpoint(folder, None, every_seconds=CHECKPOINT_SECONDS)


def ended_by(error: BaseException, signals: Signals, done: str) -> int:
    """Tell what ended a training and what of it is saved; return the exit status.

    Raises
    ------
    SystemExit
        If it was no signal.
    """
    ended = "Interrupted"
    if not isinstance(error, KeyboardInterrupt):
        if not signals():
            raise error
        ended = f"Ended by {signals.name}"
    tell(f"{ended} after {done}; saving what was learnt")
    return signals.status or INTERRUPTED
