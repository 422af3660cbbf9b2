"""What is told of a training while it runs, and what it may change.

Give callbacks to ``model.fit(callbacks=[...])``.  At each hook the model is whole: a callback
may read all of it.  What it may change is told at the hooks; what it remembers from one epoch
to the next it gives to checkpoints by `Callback.state`, so that a resumed run goes on as the
one that was interrupted would have.
"""

from __future__ import annotations

import csv
import json
import math
import os
import re
import sys
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TextIO

import numpy as np

from .backend import Array
from .checks import check_flag, check_integer, check_number
from .schedules import Schedule

if TYPE_CHECKING:
    from .model import Sequential
    from .movie import Film

__all__ = [
    "CSVLogger",
    "Callback",
    "Checkpoint",
    "EarlyStopping",
    "GradientNorms",
    "JSONLogger",
    "ProgressBar",
    "ReduceOnPlateau",
    "TimeBudget",
    "TrainingMovie",
]


class Callback:
    """The base class of callbacks: each method does nothing.

    Attributes
    ----------
    model : Sequential
        The model that trains, from `on_train_begin` on.  A callback may read all of it.
    data : (X, y)
        Set by `fit`: what it trains on, on the model's backend, until `on_train_end`; X as it
        was given, y as the loss takes it.  Not to be changed.
    """

    model: Sequential
    data: tuple[Array, Array]

    patient: ClassVar[bool] = False
    """Whether it may be told of steps and epochs later, of several at once but of each in
    order.  Then training need not stop to tell, which makes small steps faster; but what the
    model then is may be some steps ahead of what is told."""

    def on_train_begin(self, epochs: int, steps: int) -> None:
        """Is called once, with the number of epochs and of steps in each.

        An error raised here stops `fit` before anything is trained.  Where a run is resumed,
        the model, its history and, by `restore`, the callback get what was before after this.
        """

    def on_epoch_begin(self, epoch: int) -> None:
        """Is called before each epoch, counted from 0.

        It may change parameters (``model.set_parameters``) and ``model.learning_rate``.
        """

    def on_batch_end(self, step: int) -> None:
        """Is called after each step of an epoch, counted from 0.

        A callback that defines it and is not `patient` makes training take steps one by one.
        It may change what `on_epoch_begin` may.
        """

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Is called after each epoch with its loss, metrics and validation.

        It may change what `on_epoch_begin` may, and end the training here by
        ``model.stop_training = True``.  `logs` are its own; the same numbers are in
        ``model.history`` already.
        """

    def on_train_end(self) -> None:
        """Is called once, also when training ended by an error or by Ctrl-C.

        Of several callbacks the last is told first.  It may change parameters.
        """

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint shall keep of the callback, for `restore`.

        Returns
        -------
        dict of str to object
            Plain data (None, bool, int, finite float, str, lists and dicts of these) or
            arrays of floats.  Empty: nothing is kept.
        """
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned, in a run that is resumed; arrays as NumPy's."""


