"""What the steps of an epoch measured, kept on the device until somebody wants to know it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..backend import Array, Backend
from ..metrics import Metric
from .team import Team

__all__ = ["Means", "Measured"]


class Measured:
    """The measures of steps: those of a run that was interrupted, and those taken since.

    A batch that is cut over processes has a loss, the sum of what its parts have of it; to
    metrics its parts are batches of their own, which they know how to join.

    Parameters
    ----------
    backend : Backend
        Where measures are.
    counts : numpy.ndarray of shape (steps,)
        The rows of each step of an epoch.
    team : Team
        The processes that take the steps.

    Attributes
    ----------
    weights : list of numpy.ndarray
        For each block of steps what `xpnn.training.blocks.DrawnSteps.weights` says.
    """

    def __init__(self, backend: Backend, counts: np.ndarray, team: Team) -> None:
        self._backend, self._team = backend, team
        self._counts = counts
        self._before: list[np.ndarray] = []
        self._rows_before = np.empty(0)
        self._steps: list[tuple[Array, ...]] = []
        self.weights: list[np.ndarray] = []

    def begin(self) -> None:
        """Forget the steps of the last epochs."""
        self._steps, self.weights = [], []

    def end(self) -> None:
        """Forget all: what was measured has been told."""
        self._before, self._rows_before, self._steps = [], np.empty(0), []

    def resume(self, columns: list[np.ndarray], rows: np.ndarray) -> None:
        """Take over what the finished steps of an epoch measured before an interruption."""
        self._before, self._rows_before = columns, rows

    def add(self, measures: Sequence[tuple[Array, ...]]) -> None:
        """Keep what a block of steps measured, as `Backend.repeat` returns it."""
        self._steps += measures

    @cached_property
    def _parts(self) -> np.ndarray:
        """How many rows each process has of each step of an epoch: (steps, processes)."""
        return self._team.parts(self._counts)

    @property
    def n_parts(self) -> int:
        """Into how many parts the batches of an epoch are cut."""
        return int(np.count_nonzero(self._parts))

    def settle(self) -> None:
        """Let each process know what all have measured; all of them call it."""
        if self._team.size > 1 and self._steps:
            (self._before, self._rows_before), self._steps = self.columns_and_rows(), []

    def columns_and_rows(self) -> tuple[list[np.ndarray], np.ndarray]:
        """Read what the finished steps measured.

        Where several processes measured something that is not settled, all of them call it.

        Returns
        -------
        columns : list of numpy.ndarray
            Of the loss, of shape (steps,), and of each metric, of shape (parts * w,): what was
            measured of each part of a batch.
        rows : numpy.ndarray of shape (parts,)
            How many rows each part has.
        """
        own = [self._backend.read(list(column)) for column in zip(*self._steps)]
        if not own:
            return self._before, self._rows_before
        if self._team.size == 1 and not self._before:
            n_steps, n = len(self._counts), own[0].size
            return own, self._counts if n == n_steps else np.resize(self._counts, n)
        n_before = len(self._before[0]) if self._before else 0
        steps = np.arange(n_before, n_before + own[0].size) % len(self._parts)
        parts = self._parts[steps]  # (steps, processes)
        joined = own
        if self._team.size > 1:
            losses, *columns = zip(*self._team.gather(own))
            joined = [np.sum(losses, axis=0), *(_joined(column, parts) for column in columns)]
        if self._before:
            joined = [np.concatenate(both) for both in zip(self._before, joined)]
        return joined, np.concatenate([self._rows_before, parts[parts > 0]])


def _joined(column: Sequence[np.ndarray], parts: np.ndarray) -> np.ndarray:
    """Return what the processes measured, step by step, without what had no rows."""
    each = np.stack([of_one.reshape(len(parts), -1) for of_one in column], axis=1)
    flat: np.ndarray = each[parts > 0].reshape(-1)
    return flat


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
        cls, measured: Measured, epochs: int, n_steps: int, metrics: Sequence[Metric]
    ) -> Means:
        """Read from the device what steps measured, which waits for them.

        Parameters
        ----------
        measured : Measured
            The steps of some epochs, and possibly some more, which are left out.
        epochs : int
            How many epochs; one, where the first was resumed.
        n_steps : int
            How many steps an epoch has.
        metrics : sequence of Metric
            What was measured beside the loss.
        """
        (loss, *columns), rows = measured.columns_and_rows()
        n = epochs * n_steps
        losses = loss[:n].reshape(epochs, n_steps)
        weights = np.concatenate(measured.weights)[:n].reshape(epochs, n_steps)
        values = {"loss": np.sum(weights * losses, axis=1) / np.sum(weights, axis=1)}
        # each epoch has the same parts, and there may be more steps than are asked for
        n_parts = len(rows) if loss.size == n else measured.n_parts * epochs
        counts = rows[: n_parts // epochs]
        for metric, column in zip(metrics, columns):
            of_parts = column.reshape(len(rows), -1)[:n_parts]
            values[metric.name] = metric.result(
                of_parts.reshape(epochs, len(counts), -1), counts
            )
        wrong = ~np.isfinite(losses)
        if not wrong.any():
            return cls(values, epochs, None)
        good = int(np.argmax(wrong.any(axis=1)))
        step = int(np.argmax(wrong[good]))
        return cls(values, good, (step, float(losses[good, step])))
