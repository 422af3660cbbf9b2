"""Layers in training of which some parameters are not the optimizer's to go over.

Some are not trainable. And a large table of which a step takes few rows is changed where these
are, if the optimizer's rule `adds_up`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, count, repeat
from typing import Any

from ..backend import Array
from ..layers.base import Parameter, Params
from ..layers.holding import split_by
from ..row_gradients import keeping_rows
from .stack import Noise, Stack

__all__ = ["STEPPED", "PartlyFixed", "in_training", "merged", "of_kind", "ways_of"]

STEPPED, BY_ROWS, FIXED = range(3)
"""How a step treats a parameter: it is the optimizer's; a table changed by rows; or fixed."""

LARGE_TABLE = 1 << 14
"""With fewer numbers a table is no quicker by rows than with other parameters in a buffer."""


def ways_of(declared: Iterable[Parameter], by_rows: bool) -> tuple[int, ...]:
    """Return how a step treats each parameter.

    Parameters
    ----------
    declared : iterable of Parameter
        What the layers declare.
    by_rows : bool
        Whether tables may be changed by rows.
    """
    ways = []
    for p in declared:
        way = STEPPED if p.trainable else FIXED
        if by_rows and way == STEPPED and p.by_rows and not p.l1 and not p.l2:
            way = BY_ROWS if math.prod(p.shape) >= LARGE_TABLE else STEPPED
        ways.append(way)
    return tuple(ways)


def in_training(stack: Stack, ways: tuple[int, ...]) -> Stack:
    """Return a stack as a step trains it: itself, if all its parameters are stepped."""
    return PartlyFixed(stack.layers, stack.head, ways) if any(ways) else stack


def of_kind(values: Iterable[Any], ways: Sequence[int], kind: int) -> list[Any]:
    """Return the values of the parameters that are treated in one way."""
    return [value for value, way in zip(values, ways) if way == kind]


def merged(ways: Sequence[int], *of_each: Iterable[Any]) -> list[Any]:
    """Return the values of all parameters, of those of each way."""
    of_way = [iter(values) for values in of_each]
    return [next(of_way[way]) for way in ways]


@dataclass(frozen=True)
class PartlyFixed(Stack):
    """A stack whose parameters are those that the optimizer steps.

    The others are state, before that of the layers: first the tables that are changed by rows,
    then what a step only keeps.
    """

    ways: tuple[int, ...] = ()

    @property
    def kept(self) -> int:
        """How many parameters are state to a step."""
        return len(self.ways) - self.ways.count(STEPPED)

    @property
    def tables(self) -> int:
        """How many parameters are changed by rows."""
        return self.ways.count(BY_ROWS)

    @cached_property
    def _stepped_counts(self) -> list[int]:
        """How many parameters of each layer are the optimizer's."""
        return [ways.count(STEPPED) for ways in split_by(self._counts, self.ways)]

    @cached_property
    def has_state(self) -> bool:
        """Whether there is something that a step keeps: what is not stepped, at least."""
        return True

    @cached_property
    def penalties(self) -> list[tuple[int, float, float]]:
        """The number of each stepped parameter that is penalised, with its l1 and l2."""
        number = merged(self.ways, count(), repeat(None), repeat(None))
        return [(number[i], l1, l2) for i, l1, l2 in super().penalties]

    def split(self, arrays: Sequence[Any]) -> list[Params]:
        """Return a flat list of the stepped parameters as one tuple for each layer."""
        return split_by(self._stepped_counts, arrays)

    def train(
        self,
        params: Sequence[Params],
        state: Sequence[Array],
        x: Array,
        noise: Noise | None = None,
    ) -> tuple[Array, Callable[[Array], list[Array]], list[Array]]:
        """Run the layers forwards in training, as `Stack.train`; of tables come gradients last.

        These are of the kind `RowGradient`, where the layer gives them so.
        """
        k, n = self.tables, self.kept
        whole = merged(self.ways, chain(*params), state[:k], state[k:n])
        y, backward, new = super().train(split_by(self._counts, whole), state[n:], x, noise)

        def of_trained(dy: Array) -> list[Any]:
            with keeping_rows() if k else nullcontext():
                grads = backward(dy)
            return [*of_kind(grads, self.ways, STEPPED), *of_kind(grads, self.ways, BY_ROWS)]

        return y, of_trained, [*state[:n], *new]
