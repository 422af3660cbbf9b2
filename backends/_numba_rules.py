"""What a compiled step computes for each of NumPy's calls: a table of rules.

A rule turns a `Call` into operations of two kinds.  `Each` computes every number of an array by
itself, by an expression of Python, so that several of them make one pass over memory.  `Loop`
is one of NumPy's own loops, the function that NumPy calls too, for products of matrices, and
for what takes a polynomial (`exp`, `tanh`).  Every expression rounds as NumPy does, and sums
are taken in NumPy's order, so that compiled steps have the same bits.

To add a rule, see CONTRIBUTING.md; `tests/backends/test_numba_rules.py` holds each to NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ._numba_operations import Each, Loop, Operation
from ._numba_products import product
from ._numba_reading import Call, UnreadableError, View, dense_strides
from ._recording import add_to_rows

__all__ = ["EXPRESSIONS", "RULES", "operations"]


EXPRESSIONS: dict[np.ufunc, str] = {
    np.add: "{0} + {1}",
    np.subtract: "{0} - {1}",
    np.multiply: "{0} * {1}",
    np.divide: "{0} / {1}",
    np.negative: "-{0}",
    np.square: "{0} * {0}",
    np.sqrt: "sqrt({0})",
    np.maximum: "({0} if {0} > {1} or {0} != {0} else {1})",
    np.minimum: "({0} if {0} < {1} or {0} != {0} else {1})",
    np.greater: "{0} > {1}",
    np.greater_equal: "{0} >= {1}",
    np.less: "{0} < {1}",
    np.less_equal: "{0} <= {1}",
    np.equal: "{0} == {1}",
    np.not_equal: "{0} != {1}",
    np.bitwise_and: "{0} & {1}",
    np.bitwise_or: "{0} | {1}",
    np.logical_and: "{0} and {1}",
    np.logical_or: "{0} or {1}",
    np.logical_not: "not {0}",
    np.isnan: "{0} != {0}",
}
"""Universal functions whose loop's body is an expression; the others are called as `Loop`."""


def operations(call: Call) -> list[Operation]:
    """Return what a call computes.

    Raises
    ------
    UnreadableError
        If there is no rule for it.
    """
    name = str(getattr(call.function, "__qualname__", call.function))
    if any(_is_shifted(a, call) for a in call.touched):
        raise UnreadableError(f"{name} into a part of what it reads")
    try:
        if isinstance(call.function, np.ufunc):
            return _of_ufunc(call)
        if call.function in RULES:
            return RULES[call.function](*call.inputs, call.out, **call.settings)
    except TypeError as error:  # a setting, or a dtype, that a rule doesn't know
        raise UnreadableError(f"there is no rule for {name} with such arguments") from error
    raise UnreadableError(f"there is no rule for {name}")


def _is_shifted(a: View, call: Call) -> bool:
    """Whether an array lies partly where results go, so that NumPy would copy it before."""
    out = call.out
    if out is None or not a.overlaps(out):
        return False
    return replace(a, is_uniform=False) != replace(out, is_uniform=False)


def _of_ufunc(call: Call) -> list[Operation]:
    ufunc, out = call.function, call.out
    if call.settings or out is None:
        raise UnreadableError(f"{ufunc.__name__} with {', '.join(call.settings)}")
    if ufunc is np.matmul:
        a, b = call.inputs
        return [product(a, b, out)]
    kinds = [a.dtype if isinstance(a, View) else type(a) for a in call.inputs]
    *wanted, given = ufunc.resolve_dtypes((*kinds, None))
    if len(set(wanted)) != 1:
        raise UnreadableError(f"{ufunc.__name__} of several dtypes")
    inputs = tuple(_input(a, out.shape) for a in call.inputs)
    if ufunc in EXPRESSIONS:
        return [Each(EXPRESSIONS[ufunc], inputs, out, wanted[0])]
    if any(not isinstance(a, View) or a.dtype != wanted[0] for a in inputs):
        raise UnreadableError(f"{ufunc.__name__} of another dtype")
    if out.dtype != given:
        raise UnreadableError(f"{ufunc.__name__} into another dtype")
    if any(stride < 0 for a in (*inputs, out) for stride in a.strides):
        raise UnreadableError(f"{ufunc.__name__} of what lies backwards")
    types = "".join(dtype.char for dtype in (*wanted, given))
    return [_along_last(ufunc, types, (*inputs, out))]


def _input(value: Any, shape: tuple[int, ...]) -> Any:
    return value.over(shape) if isinstance(value, View) else value


def _along_last(ufunc: np.ufunc, types: str, views: tuple[View, ...]) -> Loop:
    """Return a loop along as many of the last axes as lie one behind the other."""
    views = tuple(_flat(views))
    sizes = views[0].shape[-1:] or (1,)
    steps = tuple((v.strides[-1:] or (0,))[0] * v.dtype.itemsize for v in views)
    return Loop(ufunc, types, views, sizes, steps)


