"""AdaGrad: smaller steps where gradients have been large."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from ..backend import Array, array_namespace
from ..checks import check_number
from ..operations import add_product
from ..schedules import Schedule
from .base import Optimizer


@dataclass(frozen=True)
class AdaGrad(Optimizer):
    """Steps that shrink where gradients have been large.  Duchi et al. (2011).

    Parameters
    ----------
    learning_rate : float or Schedule
        The size of a step, > 0, or how it changes.
    decay : float
        The learning rate of step t = 0, 1, … is learning_rate / (1 + decay * t).
    epsilon : float
        Keeps the divisor, outside its square root, from 0; > 0.
    """

    learning_rate: float | Schedule = 0.01
    _: KW_ONLY
    decay: float = 0.0
    epsilon: float = 1e-7

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("epsilon", self.epsilon, above=0)

    @property
    def slots(self) -> tuple[str, ...]:
        """The sum of the squared gradients."""
        return ("squares",)

    def rule(self, p: Array, g: Array, *rest: Array) -> tuple[Array, ...]:
        """Compute s = s + g²; p = p - learning_rate * g / (sqrt(s) + epsilon)."""
        s, learning_rate = rest
        xp = array_namespace(p)
        s = add_product(s, g, g)
        divisor = xp.sqrt(s)
        divisor += self.epsilon
        p -= learning_rate * g / divisor
        return p, s
