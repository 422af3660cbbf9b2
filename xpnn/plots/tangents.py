"""Slopes of functions of one variable: secants, tangents, derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..backend import to_host
from ..calculus import derivative
from ..checks import check_number
from .style import COLOURS, number
from .walking import check_range, values_at

__all__ = ["derivative_curve", "secants", "tangents"]

Function = Callable[[Any], Any]


def secants(
    axes: Any, f: Function, x: float, deltas: Any, *, low: float = -1.0, high: float = 5.0
) -> np.ndarray:
    """Draw a function and lines through two of its points, which come nearer to each other.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    f : callable
        The function, elementwise on arrays.
    x : float
        The first of the two points.
    deltas : array_like of shape (m,)
        How far away the second one is, for each line, > 0.
    low, high : float
        The part of the function that is drawn.

    Returns
    -------
    numpy.ndarray of shape (m,), float64
        The slopes, by `xpnn.calculus.derivative` with these deltas.
    """
    check_number("x", x)
    deltas = to_host(deltas).astype(np.float64)
    for delta in deltas.reshape(-1):
        check_number("deltas", float(delta), above=0)
    _draw_function(axes, f, low, high)
    slopes = np.array([_slope(f, x, float(delta), "forward") for delta in deltas.reshape(-1)])
    start = float(values_at(f, np.array([x]))[0])
    for k, (delta, slope) in enumerate(zip(deltas.reshape(-1), slopes)):
        colour = COLOURS[(k + 1) % len(COLOURS)]
        label = f"delta {number(delta)}: slope {number(slope)}"
        _line(axes, x, start, slope, low, high, colour, label)
        places = np.array([x, x + delta])
        axes.plot(places, values_at(f, places), "o", color=colour, ms=5, zorder=4)
    axes.legend(fontsize="small")
    return slopes


def tangents(
    axes: Any, f: Function, at: Any, *, low: float = -1.0, high: float = 5.0
) -> np.ndarray:
    """Draw a function and its tangents.

    Parameters
    ----------
    axes, f, low, high
        As in `secants`.
    at : array_like of shape (m,)
        Where the lines touch it.

    Returns
    -------
    numpy.ndarray of shape (m,), float64
        The slopes, by `xpnn.calculus.derivative`, the central one.
    """
    at = to_host(at).astype(np.float64).reshape(-1)
    _draw_function(axes, f, low, high)
    slopes = np.array([_slope(f, float(x), 1e-4, "central") for x in at])
    for k, (x, y, slope) in enumerate(zip(at, values_at(f, at), slopes)):
        colour = COLOURS[(k + 1) % len(COLOURS)]
        label = f"at {number(x)}: slope {number(slope)}"
        _line(axes, float(x), float(y), float(slope), low, high, colour, label)
        axes.plot([x], [y], "o", color=colour, ms=5, zorder=4)
    axes.legend(fontsize="small")
    return slopes


def derivative_curve(
    axes: Any,
    f: Function,
    *,
    name: str = "f(x)",
    low: float = -2.0,
    high: float = 2.0,
) -> np.ndarray:
    """Draw a function and, dashed, its slope at each place.

    Parameters
    ----------
    axes, f, low, high
        As in `secants`.
    name : str
        What the legend calls it.

    Returns
    -------
    numpy.ndarray of shape (401,), float64
        The slopes from `low` to `high`, by `xpnn.calculus.derivative`, the central one.
    """
    check_range(low, high)
    x = np.linspace(low, high, 401)
    slopes = values_at(lambda x: derivative(f, x, method="central") + 0 * x, x)
    axes.plot(x, values_at(lambda x: f(x) + 0 * x, x), color="0.35", lw=1.8, label=name)
    axes.plot(x, slopes, color=COLOURS[4], lw=1.6, ls="--", label="its slope")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    axes.set_xlabel("x")
    return slopes


def _slope(f: Function, x: float, delta: float, method: str) -> float:
    def slope(x: Any) -> Any:
        return derivative(f, x, delta, method=method)

    return float(values_at(slope, np.array([x]))[0])


def _draw_function(axes: Any, f: Function, low: float, high: float) -> None:
    check_range(low, high)
    x = np.linspace(low, high, 401)
    heights = values_at(f, x)
    axes.plot(x, heights, color="0.35", lw=1.8, zorder=3)
    room = 0.15 * (np.ptp(heights) or 1.0)
    axes.set_xlim(low, high)
    axes.set_ylim(heights.min() - room, heights.max() + room)
    axes.grid(alpha=0.3)
    axes.set_xlabel("x")


def _line(
    axes: Any,
    x: float,
    y: float,
    slope: float,
    low: float,
    high: float,
    colour: str,
    label: str,
) -> None:
    ends = np.array([low, high])
    axes.plot(ends, y + slope * (ends - x), color=colour, lw=1.2, label=label)
