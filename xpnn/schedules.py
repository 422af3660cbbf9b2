"""Learning rates that change with the number of steps taken, sorted by complexity.

A schedule is given to an optimizer instead of a number: ``Adam(CosineDecay(0.01, 1000))``, or
as `AdamW`'s weight decay.  It is a frozen description and elementwise in the step, so `fit`
computes it for many steps at once on the host, and a compiled step never goes stale.  What
depends on how training goes is a callback: `xpnn.callbacks.ReduceOnPlateau`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .backend import Array, array_namespace
from .checks import check_integer, check_number
from .naming import Described, check_described, make, register

__all__ = [
    "SCHEDULES",
    "CosineDecay",
    "CosineLog",
    "ExponentialDecay",
    "FlatCosine",
    "Scaled",
    "Schedule",
    "StepDecay",
    "WarmUp",
]

SCHEDULES: dict[str, type[Schedule]] = {}
"""Every schedule class by its name: a model file names its schedule so."""


@dataclass(frozen=True)
class Schedule(Described):
    """The base class of schedules; a subclass defines ``__call__``."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        register(cls, SCHEDULES, "schedule")

    def __call__(self, t: Array) -> Array:
        """Return the learning rate of a step, > 0 or, late in training, 0.

        Parameters
        ----------
        t : array
            The number of steps taken before, as a float; of any shape.

        Returns
        -------
        array
            In the shape of `t`.
        """
        raise TypeError(f"the schedule {type(self).__name__} does not define __call__")


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


@dataclass(frozen=True)
class CosineLog(Schedule):
    """Whole cosines, each twice as long as the one before, from 0 up and down again.

    Parameters
    ----------
    learning_rate : float
        The largest learning rate, > 0.
    steps : int
        After how many steps the last cosine ends; the learning rate is 0 from there on.
    cycles : int
        How many cosines there are, at least 1.

    Notes
    -----
    learning_rate * (1 - cos(2 * pi * log2(1 + (2**cycles - 1) * t / steps))) / 2, as
    Holzmüller, Grinsztajn and Steinwart (2024) have it, with four cycles.
    """

    learning_rate: float
    steps: int
    cycles: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("learning_rate", self.learning_rate, above=0)
        check_integer("steps", self.steps, at_least=1)
        check_integer("cycles", self.cycles, at_least=1)

    def __call__(self, t: Array) -> Array:
        """Return the learning rate of step `t`; as in `Schedule`."""
        xp = array_namespace(t)
        part = xp.where(t < self.steps, t / self.steps, 1.0)
        done = xp.log2(1 + (2**self.cycles - 1) * part)  # cosines
        return self.learning_rate * (1 - xp.cos(2 * math.pi * done)) / 2


@dataclass(frozen=True)
class WarmUp(Schedule):
    """A rise in a straight line to the learning rate with which training goes on.

    Parameters
    ----------
    schedule : float or Schedule
        What follows: a learning rate, or a schedule that then begins at its step 0.
    steps : int
        How many steps the rise takes.
    start : float
        The part of that learning rate at which it begins, 0 <= start < 1.

    Notes
    -----
    For t < steps the part is start + (1 - start) * t / steps.  Goyal et al. (2017).
    """

    schedule: Any
    steps: int
    start: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "schedule", as_learning_rate(self.schedule, "schedule"))
        check_integer("steps", self.steps, at_least=1)
        check_number("start", self.start, at_least=0, below=1)

    def __call__(self, t: Array) -> Array:
        """Return the learning rate of step `t`; as in `Schedule`."""
        xp = array_namespace(t)
        rising = t < self.steps
        part = xp.where(rising, self.start + (1 - self.start) * (t / self.steps), 1.0)
        return part * learning_rate_at(self.schedule, xp.where(rising, 0.0, t - self.steps))


@dataclass(frozen=True)
class Scaled(Schedule):
    """Another schedule, times a factor.

    Parameters
    ----------
    schedule : Schedule
        The other one.
    factor : float
        By what its learning rates are multiplied, >= 0.
    """

    schedule: Any
    factor: float

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "schedule", as_learning_rate(self.schedule, "schedule"))
        check_number("factor", self.factor, at_least=0)

    def __call__(self, t: Array) -> Array:
        """Return the learning rate of step `t`; as in `Schedule`."""
        return self.factor * learning_rate_at(self.schedule, t)


def as_learning_rate(
    value: Any, name: str = "learning_rate", may_be_zero: bool = False
) -> float | Schedule:
    """Return what may be given as a learning rate, also as a model file describes it.

    Raises
    ------
    TypeError, ValueError
        If it is no number > 0, or >= 0 where it may be zero, and no schedule.
    """
    if isinstance(value, dict):
        return make(value, SCHEDULES, "schedule")
    if isinstance(value, Schedule):
        check_described(value, name)
        return value
    if callable(value):
        wanted = ">= 0" if may_be_zero else "> 0"
        raise TypeError(
            f"{name} must be a number {wanted} or a Schedule, got {value!r}; derive a class "
            "from xpnn.schedules.Schedule"
        )
    check_number(name, value, **({"at_least": 0} if may_be_zero else {"above": 0}))
    return value  # type: ignore[no-any-return]


def learning_rate_at(learning_rate: float | Schedule, t: Array) -> Array:
    """Return the learning rate of step `t`, of a number or a schedule."""
    return learning_rate(t) if isinstance(learning_rate, Schedule) else learning_rate
