"""Adan: Adam with a mean of the gradients' differences, which looks ahead."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass

from ..backend import Array, array_namespace
from ..checks import check_number
from ..operations import add_product
from ..schedules import Schedule, as_learning_rate, learning_rate_at
from .adam import one_minus_power
from .base import Optimizer


@dataclass(frozen=True)
class Adan(Optimizer):
    """Nesterov's momentum by the differences of gradients, not at another point.

    Xie et al. (2022).

    Parameters
    ----------
    learning_rate : float or Schedule
        The size of a step, > 0, or how it changes.
    beta_1, beta_2, beta_3 : float
        The parts of the running means, of gradients, of their differences and of the squares
        of both together, that are kept at each step; 0 <= beta < 1.  The paper writes beta
        for the part that is new, which is 1 - beta here.
    epsilon : float
        Keeps the divisor, outside its square root, from 0; > 0.
    weight_decay : float or Schedule
        After each step, parameters are divided by 1 + learning_rate * weight_decay.
    decay : float
        The learning rate of step t = 0, 1, … is learning_rate / (1 + decay * t).

    Notes
    -----
    With the difference d = g - (the last g), 0 in the first step, the means are m of g, v of d
    and n of (g + beta_2 d)².  They are corrected for their start at 0, as in the authors' own
    program, and kept without their factors 1 - beta, as in `Adam`.
    """

    learning_rate: float | Schedule = 0.001
    _: KW_ONLY
    beta_1: float = 0.98
    beta_2: float = 0.92
    beta_3: float = 0.99
    epsilon: float = 1e-8
    weight_decay: float | Schedule = 0.0
    decay: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("beta_1", "beta_2", "beta_3"):
            check_number(name, getattr(self, name), at_least=0, below=1)
        check_number("epsilon", self.epsilon, above=0)
        weight_decay = as_learning_rate(self.weight_decay, "weight_decay", may_be_zero=True)
        object.__setattr__(self, "weight_decay", weight_decay)

    @property
    def slots(self) -> tuple[str, ...]:
        """The means of gradients, differences and squares, and minus the last gradient."""
        return ("mean", "differences", "squares", "negative")

    def numbers(self, t: Array) -> tuple[Array, ...]:
        """Return five numbers.

        They are the step sizes of both means, the root of 1 - beta_3^t, whether there is a
        last gradient, and by what parameters are multiplied.
        """
        xp = array_namespace(t)
        (learning_rate,) = super().numbers(t)
        weight_decay = learning_rate_at(self.weight_decay, t)
        return (
            learning_rate * (1 - self.beta_1) / one_minus_power(self.beta_1, t + 1),
            learning_rate
            * (self.beta_2 * (1 - self.beta_2))
            / one_minus_power(self.beta_2, t + 1),
            xp.sqrt(one_minus_power(self.beta_3, t + 1)),
            xp.where(t > 0, xp.ones_like(t), xp.zeros_like(t)),
            1 / (1 + learning_rate * weight_decay),
        )

    def rule(self, p: Array, g: Array, *rest: Array) -> tuple[Array, ...]:
        """Compute p = shrink * (p - learning_rate (m̂ + beta_2 v̂) / (sqrt(n̂) + epsilon))."""
        m, v, n, d, of_mean, of_differences, root_correction, later, shrink = rest
        xp = array_namespace(p)
        root = root_correction / math.sqrt(1 - self.beta_3)  # sqrt(n̂) = sqrt(n) / root
        d += g
        d *= later
        m *= self.beta_1
        m += g
        v *= self.beta_2
        v += d
        d *= self.beta_2
        d += g
        n *= self.beta_3
        n = add_product(n, d, d)
        divisor = xp.sqrt(n)
        divisor += self.epsilon * root
        step = m * (of_mean * root)
        step += v * (of_differences * root)
        step /= divisor
        p -= step
        if self.weight_decay:
            p *= shrink
        return p, m, v, n, -g
