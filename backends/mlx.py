"""mlx, Apple's library for the GPUs of its own processors; on Linux it computes on the CPU.

It computes in float32, as Apple's GPUs do.  Operations are put off until somebody reads what
comes of them, which only the thread can that asked for them: what is kept, as parameters are,
is evaluated before another one sees it.  Slices have memory of their own, so nothing is packed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from xpnn.backend import Array, Backend, BackendUnavailableError, set_namespace
from xpnn.backend.base import Function


def evaluated(function: Function) -> Function:
    """Return a function that gives arrays with what was put off done."""
    import mlx.core as mx

    @wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        results = function(*args, **options)
        mx.eval(results)
        return results

    return call  # type: ignore[return-value]


class MlxBackend(Backend):
    """Arrays of mlx, in float32, on what is mlx's default device."""

    def asarray(self, x: Any, dtype: Any = None, *, copy: bool = False) -> Array:
        """Place an array, at once."""
        placed = super().asarray(x, dtype, copy=copy)
        self.xp.eval(placed)
        return placed

    def plain(self, x: Array) -> Array:
        """Return an array that NumPy can read: it has no bfloat16."""
        return x.astype(self.xp.float32) if x.dtype == self.xp.bfloat16 else x

    def to_numpy(self, x: Array) -> np.ndarray:
        """Return a copy: later operations may use up the array's memory."""
        return np.array(x)

    def compile(self, function: Function, *, donate: tuple[int, ...] = ()) -> Function:
        """Return a function that puts nothing off.

        It is not made by mlx's own ``compile``.  On a CPU that makes a small network's steps
        twice as fast, but calls a C++ compiler for seconds first, which must be there.
        """
        return evaluated(function)

    def repeat(self, step: Any) -> Callable[..., Any]:
        """Return a function that takes many steps, after which none is put off."""
        return evaluated(super().repeat(step))

    def synchronize(self) -> None:
        """Wait for the default device."""
        self.xp.synchronize()


def load(device: str | None) -> Backend:
    """Return mlx on its default device: the GPU of an Apple processor, else the CPU."""
    try:
        import mlx.core as mx

        from . import _mlx_namespace as xp
    except ImportError as error:
        raise BackendUnavailableError(
            "mlx",
            f"mlx can't be imported ({error})",
            "Install it: pip install mlx, on Linux pip install 'mlx[cpu]'",
        ) from error
    if device is not None:
        raise BackendUnavailableError(
            f"mlx:{device}",
            "mlx's arrays belong to no device",
            "Use 'mlx', and say mlx.core.set_default_device where it shall compute",
        )
    set_namespace(mx.array, xp)
    return MlxBackend("mlx", xp, None, mx.__version__)
