"""How an optimizer sees the parameters: as few arrays as possible, each of a good size.

An optimizer's rule is elementwise, so it need not know where one parameter ends.  Small
arrays are joined, because a call costs more than its numbers; large ones are cut into parts,
so that what a rule needs at a time stays in the processor's cache.  Parameters and parts are
both views of the same buffers: what the optimizer changes in place, the layers see.  This is
for libraries whose arrays can share memory.

A rule that is not elementwise is given each parameter by itself, in its shape: also a view.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from .backend import Array, array_namespace
from .operations import join

__all__ = ["Packing"]


@dataclass(frozen=True)
class Packing:
    """Where each parameter is in the parts.

    Parameters
    ----------
    shapes : tuple of tuple of int
        The parameters' shapes.
    join_below : int
        Arrays with fewer numbers lie in one buffer together.
    cut_above : int
        Buffers with more numbers are given to the optimizer in parts of half as many.
    kinds : tuple, optional
        Something for each parameter: only those of equal kinds lie in one buffer.
    by_parameter : bool
        Whether each parameter is a part by itself, in its shape, whatever its size.
    """

    shapes: tuple[tuple[int, ...], ...]
    join_below: int
    cut_above: int
    kinds: tuple[Any, ...] = ()
    by_parameter: bool = False
    buffers: list[list[int]] = field(init=False)
    """For each buffer the parameters that lie in it, by their number."""
    cuts: bool = field(init=False)
    """Whether a buffer is so large that it is cut."""

    def __post_init__(self) -> None:
        sizes = [math.prod(shape) for shape in self.shapes]
        small: dict[Any, list[int]] = {}
        for i, size in enumerate(sizes):
            if size < self.join_below and not self.by_parameter:
                small.setdefault(self.kinds[i] if self.kinds else None, []).append(i)
        joined = {*chain.from_iterable(small.values())}
        alone = [[i] for i in range(len(sizes)) if i not in joined]
        object.__setattr__(self, "buffers", [*small.values(), *alone])
        largest = max((sum(sizes[i] for i in members) for members in self.buffers), default=0)
        object.__setattr__(self, "cuts", largest > self.cut_above)

    def join(self, arrays: Sequence[Array]) -> list[Array]:
        """Return arrays in the parameters' shapes as flat buffers.

        A buffer with one array is that array itself, flat; one with several is new.
        """
        return [
            join(*[arrays[i] for i in members])
            if len(members) > 1
            else flat(arrays[members[0]])
            for members in self.buffers
        ]

    def kinds_of_parts(self) -> list[Any]:
        """Return the kind of each part that the optimizer is given."""
        if self.by_parameter:
            return [*self.kinds]
        kinds = []
        for members in self.buffers:
            size = sum(math.prod(self.shapes[i]) for i in members)
            count = -(-size // (self.cut_above // 2)) if size > self.cut_above else 1
            kinds += [self.kinds[members[0]]] * count
        return kinds

    def cut(self, buffers: Sequence[Array]) -> list[Array]:
        """Return flat buffers as the parts that the optimizer is given: views of them."""
        if self.by_parameter:
            return self.split(buffers)
        if not self.cuts:
            return list(buffers)
        return [part for buffer in buffers for part in self._parts(buffer)]

    def _parts(self, buffer: Array) -> Iterator[Array]:
        n = buffer.shape[0]
        if n <= self.cut_above:
            yield buffer
        else:
            size = self.cut_above // 2
            for start in range(0, n, size):
                yield buffer[start : min(start + size, n)]

    def split(self, buffers: Sequence[Array]) -> list[Array]:
        """Return flat buffers as arrays in the parameters' shapes: views of them."""
        arrays: list[Array] = [None] * len(self.shapes)
        for members, buffer in zip(self.buffers, buffers):
            xp, start = array_namespace(buffer), 0
            for i in members:
                end = start + math.prod(self.shapes[i])
                arrays[i] = xp.reshape(buffer[start:end], self.shapes[i], copy=False)
                start = end
        return arrays


def flat(array: Array) -> Array:
    """Return an array flat; a view where it can be one."""
    return array_namespace(array).reshape(array, (-1,))
