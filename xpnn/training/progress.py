"""How far a run is, which run it is, and what it takes to go on with it."""

from __future__ import annotations

import secrets
from functools import cached_property
from pathlib import Path
from typing import Any

from ..files.folder_lock import FolderLock
from ..hooks import Trainable
from .blocks import Blocks
from .checking import blamed, check_network, check_run
from .kept import generator_state
from .listeners import Listeners
from .report import Measured
from .resume import Start, plan_of, save_checkpoint

__all__ = ["Progress"]


class Progress:
    """The place of a run: to callbacks it is ``model.running``, an `xpnn.hooks.Running`.

    Parameters
    ----------
    model : Trainable
        What trains.
    blocks : Blocks
        The steps that it takes.
    listeners : Listeners
        Who is told.
    measured : Measured
        What the steps of this epoch measured.
    is_validated : bool
        Whether there are validation data.
    generator_at_start : dict
        The state of the model's generator when `fit` was called.
    start : Start
        Where the run begins.

    Attributes
    ----------
    start
        As given.
    epoch, step : int
        How many epochs are finished, and how many steps of the next one.
    is_whole : bool
        Whether that is so now, and everybody has been told of it.

    Raises
    ------
    ValueError
        If `start` is of another run; a `ModelFileError` if it is of none.
    """

    def __init__(
        self,
        model: Trainable,
        blocks: Blocks,
        listeners: Listeners,
        measured: Measured,
        is_validated: bool,
        generator_at_start: dict[str, Any],
        start: Start,
    ) -> None:
        self._model, self._blocks, self._listeners = model, blocks, listeners
        self._measured, self._is_validated = measured, is_validated
        self._generator_at_start = self._generator_of_epoch = generator_at_start
        # a callback may change the learning rate
        self._optimizer = model.require_compiled().optimizer
        if start.path is not None:
            start.check(self._plan)
            with blamed(start.path):
                check_network(model, start.description, start.arrays)
                check_run(model, blocks, self.measures, start.training, start.arrays)
            self._plan["optimizer"] = start.training["plan"]["optimizer"]
        self.start, self.epoch, self.step = start, start.epoch, start.step
        self.is_whole = False
        self._owned: dict[Path, FolderLock] = {}

    @cached_property
    def _plan(self) -> dict[str, Any]:
        """What a run must have in common with this one to go on, as plain data."""
        n, n_features = self._blocks.supply.shape
        return plan_of(
            self._model,
            self._optimizer,
            n_samples=n,
            n_features=n_features,
            batch_size=self._blocks.batch_size,
            shuffle=self._blocks.shuffle,
            validation=self._is_validated,
        )

    def resume(self) -> None:
        """Give everybody what the checkpoint holds of them, where the run begins at one."""
        if self.start.path is not None:
            self.start.apply(self._model, self._listeners.all)
            self._measured.resume(self.start.measured, self.start.rows(self._blocks.counts))
        self.note_generator()

    def note_generator(self) -> None:
        """Keep the generator's state at the beginning of an epoch, for checkpoints."""
        if self._listeners.last:
            self._generator_of_epoch = generator_state(self._model.generator)

    @property
    def begun_at(self) -> tuple[int, int]:
        """The epoch and the step where the run begins."""
        return self.start.epoch, self.start.step

    @property
    def resumed_from(self) -> Path | None:
        """The folder in which a checkpoint was looked for."""
        return self.start.directory

    @property
    def newest_seen(self) -> int:
        """The number of the newest one that was there, good or not; 0 where there was none."""
        return self.start.newest_seen

    def own(self, folder: Path) -> None:
        """Take a folder for this run, until it ends; twice is no more than once."""
        place = folder.resolve()
        if place not in self._owned:
            self._owned[place] = FolderLock(folder)

    def close(self) -> None:
        """Let go of the folders."""
        while self._owned:
            self._owned.popitem()[1].release()

    @cached_property
    def run_id(self) -> str:
        """What tells this run, also where it was interrupted, from others."""
        return self.start.training.get("run") or secrets.token_hex(8)

    @property
    def measures(self) -> list[str]:
        """The names of what is measured in each epoch."""
        compiled = self._model.require_compiled()
        names = ["loss", *(metric.name for metric in compiled.step_metrics)]
        if self._is_validated:
            numbers = (metric.name for metric in compiled.metrics if metric.is_number)
            names += ["val_loss", *(f"val_{name}" for name in numbers)]
        return names

    def save(self, path: Path) -> None:
        """Write a checkpoint, at a moment when nothing is half done."""
        place = {
            "epoch": self.epoch,
            "step": self.step,
            "generator": self._generator_of_epoch,
            "begin": self._generator_at_start,
            "plan": self._plan,
            "run": self.run_id,
        }
        measured = self._measured.columns_and_rows()
        save_checkpoint(path, self._model, self._listeners.all, measured, place)