class _Monitor(Callback):
    """The part of callbacks that look whether a measure gets better."""

    def __init__(self, monitor: str, patience: int, min_delta: float, mode: str) -> None:
        if not isinstance(monitor, str):
            raise TypeError(f"monitor must be the name of a measure, got {monitor!r}")
        check_integer("patience", patience, at_least=1)
        check_number("min_delta", min_delta, at_least=0)
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"mode must be 'auto', 'min' or 'max', got {mode!r}")
        self.monitor, self.patience, self.min_delta = monitor, patience, min_delta
        if mode == "auto":
            mode = "min" if monitor.endswith(("loss", "error")) else "max"
        self.mode = mode
        self._start()

    def _start(self) -> None:
        self.best: float | None = None
        self.waited = 0

    def on_train_begin(self, epochs: int, steps: int) -> None:
        """Look whether there is such a measure, and start anew."""
        measures = self.model._measures
        if self.monitor not in measures:
            hint = ""
            if self.monitor.startswith("val_") and self.monitor[4:] in measures:
                hint = "; give fit validation_data or validation_split"
            raise ValueError(
                f"{type(self).__name__}: monitor must be one of {measures}, got "
                f"{self.monitor!r}{hint}"
            )
        self._start()

    def _is_better(self, value: float) -> bool:
        """Take a measure, and return whether it is better than the best before."""
        gain = math.inf if self.best is None else self.best - value
        if self.best is not None and self.mode == "max":
            gain = -gain
        if math.isfinite(value) and gain > self.min_delta:
            self.best, self.waited = value, 0
            return True
        self.waited += 1
        return False

    def state(self) -> dict[str, Any]:
        """Return the best measure, and how many epochs there was no better."""
        kept = {"monitor": self.monitor, "mode": self.mode}
        return {**kept, "best": self.best, "waited": self.waited}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from there.

        Raises
        ------
        ValueError
            If it was of another measure.
        """
        for name in ("monitor", "mode"):
            if state[name] != getattr(self, name):
                raise ValueError(
                    f"resume: {type(self).__name__} had the {name} {state[name]!r}, but now it "
                    f"is {getattr(self, name)!r}"
                )
        self.best, self.waited = state["best"], state["waited"]


class EarlyStopping(_Monitor):
    """Stop when a measure has not become better for some epochs.

    Parameters
    ----------
    monitor : str
        The measure: a name in `History.history`.
    patience : int
        After how many epochs in a row without a better one to stop.
    restore_best : bool
        Whether the model gets back what it had learnt after the best epoch, whenever
        training ends.  The optimizer's memory stays that of the last.
    min_delta : float
        By how much, at least 0, a measure must be better to count.
    mode : {"auto", "min", "max"}
        Whether smaller or larger is better; "auto" takes smaller for names that end in
        ``loss`` or ``error``.

    Attributes
    ----------
    best : float or None
        The best measure so far.
    best_epoch : int or None
        Its epoch, counted from 0.
    stopped_epoch : int or None
        The epoch after which training was stopped, if it was.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        patience: int = 5,
        restore_best: bool = True,
        *,
        min_delta: float = 0.0,
        mode: str = "auto",
    ) -> None:
        check_flag("restore_best", restore_best)
        self.restore_best = restore_best
        super().__init__(monitor, patience, min_delta, mode)

    def _start(self) -> None:
        super()._start()
        self.best_epoch: int | None = None
        self.stopped_epoch: int | None = None
        self._learnt: dict[str, Any] = {}

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Keep what was learnt where it is the best, and stop where it was long ago."""
        if self._is_better(logs[self.monitor]):
            self.best_epoch = epoch
            if self.restore_best:
                self._learnt = self.model._copy_tensors()
        elif self.waited >= self.patience:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self) -> None:
        """Give the model back what was learnt after the best epoch."""
        if self._learnt:
            self.model._set_tensors(self._learnt)
        self._learnt = {}

    def state(self) -> dict[str, Any]:
        """Return the best measure and what was learnt there."""
        numbers = {"best_epoch": self.best_epoch, "stopped_epoch": self.stopped_epoch}
        return super().state() | numbers | {f"learnt.{k}": v for k, v in self._learnt.items()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from there, or stop at once if training had been stopped."""
        super().restore(state)
        self.best_epoch, self.stopped_epoch = state["best_epoch"], state["stopped_epoch"]
        learnt = {k: v for k, v in state.items() if k.startswith("learnt.")}
        self._learnt = {k.removeprefix("learnt."): v for k, v in learnt.items()}
        self.model.stop_training |= self.stopped_epoch is not None


