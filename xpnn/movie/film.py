"""A film: takes frames of a scene, and gives the file its name once it is whole."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ..files.atomic import atomic_write
from ..network import Network
from .gif import Gif
from .mp4 import Mp4
from .scene import Scene

__all__ = ["Film", "Writer", "writer"]


class Writer(Protocol):
    """Who writes frames to a file."""

    def add(self, frame: np.ndarray) -> None:
        """Take a frame of shape (height, width, 3), uint8."""

    def close(self, hold: float) -> None:
        """End the file; the last frame stays for so many seconds more."""

    def abandon(self) -> None:
        """Let go of the file, which need not be whole."""


def writer(path: Path, fps: float, size: tuple[int, int]) -> Writer:
    """Return who writes frames to a file, by its ending."""
    return (Gif if path.suffix.lower() == ".gif" else Mp4)(path, fps, size)


class Film:
    """A movie in the making.

    Parameters
    ----------
    path : str or path
        The file.
    model : Sequential
        The model that trains.
    data : (X, y)
        What is shown.
    epochs : int
        How many there will be.
    fps : float
        Frames per second.
    size : (width, height)
        In pixels.
    hold : float
        For how many seconds more the last frame stays.
    panels : sequence of str
        What is shown, as of `TrainingMovie`.

    Attributes
    ----------
    frames : int
        How many were taken.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        model: Network,
        data: tuple[Any, Any],
        epochs: int,
        fps: float,
        size: tuple[int, int],
        hold: float,
        panels: Sequence[str],
    ) -> None:
        self.frames, self._epoch, self._taken, self._broken = 0, 0, -1, False
        self._scene = Scene(model, data, epochs, size, panels)
        self._model = model
        self._hold = hold
        with ExitStack() as stack:
            temporary = stack.enter_context(atomic_write(path))
            self._writer = writer(temporary, fps, self._scene.size)
            stack.callback(self._writer.abandon)
            self._stack = stack.pop_all()

    def begin(self) -> None:
        """Take the first frame: of the beginning, or of where a resumed run goes on."""
        measures = self._model.history.history if self._model.history else {}
        for epoch, row in enumerate(zip(*measures.values()), 1):
            self.note(epoch, dict(zip(measures, row)))
        self.take()

    def note(self, epoch: int, logs: dict[str, float]) -> None:
        """Write down what an epoch measured."""
        self._epoch = epoch
        self._scene.note(epoch, logs)

    def note_step(self) -> None:
        """Write down what the last step of an epoch is about to change."""
        self._scene.note_step()

    def take(self) -> None:
        """Take a frame of the model as it is."""
        try:
            self._writer.add(self._scene.draw())
        except BaseException:
            # what is there is no whole movie
            self._broken = True
            self._stack.__exit__(*sys.exc_info())
            raise
        self.frames += 1
        self._taken = self._epoch

    def close(self, is_other: bool = False) -> None:
        """End the movie; then it is there under its name.

        Parameters
        ----------
        is_other : bool
            Whether the model is another one now than after the last epoch.
        """
        if self._broken:
            return
        if not self.frames:
            self.begin()
        elif is_other:
            self._scene.end()
            self.take()
        elif self._taken != self._epoch:
            self.take()
        with self._stack:
            self._writer.close(self._hold)