def _flat(views: Sequence[View]) -> list[View]:
    """Join axes that are one behind the other in all views."""
    views = [*views]
    axis = len(views[0].shape) - 2
    while axis >= 0:
        n, k = views[0].shape[axis : axis + 2]
        joined = []
        for view in views:
            outer, inner = view.strides[axis : axis + 2]
            if k != 1 and n != 1 and outer != k * inner:
                break
            stride = outer if k == 1 else inner
            shape = (*view.shape[:axis], n * k, *view.shape[axis + 2 :])
            strides = (*view.strides[:axis], stride, *view.strides[axis + 2 :])
            joined.append(replace(view, shape=shape, strides=strides))
        if len(joined) == len(views):
            views = joined
        axis -= 1
    return views


def _reduced(a: View, out: View, *, ufunc: np.ufunc, **settings: Any) -> list[Operation]:
    axis, keepdims = settings.pop("axis", 0), settings.pop("keepdims", False)
    settings = {name: value for name, value in settings.items() if value is not None}
    if settings:
        raise UnreadableError(f"{ufunc.__name__}.reduce with {', '.join(settings)}")
    if a.dtype != out.dtype or a.dtype.kind != "f" or not a.size:
        raise UnreadableError(f"{ufunc.__name__}.reduce of {a.dtype}")
    named = range(len(a.shape)) if axis is None else axis
    axes = sorted(i % len(a.shape) for i in ([named] if isinstance(named, int) else named))
    if keepdims:
        out = _without(out, axes)
    if len(axes) == len(a.shape):
        (a,) = _flat([a])
        axes = [0] if len(a.shape) == 1 else axes
    if ufunc not in (np.add, np.maximum, np.minimum):
        raise UnreadableError(f"{ufunc.__name__}.reduce")
    if a.is_dense and axes == [len(a.shape) - 1]:
        return _along_line(ufunc, a, out)
    if len(axes) == 1 and any(0 < stride < a.strides[axes[0]] for stride in a.strides):
        return _row_after_row(ufunc, a, out, axes[0])
    raise UnreadableError(f"{ufunc.__name__}.reduce along {axes} of {len(a.shape)} axes")


def _along_line(ufunc: np.ufunc, a: View, out: View) -> list[Operation]:
    """Reduce what lies in one line, as NumPy does: it adds by pairs of eight partial sums.

    Few numbers are added one after the other.
    """
    n = a.shape[-1]
    first, rest = (
        replace(a, shape=(*a.shape[:-1], size), offset=a.offset + start)
        for start, size in ((0, 1), (1, n - 1))
    )
    if ufunc is np.add and n >= 8:
        begun, rest = Each("0", (), out), a  # its loop adds to what is there
    elif n < 8:
        each = [
            replace(_without(first, [len(a.shape) - 1]), offset=a.offset + i) for i in range(n)
        ]
        # by a name, as an expression may have its inputs several times
        more = (EXPRESSIONS[ufunc].format("x{id}", f"{{{i}}}") for i in range(1, n))
        lines = tuple(f"x{{id}} = {line}" for line in (_first(ufunc, a), *more))
        return [Each("x{id}", tuple(each), out, before=lines)]
    else:
        begun = Each("{0}", (_without(first, [len(a.shape) - 1]),), out)
    total = replace(out, shape=rest.shape, strides=(*out.strides, 0))
    types = a.dtype.char * 3
    step = a.dtype.itemsize
    return [begun, Loop(ufunc, types, (total, rest, total), rest.shape[-1:], (0, step, 0))]


def _first(ufunc: np.ufunc, a: View) -> str:
    """Return what a reduction begins with: a sum with 0, of which -0 makes 0."""
    return f"{a.dtype.name}(0) + {{0}}" if ufunc is np.add else "{0}"


def _row_after_row(ufunc: np.ufunc, a: View, out: View, axis: int) -> list[Operation]:
    """Reduce rows as NumPy goes through what lies nearer along another axis: one by one."""
    first = Each(_first(ufunc, a), (_without(a, [axis]),), out)
    n, stride = a.shape[axis], a.strides[axis]
    if n == 1:
        return [first]
    shape = (*a.shape[:axis], n - 1, *a.shape[axis + 1 :])
    rest = replace(a, shape=shape, offset=a.offset + stride)
    strides = (*out.strides[:axis], 0, *out.strides[axis:])
    total = replace(out, shape=shape, strides=strides)
    return [first, Each(EXPRESSIONS[ufunc], (total, rest), total)]


def _without(view: View, axes: Sequence[int]) -> View:
    kept = [i for i in range(len(view.shape)) if i not in axes]
    shape, strides = (tuple(part[i] for i in kept) for part in (view.shape, view.strides))
    return replace(view, shape=shape, strides=strides)


