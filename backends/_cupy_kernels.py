"""Single kernels for what CuPy computes in several.

On a GPU a small operation costs its launch, whatever it computes.  So what the shared bodies
of `xpnn.operations` write in several calls, and an optimizer's rule in about ten, is one
kernel here.  What each saves alone was not
measured; a step with all of them was (docs/performance.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import accumulate
from typing import Any

import array_api_compat.cupy as xp
import cupy
import numpy as np

from xpnn.backend.arrays import set_namespace

from ._cuda_graph import is_close, is_finite
from ._cupy_products import Captured, product
from ._recurring import warn

MOST_JOINED = 16
"""How many arrays one kernel joins: a launch takes a few kilobytes of arguments."""


# ------------------------------------------------------------------------------ operations


@cache
def _ones(n: int, dtype: Any, device: int) -> Any:
    if cupy.cuda.get_current_stream().is_capturing():
        raise RuntimeError("a constant can't be made while a graph is captured")
    ones = cupy.ones(n, dtype=dtype)
    cupy.cuda.get_current_stream().synchronize()  # other streams are going to read it
    return ones


def column_sums(a: Any) -> Any:
    """Multiply by ones: CuPy has a fast sum along rows only."""
    return product(_ones(a.shape[0], a.dtype, a.device.id), a).view(cupy.ndarray)


_where_positive = cupy.ElementwiseKernel(
    "T a, U b", "U y", "y = a > T(0) ? b : U(0)", "xpnn_where_positive"
)


def where_positive(a: Any, b: Any) -> Any:
    """Choose in one kernel, not two."""
    return _where_positive(a, b)


_erf = cupy.ElementwiseKernel("T a", "T y", "y = erf(a)", "xpnn_erf")


def erf(a: Any) -> Any:
    """Call CUDA's: one kernel, not about forty."""
    return _erf(a)


def sign(a: Any) -> Any:
    """Compare: array-api-compat looks for NaN besides, on the host."""
    return (a > 0).astype(a.dtype) - (a < 0).astype(a.dtype)


_pick = cupy.ElementwiseKernel(
    "raw T a, I column, int64 k", "T y", "y = a[i * k + column]", "xpnn_pick"
)


def pick(a: Any, columns: Any) -> Any:
    """Index in the kernel: one, not four."""
    return _pick(a, columns, a.shape[1])


_add_rows = cupy.ElementwiseKernel(
    "T row, I place, int64 k",
    "raw T table",
    "atomicAdd(&table[place * k + i % k], row)",
    "xpnn_add_rows",
)


def add_rows(table: Any, places: Any, rows: Any) -> Any:
    """Add where they belong in one kernel; in which order, the GPU decides."""
    _add_rows(rows, places[:, None], rows.shape[1], table)
    return table


_subtract_one_hot = cupy.ElementwiseKernel(
    "I column, int64 k", "raw T a", "a[i * k + column] -= T(1)", "xpnn_subtract_one_hot"
)


def subtract_one_hot(a: Any, columns: Any) -> Any:
    """Change one number of each row: one kernel, not four."""
    _subtract_one_hot(columns, a.shape[1], a)
    return a


@cache
def _join(count: int) -> Any:
    """Return the kernel that joins so many arrays; each is given with where it ends."""
    places = ["a0[i]", *(f"a{j}[i - end{j - 1}]" for j in range(1, count))]
    chosen = "".join(f"i < end{j} ? {place} : " for j, place in enumerate(places[:-1]))
    arguments = ", ".join(f"raw T a{j}, int64 end{j}" for j in range(count))
    return cupy.ElementwiseKernel(
        arguments, "T y", f"y = {chosen}{places[-1]}", f"xpnn_join_{count}"
    )


