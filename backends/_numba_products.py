"""Products of matrices: NumPy's own loop, which asks BLAS, or expressions where that is few.

BLAS copies both matrices into its own order before it multiplies them: for a product over one
to three features, or classes, that takes most of the time, and the result goes through memory
again.  As an expression of each number it is a part of the pass that needs it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ._numba_operations import Each, Loop, Operation
from ._numba_reading import UnreadableError, View

__all__ = ["product"]

FEW, LARGE = 3, 1 << 16
"""Products over more are left to BLAS, as are larger results, which take long to look at.

Over two or three numbers a loop takes a third of the time (300 x 2 by 2 x 64, with a maximum:
2.6 instead of 7.7 us on a Zen 3), over four of a transpose 2.6 times as long.
"""

LOOKS, SCALES = 64, [1.0, 1e-20, 1e-30]
"""At least so many numbers of a product are looked at, for matrices of each size of numbers."""


def product(a: View, b: View, out: View) -> Operation:
    """Return what computes a product of matrices, in NumPy's layouts and to its bits.

    Parameters
    ----------
    a, b, out : View
        Of the shapes (..., n, k), (..., k, m) and (..., n, m).

    Raises
    ------
    UnreadableError
        If it is one of vectors, of several dtypes, or into what it reads.
    """
    if not a.dtype == b.dtype == out.dtype:
        raise UnreadableError("matmul of several dtypes")
    if len(a.shape) < 2 or len(b.shape) < 2:
        raise UnreadableError("matmul of vectors")
    if a.overlaps(out) or b.overlaps(out):
        raise UnreadableError("matmul into what it reads")
    is_few = 0 < a.shape[-1] <= FEW and out.size <= LARGE and min(out.shape[-2:]) > 1
    # of vectors, and of a matrix and its transpose, BLAS has other products
    if is_few and a.dtype == np.float32 and not a.overlaps(b):
        layouts = tuple((view.shape[-2:], _whole(view)) for view in (a, b, out))
        expression = _expression(*layouts)
        if expression is not None:
            return Each(expression, _columns_and_rows(a, b, out), out)
    views = []
    for view in (a, b, out):
        outer, strides = replace(view, is_uniform=False), _whole(view)
        outer = outer.over((*out.shape[:-2], *view.shape[-2:]))
        views.append(replace(outer, strides=(*outer.strides[:-2], *strides)))
    (n, k), m = a.shape[-2:], b.shape[-1]
    steps = (stride * a.dtype.itemsize for view in views for stride in view.strides[-2:])
    return Loop(np.matmul, a.dtype.char * 3, tuple(views), (n, k, m), tuple(steps))


def _whole(view: View) -> tuple[int, int]:
    """Return the last two strides, also of axes of length 1: as of an array made anew."""
    (n, k), (outer, inner) = view.shape[-2:], view.strides[-2:]
    if k == 1:
        inner = 1 if n == 1 or outer >= 1 else inner
    if n == 1:
        outer = k * inner if k > 1 else 1
    return outer, inner


def _columns_and_rows(a: View, b: View, out: View) -> tuple[View, ...]:
    """Return each column of one matrix and the row of the other that it meets, in turns."""
    views = []
    for i in range(a.shape[-1]):
        for view, axis in ((a, len(a.shape) - 1), (b, len(b.shape) - 2)):
            shape = (*view.shape[:axis], 1, *view.shape[axis + 1 :])
            offset = view.offset + i * view.strides[axis]
            views.append(replace(view, shape=shape, offset=offset).over(out.shape))
    return tuple(views)


Layout = tuple[tuple[int, int], tuple[int, int]]
"""The shape of a matrix, and its strides in numbers."""


@lru_cache(maxsize=256)
def _expression(a: Layout, b: Layout, out: Layout) -> str | None:
    """Return the expression that has the bits of NumPy's product; None if none is known.

    BLAS adds one product after the other, each rounded once with the sum, or it does not: that
    depends on the processor, the shapes and the strides, as does what becomes of -0.  So such
    products of random numbers are looked at, also of some so small that theirs are -0 and 0.
    """
    k, size = b[0][0], math.prod(out[0])
    chain = "float32(0)"
    for i in range(0, 2 * k, 2):
        chain = f"fma({{{i}}}, {{{i + 1}}}, {chain})"
    endings: dict[str, Any] = {chain: np.positive, f"float32(0) + {chain}": partial(np.add, 0)}
    rng = np.random.default_rng(0)
    for scale in SCALES * (1 + LOOKS // size):
        found, wanted = _product_and_chain(rng, scale, a, b, out)
        endings = {e: end for e, end in endings.items() if _same_bits(found, end(wanted))}
        if not endings:
            return None
    return next(iter(endings))


def _product_and_chain(
    rng: np.random.Generator, scale: float, *layouts: Layout
) -> tuple[np.ndarray, np.ndarray]:
    """Return a product of random matrices in such layouts, by NumPy and one after the other.

    float64 has the sum of a product and a number of float32 whole, or all but all of them: its
    own rounding shows once in 2**29 times.
    """
    arrays = []
    for shape, strides in layouts:
        steps = [(n - 1) * stride for n, stride in zip(shape, strides)]
        memory = np.zeros(1 + sum(map(abs, steps)), np.float32)
        first = -sum(step for step in steps if step < 0)
        in_bytes = [stride * memory.itemsize for stride in strides]
        arrays.append(as_strided(memory[first:], shape, in_bytes))
    left, right, found = arrays
    with np.errstate(all="ignore"):
        left[...], right[...] = (scale * rng.standard_normal(m.shape) for m in (left, right))
        np.matmul(left, right, out=found)
        chain = np.zeros(found.shape, np.float32)
        for column, row in zip(left.T.astype(np.float64), right.astype(np.float64)):
            chain = (column[:, None] * row + chain).astype(np.float32)
    return np.ascontiguousarray(found), chain


def _same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.array_equal(a.view(np.int32), b.view(np.int32)))
