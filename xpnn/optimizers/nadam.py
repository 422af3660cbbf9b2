"""NAdam: Adam that looks ahead along its mean."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass

from ..backend import Array, array_namespace, device_of
from ..checks import check_number
from ..operations import add_product
from ..schedules import Schedule
from .adam import Adam, one_minus_power
from .base import Optimizer

WARM_UP = 0.96
"""The paper's base of how what momentum lacks at first fades."""

TERMS = 53
"""How many terms of a series with the ratio 1/2 a float64 can tell from its sum."""


@dataclass(frozen=True)
class NAdam(Adam):
    """Adam with Nesterov's momentum, which grows from half of beta_1.  Dozat (2016).

    Parameters
    ----------
    learning_rate, beta_1, beta_2, epsilon, decay
        As in `Adam`.
    momentum_decay : float
        How fast momentum grows, >= 0: that of step t = 1, 2, … is
        mu_t = beta_1 * (1 - 0.96 ** (t * momentum_decay) / 2).

    Notes
    -----
    The mean is corrected by the product of mu_1 to mu_t.  It is a function of t alone, as all
    numbers of a step are: with q = 0.96 ** momentum_decay the logarithm of the product of
    1 - q^i / 2 is, as a series for each, minus the sum over k of (1/2)^k / k times the sum
    over i of q^(i k), a geometric one.
    """

    learning_rate: float | Schedule = 0.002
    _: KW_ONLY
    momentum_decay: float = 0.004

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("momentum_decay", self.momentum_decay, at_least=0)

    def numbers(self, t: Array) -> tuple[Array, ...]:
        """Return the gradient's and the mean's step sizes, and the root of 1 - beta_2^t."""
        xp = array_namespace(t)
        (learning_rate,) = Optimizer.numbers(self, t)
        now, ahead = self._momentum(t + 1), self._momentum(t + 2)
        product = self._product(t + 1)
        of_gradient = learning_rate * (1 - now) / (1 - product)
        of_mean = learning_rate * ahead / (1 - product * ahead)
        return of_gradient, of_mean, xp.sqrt(one_minus_power(self.beta_2, t + 1))

    def _momentum(self, t: Array) -> Array:
        """Return mu of step t = 1, 2, …."""
        return self.beta_1 * (1 - 0.5 * WARM_UP ** (t * self.momentum_decay))

    def _product(self, t: Array) -> Array:
        """Return mu_1 mu_2 … mu_t."""
        xp = array_namespace(t)
        if self.beta_1 == 0:
            return xp.zeros_like(t)
        log_q = self.momentum_decay * math.log(WARM_UP)
        if log_q == 0:
            return xp.exp(t * math.log(self.beta_1 / 2))
        k = xp.arange(1, TERMS + 1, dtype=t.dtype, device=device_of(t))
        geometric = xp.expm1(t[..., None] * (log_q * k)) / xp.expm1(log_q * k)  # (…, TERMS)
        series = xp.exp(k * (log_q - math.log(2))) / k * geometric
        return xp.exp(t * math.log(self.beta_1) - xp.sum(series, axis=-1))

    def rule(self, p: Array, g: Array, *rest: Array) -> tuple[Array, ...]:
        """Compute m and s as Adam; p = p - (a g + b m) / (sqrt(ŝ) + epsilon).

        a is learning_rate (1 - mu_t) / (1 - mu_1 … mu_t), and b is learning_rate mu_{t + 1} /
        (1 - mu_1 … mu_{t + 1}).
        """
        m, s, of_gradient, of_mean, root_correction = rest
        xp = array_namespace(p)
        root = root_correction / math.sqrt(1 - self.beta_2)  # sqrt(ŝ) = sqrt(s) / root
        m *= self.beta_1
        m += g
        s *= self.beta_2
        s = add_product(s, g, g)
        divisor = xp.sqrt(s)
        divisor += self.epsilon * root
        step = m * (of_mean * root * (1 - self.beta_1))
        step += g * (of_gradient * root)
        step /= divisor
        p -= step
        return p, m, s
