"""RMSProp: AdaGrad with a memory that fades."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from ..backend import Array, array_namespace
from ..checks import check_number
from ..schedules import Schedule
from .base import Optimizer


@dataclass(frozen=True)
class RMSProp(Optimizer):
    """AdaGrad that forgets: a running mean of squares.  Tieleman and Hinton (2012).

    Parameters
    ----------
    learning_rate : float or Schedule
        The size of a step, > 0, or how it changes.
    rho : float
        The part of the mean that is kept at each step, 0 <= rho < 1.
    decay : float
        The learning rate of step t = 0, 1, … is learning_rate / (1 + decay * t).
    epsilon : float
        Keeps the divisor, outside its square root, from 0; > 0.
    """

    learning_rate: float | Schedule = 0.001
    _: KW_ONLY
    rho: float = 0.9
    decay: float = 0.0
    epsilon: float = 1e-7

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("rho", self.rho, at_least=0, below=1)
        check_number("epsilon", self.epsilon, above=0)

    @property
    def slots(self) -> tuple[str, ...]:
        """The running mean of the squared gradients."""
        return ("squares",)

    def rule(self, p: Array, g: Array, *rest: Array) -> tuple[Array, ...]:
        """Compute s = rho s + (1 - rho) g²; p = p - learning_rate g / (sqrt(s) + epsilon)."""
        s, learning_rate = rest
        xp = array_namespace(p)
        s *= self.rho
        s += (1 - self.rho) * (g * g)
        p -= learning_rate * g / (xp.sqrt(s) + self.epsilon)
        return p, s
