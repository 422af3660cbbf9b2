"""Layers in training of which some parameters are not trainable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, repeat
from typing import Any

from ..backend import Array
from ..layers.base import Params
from ..layers.holding import split_by
from .stack import Noise, Stack

__all__ = ["PartlyFixed", "in_training", "merged"]


def in_training(stack: Stack) -> Stack:
    """Return a stack as a step trains it: itself, where all of its parameters are trainable."""
    own = (p for layer in stack.layers for p in layer.parameters().values())
    return stack if all(p.trainable for p in own) else PartlyFixed(stack.layers, stack.head)


def merged(
    trainable: Sequence[bool], trained: Iterable[Any], fixed: Iterable[Any]
) -> list[Any]:
    """Return all parameters, of those that are trained and those that are not."""
    of_kind = {True: iter(trained), False: iter(fixed)}
    return [next(of_kind[kind]) for kind in trainable]


@dataclass(frozen=True)
class PartlyFixed(Stack):
    """A stack whose parameters are those that are trainable.

    The others are state, before that of the layers: a step keeps it, and neither remembers
    anything of it nor changes it.
    """

    @cached_property
    def _trainable(self) -> list[bool]:
        own = (layer.parameters().values() for layer in self.layers)
        return [p.trainable for p in chain.from_iterable(own)]

    @cached_property
    def _trained_counts(self) -> list[int]:
        """How many trainable parameters each layer has."""
        return [sum(of_layer) for of_layer in split_by(self._counts, self._trainable)]

    @cached_property
    def has_state(self) -> bool:
        """Whether there is something that a step keeps: what is fixed, at least."""
        return True

    @cached_property
    def penalties(self) -> list[tuple[int, float, float]]:
        """The number of each trainable parameter that is penalised, with its l1 and l2."""
        number = merged(self._trainable, range(sum(self._trainable)), repeat(None))
        return [(number[i], l1, l2) for i, l1, l2 in super().penalties]

    def split(self, arrays: Sequence[Any]) -> list[Params]:
        """Return a flat list of the trainable parameters as one tuple for each layer."""
        return split_by(self._trained_counts, arrays)

    def train(
        self,
        params: Sequence[Params],
        state: Sequence[Array],
        x: Array,
        noise: Noise | None = None,
    ) -> tuple[Array, Callable[[Array], list[Array]], list[Array]]:
        """Run the layers forwards in training, as `Stack.train`."""
        n = self._trainable.count(False)
        whole = merged(self._trainable, chain(*params), state[:n])
        y, backward, new = super().train(split_by(self._counts, whole), state[n:], x, noise)

        def of_trained(dy: Array) -> list[Array]:
            return [g for g, kind in zip(backward(dy), self._trainable) if kind]

        return y, of_trained, [*state[:n], *new]
