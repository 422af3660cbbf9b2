"""A callback that ends a training in time."""

from __future__ import annotations

import time

from ..checks import check_number
from ..hooks import Callback

__all__ = ["TimeBudget"]


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
