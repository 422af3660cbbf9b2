"""Muon: for matrices, steps that go equally far in all directions."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from ..backend import Array, array_namespace
from ..checks import check_number
from ..schedules import Schedule
from .adam import AdamW
from .base import Optimizer

COEFFICIENTS = 3.4445, -4.7750, 2.0315
"""Of the odd polynomial of degree 5 that brings singular values near 1, from Jordan et al."""

ITERATIONS = 5
"""How many times it is applied."""


@dataclass(frozen=True)
class Muon(AdamW):
    """Momentum, made orthogonal, for matrices; `AdamW` for all else.  Jordan et al. (2024).

    Parameters
    ----------
    learning_rate : float or Schedule
        The size of a step, > 0, or how it changes: what would be right for `AdamW`, for the
        steps of matrices are made as large as its own.
    momentum : float
        The part of the sum of a matrix's gradients that is kept at each step; 0 <= momentum
        < 1.  It looks ahead, as Nesterov's does.
    beta_1, beta_2, epsilon, decay
        As in `Adam`, for what is no matrix, as biases.
    weight_decay : float or Schedule
        Before each step, parameters are multiplied by 1 - learning_rate * weight_decay.

    Notes
    -----
    A step is 0.2 sqrt(max(n, k)) times an (n, k) matrix whose singular values are about 1, as
    Liu et al. (2025) propose.  The table of an embedding is a matrix too.  A matrix has no use
    for the mean of squares, which is remembered all the same.
    """

    by_parameter: ClassVar[bool] = True

    learning_rate: float | Schedule = 0.001
    _: KW_ONLY
    momentum: float = 0.95
    weight_decay: float | Schedule = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("momentum", self.momentum, at_least=0, below=1)

    def numbers(self, t: Array) -> tuple[Array, ...]:
        """Return the learning rate, and the numbers of `AdamW`."""
        return *Optimizer.numbers(self, t), *super().numbers(t)

    def rule(self, p: Array, g: Array, *rest: Array) -> tuple[Array, ...]:
        """Compute p = shrink p - learning_rate * orthogonal(g + momentum m).

        Before that, m = momentum m + g.  Of what is no matrix, the step is that of `AdamW`.
        """
        m, s, learning_rate, *of_adam = rest
        if p.ndim != 2:
            return super().rule(p, g, m, s, *of_adam)
        m *= self.momentum
        m += g
        step = orthogonal(g + self.momentum * m)
        step *= learning_rate * (0.2 * math.sqrt(max(p.shape)))
        p *= of_adam[-1]
        p -= step
        return p, m, s


def orthogonal(x: Array) -> Array:
    """Return about U Vᵀ of x = U S Vᵀ, by Newton and Schulz's iteration: (n, k) -> (n, k).

    Its singular values are not 1, but all between about 0.7 and 1.2 where those of `x` were
    not tiny beside its norm.
    """
    xp = array_namespace(x)
    a, b, c = COEFFICIENTS
    is_tall = x.shape[0] > x.shape[1]
    x = (x.T if is_tall else x) / (xp.sqrt(xp.sum(x * x)) + 1e-7)
    for _ in range(ITERATIONS):
        square = x @ x.T
        polynomial = square @ square
        polynomial *= c
        polynomial += b * square
        x = polynomial @ x + a * x
    return x.T if is_tall else x