class ReduceOnPlateau(_Monitor):
    """Make the learning rate smaller when a measure has not become better for some epochs.

    Parameters
    ----------
    monitor, patience, min_delta, mode
        As in `EarlyStopping`.
    factor : float
        What the learning rate is multiplied by, 0 < factor < 1.
    minimum : float
        The learning rate below which it is not made smaller, at least 0.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.5,
        patience: int = 5,
        *,
        min_delta: float = 0.0,
        mode: str = "auto",
        minimum: float = 0.0,
    ) -> None:
        check_number("factor", factor, above=0, below=1)
        check_number("minimum", minimum, at_least=0)
        self.factor, self.minimum = factor, minimum
        super().__init__(monitor, patience, min_delta, mode)

    def on_train_begin(self, epochs: int, steps: int) -> None:
        """Look whether there is such a measure and a learning rate to change."""
        super().on_train_begin(epochs, steps)
        rate = self.model._compiled()[1].learning_rate
        if isinstance(rate, Schedule):
            raise ValueError(
                f"ReduceOnPlateau needs a learning_rate that is a number, but it is {rate}"
            )

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Make the learning rate smaller where the best epoch was long ago."""
        if not self._is_better(logs[self.monitor]) and self.waited >= self.patience:
            self.waited = 0
            rate = self.model._compiled()[1].learning_rate  # without the optimizer's decay
            assert not isinstance(rate, Schedule)
            if rate > self.minimum:
                self.model.learning_rate = max(rate * self.factor, self.minimum)


