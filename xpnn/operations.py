"""Operations that layers and losses share, each written once in the array standard's words.

Most of what a network computes is infix or one function of ``xp``.  The few steps below are
those for which some array library has a much faster way than the obvious function: sums along
an axis as products with ones, for example.  A backend that has measured such a way puts it
under the same name into `Backend.operations`; the tests hold it to the body that stands here.
`operation` is for those of one's own.

Behind them is what a layer asks for that looks at more than one row of a batch.  A batch may
be cut over processes, and a step is one function on each.  What it computes of its own rows is
right but for three things: the loss of a part is a share of the batch's (`Cut.share`),
gradients are summed (`summed`), and what is of the whole batch is asked for by `over_batch`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial, wraps
from typing import Any, NamedTuple, Protocol, TypeVar, overload

import numpy as np

from .backend import (
    Array,
    array_namespace,
    device_of,
    dtype_name,
    index_dtype_of,
    operations_of,
    to_host,
)

__all__ = [
    "Cut",
    "Summing",
    "add_product",
    "add_rows",
    "as_floats",
    "batch_rows",
    "column_sums",
    "cut_up",
    "erf",
    "join",
    "mean",
    "one_hot",
    "operation",
    "over_batch",
    "pick",
    "positive_part",
    "row_maxima",
    "row_sums",
    "scatter_add",
    "sign",
    "subtract_one_hot",
    "sum_of_squares",
    "summed",
    "where_positive",
]

Function = TypeVar("Function", bound=Callable[..., Any])


class _Bodies(dict[type, Callable[..., Any]]):
    """The function for each type of array, found at its first use."""

    def __init__(self, shared: Callable[..., Any], **given: Callable[..., Any]) -> None:
        self.shared, self.given = shared, given

    def __missing__(self, kind: type) -> Callable[..., Any]:
        body = self.shared
        if body.__module__ == __name__:  # one of somebody else may be called the same
            body = operations_of(kind).get(body.__name__, body)
        for base in kind.__mro__:
            body = self.given.get(base.__module__.partition(".")[0], body)
        return self.setdefault(kind, body)


@overload
def operation(shared: Function, /) -> Function: ...
@overload
def operation(**bodies: Callable[..., Any]) -> Callable[[Function], Function]: ...
def operation(shared: Any = None, /, **bodies: Callable[..., Any]) -> Any:
    """Let the library of the first argument compute a function in its own way.

    The function itself is in the array standard's words, and so right for any library.  Where
    one has it as a function of its own, which is faster, that is given under the library's
    name, the one it is imported by::

        @operation(mylibrary=lambda a: a.sigmoid())
        def sigmoid(a):
            return 1 / (1 + array_namespace(a).exp(-a))

    Parameters
    ----------
    shared : callable
        The function, as a decorator takes it.  Its first argument is an array, by whose type
        is chosen, and arguments have no names where it is called.
    **bodies : callable
        For the name of a library a function of the same arguments, for its arrays alone.

    Returns
    -------
    callable
        The operation.
    """
    if shared is None:
        return partial(operation, **bodies)
    found = _Bodies(shared, **bodies)

    @wraps(shared)
    def call(a: Array, *rest: Any) -> Array:
        return found[type(a)](a, *rest)

    return call


def as_floats(a: Array) -> Array:
    """Return floats as they are, and other numbers in the dtype that floats usually have."""
    xp = array_namespace(a)
    if xp.isdtype(a.dtype, "real floating"):
        return a
    usual = xp.__array_namespace_info__().default_dtypes(device=device_of(a))
    return xp.astype(a, usual["real floating"])


@operation
def column_sums(a: Array) -> Array:
    """Return the sums over the rows: (n, k) -> (k,)."""
    return array_namespace(a).sum(a, axis=0)


@operation
def row_sums(a: Array) -> Array:
    """Return the sum of each row: (n, k) -> (n, 1)."""
    return array_namespace(a).sum(a, axis=1, keepdims=True)


@operation
def row_maxima(a: Array) -> Array:
    """Return the largest entry of each row: (n, k) -> (n, 1)."""
    return array_namespace(a).max(a, axis=1, keepdims=True)


@operation
def mean(a: Array) -> Array:
    """Return the mean of a vector: (n,) -> ()."""
    return array_namespace(a).mean(a)


@operation
def sum_of_squares(a: Array) -> Array:
    """Return the sum of the squares of all numbers, of any shape -> ()."""
    return array_namespace(a).sum(a * a)


@operation
def positive_part(a: Array) -> Array:
    """Return max(a, 0), in the shape of `a`."""
    return array_namespace(a).maximum(a, 0.0)


@operation
def sign(a: Array) -> Array:
    """Return -1, 0 or 1, in the shape of `a`."""
    return array_namespace(a).sign(a)


@operation
def where_positive(a: Array, b: Array) -> Array:
    """Return b where a > 0, else 0, in the shape of both; a holds no NaN."""
    return array_namespace(a).where(a > 0, b, 0.0)


@operation
def add_product(a: Array, b: Array, c: Array) -> Array:
    """Return ``a + b * c``, all of one shape, and use up `a` for it."""
    a += b * c
    return a


@operation
def join(*arrays: Array) -> Array:
    """Return arrays of any shapes as one flat one: a, b, … -> (a.size + b.size + …,)."""
    xp = array_namespace(arrays[0])
    return xp.concat([xp.reshape(array, (-1,)) for array in arrays])


@operation
def pick(a: Array, columns: Array) -> Array:
    """Return one entry of each row: (n, k), integers (n,) -> (n,)."""
    xp = array_namespace(a)
    n, k = a.shape
    index = index_dtype_of(columns)
    rows = xp.arange(n, dtype=index, device=device_of(a))
    flat = rows * k + xp.astype(columns, index, copy=False)
    return xp.take(xp.reshape(a, (-1,)), flat)


@operation
def add_rows(table: Array, places: Array, rows: Array) -> Array:
    """Add rows to those of a table: (m, k), integers (n,), (n, k) -> (m, k); uses up `table`.

    Several may belong to one place, and places are below m.
    """
    for i, place in enumerate(to_host(places).tolist()):
        table[place, :] += rows[i, :]
    return table


@operation
def scatter_add(rows: Array, places: Array, count: int) -> Array:
    """Return the sum of the rows of each place: (n, k), integers (n,) -> (count, k).

    Places are below `count`; where no row belongs there are zeros.
    """
    xp, shape = array_namespace(rows), (count, rows.shape[1])
    return add_rows(xp.zeros(shape, dtype=rows.dtype, device=device_of(rows)), places, rows)


@operation
def subtract_one_hot(a: Array, columns: Array) -> Array:
    """Subtract 1 from one entry of each row: (n, k), integers (n,) -> (n, k); consumes `a`."""
    a -= one_hot(columns, a)
    return a


ERF: dict[str, tuple[float, tuple[float, ...], tuple[float, ...]]] = {
    "float32": (
        4.0,
        (2.178312271364861e-3, 4.264684025155026e-2, 2.798072454823380e-1, 1.1283791708275517),
        (3.249308545676773e-4, 2.369014454427118e-2, 1.568929469531607e-1, 1.0),
    ),
    "float64": (
        6.0,
        (
            *(2.6998564091069785e-9, 4.342541994906106e-7, 1.4570829928413375e-5),
            *(2.56607004632019e-4, 3.0186622522751245e-3, 2.398038915911945e-2),
            *(1.372609990365518e-1, 4.874583577818286e-1, 1.1283791670955123),
        ),
        (
            *(1.4366424054267274e-10, 8.833894380882362e-8, 5.419160793616545e-6),
            *(1.1116751263130617e-4, 1.577201945354877e-3, 1.3570120990077e-2),
            *(9.077894782557544e-2, 3.4091887345816685e-1, 1.0),
        ),
    ),
}
"""Where erf is 1 to rounding, and two polynomials of x^2, the highest power first.

