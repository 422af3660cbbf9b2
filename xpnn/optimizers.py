"""Optimizers, sorted in order of increasing complexity.

An optimizer is a frozen description; what it remembers between steps is plain data::

    state = optimizer.init(params)
    params, state = optimizer.update(params, grads, state)

`update` consumes what it is given: arrays that can be changed are changed in place, so
the old ones must not be used again.  The rule for one array is elementwise; what changes
from step to step enters it as 0-d arrays, so that a compiled step never goes stale.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

from .backend import Array, array_namespace, device_of
from .checks import check_flag, check_number
from .naming import Described, register
from .operations import add_product
from .schedules import Schedule, as_learning_rate, learning_rate_at

__all__ = ["OPTIMIZERS", "SGD", "AdaGrad", "Adam", "AdamW", "Optimizer", "RMSProp"]

OPTIMIZERS: dict[str, type[Optimizer]] = {}
"""Every optimizer class by its name: a model file names its optimizer so."""

State = dict[str, Any]


@dataclass(frozen=True)
class Optimizer(Described):
    """The base class of optimizers; a subclass defines `rule` and, if it has any, `slots`."""

    learning_rate: float | Schedule
    _: KW_ONLY
    decay: float = 0.0

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        register(cls, OPTIMIZERS, "optimizer")

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "learning_rate", as_learning_rate(self.learning_rate))
        check_number("decay", self.decay, at_least=0)
        if self.decay and isinstance(self.learning_rate, Schedule):
            raise ValueError(
                f"decay must be 0 where the learning rate is a schedule, got {self.decay}"
            )

    @property
    def slots(self) -> tuple[str, ...]:
        """The names of the arrays that are remembered for each parameter."""
        return ()

    def init(self, params: list[Array]) -> State:
        """Return the state before the first step.

        Parameters
        ----------
        params : list of array
            The parameters.

        Returns
        -------
        dict
            ``"iterations"``, the number of steps taken, an integer array of shape (),
            and for each of `slots` a list of zeros in the shapes of `params`.
        """
        state: State = {slot: [] for slot in self.slots}
        if params:
            xp = array_namespace(params[0])
            for slot in self.slots:
                state[slot] = [xp.zeros_like(p) for p in params]
            state["iterations"] = xp.zeros((), dtype=xp.int32, device=device_of(params[0]))
        return state

    def update(
        self, params: list[Array], grads: list[Array], state: State
    ) -> tuple[list[Array], State]:
        """Take one step; the arguments are consumed.

        Parameters
        ----------
        params : list of array
            The parameters.
        grads : list of array
            The gradient of the loss with respect to each.
        state : dict
            As `init` or the last `update` returned it.

        Returns
        -------
        params : list of array
            The parameters after the step.
        state : dict
            The state after the step.
        """
        if not params:
            return params, state
        xp = array_namespace(params[0])
        numbers = self.numbers(xp.astype(state["iterations"], params[0].dtype))
        slots = [state[slot] for slot in self.slots]
        params, slots = self.step(params, grads, slots, numbers)
        return params, dict(zip(self.slots, slots), iterations=state["iterations"] + 1)

    def step(
        self,
        params: Sequence[Array],
        grads: Sequence[Array],
        slots: Sequence[Sequence[Array]],
        numbers: Sequence[Array],
    ) -> tuple[list[Array], list[list[Array]]]:
        """Apply `rule` to each array; `update` without the bookkeeping.

        Parameters
        ----------
        params, grads : sequence of array
            The parameters, which are consumed, and the gradients with respect to them.
        slots : sequence of sequence of array
            For each of `slots` its arrays, which are consumed.
        numbers : sequence of array of shape ()
            As `numbers` returns them.

        Returns
        -------
        params : list of array
            The parameters after the step.
        slots : list of list of array
            The slots after the step.
        """
        if not params:
            return [], [[] for _ in slots]
        steps = [self.rule(*arrays, *numbers) for arrays in zip(params, grads, *slots)]
        new_params, *new_slots = (list(arrays) for arrays in zip(*steps))
        return new_params, new_slots

    def numbers(self, t: Array) -> tuple[Array, ...]:
        """Return what `rule` needs that is the same for every parameter.

        It is elementwise in `t`, so that it can be computed for many steps at once.

        Parameters
        ----------
        t : array
            The number of steps taken before this one, as a float.

        Returns
        -------
        tuple of array
            In the shape of `t`; by default the learning rate, with the book's inverse-time
            decay (chapter 10).
        """
        return (learning_rate_at(self.learning_rate, t) / (1 + self.decay * t),)

    def rule(self, p: Array, g: Array, *slots_and_numbers: Array) -> tuple[Array, ...]:
        """Take one step with one parameter; the parameter and its slots are consumed.

        Parameters
        ----------
        p, g : array
            The parameter and the gradient with respect to it.
        *slots_and_numbers : array
            Its array in each of `slots`, then what `numbers` returned.

        Returns
        -------
        tuple of array
            The parameter and its slots after the step.
        """
        raise TypeError(f"the optimizer {type(self).__name__} does not define rule")


@dataclass(frozen=True)
class SGD(Optimizer):
    """Gradient descent, with or without momentum (chapter 10 of the book).

    Parameters
    ----------
    learning_rate : float or Schedule
        The size of a step, > 0, or how it changes.
    momentum : float
        The part of the last step that is taken again, 0 <= momentum < 1.
    decay : float
        The learning rate of step t = 0, 1, … is learning_rate / (1 + decay * t).
    nesterov : bool
        Whether the step looks ahead along the momentum.  Sutskever et al. (2013).
    """

    learning_rate: float | Schedule = 0.01
    _: KW_ONLY
    momentum: float = 0.0
    decay: float = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("momentum", self.momentum, at_least=0, below=1)
        check_flag("nesterov", self.nesterov)
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov needs a momentum > 0, got momentum=0")

    @property
    def slots(self) -> tuple[str, ...]:
        """The velocity, where there is momentum."""
        return ("velocity",) if self.momentum else ()

    def rule(self, p: Array, g: Array, *rest: Array) -> tuple[Array, ...]:
        """Compute v = momentum * v - learning_rate * g; p = p + v."""
        *slots, learning_rate = rest
        step = learning_rate * g
        if not slots:
            p -= step
            return (p,)
        v = slots[0]
        v *= self.momentum
        v -= step
        if self.nesterov:
            p += self.momentum * v
            p -= step
        else:
            p += v
        return p, v


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
        correction_1 = _one_minus_power(self.beta_1, t + 1)
        correction_2 = _one_minus_power(self.beta_2, t + 1)
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
    weight_decay : float
        Before each step, parameters are multiplied by 1 - learning_rate * weight_decay.
    """

    _: KW_ONLY
    weight_decay: float = 0.004

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("weight_decay", self.weight_decay, at_least=0)

    def numbers(self, t: Array) -> tuple[Array, ...]:
        """Return Adam's numbers and the factor by which parameters shrink."""
        (learning_rate,) = Optimizer.numbers(self, t)
        return *super().numbers(t), 1 - learning_rate * self.weight_decay

    def rule(self, p: Array, g: Array, *rest: Array) -> tuple[Array, ...]:
        """Compute p = p (1 - learning_rate * weight_decay), then Adam's step."""
        *rest_of_adam, shrink = rest
        p *= shrink
        return super().rule(p, g, *rest_of_adam)


def _one_minus_power(beta: float, t: Array) -> Array:
    """Return 1 - beta^t, to full precision in float32 too, where beta^t is almost 1."""
    xp = array_namespace(t)
    if beta == 0:
        return xp.ones_like(t)
    return -xp.expm1(t * math.log(beta))