class TimeBudget(Callback):
    """Stop in time: after the last epoch that, by the pace so far, ends within a budget.

    Parameters
    ----------
    seconds : float
        The time that `fit` may take, > 0.  The first epoch is always finished; the time of
        a run that was interrupted and resumed is not counted.
    """

    def __init__(self, seconds: float) -> None:
        check_number("seconds", seconds, above=0)
        self.seconds = seconds

    def on_train_begin(self, epochs: int, steps: int) -> None:
        """Start the clock."""
        self._start = self._last = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Stop if another epoch would take too long."""
        now = time.monotonic()
        took, self._last = now - self._last, now
        if now - self._start + took > self.seconds:
            self.model.stop_training = True


class _Logger(Callback, ABC):
    """The part of callbacks that write a line for each epoch."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def on_train_begin(self, epochs: int, steps: int) -> None:
        """Look whether the file can be written."""
        self._file: TextIO | None = None
        if not self.path.parent.is_dir():
            raise FileNotFoundError(
                f"there is no folder {self.path.parent} to write {self.path.name} to"
            )
        if self.path.is_dir():
            raise IsADirectoryError(f"{self.path} must be a file, but is a folder")

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Write a line; in the first epoch of a resumed run also those before."""
        rows = [logs]
        if self._file is None:
            history = self.model.history
            assert history is not None
            self._file = self.path.open("w", encoding="utf-8", newline="")
            measures = history.history
            rows = [{name: measures[name][i] for name in measures} for i in range(epoch + 1)]
        for i, row in enumerate(rows, epoch + 1 - len(rows)):
            self._write(self._file, {"epoch": i, **row})
        self._file.flush()

    @abstractmethod
    def _write(self, file: TextIO, row: dict[str, float]) -> None:
        """Write what was measured in an epoch."""

    def on_train_end(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


class CSVLogger(_Logger):
    """Write the loss and the metrics of each epoch as a line of a CSV file.

    Parameters
    ----------
    path : str or path
        The file.  It is replaced when the first epoch has ended; each line is on the disk
        when its epoch has ended, with the epoch, counted from 0, in the first column.
    """

    def _write(self, file: TextIO, row: dict[str, float]) -> None:
        if row["epoch"] == 0:
            self._writer = csv.DictWriter(file, list(row))
            self._writer.writeheader()
        self._writer.writerow(row)


class JSONLogger(_Logger):
    """Write the loss and the metrics of each epoch as a line of JSON.

    Parameters
    ----------
    path : str or path
        The file, as in `CSVLogger`.  A number that is not finite is written as null.
    """

    def _write(self, file: TextIO, row: dict[str, float]) -> None:
        plain = {name: value if math.isfinite(value) else None for name, value in row.items()}
        file.write(json.dumps(plain) + "\n")


class Checkpoint(Callback):
    """Keep what it takes to go on with a training that is interrupted or killed.

    Each checkpoint is a file ``checkpoint-NUMBER-epoch-EPOCHS.safetensors``, which is there
    whole or not at all; `xpnn.load` reads the network from it, and ``fit(resume=directory)``
    goes on from the newest one.  It is told of each epoch after all other callbacks, and also
    writes one when training ends, or is ended by Ctrl-C.

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
    ValueError
        When training begins, if the folder has checkpoints of another run: resume that, or
        take another folder.
    """

    _NAME: ClassVar[re.Pattern[str]] = re.compile(r"checkpoint-(\d+)-epoch-\d+\.safetensors")

    def __init__(
        self,
        directory: str | os.PathLike[str],
        every_epochs: int | None = 1,
        keep: int = 2,
        *,
        every_seconds: float | None = None,
    ) -> None:
        if every_epochs is not None or every_seconds is None:
            check_integer("every_epochs", every_epochs, at_least=1)
        check_integer("keep", keep, at_least=1)
        if every_seconds is not None:
            check_number("every_seconds", every_seconds, above=0)
        self.directory = Path(directory)
        self.every_epochs, self.keep, self.every_seconds = every_epochs, keep, every_seconds
        self._own: set[str] = set()

    @classmethod
    def files(cls, directory: str | os.PathLike[str]) -> list[Path]:
        """Return the checkpoints in a folder, the oldest first."""
        folder = Path(directory)
        if not folder.is_dir():
            return []
        found = [(cls._NAME.fullmatch(path.name), path) for path in folder.iterdir()]
        return [p for _, p in sorted((int(match[1]), p) for match, p in found if match)]

    def on_train_begin(self, epochs: int, steps: int) -> None:
        """Make the folder, and look whose checkpoints are there."""
        self.directory.mkdir(parents=True, exist_ok=True)
        files = self.files(self.directory)
        fit = self.model._fit
        assert fit is not None
        if not self._may_write(files):
            raise ValueError(
                f"{self.directory} has checkpoints of another run: go on with it by "
                f"fit(..., resume={str(self.directory)!r}), or choose another directory"
            )
        for left in self.directory.glob(".checkpoint-*.safetensors"):
            left.unlink()  # by a process that was killed while it wrote
        match = self._NAME.fullmatch(files[-1].name) if files else None
        self._number = int(match[1]) if match else 0
        self._saved: tuple[int, int] | None = (fit.start.epoch, fit.start.step)
        self._last = time.monotonic()

    def _may_write(self, files: list[Path]) -> bool:
        """Whether the checkpoints in the folder are of this run, or of this callback."""
        from .serialization import ModelFileError, read_file

        fit = self.model._fit
        assert fit is not None
        asked = fit.start.directory
        if asked is not None and asked.resolve() == self.directory.resolve():
            return True
        if all(path.name in self._own for path in files):
            return True
        try:
            return bool(read_file(files[-1])[0]["training"]["run"] == fit.run_id)
        except (ModelFileError, KeyError):
            return False

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Write a checkpoint, if one is due."""
        if self.every_epochs is not None and (epoch + 1) % self.every_epochs == 0:
            self._save()
        else:
            self.on_block_end()

    def on_block_end(self) -> None:
        """Write a checkpoint if the time has come; `fit` calls it within an epoch."""
        if self.every_seconds and time.monotonic() - self._last >= self.every_seconds:
            self._save()

    def on_train_end(self) -> None:
        """Write the last checkpoint, unless it is there or the model has diverged."""
        fit = self.model._fit
        if fit is not None and fit.is_whole:
            self._save()

    def _save(self) -> None:
        from .checkpoints import write

        fit = self.model._fit
        assert fit is not None
        position = fit.epoch, fit.step
        if position == self._saved or not fit.backend.all_finite(*self.model._params):
            return  # of parameters that became infinite in the last step nobody knows yet
        self._number += 1
        name = f"checkpoint-{self._number:06d}-epoch-{fit.epoch}.safetensors"
        write(fit, self.directory / name)
        self._own.add(name)
        self._saved, self._last = position, time.monotonic()
        for old in self.files(self.directory)[: -self.keep]:
            old.unlink()


