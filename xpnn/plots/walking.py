"""How an optimizer walks down a function of one variable, and where its minima are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..backend import array_namespace, precise_backend, to_host
from ..calculus import derivative
from ..checks import check_integer, check_number
from ..optimizers import Optimizer

__all__ = ["check_range", "hills", "minima", "valley", "values_at", "walk"]


def valley(x: Any) -> Any:
    """Compute (x² - 4)² / 16 + x / 4, which has two valleys.

    The lowest point is near -2, in the left one; an optimizer that comes from the right must
    get over a hill near 0 to reach it.

    Parameters
    ----------
    x : float or array
        Where.

    Returns
    -------
    float or array
        The function at each entry.
    """
    return (x * x - 4) ** 2 / 16 + x / 4


def hills(x: Any) -> Any:
    """Compute x² / 10 - cos(2x), which has a valley at 0 and shallower ones on both sides.

    Parameters
    ----------
    x : float or array
        Where.

    Returns
    -------
    float or array
        The function at each entry.
    """
    xp = np if isinstance(x, int | float) else array_namespace(x)
    return x * x / 10 - xp.cos(2 * x)


def walk(
    f: Callable[[Any], Any], start: float, optimizer: Optimizer, steps: int = 100
) -> np.ndarray:
    """Let an optimizer walk down a function of one variable.

    Parameters
    ----------
    f : callable
        The function, elementwise on arrays.
    start : float
        Where it begins.
    optimizer : Optimizer
        The rule; it is given the slope by `xpnn.calculus.derivative`, the central one.
    steps : int
        How many steps it takes.

    Returns
    -------
    numpy.ndarray of shape (steps + 1,), float64
        Where it was, from `start` on; shorter where it left the finite numbers.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of the above.
    """
    check_number("start", start)
    steps = check_integer("steps", steps, at_least=1)
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer must be an Optimizer, got {optimizer!r}")
    backend = precise_backend()
    places = [float(start)]
    with backend.activate_for("float64"), np.errstate(over="ignore", invalid="ignore"):
        params = [backend.asarray([start], "float64")]
        state = optimizer.init(params)
        for _ in range(steps):
            slope = derivative(f, params[0], method="central")
            params, state = optimizer.update(params, [slope], state)
            place = float(params[0][0])
            if not np.isfinite(place):
                break
            places.append(place)
    return np.array(places)


def minima(f: Callable[[Any], Any], low: float, high: float) -> np.ndarray:
    """Find the minima of a smooth function of one variable.

    Parameters
    ----------
    f : callable
        The function, elementwise on arrays.
    low, high : float
        The ends of the part that is searched; of two minima that are nearer to one another
        than a thousandth of its length, one may be missed.

    Returns
    -------
    numpy.ndarray of shape (m,), float64
        Where the slope, by `xpnn.calculus.derivative`, goes through 0 upwards; the lowest
        minimum first.
    """
    check_range(low, high)

    def slopes(x: np.ndarray) -> np.ndarray:
        return values_at(lambda x: derivative(f, x, method="central"), x)

    x = np.linspace(low, high, 1001)
    rises = slopes(x) > 0
    begin = np.flatnonzero(~rises[:-1] & rises[1:])
    left, right = x[begin], x[begin + 1]
    for _ in range(50):  # each halves the interval
        middle = (left + right) / 2
        up = slopes(middle) > 0
        left, right = np.where(up, left, middle), np.where(up, middle, right)
    found = (left + right) / 2
    return found[np.argsort(values_at(f, found))]


def values_at(f: Callable[[Any], Any], x: np.ndarray) -> np.ndarray:
    """Compute a function at each of some places, on the backend in use."""
    backend = precise_backend()
    with backend.activate_for("float64"):
        return to_host(f(backend.asarray(x, "float64")))


def check_range(low: float, high: float) -> None:
    """Check that two numbers are the ends of a part of a line."""
    check_number("low", low)
    check_number("high", high, above=low)
