"""Products of matrices: NumPy's own loop, which asks BLAS, or expressions where that is few.

BLAS copies both matrices into its own order before it multiplies them: for a product over two
or three features, or classes, that takes most of the time, and the result goes through memory
again.  As an expression of each number it is a part of the pass that needs it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ._numba_operations import Each, Loop, Operation
from ._numba_reading import UnreadableError, View

__all__ = ["product"]

FEW, LARGE = 3, 1 << 18
"""Products over more are left to BLAS, as are larger results, which take long to look at.

Over two or three numbers a loop takes a third of the time (300 x 2 by 2 x 64, with a maximum:
2.6 instead of 7.7 us on a Zen 3), over four of a transpose 2.6 times as long.
"""


def product(a: View, b: View, out: View) -> Operation:
    """Return what computes a product of matrices, in NumPy's layouts and to its bits.

    Raises
    ------
    UnreadableError
        If it is one of vectors, or of several dtypes.
    """
    if not a.dtype == b.dtype == out.dtype:
        raise UnreadableError("matmul of several dtypes")
    if len(a.shape) < 2 or len(b.shape) < 2:
        raise UnreadableError("matmul of vectors")
    is_few = 0 < a.shape[-1] <= FEW and 0 < out.size <= LARGE
    if is_few and a.dtype == np.float32 and not a.overlaps(b):  # BLAS has another for a @ a.T
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


@lru_cache(maxsize=256)
def _expression(a: Layout, b: Layout, out: Layout) -> str | None:
    """Return the expression that has the bits of NumPy's product; None if none is known.

    BLAS adds one product after the other, each rounded once with the sum, or it does not: that
    depends on the processor and the shapes, as does what becomes of -0.  So products of numbers
    of many sizes are looked at.
    """
    k = b[0][0]
    chain = "float32(0)"
    for i in range(0, 2 * k, 2):
        chain = f"fma({{{i}}}, {{{i + 1}}}, {chain})"
    rng = np.random.default_rng(0)
    tries = 1 + min(LOOKS // (out[0][0] * out[0][1]), LOOKS // 8)
    with np.errstate(all="ignore"):
        products = [_product_and_chain(rng, a, b, out) for _ in range(tries)]
    if all(_same_bits(found, wanted) for found, wanted in products):
        return chain
    if all(_same_bits(found, 0 + wanted) for found, wanted in products):
        return f"float32(0) + {chain}"
    return None


LOOKS = 1 << 12
"""So many numbers are looked at, if there are not fewer."""


def _product_and_chain(
    rng: np.random.Generator, *layouts: Layout
) -> tuple[np.ndarray, np.ndarray]:
    """Return a product of random matrices in such layouts, by NumPy and one after the other.

    float64 has the sum of a product and a number of float32 whole, or all but all of them: its
    own rounding shows once in 2**29 times.
    """
    arrays = []
    for shape, strides in layouts:
        steps = [(n - 1) * stride for n, stride in zip(shape, strides)]
        numbers = rng.standard_normal(1 + sum(map(abs, steps)))
        numbers *= rng.choice([0.0, 1.0, 1e-30, 1e-30], len(numbers))
        first = -sum(step for step in steps if step < 0)
        in_bytes = [stride * 4 for stride in strides]
        arrays.append(as_strided(numbers.astype(np.float32)[first:], shape, in_bytes))
    left, right, found = arrays
    np.matmul(left, right, out=found)
    chain = np.zeros(found.shape, np.float32)
    for column, row in zip(left.T.astype(np.float64), right.astype(np.float64)):
        chain = (column[:, None] * row + chain).astype(np.float32)
    return np.ascontiguousarray(found), chain


def _same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.array_equal(a.view(np.int32), b.view(np.int32)))
