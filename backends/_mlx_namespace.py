"""The functions of mlx in the words of the array API standard; what is not here is mlx's own.

mlx's arrays have no device: processor and GPU share their memory, and which of them computes is
set for all by ``mlx.core.set_default_device``.  So `device` is taken here, and is None.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import mlx.core as mx
import numpy as np
from mlx.core import *  # noqa: F403

from xpnn.backend import Array


class _Info:
    """What mlx tells of itself, but for float64: it has that on CPUs only, and inexactly."""

    def __getattr__(self, name: str) -> Any:
        return getattr(mx.__array_namespace_info__(), name)

    def dtypes(self, *, device: None = None, kind: Any = None) -> dict[str, Any]:
        found = mx.__array_namespace_info__().dtypes(kind=kind)
        return {name: dtype for name, dtype in found.items() if name != "float64"}


def _makes_arrays(function: Callable[..., Array]) -> Callable[..., Array]:
    """Let a function take a device, too."""

    @wraps(function)
    def make(*args: Any, device: None = None, **options: Any) -> Array:
        return function(*args, **options)

    return make


def _finds_indices(function: Callable[..., Array]) -> Callable[..., Array]:
    """Let indices have a sign, as the standard's do: mlx's are unsigned, and 0 - 1 is large."""

    @wraps(function)
    def find(*args: Any, **options: Any) -> Array:
        return function(*args, **options).astype(mx.int32)

    return find


__array_namespace_info__ = _Info
bool = mx.bool_
arange, eye, full, linspace, ones, zeros = map(
    _makes_arrays, (mx.arange, mx.eye, mx.full, mx.linspace, mx.ones, mx.zeros)
)
full_like, ones_like, zeros_like = map(
    _makes_arrays, (mx.full_like, mx.ones_like, mx.zeros_like)
)
argmax, argmin, argsort, searchsorted = map(
    _finds_indices, (mx.argmax, mx.argmin, mx.argsort, mx.searchsorted)
)


def asarray(obj: Any, /, *, dtype: Any = None, device: None = None, copy: Any = None) -> Array:
    """Return an array; of NumPy's always a copy, for mlx may compute in an array's memory."""
    if isinstance(obj, mx.array):
        return astype(obj, obj.dtype if dtype is None else dtype, copy=copy or False)
    if isinstance(obj, np.ndarray):
        obj = np.asarray(obj, order="C")  # it doesn't take one that runs backwards
    return mx.array(obj, dtype)


def astype(x: Array, dtype: Any, /, *, copy: Any = True, device: None = None) -> Array:
    return x if not copy and x.dtype == dtype else mx.astype(x, dtype)


def reshape(x: Array, /, shape: Any, *, copy: Any = None) -> Array:
    return mx.reshape(x, shape)


def cumulative_sum(x: Array, /, *, axis: int = 0, include_initial: Any = False) -> Array:
    sums = mx.cumulative_sum(x, axis=axis)
    if not include_initial:
        return sums
    return mx.concat([mx.zeros_like(mx.take(sums, mx.array([0]), axis=axis)), sums], axis=axis)
