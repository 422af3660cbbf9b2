"""AdaDelta: steps in the units of the parameters, whatever those of the loss are."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from ..backend import Array, array_namespace
from ..checks import check_number
from ..operations import add_product
from ..schedules import Schedule
from .base import Optimizer


@dataclass(frozen=True)
class AdaDelta(Optimizer):
    """Steps as large as those before, over gradients as large as those before.  Zeiler (2012).

    Parameters
    ----------
    learning_rate : float or Schedule
        By what each step is multiplied, > 0, or how that changes; in the paper it is 1.
    rho : float
        The part of both running means that is kept at each step, 0 <= rho < 1.
    decay : float
        The learning rate of step t = 0, 1, … is learning_rate / (1 + decay * t).
    epsilon : float
        Is added to both means, within their roots, and lets the first steps be taken; > 0.

    Notes
    -----
    As in `Adam`, means are kept without their factors 1 - rho, which the quotient of both
    doesn't need.
    """

    learning_rate: float | Schedule = 1.0
    _: KW_ONLY
    rho: float = 0.95
    decay: float = 0.0
    epsilon: float = 1e-6

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("rho", self.rho, at_least=0, below=1)
        check_number("epsilon", self.epsilon, above=0)

    @property
    def slots(self) -> tuple[str, ...]:
        """The means of the squared gradients and steps, without the factors 1 - rho."""
        return ("squares", "steps")

    def rule(self, p: Array, g: Array, *rest: Array) -> tuple[Array, ...]:
        """Compute s and a, the means of g² and d²; d = g sqrt(a + epsilon) / sqrt(s + epsilon).

        The step d is made of the a before it; p = p - learning_rate * d.
        """
        s, a, learning_rate = rest
        xp = array_namespace(p)
        s *= self.rho
        s = add_product(s, g, g)
        floor = self.epsilon / (1 - self.rho)
        step = (a + floor) / (s + floor)
        step = xp.sqrt(step)
        step *= g
        a *= self.rho
        a = add_product(a, step, step)
        step *= learning_rate
        p -= step
        return p, s, a