Their quotient is the function atanh(erf(x)) / x, which is smooth on the whole line.  Each was
fitted to it in 40 digits such that the relative error of erf is about even: 3e-9 and 2e-16.
"""


@operation
def erf(a: Array) -> Array:
    """Return the error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to a.

    As a hyperbolic tangent, which begins and ends as it does.  In double precision no more
    than 3 units of rounding were found between it and 40 digits at 35,000 numbers.
    """
    xp = array_namespace(a)
    end, above, below = ERF.get(dtype_name(a.dtype), ERF["float64"])
    s = xp.minimum(xp.abs(a), end)
    s *= s
    p, q = above[0] * s, below[0] * s
    for b, c in zip(above[1:-1], below[1:-1]):
        p += b
        p *= s
        q += c
        q *= s
    p += above[-1]
    q += below[-1]
    p /= q
    p *= a
    return xp.tanh(p)


class Summing(Protocol):
    """What sums arrays over processes: a `xpnn.distributed.Communicator`."""

    is_muted: bool
    """Whether sums leave arrays as they are now; a backend that does not call `sum` asks."""

    def sum(self, array: np.ndarray) -> None:
        """Sum a contiguous array over all processes, in place."""


@operation
def summed(a: Array, communicator: Summing) -> Array:
    """Return the sum over processes of their arrays, all of one shape; consumes `a`."""
    host = np.array(to_host(a))
    communicator.sum(host)
    return array_namespace(a).asarray(host, dtype=a.dtype, device=device_of(a))


class Cut(NamedTuple):
    """How a batch is cut, as a step on one process sees it.

    The numbers are arrays, as the learning rate is: they change from step to step, and what is
    recorded or compiled stays right.
    """

    communicator: Summing
    """The processes."""

    share: Array
    """Of shape (): which part of the batch's weight is that of the rows here."""

    part: Array
    """Of shape (): which part of the batch's rows is here.  Where there is none it is 0, and
    the step is taken with a row of another process, which counts nothing."""

    rows: Array
    """Of shape (): how many rows the whole batch has."""


