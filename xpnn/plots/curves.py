"""Learning curves: how a measure went, epoch by epoch, or while the learning rate rose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .style import COLOURS, RING, epochs_across

__all__ = ["learning_curves", "rate_curve"]


def learning_curves(axes: Any, history: Mapping[str, Sequence[float]], name: str) -> None:
    """Draw how a measure went, in training and in validation.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    history : mapping of str to sequence of float
        As in `History.history`.
    name : str
        What to draw: ``"loss"``, or a metric.
    """
    if not {name, f"val_{name}"} & history.keys():
        raise ValueError(f"name must be a measure in history, {[*history]}, got {name!r}")
    for key, kind, colour, style in (
        (name, "training", COLOURS[0], "-"),
        (f"val_{name}", "validation", COLOURS[4], "--"),
    ):
        values = history.get(key, ())
        if len(values):
            # a line needs two points to be seen
            marker = "o" if len(values) == 1 else ""
            epochs = np.arange(1, len(values) + 1)
            axes.plot(epochs, values, style, color=colour, marker=marker, lw=1.5, label=kind)
    axes.set_title(name.replace("_", " ").capitalize())
    epochs_across(axes)
    if name == "accuracy":
        axes.yaxis.set_major_formatter(lambda value, position: f"{value:.0%}")
    axes.grid(alpha=0.3)
    axes.legend()


def rate_curve(
    axes: Any,
    rates: np.ndarray,
    losses: np.ndarray,
    smoothed: np.ndarray,
    suggestion: float | None = None,
) -> None:
    """Draw how the loss went while the learning rate rose.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    rates, losses, smoothed : numpy.ndarray of shape (steps,)
        As in `xpnn.learning_rates.LearningRateCurve`.
    suggestion : float, optional
        One of the rates, which is marked.
    """
    axes.plot(rates, losses, color=COLOURS[5], lw=0.8, label="loss of each step")
    axes.plot(rates, smoothed, color=COLOURS[0], lw=1.5, label="smoothed")
    if suggestion is not None:
        height = np.interp(suggestion, rates, smoothed)
        mark = f"falls most steeply at {suggestion:.2g}"
        axes.plot([suggestion], [height], "o", ms=11, ls="", label=mark, **RING)
    axes.set_xscale("log")
    axes.set_xlabel("learning rate")
    axes.set_title("Loss")
    axes.grid(alpha=0.3)
    axes.legend()
