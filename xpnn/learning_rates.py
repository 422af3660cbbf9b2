"""Which learning rate to begin with: a short training whose rate rises, and its picture.

The rate rises from one that is too small to one that is too large, by the same factor from step
to step.  The loss stays, falls, and rises again; where it falls most steeply is a good rate.
"""

from __future__ import annotations

import copy
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .backend import Array, array_namespace
from .checks import check_integer, check_number
from .history import DivergenceError
from .hooks import Trainable
from .plots import rate_curve
from .plots.style import new_figure
from .schedules import Schedule
from .training.request import Request
from .training.resume import Start
from .training.team import Team

__all__ = ["LearningRateCurve", "find_learning_rate"]

TOO_LARGE = 1.0
"""By how many times itself the loss may rise above what it was at first."""

FEWEST = 20
"""How many steps must have a finite loss at least."""

AROUND = 5
"""How many steps before and after one tell how steeply the loss falls there."""


@dataclass(frozen=True)
class LearningRateCurve:
    """How the loss went while the learning rate rose.

    Attributes
    ----------
    rates, losses : numpy.ndarray of shape (steps,)
        The learning rate of each step, and the loss of its batch before it, up to where it was
        twice what it was at first, or not finite.
    smoothed : numpy.ndarray of shape (steps,)
        The losses without most of the noise: means in which those of other steps count the
        less the farther they are, before and after, so that they don't lag behind.
    suggestion : float or None
        The rate at which the smoothed loss falls most steeply over the rate's logarithm, before
        it is lowest; None where it never falls.  Smith (2017).
    """

    rates: np.ndarray = field(repr=False)
    losses: np.ndarray = field(repr=False)
    smoothed: np.ndarray = field(repr=False)
    suggestion: float | None

    def plot(self, axes: Any = None) -> Any:
        """Draw the losses over the rates, and mark the suggestion.

        Parameters
        ----------
        axes : matplotlib.axes.Axes, optional
            Where to draw; by default on a new figure.

        Returns
        -------
        matplotlib.figure.Figure
            The picture; ``.savefig(path)`` writes it.
        """
        if axes is None:
            axes = new_figure(6, 4, dpi=120).subplots()
        rate_curve(axes, self.rates, self.losses, self.smoothed, self.suggestion)
        return axes.figure


def find_learning_rate(
    model: Trainable,
    X: Any,
    y: Any,
    *,
    lowest: float = 1e-6,
    highest: float = 10.0,
    steps: int = 200,
    batch_size: int | None = 32,
    sample_weight: Any = None,
    smoothing: float = 0.9,
) -> LearningRateCurve:
    """Train a copy of a model with a rate that rises, and tell how the loss went.

    Parameters
    ----------
    model : Sequential
        A compiled model, which stays as it is, its generator too.  The copy begins with its
        parameters; the optimizer, of which only the learning rate is another, begins anew.
    X, y, sample_weight, batch_size
        As in `Sequential.fit`.
    lowest, highest : float
        The first and the last learning rate, 0 < lowest < highest.
    steps : int
        How many steps to take, at least 50; it goes through the data as often as that needs.
    smoothing : float
        How much of a loss counts for one step farther away, 0 <= smoothing < 1.

    Returns
    -------
    LearningRateCurve
        Rates, losses and a suggestion; ``.plot()`` draws them.

    Raises
    ------
    DivergenceError
        If the loss is too large, or not finite, after less than 20 steps.
    TypeError, ValueError, RuntimeError
        If an argument is none of the above, or the model is not compiled.
    """
    check_number("lowest", lowest, above=0)
    check_number("highest", highest, above=lowest)
    steps = check_integer("steps", steps, at_least=50)
    check_number("smoothing", smoothing, at_least=0, below=1)
    compiled = model.require_compiled()
    trial = copy.copy(model)
    trial.generator = copy.deepcopy(model.generator)
    rise = Rise(float(lowest), float(highest), steps)
    optimizer = replace(compiled.optimizer, learning_rate=rise, decay=0.0, average=None)
    trial.use(replace(compiled, optimizer=optimizer, metrics=()))
    losses = _losses(trial, X, y, sample_weight, batch_size, steps)
    rates = rise(np.arange(len(losses), dtype=np.float64))
    smoothed = _smoothed(losses, smoothing)
    return LearningRateCurve(rates, losses, smoothed, _steepest(rates, smoothed))


@dataclass(frozen=True)
class Rise(Schedule):
    """From a rate to another one, by the same factor from step to step."""

    lowest: float
    highest: float
    steps: int

    def __call__(self, t: Array) -> Array:
        """Return the learning rate of step `t`; as in `Schedule`."""
        xp = array_namespace(t)
        part = xp.minimum(t / (self.steps - 1), 1.0)
        return self.lowest * (self.highest / self.lowest) ** part


def _losses(
    trial: Trainable, X: Any, y: Any, weight: Any, batch_size: int | None, steps: int
) -> np.ndarray:
    """Train, and return the loss of each step until it is too large."""
    team = Team(None, "same")
    request = Request(1, batch_size, None, 0.0, True, (), False, team)
    losses = np.empty(0)
    with trial.backend.activate_for(trial.dtype):
        run = request.begin(trial, request.place(trial, X, y, weight), Start())
        blocks, state = run.blocks, trial.train_state
        epochs = -(-steps // blocks.n_steps)
        with (
            trial.multiplying(blocks.batch_size),
            closing(blocks),
            closing(blocks.draw(trial.generator, epochs)) as drawn,
        ):
            for block in drawn:
                taken = state.take(trial, block.data, block.steps, block.rows, block.noise)
                found = [trial.backend.read([loss for loss, *_ in taken])]
                losses = np.concatenate([losses, *found])
                end = _end(losses)
                if end < len(losses) or len(losses) >= steps:
                    break
    end = min(_end(losses), steps)
    if end < FEWEST:
        raise DivergenceError(
            f"the loss was too large, or not finite, after {end} steps: begin with a smaller "
            "rate, lowest=..., or with inputs scaled to about -1 to 1"
        )
    return losses[:end]


def _end(losses: np.ndarray) -> int:
    """Return before which step the loss is too large."""
    first = losses[:FEWEST].mean()
    with np.errstate(invalid="ignore"):
        sums, weights = _running(losses, 0.8)
        too_large = ~(sums / weights <= first + TOO_LARGE * abs(first))
    return int(np.argmax(too_large)) if too_large.any() else len(losses)


def _running(losses: np.ndarray, keep: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the sums of the losses up to each, where older ones count less, and of weights."""
    sums, weights = np.array(losses), np.ones(len(losses))
    for i in range(1, len(losses)):
        sums[i] += keep * sums[i - 1]
        weights[i] += keep * weights[i - 1]
    return sums, weights


def _smoothed(losses: np.ndarray, keep: float) -> np.ndarray:
    """Return the means of the losses around each, weighted by keep^(the steps between)."""
    before, after = _running(losses, keep), _running(losses[::-1], keep)
    sums, weights = (a + b[::-1] - own for a, b, own in zip(before, after, (losses, 1)))
    smoothed: np.ndarray = sums / weights
    return smoothed


def _steepest(rates: np.ndarray, losses: np.ndarray) -> float | None:
    """Return the rate around which the loss falls most before it is lowest."""
    lowest = int(np.argmin(losses))
    falls = losses[: -2 * AROUND] - losses[2 * AROUND :]  # around the steps from AROUND on
    falls = falls[: max(0, lowest - AROUND) + 1]
    k = int(np.argmax(falls))
    return float(rates[k + AROUND]) if falls[k] > 0 else None
