"""Steps of training, many of them as one loop that XLA compiles.

XLA compiles for each shape of what it is given, so neither the number of steps is in the shapes
nor, on a CPU, the number of rows: there NumPy gathers the rows of the batches, which it does
while XLA computes with those before, and in half the time.  Few rows are given all at once, in
a table that has room for more: a loop takes them from there in less time than NumPy takes to
hand them over.  On a GPU the rows stay, and are gathered there.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import jax
import numpy as np

from xpnn.backend import Array, Block
from xpnn.backend.base import Taken

__all__ = ["Head", "repeat"]

FED = 1 << 18
"""About how many numbers of rows a loop is given at most: what a cache holds."""

MOST_FED = 32
"""How many steps a loop is given at most; the rows of the next ones are gathered meanwhile."""

MOST_FROM_TABLE = 128
"""How many steps a loop takes from a table at most."""


class Head:
    """The first numbers of an array, for `JaxBackend.read`: JAX would compile each length."""

    def __init__(self, array: Array, count: int) -> None:
        self.array, self.count = array, count

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.array, dtype)[: self.count]


def compiled(step: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return a step, and a loop of many of them, compiled.

    Of each step there are its numbers, its rows and what its layers drew.  The rows are None
    for all, their numbers, or a tuple of themselves.
    """

    def take(buffers: list[Array], slots: Any, each: Any, data: Any) -> Any:
        numbers, rows, noise = each
        batch = rows if isinstance(rows, tuple) else data
        if rows is not None and batch is data:
            batch = [a if a is None else a[rows] for a in data]
        return step(step.params(buffers), buffers, slots, numbers, *batch, noise)

    def loop(buffers: Any, slots: Any, count: Any, all_: Any, data: Any) -> Any:
        def body(k: Any, carry: Any) -> Any:
            buffers, slots, measured = carry
            each = jax.tree.map(lambda a: a[k], all_)
            buffers, slots, measures = take(buffers, slots, each, data)
            measured = [m.at[k].set(new) for m, new in zip(measured, measures)]
            return buffers, slots, measured

        table = all_[0]
        first = jax.tree.map(lambda a: a[0], all_)
        shapes = jax.eval_shape(take, buffers, slots, first, data)[2]
        empty = [jax.numpy.empty((table.shape[0], *s.shape), table.dtype) for s in shapes]
        return jax.lax.fori_loop(0, count, body, (buffers, slots, empty))

    return jax.jit(take, donate_argnums=(0, 1)), jax.jit(loop, donate_argnums=(0, 1))


def repeat(step: Any, device: Any) -> Callable[..., Taken]:
    """Return a function that takes many steps, as `Backend.repeat` does.

    Its first argument is the function that gives the optimizer's numbers, which are no part of
    what is compiled.
    """
    one, many = compiled(step)
    tables = Tables(device)
    room = 1

    def run(
        numbers: Callable[[int, int], np.ndarray],
        buffers: list[Array],
        slots: list[list[Array]],
        *steps: Any,
    ) -> Taken:
        nonlocal room
        block = Block(*steps)
        # new slots are bound to no device, and for arrays that are, JAX compiles anew
        slots = [[a if a.committed else jax.device_put(a, device) for a in s] for s in slots]
        with np.errstate(over="ignore"):  # what becomes infinite makes a loss that is told
            table = numbers(block.t, block.count).T.astype(block.data[0].dtype)
        if block.rows is not None and device.platform == "cpu":
            at_once, calls, data = tables.steps(block, table) or _fed(block, table)
        else:
            # arrays have room for the most steps that were asked for so far
            room = at_once = max(room, 16, 1 << (block.count - 1).bit_length())
            calls, data = iter([(table, _numbers_of_rows(block), block.noise)]), block.data
        measured: list[Any] = []
        for each in calls:
            count = each[0].shape[0]
            if count == 1:
                first = jax.tree.map(lambda a: a[0], each)
                buffers, slots, measures = one(buffers, slots, first, data)
                measured.append(measures)
                continue
            each = jax.tree.map(lambda a: _with_room(a, at_once), each)
            buffers, slots, columns = many(buffers, slots, count, each, data)
            measured.append(tuple(Head(column, count) for column in columns))
        return buffers, slots, measured

    return run


