"""What a callback is: the hooks that a training calls, and what it may see and change there.

A `Callback` is told of a training; `Trainable` is the model that it is given, and `Running` the
training.  All three stand below whoever trains, so that neither knows the other.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Protocol

from .backend import Array
from .keywords import Helpful
from .network import Network, TrainState
from .schedules import Schedule

__all__ = ["Callback", "Running", "Trainable"]


class Running(Protocol):
    """A training that runs, as callbacks see it."""

    epoch: int
    """How many epochs are finished."""

    step: int
    """How many steps of the next one are finished."""

    is_whole: bool
    """Whether that is so now, and everybody has been told of it: then it can be saved."""

    @property
    def begun_at(self) -> tuple[int, int]:
        """The epoch and the step where it began: not (0, 0) where a run was resumed."""

    @property
    def resumed_from(self) -> Path | None:
        """The folder in which a checkpoint was looked for."""

    @property
    def newest_seen(self) -> int:
        """The number of the newest one that was there, good or not; 0 where there was none."""

    def own(self, folder: Path) -> None:
        """Take a folder for this run, until it ends.

        Raises
        ------
        ValueError
            If another run has it, in this process or in another one.
        """

    @property
    def run_id(self) -> str:
        """What tells this run, also where it was interrupted, from others."""

    @property
    def measures(self) -> list[str]:
        """The names of what is measured, as the logs of an epoch have them."""

    def save(self, path: Path) -> None:
        """Write a checkpoint; `is_whole` must be true."""


class Trainable(Network, ABC):
    """A network in training, as callbacks see it: `Sequential` is one.

    Attributes
    ----------
    train_state : TrainState
        What the optimizer remembers.
    stop_training : bool
        Set it in `Callback.on_epoch_end`, to end the training there.
    running : Running or None
        The training that runs.
    """

    train_state: TrainState
    stop_training: bool
    running: Running | None

    def note_set(self) -> None:
        """Let training go on from the arrays that somebody has set."""
        self.train_state.go_on_from(self)

    @property
    @abstractmethod
    def learning_rate(self) -> float:
        """The learning rate of the next step; it may be set, as in `Sequential`."""

    @learning_rate.setter
    def learning_rate(self, value: float | Schedule) -> None: ...

    @abstractmethod
    def evaluate(self, X: Any, y: Any, *, sample_weight: Any = None) -> dict[str, Any]:
        """Measure the loss and the metrics, as `Sequential.evaluate`."""

    @abstractmethod
    def card(self) -> dict[str, Any]:
        """Return a model card, as `Sequential.card`."""

    @abstractmethod
    def save(self, path: str | os.PathLike[str], *, optimizer: bool = True) -> None:
        """Save the network, as `Sequential.save`."""

    @abstractmethod
    def export_onnx(self, path: str | os.PathLike[str]) -> None:
        """Write the network to an ONNX file, as `Sequential.export_onnx`."""


class Callback(Helpful):
    """The base class of callbacks: each method does nothing.

    Attributes
    ----------
    model : Sequential
        The model that trains, from `on_train_begin` on.  A callback may read all of it;
        ``model.running`` is the training itself.
    data : (X, y)
        Set by `fit`: what it trains on, until `on_train_end`; X as it was given, y as the loss
        takes it.  Not to be changed.  They are arrays on the model's backend, or, where X is a
        row source, such themselves, with ``shape`` and ``take(numbers)``, which returns rows
        on the host; `xpnn.data.some_rows(self.data, 100)` takes some of either.
    """

    model: Trainable
    data: tuple[Array, Array]

    patient: ClassVar[bool] = False
    """Whether it may be told of steps and epochs later, of several at once but of each in
    order.  Then training need not stop to tell, which makes small steps faster; but what the
    model then is may be some steps ahead of what is told."""

    told_last: ClassVar[bool] = False
    """Whether it is told of an epoch after all callbacks that don't say so, because it keeps
    what they know of it; and only where the training has not diverged."""

    gives_back: ClassVar[bool] = False
    """Whether it gives the model other parameters when training has ended.  It is told of that
    before those which show or keep what the training leaves, wherever it stands among them."""

    told_once: ClassVar[bool] = False
    """Whether, where several processes train together, it is told on the first of them alone,
    because it writes files, or shows something.  All processes are given it."""

    def on_train_begin(self, epochs: int, steps: int) -> None:
        """Is called once, with the number of epochs and of steps in each.

        An error raised here stops `fit` before anything is trained, and the model and all
        callbacks' attributes become what they were before `fit`.  Where a run is resumed,
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

    @property
    def wants_last_step(self) -> bool:
        """Whether `on_last_step_begin` is called; by default, if a subclass defines it.

        Training then takes the last step of each epoch by itself.
        """
        return type(self).on_last_step_begin is not Callback.on_last_step_begin

    def on_last_step_begin(self) -> None:
        """Is called before the last step of each epoch.

        What training measures in a step is of the parameters before it.  So of all parameters
        that the epoch's loss and metrics are of, the model has the last ones now; at
        `on_epoch_end` it has those after the step, which nobody has measured yet.  (Where the
        optimizer averages, what is measured is of the parameters behind the means.)
        """

    def on_block_end(self) -> None:
        """Is called between two blocks of an epoch's steps, when nothing is half done.

        A block is as many steps as the backend takes at once, up to 128 and all of a short
        epoch, so that it may never be called.
        """

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Is called after each epoch with its loss, metrics and validation.

        It may change what `on_epoch_begin` may, and end the training here by
        ``model.stop_training = True``.  `logs` are its own; the same numbers are in
        ``model.history`` already.
        """

    def on_train_end(self) -> None:
        """Is called once, also when training ended by an error or by Ctrl-C.

        Of several callbacks the last is told first.  It may change parameters: one that does
        says so by `gives_back`.
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
