"""Steps of training, many of them as one loop that XLA compiles.

XLA compiles for each shape of what it is given, so neither the number of steps is in the shapes
nor, on a CPU, the number of rows: the loop gathers its batches from a table that has room for
more.  Few rows are copied into one; of many the memory has room (`_jax_memory`).
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import partial
from math import prod
from typing import Any

import jax
import numpy as np

from xpnn.backend import Array, Block
from xpnn.backend.base import Taken

from ._jax_memory import FEW, padded, with_room

__all__ = ["Head", "repeat"]

MOST_STEPS = 128
"""How many steps a loop takes at most; `fit` asks for no more at once."""


class Head:
    """The first numbers of an array, for `JaxBackend.read`: JAX would compile each length."""

    def __init__(self, array: Array, count: int) -> None:
        self.array, self.count = array, count

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.array, dtype)[: self.count]


def compiled(step: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return a step, and a loop of many of them, compiled.

    Of each step there are its numbers, those of its rows, None for all, and what its layers
    drew.
    """
    mesh = mesh_of(step)

    def take(buffers: list[Array], slots: Any, each: Any, data: Any) -> Any:
        numbers, rows, noise = each
        batch = data if rows is None else [a if a is None else a[rows] for a in data]
        if mesh is not None:
            batch = [a if a is None else mesh.spread(a) for a in batch]
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


def mesh_of(step: Any) -> Any:
    """Return the devices over which a step's batches are spread; None for one device."""
    communicator = step.communicator
    return None if communicator is None or communicator.cuts_batches else communicator


def repeat(step: Any, device: Any) -> Callable[..., Taken]:
    """Return a function that takes many steps, as `Backend.repeat` does.

    Its first argument is the function that gives the optimizer's numbers, which are no part of
    what is compiled.
    """
    one, many = compiled(step)
    mesh = mesh_of(step)
    tables, on_cpu = Tables(device, mesh), device.platform == "cpu"
    room = 1

    def here(arrays: Any) -> Any:
        """Return what this device has of arrays that all have."""
        return arrays if mesh is None else jax.tree.map(partial(mesh.on, device), arrays)

    def run(
        numbers: Callable[[int, int], np.ndarray],
        buffers: list[Array],
        slots: list[list[Array]],
        *steps: Any,
    ) -> Taken:
        nonlocal room
        block = Block(*steps)
        if mesh is not None:
            buffers, slots = jax.tree.map(mesh.whole, (buffers, slots))
        # new slots are bound to no device, and for arrays that are, JAX compiles anew
        slots = [[a if a.committed else jax.device_put(a, device) for a in s] for s in slots]
        with np.errstate(over="ignore"):  # what becomes infinite makes a loss that is told
            table = numbers(block.t, block.count).T.astype(block.data[0].dtype)
        # on a CPU the same memory, of which JAX would compile each cut
        on_host = on_cpu or mesh is not None
        noise = jax.tree.map(np.asarray, block.noise) if on_host else block.noise
        all_ = (table, _numbers_of_rows(block), noise)
        if on_cpu and block.rows is not None:
            at_once, data = _steps_at_once(all_), tables.of(block.data)
        else:
            # arrays have room for the most steps that were asked for so far
            room = at_once = max(room, 16, 1 << (block.count - 1).bit_length())
            data = block.data if mesh is None else tables.of(block.data)
        measured: list[Any] = []
        for start in range(0, block.count, at_once):
            part = slice(start, start + at_once)
            each = jax.tree.map(lambda a, part=part: a[part], all_)
            count = each[0].shape[0]
            if count == 1:
                first = jax.tree.map(lambda a: a[0], each)
                buffers, slots, measures = one(buffers, slots, first, data)
                measured.append(here(measures))
                continue
            if count < at_once:
                each = jax.tree.map(lambda a: _filled_up(a, at_once), each)
            buffers, slots, columns = many(buffers, slots, count, each, data)
            measured.append(tuple(Head(column, count) for column in here(columns)))
        return *here((buffers, slots)), measured

    return run


def _steps_at_once(given: Any) -> int:
    """Return how many steps a loop takes, for so many of which it is given what it needs."""
    numbers: int = sum(prod(a.shape[1:]) for a in jax.tree.leaves(given))
    most = min(MOST_STEPS, max(1, FEW // numbers))
    return 1 << (most.bit_length() - 1)


class Tables:
    """Rows with room for more, so that other numbers of them compile little anew.

    Those of the last training are kept as long as what they were made of.  Two models in two
    threads may share what was compiled, and this with it.
    """

    def __init__(self, device: Any, mesh: Any) -> None:
        self._device, self._mesh = device, mesh
        self._last: tuple[list[weakref.ref[Any]], list[Array | None]] = [], []

    def of(self, data: tuple[Array | None, ...]) -> tuple[Array | None, ...]:
        """Return arrays whose first rows are those of the data."""
        given = [a for a in data if a is not None]
        made_of, tables = self._last
        if len(made_of) != len(given) or any(ref() is not a for ref, a in zip(made_of, given)):
            width = sum(prod(a.shape[1:]) for a in given)
            room = max(FEW // max(1, width), padded(len(given[0])))
            tables = [self._table(a, room) for a in given]
            self._last = [weakref.ref(a, self._forget) for a in given], tables
        made = (a if table is None else table for a, table in zip(given, tables))
        return tuple(a if a is None else next(made) for a in data)

    def _table(self, a: Array, room: int) -> Array | None:
        """Return a table that doesn't keep the array; None for many rows without room."""
        host = np.asarray(a)  # the same memory
        if self._mesh is not None:
            return self._mesh.whole(host)
        whole = _filled_up(host, room) if a.size <= FEW else with_room(host, room)
        return None if whole is None else jax.device_put(whole, self._device)

    def _forget(self, made_of: weakref.ref[Any]) -> None:
        if any(ref is made_of for ref in self._last[0]):
            self._last = [], []


def _numbers_of_rows(block: Block) -> np.ndarray | None:
    """Return the numbers of the rows of each step, (count, batch_size); None for all."""
    rows = block.rows
    if isinstance(rows, slice):
        rows = np.arange(rows.start, rows.stop).reshape(block.count, -1)
    return rows if rows is None else rows.astype(np.int32)


def _filled_up(a: Any, n: int) -> np.ndarray:
    """Return a copy with n steps, or rows, the last of which are zeros."""
    return np.concatenate([a, np.zeros((n - a.shape[0], *a.shape[1:]), a.dtype)])