class Tables:
    """Few rows, with room for more, so that another number of them compiles nothing anew.

    Those of the last training are kept as long as what they are copies of.  Two models in two
    threads may share what was compiled, and this with it.
    """

    def __init__(self, device: Any) -> None:
        self._device = device
        self._last: tuple[list[weakref.ref[Any]], list[Array]] = [], []

    def steps(self, block: Block, table: np.ndarray) -> tuple[int, Iterator[Any], Any] | None:
        """Return what `_fed` does, and the rows; None where they are too many."""
        given = [a for a in block.data if a is not None]
        room = FED // max(1, sum(prod(a.shape[1:]) for a in given))
        if len(given[0]) > room:
            return None
        kept = iter(self._of(given, room))
        data = tuple(a if a is None else next(kept) for a in block.data)
        at_once = MOST_FED if block.noise else MOST_FROM_TABLE
        rows = _numbers_of_rows(block)

        def calls() -> Iterator[Any]:
            for start in range(0, block.count, at_once):
                part = slice(start, start + at_once)
                yield jax.tree.map(lambda a, part=part: a[part], (table, rows, block.noise))

        return at_once, calls(), data

    def _of(self, given: list[Any], room: int) -> list[Array]:
        copied, tables = self._last
        if len(copied) == len(given) and all(ref() is a for ref, a in zip(copied, given)):
            return tables
        tables = [jax.device_put(_with_room(np.asarray(a), room), self._device) for a in given]
        self._last = [weakref.ref(a, self._forget) for a in given], tables
        return tables

    def _forget(self, copied: weakref.ref[Any]) -> None:
        if any(ref is copied for ref in self._last[0]):
            self._last = [], []


def _numbers_of_rows(block: Block) -> np.ndarray | None:
    """Return the numbers of the rows of each step, (count, batch_size); None for all."""
    rows = block.rows
    if isinstance(rows, slice):
        rows = np.arange(rows.start, rows.stop).reshape(block.count, -1)
    return rows if rows is None else rows.astype(np.int32)


def _fed(block: Block, table: np.ndarray) -> tuple[int, Iterator[Any], None]:
    """Return how many steps a loop takes at most, and for each loop what it is given."""
    size = block.batch_size
    at_once = min(MOST_FED, max(1, FED // (size * block.data[0].shape[1])))
    at_once = 1 << (at_once.bit_length() - 1)
    host = [a if a is None else np.asarray(a) for a in block.data]  # the same memory
    noise = jax.tree.map(np.asarray, block.noise)

    def calls() -> Iterator[Any]:
        for start in range(0, block.count, at_once):
            part = slice(start, min(start + at_once, block.count))
            batch = tuple(a if a is None else _rows(a, block, part) for a in host)
            yield table[part], batch, jax.tree.map(lambda a, part=part: a[part], noise)

    return at_once, calls(), None


def _rows(a: np.ndarray, block: Block, part: slice) -> np.ndarray:
    """Return the rows of some steps of a block: (n, …) -> (steps, batch_size, …)."""
    rows, size = block.rows, block.batch_size
    taken: np.ndarray
    if isinstance(rows, slice):
        first = rows.start + part.start * size
        taken = a[first : first + (part.stop - part.start) * size]
        return taken.reshape(-1, size, *a.shape[1:])
    taken = a.take(rows[part], axis=0)
    return taken


def _with_room(a: Any, room: int) -> Any:
    """Return an array with room for more steps than it has."""
    if a.shape[0] == room:
        return a
    return np.concatenate([a, np.zeros((room - a.shape[0], *a.shape[1:]), a.dtype)])
