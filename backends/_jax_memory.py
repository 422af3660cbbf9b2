"""Memory of NumPy's that JAX computes with on a CPU, with room for more rows.

JAX takes a NumPy array as it is where its memory begins at a multiple of 64 bytes; of any other
it makes a copy, which takes longer than to fill one.  XLA compiles for each number of rows, and
memory that nobody touches costs nothing; so large arrays get more of it than they have rows.
"""

from __future__ import annotations

from math import prod
from weakref import WeakValueDictionary

import numpy as np

__all__ = ["FEW", "empty", "padded", "with_room"]

FEW = 1 << 18
"""Arrays of so many numbers are copied where they need room: that takes no time."""

ALIGNMENT = 64
"""Bytes; ``kMinAlignment`` of XLA's ``cpu_function_runtime.h``."""

_roomy: WeakValueDictionary[int, np.ndarray] = WeakValueDictionary()
"""The whole memory of large arrays, by the address of their first row."""


def padded(n: int) -> int:
    """Return a number of rows for which it is worth while to compile, n or a little more."""
    power = (n - 1).bit_length()
    step = 1 << max(0, power - 4)  # from 64 on an eighth at most is wasted
    return 1 << power if n <= 64 else -(-n // step) * step


def empty(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Return an array to be filled and given to JAX, that has room if it is large."""
    if prod(shape) <= FEW:
        return np.empty(shape, dtype)
    row_bytes = prod(shape[1:]) * dtype.itemsize
    memory = np.empty(padded(shape[0]) * row_bytes + ALIGNMENT, np.uint8)
    first = -memory.ctypes.data % ALIGNMENT
    _roomy[memory.ctypes.data + first] = memory
    return memory[first : first + shape[0] * row_bytes].view(dtype).reshape(shape)


def with_room(a: np.ndarray, rows: int) -> np.ndarray | None:
    """Return so many rows, of which those of an array are the first; None without room."""
    memory = _roomy.get(a.ctypes.data)
    if memory is None:
        return None
    first = a.ctypes.data - memory.ctypes.data
    n_bytes = rows * prod(a.shape[1:]) * a.itemsize
    whole = memory[first : first + n_bytes]
    return whole.view(a.dtype).reshape(rows, *a.shape[1:]) if len(whole) == n_bytes else None
