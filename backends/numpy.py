"""NumPy on the CPU: the backend that is always there.

The operations below are NumPy's fastest ways.  Each number is what it saves at (300, 64), or
at (300, 3) along rows, in float32 on one core; ``benchmarks/operations.py`` measures them.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import lru_cache
from math import isfinite
from typing import Any, ClassVar

import array_api_compat.numpy as xp
import numpy as np

from xpnn.backend import (
    Array,
    Backend,
    BackendUnavailableError,
    Block,
    SparseRows,
    row_blocks,
    to_host,
)
from xpnn.backend.base import OneRow, Taken

from ._playback import Player
from ._recording import added_to_rows, added_up, summed, take_rows
from ._recurring import Players, shapes_of
from ._threads import threads_for

LONG = 1 << 13
"""How many numbers a row has at most that is looked at as a whole: BLAS takes several threads
for one that is longer, which then wait for one another."""

_INTEGERS: dict[int, Any] = {4: np.int32, 8: np.int64}


@lru_cache(maxsize=64)
def _ones(n: int, dtype: np.dtype) -> np.ndarray:
    ones = np.ones(n, dtype)
    ones.flags.writeable = False
    return ones


@lru_cache(maxsize=64)
def _two_columns_of_ones(n: int, dtype: np.dtype) -> np.ndarray:
    ones = np.ones((n, 2), dtype)
    ones.flags.writeable = False
    return ones


@lru_cache(maxsize=64)
def _row_starts(n: int, k: int) -> np.ndarray:
    """Return where the rows of an (n, k) array start in memory."""
    starts = np.arange(n) * k
    starts.flags.writeable = False
    return starts


@lru_cache(maxsize=64)
def _identity(k: int, dtype: np.dtype) -> np.ndarray:
    identity = np.eye(k, dtype=dtype)
    identity.flags.writeable = False
    return identity


def column_sums(a: Array) -> Array:
    """Multiply by ones: matrix products are faster than sums (8 us -> 2).

    With two columns of ones it is a product of matrices, which adds in the same order as
    NumPy's sum does; with one it would be a product with a vector, which does not, and the
    accuracy that the book prints for step 100 of chapter 10's runs would be another.
    """
    n = a.shape[0]
    if a.size <= 1 << 16:
        return (a.T @ _two_columns_of_ones(n, a.dtype))[:, 0]
    return _ones(n, a.dtype) @ a


def row_sums(a: Array) -> Array:
    """Multiply by ones, likewise (7 us -> 2)."""
    return (a @ _two_columns_of_ones(a.shape[1], a.dtype))[:, :1]


def mean(a: Array) -> Array:
    """Call the sum itself, without the functions around it (5 us -> 1)."""
    return np.add.reduce(a) / a.shape[0]


def sum_of_squares(a: Array) -> Array:
    """Multiply each row of a large matrix by itself (at (60000, 100), 2.5 ms -> 0.9)."""
    if a.ndim != 2 or a.size < 1 << 16:
        return np.add.reduce(a * a, axis=None)
    return np.add.reduce(a[:, None, :] @ a[:, :, None], axis=None)


def positive_part(a: Array) -> Array:
    """Compare with an array: only arrays of one size are compared in vectors (8 us -> 4)."""
    return np.maximum(a, np.zeros(a.shape, a.dtype))


def where_positive(a: Array, b: Array) -> Array:
    """Take b's bits together with ones or zeros: faster than to choose (22 us -> 9)."""
    bits = _INTEGERS[b.dtype.itemsize]
    every = -(a > 0).astype(bits)  # -1 has all bits, 0 has none
    return (b.view(bits) & every).view(b.dtype)


def row_maxima(a: Array) -> Array:
    """Find where they are, which is faster than what they are along short rows (13 us -> 3)."""
    return pick(a, a.argmax(axis=1))[:, None]


def join(*arrays: Array) -> Array:
    """Let NumPy flatten them on the way (4 us -> 2 for four)."""
    return np.concatenate(arrays, axis=None)


def pick(a: Array, columns: Array) -> Array:
    """Take from the flat array, by methods: the functions around them cost more (6 us -> 1)."""
    return a.reshape(-1).take(_row_starts(*a.shape) + columns)


def subtract_one_hot(a: Array, columns: Array) -> Array:
    """Take rows of the identity (8 us -> 2), or with many classes change single entries."""
    n, k = a.shape
    if k <= 64:
        a -= take_rows(_identity(k, a.dtype), columns)
    else:
        a[np.arange(n), columns] -= 1
    return a


def add_rows(table: Array, places: Array, rows: Array) -> Array:
    """Add number by number, which is three times as fast as row by row (40 us -> 12)."""
    return added_to_rows(table, places, rows)


def scatter_add(rows: Array, places: Array, count: int) -> Array:
    """Add to zeros, which a tape makes anew each time that it is played."""
    return added_up(rows, places, count)


