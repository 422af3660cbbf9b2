"""The callbacks of a training: in which order they are told, how often, and what of."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from ..backend import Array
from ..hooks import Callback, Trainable

__all__ = ["Listeners"]


class Listeners:
    """The callbacks of a training.

    Parameters
    ----------
    callbacks : sequence of Callback
        As `Sequential.fit` is given them.
    is_first : bool
        Whether this is the first of the processes that train: the others don't tell callbacks
        that are `told_once`, but take their steps as if they did.

    Attributes
    ----------
    all : list of Callback
        Who is told, in that order.
    first, last : list of Callback
        Those of them that are told first, and those that are told last, as `Checkpoint`.
    want_each_step, want_each_epoch : bool
        Whether somebody wants to know of each while it happens.
    want_last_step : bool
        Whether somebody wants to know of an epoch's last step before it is taken.
    are_some : bool
        Whether there is somebody, on this process or on another one.
    """

    def __init__(self, callbacks: Sequence[Callback], is_first: bool = True) -> None:
        told = [c for c in callbacks if is_first or not c.told_once]
        self.first = [c for c in told if not c.told_last]
        self.last = [c for c in told if c.told_last]
        self.all = [*self.first, *self.last]
        self.are_some = bool(callbacks)
        # most care for epochs only, and steps can be small
        self._of_steps = [c for c in self.all if _overrides(c, "on_batch_end")]
        self.want_last_step = any(c.wants_last_step for c in callbacks)
        hasty = [c for c in callbacks if not c.patient]
        self.want_each_step = any(_overrides(c, "on_batch_end") for c in hasty)
        self.want_each_epoch = (
            self.want_each_step
            or self.want_last_step
            or any(
                _overrides(c, hook)
                for c in hasty
                for hook in ("on_epoch_begin", "on_epoch_end")
            )
        )

    def begin(
        self, model: Trainable, data: tuple[Array, Array], epochs: int, steps: int
    ) -> ExitStack:
        """Tell that a training begins.

        Returns
        -------
        ExitStack
            What tells that it has ended, at its own end.  Whoever was told that training
            begins is told that it ends, the last one first: `Checkpoint`, which keeps what
            the training goes on with; those that give something back; and those that look at
            what is left.

        Raises
        ------
        ValueError
            If a callback has an attribute of its own called ``data``.
        """
        for callback in self.all:
            if "data" in vars(callback):
                raise ValueError(
                    f"{type(callback).__name__}.data is set by fit to what is trained on: give "
                    "the attribute another name"
                )
        model.stop_training = False
        for callback in self.all:
            callback.model, callback.data = model, data
        with ExitStack() as begun:
            begun.callback(self._let_go)
            for callback in sorted(self.first, key=lambda c: c.gives_back) + self.last:
                callback.on_train_begin(epochs, steps)
                begun.callback(callback.on_train_end)
            return begun.pop_all()

    def _let_go(self) -> None:
        """Let go of the data."""
        for callback in self.all:
            vars(callback).pop("data", None)

    def epoch_begins(self, epoch: int) -> None:
        """Tell that an epoch begins."""
        for callback in self.all:
            callback.on_epoch_begin(epoch)

    def steps_end(self, start: int, end: int) -> None:
        """Tell of each step, from one to before another, that it has ended."""
        for step in range(start, end):
            for callback in self._of_steps:
                callback.on_batch_end(step)

    def last_step_begins(self) -> None:
        """Tell those who want to know that an epoch's last step will be taken now."""
        for callback in self.all:
            if callback.wants_last_step:
                callback.on_last_step_begin()

    def block_ends(self) -> None:
        """Tell that steps of an epoch are finished, and nothing is half done."""
        for callback in self.all:
            callback.on_block_end()

    @staticmethod
    def epoch_ends(callbacks: Sequence[Callback], epoch: int, logs: dict[str, float]) -> None:
        """Tell some callbacks what an epoch has measured; the numbers are theirs."""
        for callback in callbacks:
            callback.on_epoch_end(epoch, dict(logs))


def _overrides(callback: Callback, hook: str) -> bool:
    return getattr(type(callback), hook) is not getattr(Callback, hook)