_current: ContextVar[Cut | None] = ContextVar("xpnn_cut", default=None)


@contextmanager
def cut_up(cut: Cut) -> Iterator[None]:
    """Let layers know, in this thread, how the batch is cut that they are given."""
    token = _current.set(cut)
    try:
        yield
    finally:
        _current.reset(token)


def over_batch(means: Array) -> Array:
    """Return means over the rows of the whole batch, of those over the rows at hand.

    A layer that computes with more than one row of the batch, in its forward pass or its
    backward one, asks for what these have in common by this.  On one process they are the
    same::

        mean = over_batch(column_sums(x) / x.shape[0])  # (k,)

    Parameters
    ----------
    means : array
        Of any shape.
    """
    cut = _current.get()
    return means if cut is None else summed(cut.part * means, cut.communicator)


def batch_rows(x: Array) -> int | Array:
    """Return how many rows the whole batch has of which some are at hand.

    Parameters
    ----------
    x : array of shape (m, …)
        The rows at hand.

    Returns
    -------
    int or array of shape ()
        On one process the int m.
    """
    cut = _current.get()
    return int(x.shape[0]) if cut is None else cut.rows


def one_hot(targets: Array, predictions: Array) -> Array:
    """Return targets as rows.

    Parameters
    ----------
    targets : array of shape (n,) or (n, k)
        Class indices, or rows already.
    predictions : array of shape (n, k)
        What the targets are compared with.

    Returns
    -------
    array of shape (n, k)
        Of the predictions' dtype; from an index, 1 in its column and 0 elsewhere.

    Raises
    ------
    ValueError
        If rows have another shape than the predictions.
    """
    xp = array_namespace(predictions)
    if targets.ndim == 2:
        if targets.shape != predictions.shape:
            raise ValueError(
                "targets must be class indices, or rows of the shape "
                f"{tuple(predictions.shape)}, got the shape {tuple(targets.shape)}"
            )
        return xp.astype(targets, predictions.dtype, copy=False)
    k = predictions.shape[1]
    index = index_dtype_of(targets)
    classes = xp.arange(k, dtype=index, device=device_of(predictions))
    rows = xp.astype(targets, index, copy=False)[:, None] == classes
    return xp.astype(rows, predictions.dtype)
