"""What a schedule is: `Schedule`, the table of all of them, and what stands for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from ..backend import Array
from ..checks import check_number
from ..naming import Described, check_described, make, register

__all__ = [
    "SCHEDULES",
    "Schedule",
    "as_learning_rate",
    "at_step",
    "current_step",
    "learning_rate_at",
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


_step: ContextVar[int] = ContextVar("xpnn_step", default=0)


@contextmanager
def at_step(t: int = 0) -> Iterator[Callable[[int], Any]]:
    """Let layers know, in this thread, for which step they draw; give what tells of another."""
    token = _step.set(t)
    try:
        yield _step.set
    finally:
        _step.reset(token)


def current_step() -> int:
    """Return for which step of the optimizer a layer draws; 0 outside of training.

    A layer asks in `Layer.draw`, on the host, where one of its settings is a schedule.
    """
    return _step.get()
