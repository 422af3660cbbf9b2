"""Panels of a scene beside the view of the data: curves over epochs, and maps of weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..plots import weight_map
from ..plots.style import COLOURS, epochs_across

__all__ = ["CURVES", "Curve", "Map"]

CURVES = {"loss": COLOURS[0], "accuracy": COLOURS[2], "learning_rate": COLOURS[4]}
"""What there is a curve of, and its colour."""

SMALL = (-2, 3)
"""Between which powers of ten a scale's numbers are written as they are: others need room that
there may not have been in the first frame, in which all get their places."""


class Curve:
    """A number over the epochs.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    name : str
        One of `CURVES`.
    epochs : int
        How many there will be.

    Attributes
    ----------
    axes, line
        What is drawn.
    """

    def __init__(self, axes: Any, name: str, epochs: int) -> None:
        self.axes, self._name = axes, name
        self._at: list[int] = []
        self._values: list[float] = []
        (self.line,) = axes.plot([], [], color=CURVES[name], lw=1.5)
        epochs_across(axes)
        axes.set_xlim(0, epochs)
        axes.xaxis.label.set_fontsize("small")
        axes.set_ylabel(name.replace("_", " "), fontsize="small")
        axes.tick_params(labelsize="small")
        axes.ticklabel_format(axis="y", scilimits=SMALL)
        axes.yaxis.get_offset_text().set_fontsize("x-small")
        axes.grid(alpha=0.3)
        # places are found now, and there will come numbers of more digits than 0.5 has
        axes.set_ylim(0, 1 if name == "accuracy" else 0.25)

    def note(self, epoch: int, value: float) -> None:
        """Write down what it is of an epoch."""
        self._at.append(epoch)
        self._values.append(value)

    def update(self) -> None:
        """Draw what is written down."""
        self.line.set_data(self._at, self._values)
        if self._name == "accuracy":
            return
        top = max(self._values, default=0.0)
        if self._values and self._name == "loss":
            # a leap may leave the picture, not make all the rest small
            top = min(top, 2 * self._values[0])
        self.axes.set_ylim(0, 1.1 * top or 1)


class Map:
    """A layer's weights and biases as colours, or how a step has changed them.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    title : str
        What is written above.
    weights, biases : numpy.ndarray
        As of `weight_map`.
    fits : bool
        Whether the scale fits what is shown, and so may become narrower again too.
    """

    def __init__(
        self, axes: Any, title: str, weights: np.ndarray, biases: np.ndarray, fits: bool
    ) -> None:
        axes.set_title(title, fontsize="small")
        axes.tick_params(labelsize="x-small")
        self._update = weight_map(axes, weights, biases)
        self.mesh, self._fits = axes.collections[0], fits
        axes.set_xlabel("")
        axes.yaxis.label.set_fontsize("small")
        bar = self.mesh.colorbar
        bar.formatter.set_powerlimits(SMALL)
        bar.ax.tick_params(labelsize="x-small")
        bar.ax.yaxis.get_offset_text().set_fontsize("x-small")

    def update(self, weights: np.ndarray, biases: np.ndarray) -> None:
        """Show others."""
        if self._fits:
            with self.mesh.norm.callbacks.blocked():  # from nothing it is widened to what fits
                self.mesh.norm.vmin, self.mesh.norm.vmax = 0.0, 0.0
        self._update(weights, biases)
