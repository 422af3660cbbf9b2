"""Steps of a block, one after the other.

And what each takes: rows of the data, and what was drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import Any

from .arrays import Array, Block

__all__ = ["Taken", "batches", "noises", "one_by_one"]

Taken = tuple[list[Array], list[list[Array]], list[tuple[Array, ...]]]
"""What steps return that were taken: buffers, slots, measures, as `Backend.repeat` tells."""

GATHERED = 1 << 16
"""About how many numbers of rows are gathered at once for several steps: a cache holds them."""


def one_by_one(
    backend: Any, step: Any, buffers: list[Array], slots: list[list[Array]], *steps: Any
) -> Taken:
    """Take steps as `Backend.repeat` tells, where there is no faster way."""
    block = Block(*steps)
    parts, params = step.parts(buffers), step.params(buffers)
    slot_parts = step.slot_parts(slots)
    dtype = buffers[0].dtype if buffers else block.data[0].dtype
    table = backend.asarray(step.numbers(block.t, block.count), dtype)
    numbers = zip(*(backend.unstack(number) for number in backend.unstack(table)))
    measured = []
    for batch, number, drawn in zip(batches(backend, block), numbers, noises(backend, block)):
        parts, slot_parts, measures = step(params, parts, slot_parts, number, *batch, drawn)
        if not step.packing:
            params = step.params(parts)
        measured.append(measures)
    backend.flush(step.remembered(slot_parts), block)
    if not step.packing:
        buffers, slots = parts, slot_parts
    return buffers, slots, measured


def noises(backend: Any, block: Block) -> Iterable[tuple[tuple[Array, ...], ...]]:
    """Return what the layers drew for each step."""
    if not block.noise:
        return repeat(())
    drawn = [[backend.unstack(a) for a in layer] for layer in block.noise]
    return zip(*(zip(*layer) if layer else repeat((), block.count) for layer in drawn))


def batches(backend: Any, block: Block) -> Iterator[tuple[Array, ...]]:
    """Return the arrays of each step."""
    if block.rows is None:
        return repeat(block.data, block.count)
    return _gathered(backend, block)


def _gathered(backend: Any, block: Block) -> Iterator[tuple[Array, ...]]:
    """Yield the rows of each step; those of several are taken at once, and cut."""
    data, rows, size = block.data, block.rows, block.batch_size
    end = block.count * size
    together = end
    if not isinstance(rows, slice):
        together = max(1, GATHERED // (size * data[0].shape[1])) * size
        rows = backend.asarray(rows.reshape(-1))
    for start in range(0, end, together):
        taken: list[Any]
        if isinstance(rows, slice):
            taken = [a if a is None else a[rows, ...] for a in data]
        else:
            index = rows[start : min(start + together, end)]
            taken = [a if a is None else backend.take_rows(a, index) for a in data]
        n = taken[0].shape[0]
        if n == size:
            yield tuple(taken)
            continue
        for i in range(0, n, size):
            yield tuple(a if a is None else a[i : i + size, ...] for a in taken)
