"""What sides share that take one step after another in NumPy: epochs, and batches of rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from works import Work


class StepwiseTrainer:
    """Goes through the epochs; a subclass defines `step_on`."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.generator = np.random.default_rng(0)

    def step_on(self, rows: np.ndarray | None) -> float:
        """Take a step on rows by their numbers, or on all; return the loss before it."""
        raise NotImplementedError

    def train(self, epochs: int, tick: Callable[[], None] | None = None) -> float:
        """Train; see `Trainer`."""
        count, size = len(self.work.X), self.work.batch_size
        for _ in range(epochs):
            if self.work.shuffle:
                order = self.generator.permutation(count)
                starts = range(0, count, size)
                losses = [self.step_on(order[first : first + size]) for first in starts]
            else:
                losses = [self.step_on(None)]
            if tick:
                tick()
        return float(np.mean(losses))
