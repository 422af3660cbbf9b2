"""Diagrams of networks: circles for neurons, lines for weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..backend import to_host
from ..checks import check_integer
from ..layers import Dense
from ..network import Network
from .style import COLOURS, blank, number

__all__ = ["network_diagram"]

NEURONS = 16
"""Of how many neurons of a layer there is room for a circle each."""


def network_diagram(
    axes: Any, model: Network | Sequence[int], *, x: Any = None, numbers: bool = False
) -> list[Any]:
    """Draw a network: a circle for each neuron, a line for each weight.

    Of a model, a line is the wider, the larger its weight is beside the others of its layer;
    orange below 0, blue above, and none for a weight of 0.  A layer of more than 16 neurons is
    shown by its first ones and its last one.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    model : Sequential or sequence of int
        The network, or only how many inputs and how many neurons in each layer there are.
    x : array_like of shape (n_features,), optional
        A row for which each circle shows what its neuron gives, behind its activation; a
        neuron that gives 0 is grey.
    numbers : bool
        Whether weights stand on the lines, and biases under the circles.

    Returns
    -------
    list of matplotlib.collections.LineCollection
        The lines in front of each layer, by neuron and then by input.

    Raises
    ------
    TypeError, ValueError
        If the model tells no sizes, or an argument is none of the above.
    """
    from matplotlib.collections import LineCollection

    columns = _columns(model, x)
    tallest = max(min(column.size, NEURONS) for column in columns)
    apart = max(2.6, 0.5 * tallest)  # where neurons are 1 apart
    blank(axes, apart * (len(columns) - 1) + 2, tallest + 1.5)
    places = [_places(column.size, tallest) for column in columns]
    drawn = []
    for k, column in enumerate(columns):
        across = apart * k + 1.0
        if k:
            pairs = [(i, j) for j in places[k] for i in places[k - 1]]
            before = across - apart
            lines = LineCollection(
                [[(before, places[k - 1][i]), (across, places[k][j])] for i, j in pairs],
                zorder=1,
                **_strokes(column.weights, pairs),
            )
            axes.add_collection(lines)
            drawn.append(lines)
            if numbers and column.weights is not None:
                for segment, (i, j) in zip(lines.get_segments(), pairs):
                    # further on for each neuron, so that few numbers collide
                    part = 0.22 + 0.5 * (j + 0.5) / column.size
                    if column.weights[i, j]:
                        _on_line(axes, segment, part, float(column.weights[i, j]))
        for j, height in places[k].items():
            _circle(axes, (across, height), column, j, numbers)
        if len(places[k]) < column.size:
            axes.text(across, max(places[k].values()) - 1, "⋮", ha="center", va="center")
        axes.text(across, tallest + 1.0, column.text, ha="center", va="center", fontsize=8)
    return drawn


class _Column:
    """A layer of a diagram."""

    def __init__(self, size: int, text: str) -> None:
        self.size, self.text = check_integer("sizes", size, at_least=1), text
        self.weights: np.ndarray | None = None
        self.biases: np.ndarray | None = None
        self.values: np.ndarray | None = None


def _columns(model: Network | Sequence[int], x: Any) -> list[_Column]:
    """Return the layers of a diagram, activations with the neurons in front of them."""
    if not isinstance(model, Network):
        if not isinstance(model, Sequence) or not model:
            raise TypeError(f"model must be a Sequential or a list of sizes, got {model!r}")
        last = len(model) - 1
        names = ["inputs", *(f"hidden {k}" for k in range(1, last)), "outputs"]
        return [_Column(size, name) for size, name in zip(model, names)]
    row = None if x is None else to_host(x).reshape(1, -1)
    sizes = model.layer_sizes(None if row is None else row.shape[1])
    if None in sizes:
        raise ValueError(
            f"model must tell the sizes of its layers, got {model!r}: give a row x"
        )
    columns = [_Column(sizes[0] or 0, "inputs")]
    columns[0].values = None if row is None else row[0]
    arrays = model.copy_tensors()
    for k, layer in enumerate(model.layers):
        text = type(layer).__name__
        if isinstance(layer, Dense) or sizes[k + 1] != sizes[k]:
            columns.append(_Column(sizes[k + 1] or 0, text))
            if isinstance(layer, Dense):
                columns[-1].weights = to_host(arrays[f"{k}.weights"])
                columns[-1].biases = to_host(arrays[f"{k}.biases"])
        else:
            columns[-1].text += f"\n{text}"
        if row is not None:
            columns[-1].values = to_host(model.layer_outputs(row, k))[0]
    return columns


def _places(size: int, tallest: int) -> dict[int, float]:
    """Return how far down each neuron is that is drawn."""
    if size <= NEURONS:
        top = (tallest - size) / 2 + 0.5
        return {j: top + j for j in range(size)}
    return {**{j: j + 0.5 for j in range(NEURONS - 2)}, size - 1: NEURONS - 0.5}


def _strokes(weights: np.ndarray | None, pairs: list[tuple[int, int]]) -> dict[str, Any]:
    """Return the widths and colours of lines."""
    if weights is None:
        return {"linewidths": 0.7, "colors": "0.6"}
    largest = float(np.abs(weights).max()) or 1.0
    widest = 3.0 if len(pairs) < 40 else 1.2
    return {
        "linewidths": [
            0.2 + widest * abs(weights[pair]) / largest if weights[pair] else 0.0
            for pair in pairs
        ],
        "colors": [COLOURS[0] if weights[pair] >= 0 else COLOURS[1] for pair in pairs],
    }


def _on_line(axes: Any, segment: Any, part: float, weight: float) -> None:
    """Write a weight on its line, a part of the way along."""
    (x0, y0), (x1, y1) = segment
    box = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
    words: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 7, "bbox": box}
    axes.text(x0 + part * (x1 - x0), y0 + part * (y1 - y0), number(weight), **words)


def _circle(axes: Any, at: tuple[float, float], column: _Column, j: int, numbers: bool) -> None:
    from matplotlib.patches import Circle

    value = None if column.values is None else float(column.values[j])
    sleeps = value == 0 and column.text != "inputs"
    face = "0.8" if sleeps else "#FFF7E0" if column.text == "inputs" else "#E3F0FA"
    axes.add_patch(Circle(at, 0.36, facecolor=face, edgecolor="0.3", lw=0.8, zorder=2))
    words: dict[str, Any] = {"ha": "center", "va": "center", "zorder": 3, "color": "black"}
    if value is not None:
        axes.text(*at, number(round(value, 3), 3), fontsize=7, **words)
    if numbers and column.biases is not None:
        bias = float(column.biases[j])
        sign = "\N{MINUS SIGN}" if bias < 0 else "+"
        axes.text(at[0], at[1] + 0.5, f"{sign} {number(abs(bias))}", fontsize=6.5, **words)
