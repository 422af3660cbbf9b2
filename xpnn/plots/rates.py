"""Runs beside each other: their measures, and the learning rates that they take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np

from ..backend import precise_backend, to_host
from ..checks import check_integer
from ..optimizers import Optimizer
from ..schedules import learning_rate_at
from .style import COLOURS, epochs_across

__all__ = ["compared_curves", "learning_rates"]

STYLES = ("-", "--", "-.", ":")
"""For more runs than colours, and for prints without any."""


def learning_rates(
    axes: Any, optimizers: Mapping[str, Optimizer], steps: int = 1000
) -> dict[str, np.ndarray]:
    """Draw which learning rate optimizers take, step by step.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    optimizers : mapping of str to Optimizer
        The optimizers, by their names.
    steps : int
        How many steps there are.

    Returns
    -------
    dict of str to numpy.ndarray of shape (steps,), float64
        The learning rates, with decay and schedule.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of the above.
    """
    if not isinstance(optimizers, Mapping) or not optimizers:
        raise TypeError(
            f"optimizers must be a dict of names and Optimizers, got {optimizers!r}"
        )
    steps = check_integer("steps", steps, at_least=1)
    backend, rates = precise_backend(), dict[str, np.ndarray]()
    with backend.activate_for("float64"):
        t = backend.asarray(np.arange(steps), "float64")
        for name, optimizer in optimizers.items():
            rate = learning_rate_at(optimizer.learning_rate, t) / (1 + optimizer.decay * t)
            rates[name] = to_host(rate)
    for (name, values), (colour, style) in zip(rates.items(), _looks()):
        axes.plot(np.arange(steps), values, style, color=colour, lw=1.6, label=name)
    axes.set_xlabel("step")
    axes.set_ylabel("learning rate")
    axes.set_ylim(0, 1.05 * max(float(values.max()) for values in rates.values()))
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    return rates


def compared_curves(
    axes: Any, histories: Mapping[str, Mapping[str, Sequence[float]]], name: str = "loss"
) -> None:
    """Draw how one measure went in several runs.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    histories : mapping of str to mapping
        The `History.history` of each run, by the run's name.
    name : str
        What to draw: ``"loss"``, ``"val_loss"``, or a metric.

    Raises
    ------
    ValueError
        If a run did not measure it.
    """
    if not isinstance(histories, Mapping) or not histories:
        raise TypeError(f"histories must be a dict of names and histories, got {histories!r}")
    for run, history in histories.items():
        if name not in history:
            raise ValueError(f"name must be a measure of {run!r}, {[*history]}, got {name!r}")
    for (run, history), (colour, style) in zip(histories.items(), _looks()):
        values = np.asarray(history[name], np.float64)
        axes.plot(np.arange(1, len(values) + 1), values, style, color=colour, lw=1.3, label=run)
    starts = [float(history[name][0]) for history in histories.values() if len(history[name])]
    if (
        name.endswith("loss") and starts
    ):  # a leap may leave the picture, not make all the rest small
        axes.set_ylim(0, min(axes.get_ylim()[1], 2 * max(starts)))
    axes.set_title(name.replace("_", " ").capitalize())
    epochs_across(axes)
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")


def _looks() -> Any:
    """Return colours, and from the eighth on the same ones with other strokes."""
    looks = [(colour, style) for style in STYLES for colour in COLOURS[:-1]]
    return cycle(looks)
