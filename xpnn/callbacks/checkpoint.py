"""A callback that writes checkpoints, from which ``fit(resume=...)`` goes on."""

from __future__ import annotations

import os
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from ..checks import check_integer, check_number, check_path
from ..files.atomic import check_writable
from ..files.checkpoint_folder import (
    CheckpointWarning,
    checkpoint_files,
    checkpoint_name,
    checkpoint_number,
    unfinished_files,
)
from ..files.model_file import ModelFileError, read_file
from ..hooks import Callback, Running

__all__ = ["Checkpoint"]


class Checkpoint(Callback):
    """Keep what it takes to go on with a training that is interrupted or killed.

    Each checkpoint is a file ``checkpoint-NUMBER-epoch-EPOCHS.safetensors``, which is there
    whole or not at all; `xpnn.load` reads the network from it, and ``fit(resume=directory)``
    goes on from the newest one.  It is told of each epoch after all other callbacks, and also
    writes one when training ends, or is ended by Ctrl-C, SIGTERM or SIGHUP.

    Parameters
    ----------
    directory : str or path
        The folder, which is made if it is not there.
    every_epochs : int or None
        After how many epochs to write one; None only where `every_seconds` is given.
    keep : int
        How many of the newest to keep.  With two or more, there is an older one if the disk
        damages the newest.
    every_seconds : float, optional
        After how many seconds since the last one to write one, within an epoch too, as soon as
        steps are finished.

    Raises
    ------
    ValueError, OSError
        When training begins, if the folder has checkpoints of another run: resume that, or
        take another folder; or if another training writes there now, of this process or of
        another one, on this machine or, where the file system passes locks on, another: the
        message tells which.  Or if nothing can be written there.

    Warns
    -----
    xpnn.checkpoints.CheckpointWarning
        If one can't be written, as on a full disk.  Training goes on, and it is tried again
        when the next one is due.
    """

    told_last: ClassVar[bool] = True
    told_once: ClassVar[bool] = True

    def __init__(
        self,
        directory: str | os.PathLike[str],
        every_epochs: int | None = 1,
        keep: int = 2,
        *,
        every_seconds: float | None = None,
    ) -> None:
        if every_epochs is not None or every_seconds is None:
            every_epochs = check_integer("every_epochs", every_epochs, at_least=1)
        keep = check_integer("keep", keep, at_least=1)
        if every_seconds is not None:
            check_number("every_seconds", every_seconds, above=0)
        check_path("directory", directory, "folder")
        self.directory = Path(directory)
        self.every_epochs, self.keep, self.every_seconds = every_epochs, keep, every_seconds
        self._own: set[str] = set()

    @classmethod
    def files(cls, directory: str | os.PathLike[str]) -> list[Path]:
        """Return the checkpoints in a folder, the oldest first."""
        check_path("directory", directory, "folder")
        return checkpoint_files(directory)

    def on_train_begin(self, epochs: int, steps: int) -> None:
        """Make the folder, take it for the run, and look whose checkpoints are there."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._run.own(self.directory)
        files = self.files(self.directory)
        number = (checkpoint_number(files[-1]) or 0) if files else 0
        if self._is_resumed and number > self._run.newest_seen:
            raise ValueError(
                f"another training wrote {files[-1]} while this one began: call fit again, to "
                "go on from there"
            )
        if not self._may_write(files):
            raise ValueError(
                f"{self.directory} has checkpoints of another run: go on with it by "
                f"fit(..., resume={str(self.directory)!r}), or choose another directory"
            )
        for left in unfinished_files(self.directory):
            left.unlink()  # by a process that was killed while it wrote
        self._number = number
        check_writable(self.directory / checkpoint_name(self._number + 1, epochs))
        self._warned = False
        self._saved: tuple[int, int] | None = self._run.begun_at
        self._last = time.monotonic()

    @property
    def _run(self) -> Running:
        assert self.model.running is not None
        return self.model.running

    @property
    def _is_resumed(self) -> bool:
        """Whether the run goes on, or would have, from what is in this folder."""
        asked = self._run.resumed_from
        return asked is not None and asked.resolve() == self.directory.resolve()

    def _may_write(self, files: list[Path]) -> bool:
        """Whether the checkpoints in the folder are of this run, or of this callback."""
        if self._is_resumed or all(path.name in self._own for path in files):
            return True
        try:
            return bool(read_file(files[-1])[0]["training"]["run"] == self._run.run_id)
        except (ModelFileError, KeyError, TypeError):
            return False

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Write a checkpoint, if one is due."""
        if self.every_epochs is not None and (epoch + 1) % self.every_epochs == 0:
            self._save()
        else:
            self.on_block_end()

    def on_block_end(self) -> None:
        """Write a checkpoint if the time has come."""
        if self.every_seconds and time.monotonic() - self._last >= self.every_seconds:
            self._save()

    def on_train_end(self) -> None:
        """Write the last checkpoint, unless it is there or the model has diverged."""
        if self.model.running is not None and self.model.running.is_whole:
            self._save()

    def _save(self) -> None:
        position = self._run.epoch, self._run.step
        if position == self._saved:
            return
        if not self.model.backend.all_finite(*self.model.all_arrays):
            return  # of parameters that became infinite in the last step nobody knows yet
        path = self.directory / checkpoint_name(self._number + 1, self._run.epoch)
        try:
            self._run.save(path)
        except OSError as error:
            self._warn(error)
            self._last = time.monotonic()
            return
        self._number += 1
        self._own.add(path.name)
        self._saved, self._last, self._warned = position, time.monotonic(), False
        for old in self.files(self.directory)[: -self.keep]:
            with suppress(OSError):  # somebody reads it; it is tried again after the next one
                old.unlink()

    def _warn(self, error: OSError) -> None:
        """Tell, once, that checkpoints can't be written; what they protect goes on."""
        if not self._warned:
            warnings.warn(
                "a checkpoint could not be written, so training goes on without it and tries "
                f"again when the next one is due: {error}",
                CheckpointWarning,
                stacklevel=3,
            )
        self._warned = True
