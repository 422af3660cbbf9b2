"""Adam, and AdamW, whose weights also shrink by themselves."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass

from ..backend import Array, array_namespace
from ..checks import check_number
from ..operations import add_product
from ..schedules import Schedule, as_learning_rate, learning_rate_at
from .base import Optimizer


@dataclass(frozen=True)
class Adam(Optimizer):
    """RMSProp with momentum, both corrected for their start at 0.  Kingma and Ba (2015).

    Parameters
    ----------
    learning_rate : float or Schedule
        The size of a step, > 0, or how it changes.
    beta_1, beta_2 : float
        The parts of the running means, of gradients and of their squares, that are
        kept at each step; 0 <= beta < 1.
    epsilon : float
        Keeps the divisor, outside its square root, from 0; > 0.
    decay : float
        The learning rate of step t = 0, 1, … is learning_rate / (1 + decay * t).

    Notes
    -----
    The paper's means, m = beta_1 m + (1 - beta_1) g and s likewise, are kept without their
    factors 1 - beta, as m = beta_1 m + g; the factors join the numbers of the step instead,
    which saves two of twelve passes over the parameters.
    """

    learning_rate: float | Schedule = 0.001
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
        """The means of the gradients and of their squares, without the factors 1 - beta."""
        return ("mean", "squares")

    def numbers(self, t: Array) -> tuple[Array, ...]:
        """Return the learning rate, over 1 - beta_1^t, and the root of 1 - beta_2^t."""
        xp = array_namespace(t)
        (learning_rate,) = super().numbers(t)
        correction_1 = one_minus_power(self.beta_1, t + 1)
        correction_2 = one_minus_power(self.beta_2, t + 1)
        return learning_rate / correction_1, xp.sqrt(correction_2)

    def rule(self, p: Array, g: Array, *rest: Array) -> tuple[Array, ...]:
        """Compute m and s, the running means; p = p - learning_rate m̂ / (sqrt(ŝ) + epsilon)."""
        m, s, step_size, root_correction = rest
        xp = array_namespace(p)
        root = root_correction / math.sqrt(1 - self.beta_2)  # sqrt(ŝ) = sqrt(s) / root
        m *= self.beta_1
        m += g
        s *= self.beta_2
        s = add_product(s, g, g)
        divisor = xp.sqrt(s)
        divisor += self.epsilon * root
        step = m / divisor
        step *= step_size * root * (1 - self.beta_1)
        p -= step
        return p, m, s


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with weights that shrink by themselves.  Loshchilov and Hutter (2019).

    Parameters
    ----------
    learning_rate, beta_1, beta_2, epsilon, decay
        As in `Adam`.
    weight_decay : float or Schedule
        Before each step, parameters are multiplied by 1 - learning_rate * weight_decay.

    Notes
    -----
    Biases and scales shrink too, as in the paper, so that settings that were found with other
    programs hold here.  A layer leaves a parameter of its own out by
    ``Parameter(..., weight_decay=False)``.
    """

    _: KW_ONLY
    weight_decay: float | Schedule = 0.004

    def __post_init__(self) -> None:
        super().__post_init__()
        weight_decay = as_learning_rate(self.weight_decay, "weight_decay", may_be_zero=True)
        object.__setattr__(self, "weight_decay", weight_decay)

    def numbers(self, t: Array) -> tuple[Array, ...]:
        """Return Adam's numbers and the factor by which parameters shrink."""
        (learning_rate,) = Optimizer.numbers(self, t)
        return *super().numbers(t), 1 - learning_rate * learning_rate_at(self.weight_decay, t)

    def rule(self, p: Array, g: Array, *rest: Array) -> tuple[Array, ...]:
        """Compute p = p (1 - learning_rate * weight_decay), then Adam's step."""
        *rest_of_adam, shrink = rest
        p *= shrink
        return super().rule(p, g, *rest_of_adam)


def one_minus_power(beta: float, t: Array) -> Array:
    """Return 1 - beta^t, to full precision in float32 too, where beta^t is almost 1."""
    xp = array_namespace(t)
    if beta == 0:
        return xp.ones_like(t)
    return -xp.expm1(t * math.log(beta))
