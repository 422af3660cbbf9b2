"""Lion: steps of one size, whose signs a running mean tells."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from ..backend import Array
from ..checks import check_number
from ..operations import sign
from ..schedules import Schedule, as_learning_rate, learning_rate_at
from .base import Optimizer


@dataclass(frozen=True)
class Lion(Optimizer):
    """The sign of a running mean that leans to the last gradient.  Chen et al. (2023).

    Parameters
    ----------
    learning_rate : float or Schedule
        How far each parameter goes in a step, > 0, or how that changes: about a tenth, or a
        third, of what would be right for `AdamW`.
    beta_1, beta_2 : float
        The part of the running mean that is kept where a step is taken, and where the mean
        is remembered; 0 <= beta < 1.
    weight_decay : float or Schedule
        In each step, parameters are multiplied by 1 - learning_rate * weight_decay; three to
        ten times of what would be right for `AdamW`.
    decay : float
        The learning rate of step t = 0, 1, … is learning_rate / (1 + decay * t).
    """

    learning_rate: float | Schedule = 1e-4
    _: KW_ONLY
    beta_1: float = 0.9
    beta_2: float = 0.99
    weight_decay: float | Schedule = 0.0
    decay: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("beta_1", self.beta_1, at_least=0, below=1)
        check_number("beta_2", self.beta_2, at_least=0, below=1)
        weight_decay = as_learning_rate(self.weight_decay, "weight_decay", may_be_zero=True)
        object.__setattr__(self, "weight_decay", weight_decay)

    @property
    def slots(self) -> tuple[str, ...]:
        """The mean of the gradients, without its factor 1 - beta_2."""
        return ("mean",)

    def numbers(self, t: Array) -> tuple[Array, ...]:
        """Return the learning rate and the factor by which parameters shrink."""
        (learning_rate,) = super().numbers(t)
        return learning_rate, 1 - learning_rate * learning_rate_at(self.weight_decay, t)

    def rule(self, p: Array, g: Array, *rest: Array) -> tuple[Array, ...]:
        """Compute p = p - learning_rate (sign(c) + weight_decay p) and m, its running mean.

        c is beta_1 m + (1 - beta_1) g, of the mean before this step.
        """
        m, learning_rate, shrink = rest
        c = m * (self.beta_1 * (1 - self.beta_2) / (1 - self.beta_1))  # c / (1 - beta_1)
        c += g
        if self.weight_decay:
            p *= shrink
        p -= learning_rate * sign(c)
        m *= self.beta_2
        m += g
        return p, m