def _means(
    a: View, out: View, *, axis: Any = None, dtype: Any = None, keepdims: bool = False
) -> list[Operation]:
    if dtype is not None or isinstance(axis, tuple):
        raise UnreadableError("mean in another dtype, or along several axes")
    count = a.size if axis is None else a.shape[axis]
    divided = Each(f"{{0}} / {a.dtype.name}({count})", (out,), out)
    return [*_reduced(a, out, ufunc=np.add, axis=axis, keepdims=keepdims), divided]


def _copied(source: Any, out: View, *, index: Any = Ellipsis) -> list[Operation]:
    if index is not Ellipsis:
        raise UnreadableError("numbers set at an index")
    if isinstance(source, View) and len(source.shape) > len(out.shape):
        raise UnreadableError("a copy of more axes")
    return [Each("{0}", (_input(source, out.shape),), out)]


def _taken(a: View, at: View, out: View, *, axis: int | None, mode: str) -> list[Operation]:
    if mode != "raise":
        raise UnreadableError(f"take in the mode {mode!r}")
    if axis is None and len(a.shape) == 1:
        axis = 0
    if axis != 0 or len(at.shape) != 1:
        raise UnreadableError("take along other axes than the first")
    n, rest = at.shape[0], a.shape[1:]
    line = View(
        a.memory,
        a.dtype,
        a.offset,
        (n, *rest, a.shape[0]),
        (0, *a.strides[1:], a.strides[0]),
    )
    places = replace(at, shape=(n, *rest), strides=(*at.strides, *(0 for _ in rest)))
    return [Each(f"{{0:{_inside(1, a.shape[0])}}}", (line, places), out)]


def _place_lines(n: int) -> tuple[str, ...]:
    return (
        "at{id}, best{id} = 0, {0:0}",
        f"for j{{id}} in range(1, {n}):",
        "    x{id} = {0:j{id}}",
        "    is{id} = (x{id} > best{id}) | ((x{id} != x{id}) & (best{id} == best{id}))",
        "    at{id} = j{id} if is{id} else at{id}",
        "    best{id} = x{id} if is{id} else best{id}",
    )


def _largest_place(a: View, out: View, *, axis: Any) -> list[Operation]:
    if axis not in (-1, len(a.shape) - 1):
        raise UnreadableError("argmax along other axes than the last")
    return [Each("at{id}", (a,), out, before=_place_lines(a.shape[-1]))]


def _chosen(condition: View, a: Any, b: Any, out: View) -> list[Operation]:
    inputs = tuple(_input(value, out.shape) for value in (condition, a, b))
    return [Each("({1} if {0} else {2})", inputs, out)]


def _joined(
    arrays: Sequence[View], out: View, *, axis: Any = 0, dtype: Any = None, casting: str = ""
) -> list[Operation]:
    start = 0
    parts: list[Operation] = []
    for a in arrays:
        if not a.size:
            continue
        if axis is None:
            place = View(
                out.memory, out.dtype, out.offset + start, a.shape, dense_strides(a.shape)
            )
            start += a.size
        else:
            axis %= len(a.shape)
            offset = out.offset + start * out.strides[axis]
            place = replace(out, offset=offset, shape=a.shape)
            start += a.shape[axis]
        parts.append(Each("{0}", (a,), place))
    return parts


def _added_to_rows(table: View, places: View, rows: View, out: None) -> list[Operation]:
    at = replace(places, shape=rows.shape, strides=(*places.strides, 0))
    line = View(
        table.memory,
        table.dtype,
        table.offset,
        (*rows.shape, table.shape[0]),
        (0, table.strides[1], table.strides[0]),
    )
    return [Each(f"{{2:{_inside(1, table.shape[0])}}} += {{0}}", (rows, at, line), None)]


def _inside(number: int, n: int) -> str:
    """Return the expression of a place among n, which is counted from the end if negative.

    What is not there was refused before training; where it was not, it is the first one, as
    other libraries also take some one, and memory is safe.
    """
    at = f"{{{number}}}"
    return f"({at} if 0 <= {at} < {n} else {at} + {n} if -{n} <= {at} < 0 else 0)"


def _nothing(like: View, out: View, **settings: Any) -> list[Operation]:
    return []  # it may hold anything


RULES: dict[Any, Callable[..., list[Operation]]] = {
    np.ufunc.reduce: _reduced,
    np.copyto: _copied,
    np.ndarray.__setitem__: _copied,
    np.ndarray.take: _taken,
    np.ndarray.argmax: _largest_place,
    np.where: _chosen,
    np.mean: _means,
    np.ndarray.mean: _means,
    np.concatenate: _joined,
    np.empty_like: _nothing,
    add_to_rows: _added_to_rows,
}
"""For the other functions what makes operations of the inputs, the output and settings."""