class ProgressBar(Callback):
    """A bar on the terminal, or in a notebook, with the latest loss and metrics.

    Parameters
    ----------
    delay : float
        Seconds of training before it is shown, so that short fits stay quiet.
    """

    patient: ClassVar[bool] = True

    def __init__(self, delay: float = 0.0) -> None:
        self.delay = delay

    @staticmethod
    def wanted() -> bool:
        """Whether somebody watches: a terminal or a notebook, not a pipe or a file."""
        terminal = sys.stderr is not None and sys.stderr.isatty()
        return terminal or ProgressBar._in_notebook()

    @staticmethod
    def _in_notebook() -> bool:
        return "ipykernel" in sys.modules

    def on_train_begin(self, epochs: int, steps: int) -> None:
        """Open the bar."""
        from tqdm.auto import tqdm

        # of a fixed width on a terminal, where the measures would squeeze it to nothing
        bar = "{bar}" if self._in_notebook() else "{bar:12}"
        self._epochs, self._shown = epochs, 0.0
        assert self.model._fit is not None
        start = self.model._fit.start
        self._bar: Any = tqdm(
            total=epochs * steps,
            initial=start.epoch * steps + start.step,
            delay=self.delay,
            unit="step",
            dynamic_ncols=True,
            bar_format="{desc}{percentage:3.0f}% |" + bar + "| {elapsed}<{remaining}{postfix}",
        )

    def on_batch_end(self, step: int) -> None:
        """Move the bar."""
        self._bar.update()

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Show the epoch's results, ten times a second at most."""
        now = time.monotonic()
        if now - self._shown > 0.1 or epoch + 1 == self._epochs:
            self._shown = now
            self._bar.set_description(f"epoch {epoch + 1}/{self._epochs}", refresh=False)
            self._bar.set_postfix({k: f"{v:.4g}" for k, v in logs.items()}, refresh=False)

    def on_train_end(self) -> None:
        """Close the bar."""
        self._bar.close()


