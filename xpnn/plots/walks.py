"""Pictures of how optimizers walk down a function of one variable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..backend import to_host
from ..optimizers import Optimizer
from .style import COLOURS, RING, UNSIGNED, colour_bar, panels
from .walking import check_range, minima, valley, values_at, walk

__all__ = ["optimizer_walk", "optimizer_walks"]


def optimizer_walk(
    axes: Any,
    f: Callable[[Any], Any],
    places: Any,
    *,
    low: float = -3.5,
    high: float = 3.7,
    steps: int | None = None,
) -> Any:
    """Draw a function, its minima, and the places to which an optimizer came.

    A ring is around the last place, and triangles point to the minima, a green one to the
    lowest.  Steps are thin lines, so that a leap is seen, also one that leaves the picture.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    f : callable
        The function, elementwise on arrays.
    places : array_like of shape (m,)
        Where the optimizer was, as `walk` tells.
    low, high : float
        The part of the function that is drawn.
    steps : int, optional
        The step whose ball is the lightest; by default the last one.

    Returns
    -------
    matplotlib.collections.PathCollection
        The balls, dark at the first step and light at the last, for a colour bar.  Those
        outside the part that is drawn are not seen.
    """
    places = to_host(places).astype(np.float64)
    if places.ndim != 1 or not places.size:
        raise ValueError(f"places must have the shape (m,), m > 0, got {places.shape}")
    check_range(low, high)
    x = np.linspace(low, high, 500)
    heights = values_at(f, x)
    axes.plot(x, heights, color="0.35", lw=1.5, zorder=1)
    lowest = minima(f, low, high)
    below = heights.min() - 0.09 * np.ptp(heights)
    for i, place in enumerate(lowest):
        axes.plot(place, below, marker="^", color=COLOURS[2 if i == 0 else 4], ms=7)
    inside = (places >= low) & (places <= high)
    axes.plot(*_leaps(f, places, low, high), color=COLOURS[4], lw=0.7, alpha=0.7, zorder=2)
    last_step = max(1, places.size - 1 if steps is None else steps)
    balls = axes.scatter(
        places[inside],
        values_at(f, places[inside]),
        c=np.flatnonzero(inside),
        vmin=0,
        vmax=last_step,
        cmap=UNSIGNED,
        s=34,
        edgecolors="black",
        linewidths=0.4,
        zorder=3,
    )
    if inside[-1]:
        last = places[-1:]
        axes.scatter(
            last,
            values_at(f, last),
            s=130,
            facecolors=RING["mfc"],
            edgecolors=RING["mec"],
            linewidths=RING["mew"],
            zorder=4,
        )
    axes.set_xlim(low, high)
    axes.set_ylim(below - 0.06 * np.ptp(heights), heights.max() + 0.06 * np.ptp(heights))
    return balls


def _leaps(
    f: Callable[[Any], Any], places: np.ndarray, low: float, high: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return where the lines of steps go, those that leave the picture not too far from it."""
    room = 3 * (high - low)
    across = np.clip(places, low - room, high + room)
    return across, values_at(f, across)


def optimizer_walks(
    optimizers: Mapping[str, Optimizer],
    f: Callable[[Any], Any] = valley,
    start: float = 3.4,
    *,
    steps: int = 100,
    low: float = -3.5,
    high: float = 3.7,
) -> Any:
    """Draw how optimizers walk down the same function, side by side.

    Parameters
    ----------
    optimizers : mapping of str to Optimizer
        The optimizers, by the titles of their pictures.
    f, start, steps
        As in `walk`.
    low, high : float
        The part of the function that is drawn.

    Returns
    -------
    matplotlib.figure.Figure
        A picture for each, as `optimizer_walk` draws it.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of the above.
    """
    from matplotlib.lines import Line2D

    if not isinstance(optimizers, Mapping) or not optimizers:
        raise TypeError(
            f"optimizers must be a dict of titles and Optimizers, got {optimizers!r}"
        )
    figure, pictures = panels(len(optimizers), 3.3, 2.4, dpi=110)
    for axes, (name, optimizer) in zip(pictures, optimizers.items()):
        places = walk(f, start, optimizer, steps)
        balls = optimizer_walk(axes, f, places, low=low, high=high)
        balls.set_clim(0, steps)
        outside = np.flatnonzero((places < low) | (places > high))
        if len(places) <= steps or not low <= places[-1] <= high:
            end = f"leaves the picture at step {outside[0]}"
        else:
            end = f"ends at {places[-1]:.2f}".replace("-", "\N{MINUS SIGN}")
        axes.set_title(f"{name}\n{end}", fontsize="medium")
    colour_bar(figure, balls, [*pictures], label="step", fraction=0.02, aspect=40, pad=0.01)
    point: dict[str, Any] = {"marker": "^", "ls": "", "ms": 7}
    figure.legend(
        handles=[
            Line2D([], [], color=COLOURS[2], label="lowest minimum", **point),
            Line2D([], [], color=COLOURS[4], label="other minimum", **point),
            Line2D([], [], **RING, marker="o", ls="", ms=10, label="last place"),
        ],
        loc="outside lower center",
        ncols=3,
        frameon=False,
    )
    return figure
