"""Callbacks that watch whether a measure gets better, and act where it does not."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import Any, ClassVar

from ..checks import check_flag, check_integer, check_number, check_tensors
from ..schedules import Schedule
from .watching import Watching, better

__all__ = ["EarlyStopping", "ReduceOnPlateau"]


class Monitor(Watching):
    """What callbacks share that look whether a measure gets better.

    Parameters
    ----------
    monitor, patience, min_delta, mode
        As in `EarlyStopping`.
    """

    def __init__(self, monitor: str, patience: float, min_delta: float, mode: str) -> None:
        super().__init__(monitor)
        if patience != math.inf:
            patience = check_integer("patience", patience, at_least=1)
        check_number("min_delta", min_delta, at_least=0)
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"mode must be 'auto', 'min' or 'max', got {mode!r}")
        self.patience, self.min_delta = patience, min_delta
        self.mode = better(monitor) if mode == "auto" else mode
        self._start()

    _epochs: int | None = None

    def _start(self) -> None:
        self.best: float | None = None
        self.waited = 0
        self._has_warned = False

    def on_train_begin(self, epochs: int, steps: int) -> None:
        """Look whether there is such a measure, and start anew."""
        super().on_train_begin(epochs, steps)
        self._epochs = epochs
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

    def _warn_of_no_number(self, so: str) -> None:
        """Say that the measure has never been a finite number, and what follows."""
        if self.best is None and not self._has_warned:
            self._has_warned = True
            warnings.warn(
                f"{type(self).__name__}: the monitor {self.monitor!r} was NaN or infinite in "
                f"each epoch, so that none was the best: {so}",
                UserWarning,
                stacklevel=2,
            )

    def state(self) -> dict[str, Any]:
        """Return the best measure, and how many epochs there was no better."""
        kept = {"monitor": self.monitor, "mode": self.mode}
        return {**kept, "best": self.best, "waited": self.waited}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from there.

        Raises
        ------
        TypeError, ValueError
            If it was of another measure, or is nothing that `state` returns.
        """
        for name in ("monitor", "mode"):
            if state[name] != getattr(self, name):
                raise ValueError(
                    f"resume: {type(self).__name__} had the {name} {state[name]!r}, but now it "
                    f"is {getattr(self, name)!r}"
                )
        if state["best"] is not None:
            check_number("best", state["best"])
        check_integer("waited", state["waited"], at_least=0)
        self.best, self.waited = state["best"], state["waited"]


class EarlyStopping(Monitor):
    """Stop when a measure has not become better for some epochs.

    Parameters
    ----------
    monitor : str
        The measure: a name in `History.history`, or what `Sequential.compile` was asked for:
        ``"val_recall"`` is also found as ``"val_recall_macro"``, as it is called of more than
        two classes.
    patience : int or None
        After how many epochs in a row without a better one to stop; None never stops, for the
        best of all epochs.
    restore_best : bool
        Whether the model gets back what had the best measure, whenever training ends.  The
        optimizer's memory stays that of the last epoch.
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

    Warns
    -----
    UserWarning
        If the measure was NaN or infinite in all epochs, so that nothing can be given back.

    Notes
    -----
    A measure with ``val_`` in front is of what the model had learnt after the epoch.  One of
    training, as ``loss``, is the mean over the epoch's steps, each before it was taken.  There
    the model gets back what it had before the last step of the best epoch: the newest that the
    mean is of, and the only one where a batch holds all rows.
    """

    gives_back: ClassVar[bool] = True

    def __init__(
        self,
        monitor: str = "val_loss",
        patience: int | None = 5,
        restore_best: bool = True,
        *,
        min_delta: float = 0.0,
        mode: str = "auto",
    ) -> None:
        check_flag("restore_best", restore_best)
        self.restore_best = restore_best
        waits = math.inf if patience is None else patience
        super().__init__(monitor, waits, min_delta, mode)

    def _start(self) -> None:
        super()._start()
        self.best_epoch: int | None = None
        self.stopped_epoch: int | None = None
        self._learnt: dict[str, Any] = {}
        self._measured: dict[str, Any] = {}

    @property
    def wants_last_step(self) -> bool:
        """Whether what is to be kept is what the model has before an epoch's last step."""
        return self.restore_best and not self.monitor.startswith("val_")

    def on_last_step_begin(self) -> None:
        """Keep what the epoch's measures are of, until it is known how good they are."""
        self._measured = self.model.copy_tensors()

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Keep what was learnt where it is the best, and stop where it was long ago."""
        measured, self._measured = self._measured, {}
        if self._is_better(logs[self._measure]):
            self.best_epoch = epoch
            if self.restore_best:
                self._learnt = measured or self.model.copy_tensors()
        elif self.waited >= self.patience:
            self.stopped_epoch = epoch
            self.model.stop_training = True
            self._warn_of_no_number("training stops, and the model keeps what it learnt last")
        elif epoch + 1 == self._epochs:
            self._warn_of_no_number("the model keeps what it learnt last")

    def on_train_end(self) -> None:
        """Give the model back what had the best measure."""
        if self._learnt:
            self.model.set_tensors(self._learnt)
        self._learnt, self._measured = {}, {}

    def state(self) -> dict[str, Any]:
        """Return the best measure and what was learnt there."""
        numbers = {"best_epoch": self.best_epoch, "stopped_epoch": self.stopped_epoch}
        kept = {"learnt": self._learnt, "measured": self._measured}
        arrays = {f"{kind}.{k}": v for kind in kept for k, v in kept[kind].items()}
        return super().state() | numbers | arrays

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from there, or stop at once if training had been stopped."""
        super().restore(state)
        for name in ("best_epoch", "stopped_epoch"):
            if state[name] is not None:
                check_integer(name, state[name], at_least=0)
        self.best_epoch, self.stopped_epoch = state["best_epoch"], state["stopped_epoch"]
        self._learnt, self._measured = (
            self._tensors(state, kind) for kind in ("learnt", "measured")
        )
        self.model.stop_training |= self.stopped_epoch is not None

    def _tensors(self, state: Mapping[str, Any], kind: str) -> dict[str, Any]:
        """Return what a checkpoint kept of what was learnt, if it is the model's."""
        kept = {
            name.removeprefix(f"{kind}."): value
            for name, value in state.items()
            if name.startswith(f"{kind}.")
        }
        if kept:
            check_tensors(kind, kept, self.model.tensors())
        return kept


class ReduceOnPlateau(Monitor):
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
        check_integer("patience", patience, at_least=1)
        super().__init__(monitor, patience, min_delta, mode)

    def on_train_begin(self, epochs: int, steps: int) -> None:
        """Look whether there is such a measure and a learning rate to change."""
        super().on_train_begin(epochs, steps)
        rate = self.model.require_compiled().optimizer.learning_rate
        if isinstance(rate, Schedule):
            raise ValueError(
                f"ReduceOnPlateau needs a learning_rate that is a number, but it is {rate}"
            )

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Make the learning rate smaller where the best epoch was long ago."""
        if not self._is_better(logs[self._measure]) and self.waited >= self.patience:
            self._warn_of_no_number("the learning rate is made smaller all the same")
            self.waited = 0
            # without the optimizer's decay
            rate = self.model.require_compiled().optimizer.learning_rate
            assert not isinstance(rate, Schedule)
            if rate > self.minimum:
                self.model.learning_rate = max(rate * self.factor, self.minimum)
