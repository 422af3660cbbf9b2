"""One optimizer that treats some parameters apart: another learning rate, no weight decay.

A layer says it of a parameter (`xpnn.layers.Parameter`), as factors.  Of each pair of factors
the optimizer has a variant; arrays of one variant lie together (`xpnn.packing`), so that a
network whose parameters are all alike is trained as if there were no factors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ..backend import Array
from ..schedules import Scaled, Schedule
from .base import Averaged, Optimizer

__all__ = ["Apart", "variants_of", "vary", "with_variants"]

Factors = tuple[float, float]
"""By what the learning rate and the weight decay are multiplied."""


@dataclass(frozen=True)
class Apart:
    """Variants of an optimizer, each for some of the arrays.

    Parameters
    ----------
    variants : tuple of Optimizer
        The variants; a backend may have something faster in their place.
    of_arrays : tuple of int
        For each array that a step is given, the number of its variant.
    """

    variants: tuple[Any, ...]
    of_arrays: tuple[int, ...]

    @cached_property
    def _own(self) -> list[list[int]]:
        """Which arrays each variant has."""
        return [
            [i for i, of in enumerate(self.of_arrays) if of == k]
            for k in range(len(self.variants))
        ]

    def numbers(self, t: Array) -> tuple[Array, ...]:
        """Return the variants' numbers, one variant's behind the other's."""
        return tuple(number for variant in self.variants for number in variant.numbers(t))

    def step(
        self,
        params: Sequence[Array],
        grads: Sequence[Array],
        slots: Sequence[Sequence[Array]],
        numbers: Sequence[Array],
    ) -> tuple[list[Array], list[list[Array]]]:
        """Take a step, as `Optimizer.step`: each variant with its arrays and its numbers."""
        new_params, new_slots = [*params], [[*slot] for slot in slots]
        each_has = len(numbers) // len(self.variants)
        for k, (variant, own) in enumerate(zip(self.variants, self._own)):
            stepped, stepped_slots = variant.step(
                [params[i] for i in own],
                [grads[i] for i in own],
                [[slot[i] for i in own] for slot in slots],
                numbers[k * each_has : (k + 1) * each_has],
            )
            for new, old in zip((stepped, *stepped_slots), (new_params, *new_slots)):
                for i, array in zip(own, new):
                    old[i] = array
        return new_params, new_slots


def vary(optimizer: Optimizer, factors: Sequence[Factors]) -> Any:
    """Return an optimizer for arrays with these factors: itself, where all of them are 1.

    Parameters
    ----------
    optimizer : Optimizer
        The optimizer.
    factors : sequence of pairs of float
        For each array that a step is given, those of its learning rate and weight decay.
    """
    kinds = [*dict.fromkeys(factors)]
    if kinds in ([], [(1.0, 1.0)]):
        return optimizer
    variants = tuple(_variant(optimizer, *kind) for kind in kinds)
    return Apart(variants, tuple(map(kinds.index, factors)))


def _variant(optimizer: Optimizer, learning_rate: float, weight_decay: float) -> Optimizer:
    changed: dict[str, Any] = {"learning_rate": _times(optimizer.learning_rate, learning_rate)}
    if hasattr(optimizer, "weight_decay"):
        changed["weight_decay"] = _times(optimizer.weight_decay, weight_decay)
    return replace(optimizer, **changed)


def _times(value: float | Schedule, factor: float) -> float | Schedule:
    if isinstance(value, Schedule):
        return value if factor == 1 else Scaled(value, factor)
    return factor * value


def variants_of(optimizer: Any) -> tuple[Any, ...]:
    """Return the variants of a step's optimizer: itself alone, where it has none."""
    if isinstance(optimizer, Averaged):
        return variants_of(optimizer.optimizer)
    return optimizer.variants if isinstance(optimizer, Apart) else (optimizer,)


def with_variants(optimizer: Any, variants: Sequence[Any]) -> Any:
    """Return a step's optimizer with something in the place of each of its variants."""
    if isinstance(optimizer, Averaged):
        return replace(optimizer, optimizer=with_variants(optimizer.optimizer, variants))
    if isinstance(optimizer, Apart):
        return replace(optimizer, variants=tuple(variants))
    (alone,) = variants
    return alone
