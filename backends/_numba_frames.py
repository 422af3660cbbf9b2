"""NumPy's own loops, as compiled steps call them: by their address, with a frame of numbers.

A universal function has a loop in C for each dtype, which gets places, sizes and strides:
`PyUFuncGenericFunction` of numpy/ufuncobject.h.  NumPy calls it too, so results have the same
bits; and a product of matrices is asked of the BLAS that NumPy has, with its threads.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache

import numpy as np

from ._numba_operations import Loop

__all__ = ["SIZES", "STEPS", "WORDS", "frames"]

WORDS, SIZES, STEPS = 16, 2, 6
"""The words of a frame: a loop's address and its data; then its sizes, and its steps."""


def frames(loops: Sequence[Loop]) -> np.ndarray:
    """Return the frames of loops.

    Returns
    -------
    numpy.ndarray of shape (n, 16), intp

    Raises
    ------
    RuntimeError
        If NumPy keeps them in a way that isn't known.
    """
    table = np.zeros((len(loops), WORDS), np.intp)
    for frame, loop in zip(table, loops):
        sizes, steps = loop.sizes, loop.steps
        if loop.ufunc.signature:  # behind the length of an outer axis, and its strides
            sizes, steps = (1, *sizes), (*(0,) * len(loop.views), *steps)
        frame[:SIZES] = _address_of(loop.ufunc, loop.types)
        frame[SIZES : SIZES + len(sizes)] = sizes
        frame[STEPS : STEPS + len(steps)] = steps
    return table


class _Ufunc(ctypes.Structure):
    """The first fields of `PyUFuncObject`."""

    _fields_ = (
        ("references", ctypes.c_ssize_t),
        ("type", ctypes.c_void_p),
        ("nin", ctypes.c_int),
        ("nout", ctypes.c_int),
        ("nargs", ctypes.c_int),
        ("identity", ctypes.c_int),
        ("functions", ctypes.POINTER(ctypes.c_void_p)),
        ("data", ctypes.POINTER(ctypes.c_void_p)),
        ("ntypes", ctypes.c_int),
    )


@cache
def _address_of(ufunc: np.ufunc, types: str) -> tuple[int, int]:
    """Return the address of the loop for some dtypes, and of its data."""
    seen = _Ufunc.from_address(id(ufunc))
    if (seen.nin, seen.nout, seen.ntypes) != (ufunc.nin, ufunc.nout, ufunc.ntypes):
        raise RuntimeError("NumPy's universal functions are laid out in an unknown way")
    number = [kinds.replace("->", "") for kinds in ufunc.types].index(types)
    return seen.functions[number] or 0, (seen.data[number] or 0) if seen.data else 0
