"""Networks whose weights are set by hand: what a few ReLU neurons can do, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .backend import Backend, to_host
from .checks import check_integer, reject
from .layers import Dense, ReLU
from .sequential import Sequential

__all__ = ["relu_pairs", "sine_knots"]


def relu_pairs(
    f: Callable[[np.ndarray], Any],
    knots: Any,
    *,
    dtype: Any = "float32",
    backend: str | Backend | None = None,
) -> Sequential:
    """Make a network that follows a curve, with a pair of neurons for each piece of it.

    The first neuron of a pair wakes where its piece begins, and the second one, which it
    silences little by little, sleeps where the piece ends.  So a pair adds a ramp, and what
    lies left and right of its piece is left as it is; together they bend the straight line
    into the curve (the book's chapter 4).

    Parameters
    ----------
    f : callable
        The curve; it takes `knots` as an array of shape (k + 1,).
    knots : array_like of shape (k + 1,)
        Where pieces begin and end, in rising order.
    dtype, backend
        As in `Sequential`.

    Returns
    -------
    Sequential
        A network of two layers of k ReLU neurons.  At the knots it gives what `f` gives,
        between them a straight line, and outside them the nearest knot's value.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of the above.

    Notes
    -----
    With d the length and s the rise of a piece that begins at t, its pair computes
    h = max(d - max(x - t, 0), 0), which falls from d to 0 along the piece; the output is
    f(last knot) - sum(s / d * h).
    """
    knots = to_host(knots).astype(np.float64)
    if knots.ndim != 1 or knots.size < 2:
        raise ValueError(f"knots must have the shape (k + 1,), k > 0, got {knots.shape}")
    reject(~np.isfinite(knots), knots, "knots must hold finite numbers")
    lengths = np.diff(knots)  # (k,)
    reject(~(lengths > 0), knots[1:], "knots must rise from one to the next", 1)
    values = to_host(f(knots)).astype(np.float64)
    if values.shape != knots.shape:
        raise ValueError(f"f must give the shape of knots, {knots.shape}, got {values.shape}")
    k = lengths.size
    layers = [
        Dense(1, k, weights=np.ones((1, k)), biases=-knots[:-1]),
        ReLU(),
        Dense(k, k, weights=-np.eye(k), biases=lengths),
        ReLU(),
        Dense(k, 1, weights=-(np.diff(values) / lengths)[:, None], biases=values[-1:]),
    ]
    return Sequential(layers, dtype=dtype, backend=backend)


def sine_knots(pieces: int = 8) -> np.ndarray:
    """Return where to cut one period of a sine, so that straight pieces follow it well.

    Parameters
    ----------
    pieces : int
        How many there shall be.

    Returns
    -------
    numpy.ndarray of shape (pieces + 1,), float64
        From 0 to 1, denser where the sine bends more: a chord is off by a length² / 8 of
        the second derivative, so lengths go as one through the root of that.
    """
    pieces = check_integer("pieces", pieces, at_least=1)
    x = np.linspace(0, 1, 10_001)
    density = np.sqrt(np.abs(np.sin(2 * np.pi * x)))
    share = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    return np.interp(np.linspace(0, 1, pieces + 1), share / share[-1], x)
