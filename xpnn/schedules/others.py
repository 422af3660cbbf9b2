"""Schedules that are made of others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..backend import Array, array_namespace
from ..checks import check_integer, check_number
from .base import Schedule, as_learning_rate, learning_rate_at

__all__ = ["Scaled", "WarmUp"]


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
