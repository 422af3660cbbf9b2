"""Gradient descent, with or without momentum."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from ..backend import Array
from ..checks import check_flag, check_number
from ..schedules import Schedule
from .base import Optimizer


@dataclass(frozen=True)
class SGD(Optimizer):
    """Gradient descent, with or without momentum (chapter 10 of the book).

    Parameters
    ----------
    learning_rate : float or Schedule
        The size of a step, > 0, or how it changes.
    momentum : float
        The part of the last step that is taken again, 0 <= momentum < 1.
    decay : float
        The learning rate of step t = 0, 1, … is learning_rate / (1 + decay * t).
    nesterov : bool
        Whether the step looks ahead along the momentum.  Sutskever et al. (2013).
    """

    learning_rate: float | Schedule = 0.01
    _: KW_ONLY
    momentum: float = 0.0
    decay: float = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("momentum", self.momentum, at_least=0, below=1)
        check_flag("nesterov", self.nesterov)
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov needs a momentum > 0, got momentum=0")

    @property
    def slots(self) -> tuple[str, ...]:
        """The velocity, where there is momentum."""
        return ("velocity",) if self.momentum else ()

    @property
    def adds_up(self) -> bool:
        """Whether there is neither momentum nor an average."""
        return not self.momentum and self.average is None

    def rule(self, p: Array, g: Array, *rest: Array) -> tuple[Array, ...]:
        """Compute v = momentum * v - learning_rate * g; p = p + v."""
        *slots, learning_rate = rest
        step = learning_rate * g
        if not slots:
            p -= step
            return (p,)
        v = slots[0]
        v *= self.momentum
        v -= step
        if self.nesterov:
            p += self.momentum * v
            p -= step
        else:
            p += v
        return p, v
