"""What an optimizer is: `Optimizer`, the table of all of them, and their memory.

A subclass says what is special about it in up to three words:

``slots``
    the arrays that it remembers for each parameter, by name, such as a velocity;
``numbers``
    the scalars of one step, which are the same for all parameters, such as the learning rate;
``rule``
    the step itself: from one parameter, its gradient, its slots and the numbers to the
    parameter and its slots after the step.

The rule is elementwise, so it may be given whole parameters, parts of them, or many joined in
one array; unless the class says that it is `by_parameter`, as one is that takes norms or
multiplies matrices: then it is given each parameter by itself, in its shape.  What changes from
step to step enters it as 0-d arrays, so that a compiled step never goes stale.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, ClassVar

from ..backend import Array, array_namespace, device_of
from ..checks import check_number
from ..keywords import class_with
from ..naming import Described, register
from ..schedules import Schedule, as_learning_rate, learning_rate_at

OPTIMIZERS: dict[str, type[Optimizer]] = {}
"""Every optimizer class by its name: a model file names its optimizer so."""

State = dict[str, Any]
"""What an optimizer remembers between steps: the count of steps, ``"iterations"``, and by each
name in `Optimizer.slots` a list of arrays, one for each parameter; ``"average"`` likewise,
where it averages."""


@dataclass(frozen=True)
class Optimizer(Described):
    """The base class of optimizers; a subclass defines `rule` and, if it has any, `slots`.

    Parameters
    ----------
    learning_rate : float or Schedule
        The size of a step, > 0, or how it changes.
    decay : float
        The learning rate of step t = 0, 1, … is learning_rate / (1 + decay * t).
    average : float, optional
        The part of a running mean of the parameters that is kept at each step, as 0.99 or
        0.999; 0 < average < 1.  The network then has this mean for its parameters, in `predict`
        and in files, and training goes on with others.  Without it no mean is made.

    Notes
    -----
    The mean is corrected for its start, as by Kingma and Ba (2015, section 7.2): step t counts
    by average^(T - t) in it, and what was there before the first step not at all.
    """

    by_parameter: ClassVar[bool] = False
    """Whether the rule has to see each parameter by itself, in its shape."""

    learning_rate: float | Schedule
    _: KW_ONLY
    decay: float = 0.0
    average: float | None = field(default=None, metadata={"saved": "where it is set"})

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        register(cls, OPTIMIZERS, "optimizer")

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "learning_rate", as_learning_rate(self.learning_rate))
        check_number("decay", self.decay, at_least=0)
        if self.average is not None:
            check_number("average", self.average, above=0, below=1)
        if self.decay and isinstance(self.learning_rate, Schedule):
            raise ValueError(
                f"decay must be 0 where the learning rate is a schedule, got {self.decay}"
            )

    @property
    def slots(self) -> tuple[str, ...]:
        """The names of what is remembered for each parameter: an array of its shape under each.

        Momentum, for example, remembers the last step, under the name ``"velocity"``.  By
        default nothing is remembered.
        """
        return ()

    @property
    def adds_up(self) -> bool:
        """Whether a step adds to a parameter what is proportional to its gradient, and no more.

        Rows of a large table of which a step gives no gradient are then left alone, and those
        of which it gives several are added to it one after the other.  By default it is not so;
        a subclass that defines `rule`, `numbers` or `step` anew must say it anew.
        """
        return False

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
            and for each of `slots` a list of zeros in the shapes of `params`; with `average`,
            ``"average"``, a list of copies of `params`.
        """
        state: State = {slot: [] for slot in self.slots}
        if params:
            xp = array_namespace(params[0])
            for slot in self.slots:
                state[slot] = [xp.zeros_like(p) for p in params]
            if self.average is not None:
                state["average"] = [xp.asarray(p, copy=True) for p in params]
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
        stepping = averaged(self, self.average)
        numbers = stepping.numbers(xp.astype(state["iterations"], params[0].dtype))
        names = self.slots if self.average is None else (*self.slots, "average")
        params, slots = stepping.step(params, grads, [state[name] for name in names], numbers)
        return params, dict(zip(names, slots), iterations=state["iterations"] + 1)

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
        """Return the scalars of one step, which are the same for every parameter.

        `rule` takes them behind the slots.  They depend on nothing but the count of steps, and
        elementwise, so that they can be computed for many steps at once.

        Parameters
        ----------
        t : array
            The number of steps taken before this one, as a float; of many steps, theirs.

        Returns
        -------
        tuple of array
            In the shape of `t`; by default the learning rate, with the book's inverse-time
            decay (chapter 10).
        """
        return (learning_rate_at(self.learning_rate, t) / (1 + self.decay * t),)

    def rule(self, p: Array, g: Array, *slots_and_numbers: Array) -> tuple[Array, ...]:
        """Take one step with one parameter: the equation that an optimizer is known for.

        It is elementwise, unless the class is `by_parameter`; the parameter and its slots are
        consumed.

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
class Averaged:
    """An optimizer whose steps also average the parameters, as `Optimizer.average` tells.

    Parameters
    ----------
    optimizer : Optimizer
        What takes the steps; a backend may have something faster in its place.
    average : float
        The part of the running mean that is kept at each step.
    """

    optimizer: Any
    average: float

    def numbers(self, t: Array) -> tuple[Array, ...]:
        """Return the optimizer's numbers, and how far the means go to the parameters.

        That is (1 - average) / (1 - average^(t + 1)), with which a mean is corrected for where
        it began.
        """
        xp = array_namespace(t)
        left = -xp.expm1((t + 1) * math.log(self.average))
        return *self.optimizer.numbers(t), (1 - self.average) / left

    def step(
        self,
        params: Sequence[Array],
        grads: Sequence[Array],
        slots: Sequence[Sequence[Array]],
        numbers: Sequence[Array],
    ) -> tuple[Sequence[Array], list[Sequence[Array]]]:
        """Take a step, as `Optimizer.step`; the means are the last of the slots."""
        *of_rule, means = slots
        *of_numbers, part = numbers
        params, new_slots = self.optimizer.step(params, grads, of_rule, of_numbers)
        return params, [*new_slots, [_moved(m, p, part) for m, p in zip(means, params)]]


def _moved(mean: Array, p: Array, part: Array) -> Array:
    """Return a mean that went a part of the way to a parameter; it is consumed."""
    way = p - mean
    way *= part
    mean += way
    return mean


def steps_by_rows(optimizer: Optimizer) -> bool:
    """Whether an optimizer `adds_up`, and the class that says so knows how it steps."""
    kind = type(optimizer)
    said_by = class_with(kind, "adds_up")
    steps = (class_with(kind, name) for name in ("rule", "numbers", "step"))
    return optimizer.adds_up and all(issubclass(said_by, own) for own in steps)


def averaged(optimizer: Any, average: float | None) -> Any:
    """Return an optimizer that averages too; itself, where `average` is None."""
    return optimizer if average is None else Averaged(optimizer, average)
