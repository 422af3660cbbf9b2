"""AdaMax: Adam that divides by the largest gradient of late."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from ..backend import Array, array_namespace
from ..checks import check_number
from ..schedules import Schedule
from .adam import one_minus_power
from .base import Optimizer


@dataclass(frozen=True)
class AdaMax(Optimizer):
    """Adam with the largest size of gradients for their mean square.  Kingma and Ba (2015).

    Parameters
    ----------
    learning_rate : float or Schedule
        The size of a step, > 0, or how it changes.
    beta_1, beta_2 : float
        The parts of the running mean, and of the largest size, that are kept at each step;
        0 <= beta < 1.
    epsilon : float
        Is added to each gradient's size, so that none is 0; > 0.
    decay : float
        The learning rate of step t = 0, 1, … is learning_rate / (1 + decay * t).
    """

    learning_rate: float | Schedule = 0.002
    _: KW_ONLY
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    decay: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("beta_1", self.beta_1, at_least=0, below=1)
        check_number("beta_2", self.beta_2, at_least=0, below=1)
        check_number("epsilon", self.epsilon, above=0)

    @property
    def slots(self) -> tuple[str, ...]:
        """The mean of the gradients, without its factor 1 - beta_1, and their largest size."""
        return ("mean", "largest")

    def numbers(self, t: Array) -> tuple[Array, ...]:
        """Return the learning rate, over 1 - beta_1^t."""
        (learning_rate,) = super().numbers(t)
        return (learning_rate / one_minus_power(self.beta_1, t + 1),)

    def rule(self, p: Array, g: Array, *rest: Array) -> tuple[Array, ...]:
        """Compute u = max(beta_2 u, abs(g) + epsilon); p = p - learning_rate m̂ / u."""
        m, u, step_size = rest
        xp = array_namespace(p)
        m *= self.beta_1
        m += g
        size = xp.abs(g)
        size += self.epsilon
        u *= self.beta_2
        u = xp.maximum(u, size)
        step = m / u
        step *= step_size * (1 - self.beta_1)
        p -= step
        return p, m, u
