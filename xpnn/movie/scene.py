"""A scene: what a frame of a movie shows."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..network import Network
from ..plots import weight_map
from ..plots.inside import dense_layers
from ..plots.style import COLOURS, new_figure
from .views import begin_view, choose_view

__all__ = ["Scene"]

LAYERS = 3
"""How many Dense layers' weights there is room for."""

DPI = 100
"""How many pixels an inch has: how large letters and lines are in a frame."""


class Scene:
    """What a frame shows: the view of the data, the weights, and the loss so far.

    Parameters
    ----------
    model : Sequential
        The model that trains.
    data : (X, y)
        What is shown.
    epochs : int
        How many there will be.
    size : (width, height)
        In pixels.

    Attributes
    ----------
    size : (width, height)
        Of the frames: that which was given, or a pixel less where that is odd.
    """

    def __init__(
        self, model: Network, data: tuple[Any, Any], epochs: int, size: tuple[int, int]
    ) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        self._model = model
        width, height = (side // 2 * 2 for side in size)  # which MP4 asks for
        self.size = width, height
        figure = new_figure(width / DPI, height / DPI, DPI)
        self._canvas, self._figure = FigureCanvasAgg(figure), figure
        self._loss: list[float] = []
        self._at: list[int] = []
        self._said: dict[str, float] = {}
        self._has_ended = False

        maps = dense_layers(model)[:LAYERS]
        view, data = choose_view(model, data)
        rows = len(maps) + (view != "loss")
        grid = figure.add_gridspec(max(1, rows), 2)
        main = figure.add_subplot(grid[:, 0])
        main.tick_params(labelsize="small")
        self._update_view = begin_view(view, main, model, data)
        self._title = main.set_title(" ", fontsize="medium")
        self._update_maps, self._map_axes = [], []
        for row, (name, weights, biases) in enumerate(maps):
            axes = figure.add_subplot(grid[row, 1])
            self._update_maps.append(_begin_map(axes, name, weights, biases))
            self._map_axes.append(axes)
        self._loss_axes = main if view == "loss" else figure.add_subplot(grid[-1, 1])
        self._curve = _begin_loss(self._loss_axes, epochs)
        # what changes from frame to frame is drawn over a picture of all the rest
        self._moving = [self._title, self._curve, *main.collections, *main.get_lines()]
        self._moving += [axes.collections[0] for axes in self._map_axes]
        for artist in self._moving:
            artist.set_animated(True)
        self._canvas.draw()
        figure.set_layout_engine("none")  # places stay as they are now
        self._scales: list[tuple[float, float]] = []

    def note(self, epoch: int, logs: dict[str, float]) -> None:
        """Write down what an epoch measured."""
        self._at.append(epoch)
        self._loss.append(logs["loss"])
        self._said = logs

    def end(self) -> None:
        """Say that the model is another one now than what the last epoch left."""
        self._has_ended = True

    def draw(self) -> np.ndarray:
        """Return the picture of the model as it is: (height, width, 3), uint8."""
        self._update_view()
        for update, (_, weights, biases) in zip(self._update_maps, dense_layers(self._model)):
            update(weights, biases)
        if self._loss:
            self._curve.set_data(self._at, self._loss)
            # a leap of the loss may leave the picture, not make all the rest small
            top = min(max(self._loss), 2 * self._loss[0])
            self._loss_axes.set_ylim(0, 1.1 * top or 1)
        self._title.set_text(self._heading())
        scales = [axes.collections[0].get_clim() for axes in self._map_axes]
        scales.append(self._loss_axes.get_ylim())
        if scales != self._scales:
            self._canvas.draw()
            self._rest = self._canvas.copy_from_bbox(self._figure.bbox)
            self._scales = scales
        self._canvas.restore_region(self._rest)
        for artist in self._moving:
            self._figure.draw_artist(artist)
        return np.asarray(self._canvas.buffer_rgba())[..., :3].copy()

    def _heading(self) -> str:
        if self._has_ended:  # what was measured is not of these parameters
            return "at the end"
        words = [f"epoch {self._at[-1] if self._at else 0:,}"]
        if self._said:
            words.append(f"loss {self._said['loss']:.3f}")
        if "accuracy" in self._said:
            words.append(f"accuracy {self._said['accuracy']:.1%}")
        return ", ".join(words)


def _begin_map(axes: Any, name: str, weights: np.ndarray, biases: np.ndarray) -> Any:
    """Draw a layer's weights; what is returned draws others."""
    axes.set_title(name, fontsize="small")
    axes.tick_params(labelsize="x-small")
    update = weight_map(axes, weights, biases)
    axes.set_xlabel("")
    axes.yaxis.label.set_fontsize("small")
    return update


def _begin_loss(axes: Any, epochs: int) -> Any:
    """Draw the axes of the loss, and return the line that will be its curve."""
    (curve,) = axes.plot([], [], color=COLOURS[0], lw=1.5)
    axes.set_xlim(0, epochs)
    axes.set_xlabel("epoch", fontsize="small")
    axes.set_ylabel("loss", fontsize="small")
    axes.tick_params(labelsize="small")
    axes.grid(alpha=0.3)
    axes.set_ylim(0, 1)
    return curve
