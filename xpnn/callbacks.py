"""What is told of a training while it runs."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from .model import Sequential

__all__ = ["Callback", "ProgressBar"]


class Callback:
    """The base class of callbacks: each method does nothing.

    Attributes
    ----------
    model : Sequential
        The model that trains, from `on_train_begin` on.  A callback may read all of it,
        change parameters by ``model.set_parameters``, and end the training after the
        current epoch by ``model.stop_training = True``.
    """

    model: Sequential

    patient: ClassVar[bool] = False
    """Whether it may be told of steps and epochs later, of several at once but of each in
    order.  Then training need not stop to tell, which makes small steps faster."""

    def on_train_begin(self, epochs: int, steps: int) -> None:
        """Is called once, with the number of epochs and of steps in each."""

    def on_epoch_begin(self, epoch: int) -> None:
        """Is called before each epoch, counted from 0."""

    def on_batch_end(self, step: int) -> None:
        """Is called after each step of an epoch, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Is called after each epoch with its loss, metrics and validation."""

    def on_train_end(self) -> None:
        """Is called once, also when training ended by an error or by Ctrl-C.

        Of several callbacks the last is told first.
        """


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
        self._bar: Any = tqdm(
            total=epochs * steps,
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
