"""Functions of two variables: their slopes in each direction, and their gradients as arrows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..backend import precise_backend, to_host
from ..calculus import gradient
from .style import COLOURS, SIGNED, number
from .walking import check_range

__all__ = ["gradient_arrows", "partial_derivatives"]

Function = Callable[[Any, Any], Any]


def partial_derivatives(
    axes: Any, f: Function, at: tuple[float, float], *, low: float = -2.0, high: float = 2.0
) -> np.ndarray:
    """Draw a function of two variables as a surface, and its slope in the direction of each.

    Parameters
    ----------
    axes : mpl_toolkits.mplot3d.axes3d.Axes3D
        Where to draw, made with ``projection="3d"``.
    f : callable
        The function of x and y, elementwise on arrays.
    at : (float, float)
        Where the slopes are taken.
    low, high : float
        The part of both variables that is drawn.

    Returns
    -------
    numpy.ndarray of shape (2,), float64
        The partial derivatives, by `xpnn.calculus.gradient`.

    Raises
    ------
    TypeError
        If `axes` are flat.
    """
    if not hasattr(axes, "plot_surface"):
        raise TypeError("axes must be made with projection='3d', got flat ones")
    across, up, heights = _grid(f, low, high, 41)
    slopes = _gradient(f, at)
    x, y = map(float, at)
    z = float(_values(f, np.array([x]), np.array([y]))[0])
    axes.plot_surface(across, up, heights, color="0.8", alpha=0.45, linewidth=0)
    reach = np.array([-1.0, 1.0]) * (high - low) / 4
    for k, slope in enumerate(slopes):
        line = [np.full(2, x), np.full(2, y)]
        line[k] = line[k] + reach
        name = "xy"[k]
        label = f"along {name}: slope {number(slope)}"
        axes.plot(*line, z + slope * reach, color=COLOURS[(4, 0)[k]], lw=2.5, label=label)
    axes.plot([x], [y], [z], "o", color="black", ms=5)
    axes.set_xlabel("x")
    axes.set_ylabel("y")
    axes.legend(fontsize="small", loc="upper left")
    return slopes


def gradient_arrows(
    axes: Any, f: Function, *, low: float = -2.0, high: float = 2.0, arrows: int = 9
) -> np.ndarray:
    """Draw a function of two variables by its heights, and its gradients as arrows.

    Each arrow points to where the function rises most, and is the longer, the more it does.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    f : callable
        The function of x and y, elementwise on arrays.
    low, high : float
        The part of both variables that is drawn.
    arrows : int
        How many there are along a side.

    Returns
    -------
    numpy.ndarray of shape (arrows * arrows, 2), float64
        The gradients, by `xpnn.calculus.gradient`, row by row from below.
    """
    across, up, heights = _grid(f, low, high, 121)
    largest = float(np.abs(heights).max()) or 1.0
    limits = {"vmin": -largest, "vmax": largest}
    axes.contourf(across, up, heights, levels=16, cmap=SIGNED, alpha=0.6, **limits)
    sides = np.linspace(low, high, arrows + 2)[1:-1]
    places = np.array([(x, y) for y in sides for x in sides])
    gradients = np.array([_gradient(f, (x, y)) for x, y in places])
    axes.quiver(*places.T, *gradients.T, color="black", width=0.005, angles="xy")
    axes.set_aspect("equal")
    axes.set_xlabel("x")
    axes.set_ylabel("y")
    return gradients


def _grid(f: Function, low: float, high: float, n: int) -> Any:
    check_range(low, high)
    side = np.linspace(low, high, n)
    across, up = np.meshgrid(side, side)
    return across, up, _values(f, across, up)


def _values(f: Function, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    backend = precise_backend()
    with backend.activate_for("float64"):
        return to_host(f(backend.asarray(x, "float64"), backend.asarray(y, "float64")))


def _gradient(f: Function, at: tuple[float, float]) -> np.ndarray:
    backend = precise_backend()
    with backend.activate_for("float64"):
        point = backend.asarray([float(at[0]), float(at[1])], "float64")
        return to_host(gradient(lambda p: f(p[0], p[1]), point))
