"""Curves by neurons: what a network makes of a curve, and how it grows neuron by neuron."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..backend import to_host
from ..layers import Dense
from ..network import Network
from .arguments import check_lengths, line_points
from .style import COLOURS, UNSIGNED, new_figure

__all__ = ["contributions", "fitted_curve", "fitted_rows", "sine_by_hand"]


def fitted_curve(axes: Any, predict: Callable[[np.ndarray], Any], X: Any, y: Any) -> float:
    """Draw a curve and what a model of one feature makes of it.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    predict : callable
        A model's ``predict``: from (n, 1) to (n, 1).
    X : array_like of shape (n, 1)
        Where the curve is known.
    y : array_like of shape (n,) or (n, 1)
        The curve.

    Returns
    -------
    float
        The largest distance between the two, which the title tells.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of the above.
    """
    X, y = line_points(X), to_host(y).reshape(-1)
    check_lengths("y", y, "X", X)
    order = np.argsort(X[:, 0])
    x, wanted = X[order, 0], y[order]
    given = to_host(predict(X[order])).reshape(-1)
    check_lengths("predictions", given, "X", X)
    largest = float(np.abs(given - wanted).max())
    axes.plot(x, wanted, color="0.6", lw=4, label="curve")
    axes.plot(x, given, color=COLOURS[4], lw=1.5, label="network")
    axes.set_title(f"off by {largest:.4f} at most")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    return largest


def fitted_rows(
    axes: Any, predict: Callable[[np.ndarray], Any], X: Any, y: Any, rows: Any
) -> np.ndarray:
    """Draw points of one feature, those of a batch marked, and the line of a model.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    predict : callable
        A model's ``predict``: from (n, 1) to (n, 1).
    X : array_like of shape (n, 1)
        The feature.
    y : array_like of shape (n,) or (n, 1)
        What is to be predicted.
    rows : array_like of shape (m,)
        The numbers of the batch's rows.

    Returns
    -------
    numpy.ndarray of shape (2, 2)
        The two ends of the line, x and what is predicted there.

    Raises
    ------
    ValueError
        If an argument is none of the above.
    """
    X, y = line_points(X), to_host(y).reshape(-1)
    check_lengths("y", y, "X", X)
    rows = to_host(rows)
    axes.plot(X[:, 0], y, "o", color="0.75", ms=4, label="all rows")
    axes.plot(X[rows, 0], y[rows], "o", color=COLOURS[0], ms=5, label=f"a batch of {len(rows)}")
    ends = np.array([[X.min()], [X.max()]], X.dtype)
    line = np.stack([ends[:, 0], to_host(predict(ends)).reshape(-1)], axis=1)
    axes.plot(*line.T, color=COLOURS[4], lw=2, label="the neuron")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    return line


def contributions(axes: Any, model: Network, X: Any) -> np.ndarray:
    """Draw how a curve grows, neuron by neuron of the last hidden layer.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    model : Sequential
        A model of one feature that ends in a Dense layer with one output.
    X : array_like of shape (n, 1)
        Where.

    Returns
    -------
    numpy.ndarray of shape (n, k + 1)
        The curves that are drawn, over sorted `X`: the network's output at the least x, with
        what the first 0, 1, …, k neurons add to it from there on.  The last one is the
        network's output.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of the above.
    """
    from matplotlib import colormaps

    X = line_points(X)
    X = X[np.argsort(X[:, 0])]
    last = model.layers[-1]
    if len(model.layers) < 2 or not isinstance(last, Dense) or last.n_outputs != 1:
        raise ValueError(
            "model must have hidden layers and end in a Dense layer of one output, got "
            f"{model!r}"
        )
    weights, biases = (to_host(p).astype(np.float64) for p in model.parameters[-2:])
    hidden = to_host(model.layer_outputs(X, len(model.layers) - 2)).astype(np.float64)  # (n, k)
    start = hidden[:1] @ weights + biases  # (1, 1)
    added = (hidden - hidden[:1]) * weights[:, 0]
    curves: np.ndarray = start + np.cumsum(
        np.concatenate([np.zeros((len(X), 1)), added], axis=1), axis=1
    )
    k = added.shape[1]
    colours = colormaps[UNSIGNED](np.linspace(0, 0.9, k + 1))
    for i in range(k + 1):
        label = f"{i} neuron{'s' * (i != 1)}" if i in (0, 1, k) else None
        axes.plot(X[:, 0], curves[:, i], color=colours[i], lw=1.5, label=label)
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    return curves


def sine_by_hand(by_hand: Network, trained: Network, X: Any, y: Any) -> Any:
    """Draw a curve as weights that were set by hand make it, and as training does.

    Parameters
    ----------
    by_hand : Sequential
        A network such as `xpnn.handmade.relu_pairs` makes.
    trained : Sequential
        A network of the same kind that has learnt the curve.
    X : array_like of shape (n, 1)
        Where the curve is known.
    y : array_like of shape (n,) or (n, 1)
        The curve.

    Returns
    -------
    matplotlib.figure.Figure
        Above by hand, below by training; to the left how the curve grows neuron by neuron,
        as in `contributions`, to the right what becomes of it, as in `fitted_curve`.
    """
    figure = new_figure(9, 6.4, dpi=100)
    panels = figure.subplots(2, 2, sharex=True, sharey="col")
    for (grows, fits), model, name in zip(panels, (by_hand, trained), ("By hand", "Trained")):
        contributions(grows, model, X)
        grows.set_title(f"{name}: the curve grows, neuron by neuron")
        largest = fitted_curve(fits, model.predict, X, y)
        fits.set_title(f"{name}: off by {largest:.4f} at most")
    for axes in panels[1]:
        axes.set_xlabel("x")
    return figure