class NumpyBackend(Backend):
    """NumPy arrays, which are on the host already."""

    operations: ClassVar[Mapping[str, Callable[..., Any]]] = {
        f.__name__: f
        for f in (
            column_sums,
            row_sums,
            mean,
            positive_part,
            where_positive,
            row_maxima,
            join,
            pick,
            add_rows,
            scatter_add,
            subtract_one_hot,
            sum_of_squares,
            summed,
        )
    }

    # The crossovers were measured with Adam: a call costs about what 2 000 numbers do, and
    # two million numbers take 5.9 ms at once and 4.2 in parts of 65 536.
    packing = (1 << 14, 1 << 17)

    multiplies_sparse = True

    player: ClassVar[type[Player]] = Player
    """What takes the steps that recur."""

    def owns(self, x: Any) -> bool:
        """Whether `x` is an array as such; masked arrays and matrices mean other things."""
        return type(x) is np.ndarray or isinstance(x, np.generic)

    def asarray(self, x: Any, dtype: Any = None, *, copy: bool = False) -> Array:
        """Place an array; as in `Backend.asarray`."""
        if isinstance(x, SparseRows):
            return x
        plain = type(x) is np.ndarray and x.dtype.kind in "biuf" and x.dtype.isnative
        if plain and not copy and (dtype is None or x.dtype == dtype):
            return x  # what `predict` is mostly given: one row shall cost little more
        if isinstance(x, np.ndarray | np.generic):
            x = self.plain(np.asarray(x) if isinstance(x, np.generic) else x)
        return super().asarray(x, dtype, copy=copy)

    def plain(self, x: Array) -> Array:
        """Return the array; in a dtype of NumPy's own, where it is of another's."""
        return x if x.dtype.kind in "biuf" else to_host(x)

    def to_numpy(self, x: Array) -> np.ndarray:
        """Return the array itself."""
        return np.asarray(x)

    def all_finite(self, *arrays: Array) -> bool:
        """Whether no array holds a NaN or an infinity."""
        for array in arrays:
            if array.size < 1 << 16:
                if not np.isfinite(array).all():
                    return False
                continue
            for _, block in row_blocks(array, 1 << 20):
                if not np.isfinite(block).all():
                    return False
        return True

    def read(self, arrays: list[Array]) -> np.ndarray:
        """Return arrays, flat and one after the other, as float64."""
        return np.concatenate(arrays, axis=None, dtype=np.float64)

    def repeat(self, step: Any) -> Callable[..., Any]:
        """Return a function that takes many steps; what recurs is recorded and played back."""
        as_written = super().repeat(step)
        players: Players[Player] = Players()

        def run(buffers: list[Array], slots: list[list[Array]], *steps: Any) -> Taken:
            block = Block(*steps)
            player = None
            if buffers and not isinstance(block.data[0], SparseRows):
                # a recording is of certain parameters, and of a layout of all rows
                whole = block.data if block.rows is None else ()
                layout = [a if a is None else (a.shape, a.strides) for a in whole]
                key = id(buffers), *shapes_of(block), *layout
                player = players.get(
                    key, block.count, lambda: self.player.of_block(step, buffers, slots, block)
                )
            if player is None or not player.works:
                return as_written(buffers, slots, *steps)  # type: ignore[no-any-return]
            measured = player.take_steps(block)
            self.flush(step.remembered(slots), block)
            return buffers, slots, [tuple(measured)]

        return run

    def one_row(self, stack: Any, dtype: str, n_features: int) -> OneRow | None:
        """Return what computes one row at once: NumPy's, of the dtype or of another.

        Beside its layers `predict` costs 3 us so, and 6 where a row is placed and checked.
        """
        if n_features > LONG:
            return None
        shape, wanted = (1, n_features), np.dtype(dtype)

        @np.errstate(over="ignore", invalid="ignore")  # as `activate`, but made once
        def outputs(arrays: list[Array], x: Array) -> Array | None:
            if x.dtype != wanted:
                x = x.astype(wanted)
            # a sum of squares is finite only if they are; where it is not, each is looked at
            return stack.predict(arrays, x) if isfinite(np.vdot(x, x)) else None

        def compute(arrays: list[Array], x: Any) -> Array | None:
            if type(x) is np.ndarray and x.shape == shape and x.dtype.kind in "biuf":
                return outputs(arrays, x)
            return None

        return compute

    def threads_for(self, multiplications: int) -> AbstractContextManager[Any]:
        """Let BLAS use one thread for small products; see `_threads.threads_for`."""
        return threads_for(multiplications)

    def activate(self) -> AbstractContextManager[Any]:
        """Let overflow be silent, as on a GPU: a loss that is not finite is reported."""
        return np.errstate(over="ignore", invalid="ignore")


def load(device: str | None) -> Backend:
    """Return NumPy; its only device is the CPU."""
    if device not in (None, "cpu"):
        raise BackendUnavailableError("numpy", f"NumPy has no device {device!r}", "Use 'numpy'")
    return NumpyBackend("numpy", xp, "cpu", np.__version__)