class GradientNorms(Callback):
    """Writes down how large the gradient of each parameter is, epoch by epoch.

    `xpnn.plots.gradient_history` draws it.  In a network whose gradients vanish, those of the
    first layers are smaller by powers of ten than those of the last, and stay so.

    Parameters
    ----------
    data : (X, y), optional
        The data whose loss is differentiated; by default what the training goes through.
    every : int
        After how many epochs it is done.
    rows : int
        How many rows of the data, evenly spaced, it is done with at most.

    Attributes
    ----------
    epochs : list of int
        After which epochs, counted from 1, it was done; 0 is before the training.
    norms : dict of str to list of float
        The root of the sum of squares of each parameter's gradient, by the parameter's
        name (``"0.weights"``), for each of `epochs`.
    sizes : dict of str to list of float
        The same of the parameters themselves.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of the above.
    """

    def __init__(
        self, data: tuple[Any, Any] | None = None, *, every: int = 1, rows: int = 1024
    ) -> None:
        _check_pair(data)
        check_integer("every", every, at_least=1)
        check_integer("rows", rows, at_least=1)
        self._given, self.every, self.rows = data, every, rows
        self._forget()

    def _forget(self) -> None:
        self.epochs: list[int] = []
        self.norms: dict[str, list[float]] = {}
        self.sizes: dict[str, list[float]] = {}

    def on_train_begin(self, epochs: int, steps: int) -> None:
        """Forget the last training."""
        from .movie import some_rows

        self._forget()
        self._some = some_rows(self.data if self._given is None else self._given, self.rows)

    def on_epoch_begin(self, epoch: int) -> None:
        """Measure what the training begins with."""
        if not self.epochs:
            self._measure(epoch)

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Measure, where it is time."""
        if (epoch + 1) % self.every == 0:
            self._measure(epoch + 1)

    def on_train_end(self) -> None:
        """Let go of the data."""
        vars(self).pop("_some", None)  # the same callback may be given twice

    def state(self) -> dict[str, Any]:
        """Return what was written down."""
        records = (("norms", self.norms), ("sizes", self.sizes))
        arrays = {
            f"{kind} {k}": np.array(v) for kind, record in records for k, v in record.items()
        }
        return {"epochs": self.epochs, **arrays}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self._forget()
        self.epochs = list(state["epochs"])
        for key, values in state.items():
            kind, _, name = key.partition(" ")
            if name:
                record = self.norms if kind == "norms" else self.sizes
                record[name] = values.tolist()

    def _measure(self, epoch: int) -> None:
        from .plots import norms_of

        model = self.model
        _, grads = model.gradients(*self._some)
        self.epochs.append(epoch)
        for record, arrays in ((self.norms, grads), (self.sizes, model.parameters)):
            for name, norm in zip(model._parameters, norms_of(model, arrays)):
                record.setdefault(name, []).append(norm)


class TrainingMovie(Callback):
    """Films a training: what the network makes of the data, beside its weights and loss.

    For two features and classes it shows the regions into which the network divides the
    plane, for one feature and one number the curve, else the loss alone, and beside it the
    weights of the Dense layers as `xpnn.plots.weight_map` draws them.  Frames are written
    as they are drawn, to a file beside `path` that takes its name when the training ends,
    also by Ctrl-C; when the program is killed, `path` is as it was.  The movie of a resumed run
    begins where that goes on.

    Parameters
    ----------
    path : str or path
        The file: ``.gif``, or ``.mp4``, which needs ffmpeg.
    data : (X, y), optional
        The data to show; by default what the training goes through.
    every : int, optional
        After how many epochs a frame is taken.  By default there are about 120 frames, dense
        at first, where much happens.  The beginning and the end are always there.
    fps : float
        Frames per second.
    size : (width, height)
        In pixels.
    hold : float
        For how many seconds more the last frame stays.

    Raises
    ------
    ModuleNotFoundError
        If matplotlib is not installed, or for MP4 no ffmpeg is found.
    TypeError, ValueError, FileNotFoundError, IsADirectoryError
        If an argument is none of the above, or the file can't be written there.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        data: tuple[Any, Any] | None = None,
        every: int | None = None,
        fps: float = 12,
        size: tuple[int, int] = (960, 480),
        hold: float = 2.0,
    ) -> None:
        from .movie import check_movie

        check_movie(path)
        _check_pair(data)
        if every is not None:
            check_integer("every", every, at_least=1)
        check_number("fps", fps, above=0, below=61)
        if not isinstance(size, tuple | list) or len(size) != 2:
            raise ValueError(f"size must be a pair (width, height), got {size!r}")
        for side in size:
            check_integer("size", side, at_least=200)
        check_number("hold", hold, at_least=0)
        self.path, self.every, self.fps, self.size, self.hold = path, every, fps, size, hold
        self._given = data
        self._film: Film | None = None

    def on_train_begin(self, epochs: int, steps: int) -> None:
        """Open the film."""
        from .movie import Film, moments

        data = self.data if self._given is None else self._given
        self._moments = moments(epochs, self.every)
        self._film = Film(self.path, self.model, data, epochs, self.fps, self.size, self.hold)

    def on_epoch_begin(self, epoch: int) -> None:
        """Take the first frame: of the beginning, or of where a resumed run goes on."""
        if self._film is not None and not self._film.frames:
            self._film.begin()

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Take a frame, where it is time."""
        if self._film is not None:
            self._film.note(epoch + 1, logs)
            if epoch + 1 in self._moments:
                self._film.take()

    def on_train_end(self) -> None:
        """Take the last frame, if it is not taken yet, and give the file its name."""
        film, self._film = self._film, None
        if film is not None:
            film.close()


def _check_pair(data: Any) -> None:
    if data is not None and (not isinstance(data, tuple | list) or len(data) != 2):
        raise ValueError(
            f"data must be a pair (X, y), got a {type(data).__name__} that is none"
        )
