"""A callback that shows how far a training is."""

from __future__ import annotations

import sys
import time
import warnings
from contextlib import suppress
from typing import Any, ClassVar

from ..hooks import Callback

__all__ = ["ProgressBar", "new_bar"]


def new_bar(**settings: Any) -> Any:
    """Return tqdm's bar for where this runs; in a notebook without widgets it is of text."""
    from tqdm import TqdmWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TqdmWarning)  # which says that there are no widgets
        from tqdm.auto import tqdm
    return tqdm(**settings)


class ProgressBar(Callback):
    """A bar on the terminal, or in a notebook, with the latest loss and metrics.

    Parameters
    ----------
    delay : float
        Seconds of training before it is shown, so that short fits stay quiet.
    """

    patient: ClassVar[bool] = True
    told_once: ClassVar[bool] = True

    def __init__(self, delay: float = 0.0) -> None:
        self.delay = delay

    @staticmethod
    def wanted() -> bool:
        """Whether somebody watches: a terminal or a notebook, not a pipe or a file."""
        terminal = sys.stderr is not None and sys.stderr.isatty()
        return terminal or ProgressBar.in_notebook()

    @staticmethod
    def in_notebook() -> bool:
        """Whether this is a notebook."""
        return "ipykernel" in sys.modules

    def on_train_begin(self, epochs: int, steps: int) -> None:
        """Open the bar."""
        # of a fixed width on a terminal, where the measures would squeeze it to nothing
        bar = "{bar}" if self.in_notebook() else "{bar:12}"
        self._epochs, self._shown = epochs, 0.0
        assert self.model.running is not None
        epoch, step = self.model.running.begun_at
        self._bar = new_bar(
            total=epochs * steps,
            initial=epoch * steps + step,
            delay=self.delay,
            unit="step",
            dynamic_ncols=True,
            bar_format="{desc}{percentage:3.0f}% |" + bar + "| {elapsed}<{remaining}{postfix}",
        )

    def on_batch_end(self, step: int) -> None:
        """Move the bar."""
        try:
            self._bar.update()
        except OSError:  # it is drawn on a full disk, or a terminal that is closed
            self._bar.disable = True

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Show the epoch's results, ten times a second at most."""
        now = time.monotonic()
        if now - self._shown > 0.1 or epoch + 1 == self._epochs:
            self._shown = now
            self._bar.set_description(f"epoch {epoch + 1}/{self._epochs}", refresh=False)
            self._bar.set_postfix({k: f"{v:.4g}" for k, v in logs.items()}, refresh=False)

    def on_train_end(self) -> None:
        """Close the bar."""
        with suppress(OSError):
            self._bar.close()
