"""What the steps of an epoch measured, kept on the device until somebody wants to know it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..backend import Array, Backend
from ..metrics import Metric

__all__ = ["Means", "Measured"]


class Measured:
    """The measures of steps: those of a run that was interrupted, and those taken since.

    Attributes
    ----------
    weights : list of numpy.ndarray
        For each block of steps what `xpnn.training.blocks.DrawnSteps.weights` says.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._before: list[np.ndarray] = []
        self._steps: list[tuple[Array, ...]] = []
        self.weights: list[np.ndarray] = []

    def begin(self) -> None:
        """Forget the steps of the last epochs."""
        self._steps, self.weights = [], []

    def end(self) -> None:
        """Forget all: what was measured has been told."""
        self._before, self._steps = [], []

    def resume(self, columns: list[np.ndarray]) -> None:
        """Take over what the finished steps of an epoch measured before an interruption."""
        self._before = columns

    def add(self, measures: Sequence[tuple[Array, ...]]) -> None:
        """Keep what a block of steps measured, as `Backend.repeat` returns it."""
        self._steps += measures

    def columns(self) -> list[np.ndarray]:
        """Read what the finished steps measured: a column for each measure."""
        columns = [self._backend.read(list(column)) for column in zip(*self._steps)]
        if columns and self._before:
            return [np.concatenate(both) for both in zip(self._before, columns)]
        return columns or self._before


@dataclass(frozen=True)
class Means:
    """What some epochs measured, in the mean.

    Attributes
    ----------
    values : dict of str to numpy.ndarray
        For the loss and each metric a number for each epoch, of shape (epochs,).
    good : int
        How many epochs there are before the first with a loss that is not finite.
    wrong : (step, loss) or None
        The first such loss of that epoch.
    """

    values: dict[str, np.ndarray]
    good: int
    wrong: tuple[int, float] | None

    @classmethod
    def of(
        cls, measured: Measured, epochs: int, counts: np.ndarray, metrics: Sequence[Metric]
    ) -> Means:
        """Read from the device what steps measured, which waits for them.

        Parameters
        ----------
        measured : Measured
            The steps of some epochs, and possibly some more, which are left out.
        epochs : int
            How many epochs.
        counts : numpy.ndarray of shape (steps,)
            How many rows each step of an epoch has.
        metrics : sequence of Metric
            What was measured beside the loss.
        """
        shape = epochs, len(counts)
        n = epochs * len(counts)
        weights = np.concatenate(measured.weights)
        losses, *columns = (
            column.reshape(weights.size, -1)[:n].reshape(*shape, -1)
            for column in measured.columns()
        )
        losses, weights = losses[..., 0], weights[:n].reshape(shape)
        values = {"loss": np.sum(weights * losses, axis=1) / np.sum(weights, axis=1)}
        for metric, column in zip(metrics, columns):
            values[metric.name] = metric.result(column, counts)
        wrong = ~np.isfinite(losses)
        if not wrong.any():
            return cls(values, epochs, None)
        good = int(np.argmax(wrong.any(axis=1)))
        step = int(np.argmax(wrong[good]))
        return cls(values, good, (step, float(losses[good, step])))
