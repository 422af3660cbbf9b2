"""Learning rates that fall, sorted by complexity."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..backend import Array, array_namespace
from ..checks import check_integer, check_number
from .base import Schedule

__all__ = ["CosineDecay", "ExponentialDecay", "FlatCosine", "StepDecay"]


@dataclass(frozen=True)
class StepDecay(Schedule):
    """Stairs: after each `every` steps the learning rate is multiplied by `factor`.

    Parameters
    ----------
    learning_rate : float
        The first learning rate, > 0.
    every : int
        How many steps a stair is long.
    factor : float
        How much of the learning rate is left, 0 < factor < 1.

    Notes
    -----
    learning_rate * factor ** floor(t / every).
    """

    learning_rate: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("learning_rate", self.learning_rate, above=0)
        check_integer("every", self.every, at_least=1)
        check_number("factor", self.factor, above=0, below=1)

    def __call__(self, t: Array) -> Array:
        """Return the learning rate of step `t`; as in `Schedule`."""
        xp = array_namespace(t)
        return self.learning_rate * self.factor ** xp.floor(t / self.every)


@dataclass(frozen=True)
class ExponentialDecay(Schedule):
    """A steady fall, to the part `factor` in each `every` steps.

    Parameters
    ----------
    learning_rate : float
        The first learning rate, > 0.
    every : int
        After how many steps the learning rate is `factor` of what it was.
    factor : float
        How much of it is left then, 0 < factor < 1.

    Notes
    -----
    learning_rate * factor ** (t / every).
    """

    learning_rate: float
    every: int
    factor: float

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("learning_rate", self.learning_rate, above=0)
        check_integer("every", self.every, at_least=1)
        check_number("factor", self.factor, above=0, below=1)

    def __call__(self, t: Array) -> Array:
        """Return the learning rate of step `t`; as in `Schedule`."""
        return self.learning_rate * self.factor ** (t / self.every)


@dataclass(frozen=True)
class CosineDecay(Schedule):
    """Half a cosine, from the first learning rate down to the last.

    Parameters
    ----------
    learning_rate : float
        The first learning rate, > 0.
    steps : int
        After how many steps the last is reached; it stays from there on.
    final : float
        The last learning rate, 0 <= final < learning_rate.

    Notes
    -----
    final + (learning_rate - final) * (1 + cos(pi * t / steps)) / 2.  Loshchilov and Hutter
    (2017), without restarts.
    """

    learning_rate: float
    steps: int
    final: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("learning_rate", self.learning_rate, above=0)
        check_integer("steps", self.steps, at_least=1)
        check_number("final", self.final, at_least=0, below=self.learning_rate)

    def __call__(self, t: Array) -> Array:
        """Return the learning rate of step `t`; as in `Schedule`."""
        xp = array_namespace(t)
        part = xp.where(t < self.steps, t / self.steps, 1.0)
        cosine = xp.cos(math.pi * part)
        return self.final + (self.learning_rate - self.final) * (1 + cosine) / 2


@dataclass(frozen=True)
class FlatCosine(Schedule):
    """The first learning rate for a while, then half a cosine down to 0.

    Parameters
    ----------
    learning_rate : float
        The first learning rate, > 0.
    steps : int
        After how many steps 0 is reached; it stays from there on.
    flat : float
        The part of these in which nothing changes, 0 <= flat < 1.

    Notes
    -----
    With p = t / steps, learning_rate while p < flat, then
    learning_rate * (1 + cos(pi * (p - flat) / (1 - flat))) / 2.  With flat = 0.5 it is what
    Holzmüller, Grinsztajn and Steinwart (2024) have for weight decay and dropout.
    """

    learning_rate: float
    steps: int
    flat: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("learning_rate", self.learning_rate, above=0)
        check_integer("steps", self.steps, at_least=1)
        check_number("flat", self.flat, at_least=0, below=1)

    def __call__(self, t: Array) -> Array:
        """Return the learning rate of step `t`; as in `Schedule`."""
        xp = array_namespace(t)
        part = xp.where(t < self.steps, t / self.steps, 1.0)
        fall = xp.where(part < self.flat, 0.0, (part - self.flat) / (1 - self.flat))
        return self.learning_rate * (1 + xp.cos(math.pi * fall)) / 2
