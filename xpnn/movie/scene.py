"""A scene: what a frame of a movie shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..network import Network
from ..plots.inside import dense_layers
from ..plots.style import new_figure
from .panels import CURVES, Curve, Map
from .views import begin_view, choose_view

__all__ = ["Scene"]

LAYERS = 3
"""How many Dense layers' weights there is room for."""

DPI = 100
"""How many pixels an inch has: how large letters and lines are in a frame."""


class Scene:
    """What a frame shows: the view of the data, the weights, and curves so far.

    The view is on the left, or the first curve where there is none.  On the right there is a
    row for each layer, of its weights and how they were changed, and below one of the curves.

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
    panels : sequence of str
        As of `TrainingMovie`.

    Attributes
    ----------
    size : (width, height)
        Of the frames: that which was given, or a pixel less where that is odd.
    """

    def __init__(
        self,
        model: Network,
        data: tuple[Any, Any],
        epochs: int,
        size: tuple[int, int],
        panels: Sequence[str],
    ) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        self._model = model
        width, height = (side // 2 * 2 for side in size)  # which MP4 asks for
        self.size = width, height
        figure = new_figure(width / DPI, height / DPI, DPI)
        self._canvas, self._figure = FigureCanvasAgg(figure), figure
        self._at, self._said = 0, dict[str, float]()
        self._has_ended = False
        self._update_view: Any = lambda: None
        self._weights: list[Map] = []
        self._updates: list[Map] = []
        self._curves: dict[str, Curve] = {}
        self._before: list[Any] | None = None
        self._lay_out(data, epochs, panels)
        # what changes from frame to frame is drawn over a picture of all the rest
        self._maps = [*self._weights, *self._updates]
        self._moving = [self._title, *self._seen, *(map.mesh for map in self._maps)]
        self._moving += [curve.line for curve in self._curves.values()]
        for artist in self._moving:
            artist.set_animated(True)
        self._canvas.draw()
        figure.set_layout_engine("none")  # places stay as they are now
        self._scales: list[tuple[float, float]] | None = None

    def _lay_out(self, data: tuple[Any, Any], epochs: int, panels: Sequence[str]) -> None:
        """Draw what doesn't change, and all that does as it is at the beginning."""
        view = ""
        if "regions" in panels:
            view, data = choose_view(self._model, data)
        curves = [name for name in CURVES if name in panels or name == view]
        layers = dense_layers(self._model)[:LAYERS]
        columns = [name for name in ("weights", "updates") if name in panels and layers]
        left = view if view not in ("", "loss") else curves.pop(0) if curves else ""
        rows = len(layers) * bool(columns) + bool(curves)
        if not left and not rows:
            raise ValueError("panels: a model without a Dense layer has no weights to show")
        halves = self._figure.add_gridspec(1, bool(left) + bool(rows), **_widths(left, columns))
        self._seen: list[Any] = []
        if left:
            main = self._figure.add_subplot(halves[0, 0])
            main.tick_params(labelsize="small")
            if left in CURVES:
                self._curves[left] = Curve(main, left, epochs)
            else:
                self._update_view = begin_view(left, main, self._model, data)
                self._seen = [*main.collections, *main.get_lines()]
            self._title = main.set_title(" ", fontsize="medium")
        else:
            self._title = self._figure.suptitle(" ", fontsize="medium")
        if not rows:
            return
        right = halves[0, -1].subgridspec(rows, 1)
        for row, (name, weights, biases) in enumerate(layers if columns else ()):
            places = right[row, 0].subgridspec(1, len(columns))
            for column, shown in enumerate(columns):
                axes = self._figure.add_subplot(places[0, column])
                if shown == "weights":
                    self._weights.append(Map(axes, name, weights, biases, fits=False))
                else:
                    title = f"{name.partition(':')[0]}: the last step"
                    self._updates.append(Map(axes, title, 0 * weights, 0 * biases, fits=True))
        if curves:
            places = right[-1, 0].subgridspec(1, len(curves))
            for column, name in enumerate(curves):
                axes = self._figure.add_subplot(places[0, column])
                self._curves[name] = Curve(axes, name, epochs)

    def note(self, epoch: int, logs: dict[str, float]) -> None:
        """Write down what an epoch measured."""
        self._at, self._said = epoch, logs
        for name, curve in self._curves.items():
            if name in logs:
                curve.note(epoch, logs[name])

    def note_step(self) -> None:
        """Write down the weights that the last step of an epoch is about to change."""
        self._before = dense_layers(self._model)[:LAYERS]

    def end(self) -> None:
        """Say that the model is another one now than what the last epoch left."""
        self._has_ended = True

    def draw(self) -> np.ndarray:
        """Return the picture of the model as it is: (height, width, 3), uint8."""
        self._update_view()
        if self._maps:
            self._draw_layers()
        for curve in self._curves.values():
            curve.update()
        self._title.set_text(self._heading())
        scales = [map.mesh.get_clim() for map in self._maps]
        scales += [curve.axes.get_ylim() for curve in self._curves.values()]
        if scales != self._scales:
            self._canvas.draw()
            self._rest = self._canvas.copy_from_bbox(self._figure.bbox)
            self._scales = scales
        self._canvas.restore_region(self._rest)
        for artist in self._moving:
            self._figure.draw_artist(artist)
        return np.asarray(self._canvas.buffer_rgba())[..., :3].copy()

    def _draw_layers(self) -> None:
        layers = dense_layers(self._model)[:LAYERS]
        for map, (_, weights, biases) in zip(self._weights, layers):
            map.update(weights, biases)
        before = layers if self._before is None else self._before
        if self._has_ended:  # no step has led to what is shown
            before = layers
        for map, (_, *new), (_, *old) in zip(self._updates, layers, before):
            map.update(new[0] - old[0], new[1] - old[1])

    def _heading(self) -> str:
        if self._has_ended:  # what was measured is not of these parameters
            return "at the end"
        words = [f"epoch {self._at:,}"]
        if self._said:
            words.append(f"loss {self._said['loss']:.3f}")
        if "accuracy" in self._said:
            words.append(f"accuracy {self._said['accuracy']:.1%}")
        if "learning_rate" in self._curves and "learning_rate" in self._said:
            words.append(f"learning rate {self._said['learning_rate']:.3g}")
        return ", ".join(words)


def _widths(left: str, columns: Sequence[str]) -> dict[str, Any]:
    """Return how the halves share the width: two columns of maps need more of it."""
    return {"width_ratios": [4, 5]} if left and len(columns) > 1 else {}
