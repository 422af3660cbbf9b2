"""LAMB: Adam's steps, each as long as its parameter is large."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from ..backend import Array, array_namespace
from ..operations import add_product
from ..schedules import Schedule, learning_rate_at
from .adam import AdamW, one_minus_power
from .base import Optimizer


@dataclass(frozen=True)
class LAMB(AdamW):
    """Adam with a rate for each layer, by the norms of parameter and step, for large batches.

    You et al. (2020).

    Parameters
    ----------
    learning_rate : float or Schedule
        By which part of its norm a parameter is changed in a step, > 0, or how that changes.
    beta_1, beta_2, epsilon, decay
        As in `Adam`.
    weight_decay : float or Schedule
        What is added to Adam's direction, times the parameter, before its norm is taken.

    Notes
    -----
    A parameter is an array: the weights of a layer, or its biases.  Where its norm is 0, as
    that of biases at first, or that of the step, the step is Adam's.
    """

    by_parameter: ClassVar[bool] = True

    learning_rate: float | Schedule = 0.001
    _: KW_ONLY
    epsilon: float = 1e-6
    weight_decay: float | Schedule = 0.01

    def numbers(self, t: Array) -> tuple[Array, ...]:
        """Return the learning rate, Adam's two corrections and the weight decay."""
        xp = array_namespace(t)
        return (
            *Optimizer.numbers(self, t),
            one_minus_power(self.beta_1, t + 1),
            xp.sqrt(one_minus_power(self.beta_2, t + 1)),
            learning_rate_at(self.weight_decay, t) + 0 * t,
        )

    def rule(self, p: Array, g: Array, *rest: Array) -> tuple[Array, ...]:
        """Compute p = p - learning_rate |p| / |r| r.

        r is m̂ / (sqrt(ŝ) + epsilon) + weight_decay p, with the means m and s of Adam.
        """
        m, s, learning_rate, correction, root_correction, weight_decay = rest
        xp = array_namespace(p)
        root = root_correction / math.sqrt(1 - self.beta_2)  # as in Adam's rule
        m *= self.beta_1
        m += g
        s *= self.beta_2
        s = add_product(s, g, g)
        divisor = xp.sqrt(s)
        divisor += self.epsilon * root
        r = m / divisor
        r *= root * (1 - self.beta_1) / correction
        if self.weight_decay:
            r += weight_decay * p
        size, length = (xp.sqrt(xp.sum(a * a)) for a in (p, r))
        trust = xp.where(size > 0, size / xp.where(length > 0, length, 1.0), 1.0)
        r *= learning_rate * trust
        p -= r
        return p, m, s