def join(*arrays: Any) -> Any:
    """Join in one kernel.

    CuPy takes one for each array; and with more than eight arrays it sends their addresses
    from the host, which a captured stream refuses.
    """
    dtype = np.result_type(*(a.dtype for a in arrays))
    joined = cupy.empty(sum(a.size for a in arrays), dtype)
    start = 0
    for first in range(0, len(arrays), MOST_JOINED):
        some = [a.astype(dtype, copy=False) for a in arrays[first : first + MOST_JOINED]]
        ends = [*accumulate(a.size for a in some)]
        part = joined[start : start + ends[-1]]
        _join(len(some))(*(x for pair in zip(some, ends) for x in pair), part)
        start += ends[-1]
    return joined


OPERATIONS: Mapping[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (
        column_sums,
        erf,
        sign,
        where_positive,
        pick,
        add_rows,
        subtract_one_hot,
        join,
    )
}


# --------------------------------------------------------------------------------- the rule


class InPlace:
    """An optimizer whose steps store their results where the arrays were.

    Parameters
    ----------
    optimizer : xpnn.Optimizer
        The optimizer; its rule may return new arrays.
    """

    def __init__(self, optimizer: Any) -> None:
        self.optimizer, self.numbers = optimizer, optimizer.numbers
        self._n_changed = 1 + len(optimizer.slots)

    def step(
        self, params: Sequence[Any], grads: Any, slots: Any, numbers: Any
    ) -> tuple[Sequence[Any], Any]:
        """Take a step; as `xpnn.Optimizer.step`."""
        for arrays in zip(params, grads, *slots):
            self.apply(*arrays, *numbers)
        return params, slots

    def apply(self, *arrays: Any) -> None:
        """Apply the rule to a parameter, its gradient and slots, and the step's numbers."""
        p, _, *rest = arrays
        for place, new in zip((p, *rest[: self._n_changed - 1]), self.optimizer.rule(*arrays)):
            if new is not place:
                place[...] = new


class OneKernel(InPlace):
    """An optimizer whose rule is one kernel, made by CuPy from the rule as it is written.

    CuPy runs the rule once with variables that write down what is computed with them.  The
    optimizer's own numbers are constants to it; what changes from step to step it gets as
    arrays of shape (), because CuPy would compute with Python's numbers in half precision.
    The first call is compared with the rule; if the kernel differs, the rule is used instead.
    Otherwise what it made stays, as the two round differently: a run that goes on from a file
    compares anew, and takes that step as the run that was not interrupted.
    A rule that is by parameter may multiply matrices, and stays as it is written.
    """

    def __init__(self, optimizer: Any) -> None:
        super().__init__(optimizer)
        is_one = not optimizer.by_parameter
        self._apply: Callable[..., None] = self._compare if is_one else self._of_matrices

    def apply(self, *arrays: Any) -> None:
        """Apply the rule; as `InPlace.apply`."""
        self._apply(*arrays)

    def _of_matrices(self, p: Any, g: Any, *rest: Any) -> None:
        super().apply(p, g.view(Captured), *rest)  # what is computed of it can be captured

    def _compare(self, *arrays: Any) -> None:
        as_written, count = super().apply, 1 + self._n_changed
        wanted = [a.copy() for a in arrays[:count]]
        as_written(*wanted, *arrays[count:])
        try:
            kernel = self._fused()
            kernel(*arrays)
            right = [a.get() for a in wanted]
            if all(map(is_finite, right)):  # else training diverges: the next step may tell
                if not all(is_close(a.get(), b) for a, b in zip(arrays, right)):
                    raise ArithmeticError("it gives other numbers than the rule")
                self._apply = kernel
                return
        except Exception as error:
            self._apply = as_written
            warn(f"CuPy made no single kernel of the rule of {self.optimizer}", error)
        for array, result in zip(arrays, wanted):
            array[...] = result

    def _fused(self) -> Any:
        # the rule asks for the namespace of the arrays that it is given, here these variables
        set_namespace(cupy._core.fusion._FusionVarArray, xp)
        apply = super().apply

        def rule(*arrays: Any) -> None:
            apply(*arrays)

        return cupy.fuse(kernel_name="xpnn_rule")(rule)
