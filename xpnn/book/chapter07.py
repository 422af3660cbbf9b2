"""Chapter 7: slopes, tangents, derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..plots import derivative_curve, secants, tangents
from .entry import BookFigure, frames, on_axes

__all__ = ["FIGURES"]


def line(x: Any) -> Any:
    """Compute 2x."""
    return 2 * x


def parabola(x: Any) -> Any:
    """Compute 2x², the chapter's function."""
    return 2 * x**2


def _secants(number: str, shows: str, f: Any, x: float, deltas: list[float]) -> BookFigure:
    """Return the figure of secants, and the movie in which one comes as near as the last."""
    shrinking = np.geomspace(max(deltas[0], 3.0), min(deltas[-1], 0.01), 16)
    film = frames([on_axes(secants, f, x, [delta]) for delta in shrinking], 4)
    return BookFigure(number, shows, (secants,), on_axes(secants, f, x, deltas), film)


def _tangents(number: str, shows: str, f: Any, at: list[float]) -> BookFigure:
    """Return the figure of tangents, and the movie in which one glides along the curve."""
    film = frames([on_axes(tangents, f, [x]) for x in np.linspace(0, 4, 17)], 5)
    return BookFigure(number, shows, (tangents,), on_axes(tangents, f, at), film)


def _rule(
    number: str, name: str, slope: str, f: Callable[[Any], Any], reach: float = 2.0
) -> BookFigure:
    draw = on_axes(derivative_curve, f, name=f"${name}$", low=-reach, high=reach)
    return BookFigure(
        number, f"{name} and its slope, {slope}".replace("^", "**"), (derivative_curve,), draw
    )


FIGURES = [
    _secants("7.01", "2x, whose slope is the same everywhere", line, 1.0, [1.0]),
    _secants("7.02", "its slope over other distances", line, 0.0, [1.0, 2.0, 4.0]),
    _tangents(
        "7.03", "2x squared, whose slope differs from place to place", parabola, [1.0, 2.0]
    ),
    _secants(
        "7.04", "its slopes between points that are 1 apart", parabola, 0.0, [1.0, 2.0, 3.0]
    ),
    _secants(
        "7.05",
        "two points come nearer: the secant becomes the tangent",
        parabola,
        1.0,
        [3.0, 2.0, 1.0, 0.1],
    ),
    _secants("7.06", "a delta of 0.0001", parabola, 2.0, [0.0001]),
    _tangents("7.07", "the approximate tangent at 2", parabola, [2.0]),
    _tangents(
        "7.08",
        "tangents at 0, 1, 2, 3 and 4",
        parabola,
        [0.0, 1.0, 2.0, 3.0, 4.0],
    ),
    _tangents(
        "7.09", "on x squared the slopes are half of that", lambda x: x**2, [0.0, 1.0, 2.0]
    ),
    _rule("7.10", "1", "0", lambda x: 0 * x + 1),
    _rule("7.11", "x", "1", lambda x: x),
    _rule("7.12", "2x", "2", line),
    _rule("7.13", "3x^2", "6x", lambda x: 3 * x**2),
    _rule("7.14", "3x^2 + 5x", "6x + 5", lambda x: 3 * x**2 + 5 * x),
    _rule("7.15", "5x^5 + 4x^3 - 5", "25x^4 + 12x^2", lambda x: 5 * x**5 + 4 * x**3 - 5, 1.0),
    _rule(
        "7.16", "x^3 + 2x^2 - 5x + 7", "3x^2 + 4x - 5", lambda x: x**3 + 2 * x**2 - 5 * x + 7
    ),
]
