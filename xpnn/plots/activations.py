"""Activations: what each neuron of a layer gives over the plane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..backend import to_host
from ..checks import check_integer
from ..network import Network
from .arguments import grid_around, plane_points
from .style import SIGNED, UNSIGNED, colour_bar, new_figure

__all__ = ["neuron_activations"]


def neuron_activations(
    model: Network,
    X: Any,
    *,
    layer: int | None = None,
    neurons: Sequence[int] | None = None,
    resolution: int = 100,
) -> Any:
    """Draw what each neuron of a layer gives over the plane.

    Parameters
    ----------
    model : Sequential
        A model of two features.
    X : array_like of shape (n, 2)
        Points; the plane is drawn where they lie.
    layer : int, optional
        The number of the layer whose outputs are drawn, counted from 0, or from the end if
        it is below 0; by default the activation behind the first layer that learns.
    neurons : sequence of int, optional
        Which of its outputs; by default all, up to 64 of them.
    resolution : int
        How many points a side of the grid has.

    Returns
    -------
    matplotlib.figure.Figure
        A map for each neuron, all in one scale of colours: where no output is below 0, from
        dark for 0 to yellow; else orange below 0 and purple above.  The title of a neuron
        that gives 0 everywhere says so.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of the above.
    """
    X = plane_points(X)
    resolution = check_integer("resolution", resolution, at_least=2)
    layer = _index_of(model, layer)
    across, up, grid = grid_around(X, resolution)
    outputs = to_host(model.layer_outputs(grid, layer))  # (r * r, k)
    chosen = _chosen(neurons, outputs.shape[1])
    columns = min(8, int(np.ceil(np.sqrt(2 * len(chosen)))))
    rows = -(-len(chosen) // columns)
    side = max(1.1, 6 / columns)
    figure = new_figure(side * columns + 0.9, (side + 0.1) * rows + 0.5, dpi=100)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    shown = outputs[:, list(chosen)]
    high = float(np.abs(shown).max()) or 1.0
    low, colours = (0.0, UNSIGNED) if shown.min() >= 0 else (-high, SIGNED)
    for axes, neuron in zip(panels, chosen):
        image = axes.imshow(
            outputs[:, neuron].reshape(across.shape),
            cmap=colours,
            vmin=low,
            vmax=high,
            origin="lower",
            extent=(across.min(), across.max(), up.min(), up.max()),
            aspect="auto",
        )
        silent = not outputs[:, neuron].any()
        axes.set_title(f"{neuron}: all 0" if silent else str(neuron), fontsize="small", pad=2)
        axes.set_xticks([])
        axes.set_yticks([])
    for axes in panels[len(chosen) :]:
        axes.set_visible(False)
    colour_bar(figure, image, list(panels), fraction=0.04, aspect=30, pad=0.01)
    kind = type(model.layers[layer]).__name__
    figure.suptitle(f"Outputs of layer {layer}, {kind}, over the plane")
    return figure


def _index_of(model: Network, layer: int | None) -> int:
    """Return the number of the layer that is drawn, counted from 0."""
    count = len(model.layers)
    if layer is None:
        learns = [i for i, one in enumerate(model.layers) if one.parameters()]
        layer = learns[1] - 1 if len(learns) > 1 else count - 1
    layer = check_integer("layer", layer, at_least=-count)
    if layer >= count:
        raise ValueError(f"layer must be < {count}, the number of layers, got {layer}")
    return layer % count


def _chosen(neurons: Sequence[int] | None, k: int) -> Sequence[int]:
    """Return which of a layer's k outputs are drawn."""
    chosen = range(min(k, 64)) if neurons is None else neurons
    for neuron in chosen:
        check_integer("neurons", neuron, at_least=0)
        if neuron >= k:
            raise ValueError(f"neurons must be < {k}, the layer's outputs, got {neuron}")
    if not len(chosen):
        raise ValueError("neurons must name at least one, got none")
    return chosen
