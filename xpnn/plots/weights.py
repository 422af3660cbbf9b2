"""Weights and biases as colours, a map for each Dense layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..backend import to_host
from ..network import Network
from .inside import dense_layers
from .style import SIGNED, colour_bar, new_figure

__all__ = ["weight_map", "weight_maps"]


def weight_maps(model: Network) -> Any:
    """Draw the weights and biases of each Dense layer as colours.

    Parameters
    ----------
    model : Sequential
        The model.

    Returns
    -------
    matplotlib.figure.Figure
        A map for each layer, as `weight_map` draws it.

    Raises
    ------
    ValueError
        If the model has no Dense layer.
    """
    maps = dense_layers(model)
    if not maps:
        raise ValueError(f"model must have a Dense layer, got {model!r}")
    figure = new_figure(7, 0.4 + 2.1 * len(maps), dpi=120)
    panels = figure.subplots(len(maps), 1, squeeze=False)[:, 0]
    for axes, (name, weights, biases) in zip(panels, maps):
        weight_map(axes, weights, biases)
        axes.set_title(name)
    return figure


def weight_map(axes: Any, weights: Any, biases: Any) -> Callable[[Any, Any], None]:
    """Draw the weights of a layer as colours, and its biases as a strip beside them.

    Orange is below 0, white is 0, purple is above: the scale reaches equally far to both
    sides.  The longer side lies across, so that of 64 inputs for 3 neurons each neuron is a
    row, and of 2 inputs for 64 neurons a column.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw; a colour bar is put beside it.
    weights : array_like of shape (n_inputs, n_outputs)
        The weights.
    biases : array_like of shape (n_outputs,)
        The biases.

    Returns
    -------
    callable
        ``update(weights, biases)`` shows others of these shapes; the scale widens where
        they need it.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of the above.
    """
    weights, biases = to_host(weights), to_host(biases)
    if weights.ndim != 2 or biases.shape != weights.shape[1:]:
        raise ValueError(
            "weights and biases must have the shapes (n_inputs, n_outputs) and (n_outputs,), "
            f"got {weights.shape} and {biases.shape}"
        )
    neurons_across = weights.shape[0] <= weights.shape[1]
    n_inputs, n_neurons = weights.shape
    strip = max(1.0, 0.05 * n_inputs)  # that it can be seen beside hundreds of inputs
    gap = strip / 3
    inputs = np.append(np.arange(n_inputs + 1.0), [n_inputs + gap, n_inputs + gap + strip])
    neurons = np.arange(n_neurons + 1.0)

    def together(weights: np.ndarray, biases: np.ndarray) -> Any:
        nothing = np.full(biases.shape, np.nan)
        values = np.ma.masked_invalid(np.stack([*weights, nothing, biases]))
        return values if neurons_across else values.T

    x, y = (neurons, inputs) if neurons_across else (inputs, neurons)
    mesh = _signed_map(axes, x, y, together(weights, biases))
    axes.invert_yaxis()
    middles, said = _some_cells(n_inputs)
    if n_inputs > 20:  # the strip is narrow, and its name takes the room of the last number
        middles, said = middles[:-1], said[:-1]
    input_ticks = [*middles, n_inputs + gap + strip / 2], [*said, "bias"]
    for ticks, name, across in (
        (input_ticks, "input", not neurons_across),
        (_some_cells(n_neurons), "neuron", neurons_across),
    ):
        if across:
            axes.set_xticks(*ticks)
            axes.set_xlabel(name)
        else:
            axes.set_yticks(*ticks)
            axes.set_ylabel(name)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)

    def update(weights: Any, biases: Any) -> None:
        values = together(to_host(weights), to_host(biases))
        mesh.set_array(values)
        limit = _limit(values)
        if limit > mesh.norm.vmax:
            mesh.set_clim(-limit, limit)

    return update


def _signed_map(axes: Any, across: np.ndarray, up: np.ndarray, values: np.ndarray) -> Any:
    """Draw cells in colours that differ to both sides of 0, with a bar that explains them."""
    limit = _limit(values)
    mesh = axes.pcolormesh(
        across, up, values, cmap=SIGNED, vmin=-limit, vmax=limit, rasterized=True
    )
    bar = colour_bar(axes.figure, mesh, axes, pad=0.02, fraction=0.05)
    bar.ax.locator_params(nbins=3)
    return mesh


def _limit(values: np.ndarray) -> float:
    """Return how far a scale reaches to both sides of 0: to a number of one or two digits.

    A movie whose weights grow has a new scale only now and then, and so is drawn faster.
    """
    largest = float(np.abs(values).max()) or 1.0
    power = 10.0 ** np.floor(np.log10(largest))
    steps = power * np.array([1, 1.5, 2, 3, 5, 7, 10])
    return float(steps[np.searchsorted(steps, largest * (1 - 1e-9))])


def _some_cells(n: int) -> tuple[list[float], list[str]]:
    """Return where the middles of some of n cells are, and their numbers."""
    cells = np.unique(np.linspace(0, n - 1, min(n, 5)).round().astype(int))
    return [cell + 0.5 for cell in cells], [str(cell) for cell in cells]
