"""Numerical derivatives (chapters 7 and 8 of the book); the gradient check stands on them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .backend import Array, array_namespace, device_of, get_backend, precise_backend
from .checks import check_number

__all__ = ["derivative", "gradient", "jacobian", "tangent_line"]

Function = Callable[[Any], Any]


def derivative(f: Function, x: Any, delta: float = 1e-4, *, method: str = "forward") -> Any:
    """Compute the slope of a function of one variable.

    Parameters
    ----------
    f : callable
        The function; given an array it must work elementwise.
    x : float or array
        Where; each entry of an array is a point of its own.
    delta : float
        The distance, > 0, between the two points through which the slope is taken.
    method : {"forward", "central"}
        Whether these are x and x + delta, as in the book's chapter 7, with an error
        proportional to delta, or x - delta and x + delta, with one proportional to its
        square.

    Returns
    -------
    float or array
        The slope at each point, in the form of `x`.

    Raises
    ------
    ValueError
        If `delta` is not positive or `method` is unknown.
    """
    if isinstance(x, list | tuple):
        return _where_doubles_are(lambda x: derivative(f, x, delta, method=method), x)
    low, high = _points(x, delta, method)
    return (f(high) - f(low)) / (high - low)


def tangent_line(f: Function, x: Any, delta: float = 1e-4) -> tuple[Any, Any]:
    """Compute the line that touches a function of one variable.

    Parameters
    ----------
    f, x, delta
        As in `derivative`, whose forward method is used.

    Returns
    -------
    slope, intercept : float or array
        The line is slope * x + intercept.
    """
    slope = derivative(f, x, delta)
    return slope, f(x) - slope * x


def gradient(f: Function, x: Any, delta: float = 1e-4, *, method: str = "central") -> Array:
    """Compute the partial derivatives of a function of an array.

    Parameters
    ----------
    f : callable
        From an array like `x` to a number.
    x : array_like of floats
        Where.
    delta : float
        As in `derivative`.
    method : {"central", "forward"}
        As in `derivative`.

    Returns
    -------
    array of the shape of x
        The derivative of f with respect to each entry, the others held fixed; of the
        library of `x`, or of the backend in use where that is a list.
    """
    if not _is_float_array(x):
        return _where_doubles_are(lambda x: gradient(f, x, delta, method=method), x)
    partials = _partials(f, x, delta, method)
    xp = array_namespace(x)
    values = [xp.reshape(p, ()) for p in partials]
    return xp.reshape(xp.stack(values), x.shape) if values else xp.zeros_like(x)


def jacobian(f: Function, x: Any, delta: float = 1e-4, *, method: str = "central") -> Array:
    """Compute the partial derivatives of each entry of an array-valued function.

    Parameters
    ----------
    f : callable
        From an array like `x` to an array.
    x, delta, method
        As in `gradient`.

    Returns
    -------
    array of the shape (*shape of f(x), *shape of x)
        The derivative of each entry of f with respect to each entry of x.
    """
    if not _is_float_array(x):
        return _where_doubles_are(lambda x: jacobian(f, x, delta, method=method), x)
    partials = _partials(f, x, delta, method)
    xp = array_namespace(x)
    stacked = xp.stack(partials, axis=-1)  # (*shape of f(x), size of x)
    return xp.reshape(stacked, (*stacked.shape[:-1], *x.shape))


def _points(x: Any, delta: float, method: str) -> tuple[Any, Any]:
    """Return the two points through which a slope is taken."""
    check_number("delta", delta, above=0)
    if method not in ("forward", "central"):
        raise ValueError(f"method must be 'forward' or 'central', got {method!r}")
    return (x if method == "forward" else x - delta), x + delta


def _is_float_array(x: Any) -> bool:
    return hasattr(x, "shape") and bool(array_namespace(x).isdtype(x.dtype, "real floating"))


def _where_doubles_are(compute: Callable[[Array], Array], x: Any) -> Array:
    """Compute with numbers in float64, and return the result on the backend in use.

    Where its device has no float64, NumPy computes: between two points that are so near, most
    digits cancel, and float32 has too few.
    """
    place = precise_backend()
    with place.activate_for("float64"):
        return get_backend().asarray(compute(place.asarray(x, "float64")))


def _partials(f: Function, x: Array, delta: float, method: str) -> list[Array]:
    """Return the derivative of f along each entry of x."""
    xp = array_namespace(x)
    size = math.prod(x.shape)
    position = xp.reshape(xp.arange(size, device=device_of(x)), x.shape)
    low, high = _points(x, delta, method)
    partials = []
    for i in range(size):
        here = position == i
        one_low, one_high = xp.where(here, low, x), xp.where(here, high, x)
        run = xp.sum(one_high - one_low)
        rise = f(one_high) - f(one_low)
        if not hasattr(rise, "shape"):  # f gives Python numbers
            rise = xp.asarray(rise, dtype=x.dtype, device=device_of(x))
        partials.append(rise / run)
    return partials
