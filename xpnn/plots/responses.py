"""A network of one input beside the curve that it gives: which neurons make which part."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import to_host
from ..checks import check_number
from ..network import Network
from .arguments import check_lengths, line_points
from .diagrams import network_diagram
from .style import COLOURS, new_figure, number

__all__ = ["network_response"]


def network_response(
    model: Network, X: Any, y: Any = None, *, at: float | None = None, numbers: bool = True
) -> Any:
    """Draw a network with one input and one output, and beside it the curve that it gives.

    Parameters
    ----------
    model : Sequential
        The network.
    X : array_like of shape (n, 1)
        Where its output is drawn.
    y : array_like of shape (n,) or (n, 1), optional
        A curve that is drawn in grey behind it.
    at : float, optional
        An input that is marked: the network shows what each neuron gives for it, and those
        that sleep are grey.
    numbers : bool
        Whether the network has its weights and biases written to it.

    Returns
    -------
    matplotlib.figure.Figure
        The two.
    """
    X = line_points(X)
    X = X[np.argsort(X[:, 0])] if y is None else X
    given = to_host(model.predict(X)).reshape(-1)
    check_lengths("predictions", given, "X", X)
    figure = new_figure(11, 4.2, dpi=100)
    network, curve = figure.subplots(1, 2)
    row = None if at is None else [at]
    network_diagram(network, model, x=row, numbers=numbers)
    order = np.argsort(X[:, 0])
    if y is not None:
        wanted = to_host(y).reshape(-1)
        check_lengths("y", wanted, "X", X)
        curve.plot(X[order, 0], wanted[order], color="0.7", lw=4, label="wanted")
    curve.plot(
        X[order, 0], given[order], color=COLOURS[4], lw=1.8, label="the network's output"
    )
    if at is not None:
        check_number("at", at)
        there = to_host(model.predict(np.array([[at]], X.dtype)))[0, 0]
        curve.axvline(at, color=COLOURS[0], lw=1, ls=":")
        label = f"at {number(at)}: {number(float(there))}"
        curve.plot([at], [there], "o", color=COLOURS[0], label=label)
    curve.grid(alpha=0.3)
    curve.set_xlabel("input")
    curve.legend(fontsize="small")
    return figure
