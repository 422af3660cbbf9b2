"""What is computed with a stack of layers, each as one pure function.

`TrainStep` is a step of training: the layers are run forwards, the loss is measured, the
closures of the layers are run backwards, and the optimizer takes a step.  `make_measure` and
`make_gradients` are what evaluation and finite differences ask for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import accumulate, chain
from typing import Any

import numpy as np

from ..backend import Array, array_namespace
from ..distributed import Communicator
from ..layers.base import Params
from ..losses import Loss
from ..metrics import Kind, Metric
from ..metrics.shapes import mean_of_rows, of_each_output
from ..operations import Cut, Summing, cut_up, join, summed
from ..optimizers import Optimizer
from ..packing import Packing
from ..row_gradients import RowGradient
from .stack import Noise, Stack

__all__ = [
    "TrainStep",
    "bind",
    "clip",
    "make_gradients",
    "make_measure",
    "make_measure_of_all",
    "with_gradient",
]


@dataclass(frozen=True)
class TrainStep:
    """One step of training, as a function of its arguments alone.

    Parameters
    ----------
    stack : Stack
        The layers.
    criterion : Loss
        What is made small.
    optimizer : Optimizer
        How.
    metrics : tuple of Metric
        What is measured beside the loss.
    packing : Packing or None
        How the parameters are packed for the optimizer; None where arrays can't share
        memory, so that they stay as they are.
    clip_norm, clip_value : float or None
        What gradients are cut to; see `clip`.
    row_optimizer : Optimizer or None
        What steps the rows of tables, if the stack has such: the optimizer, as it is written.
    communicator : Communicator or None
        The processes over which batches are cut, if there are several.
    """

    stack: Stack
    criterion: Loss
    optimizer: Optimizer
    metrics: tuple[Metric, ...]
    packing: Packing | None
    clip_norm: float | None = None
    clip_value: float | None = None
    row_optimizer: Optimizer | None = None
    communicator: Communicator | None = None

    @cached_property
    def _measures(self) -> list[Callable[[Array, Array], Array]]:
        return [bind(metric, self.stack, self.criterion) for metric in self.metrics]

    @cached_property
    def _loss(self) -> Callable[..., tuple[Array, Array]]:
        return with_gradient(self.criterion)

    def alone(self) -> AbstractContextManager[None]:
        """Return a context in which the step can be tried out while other processes wait."""
        return self.communicator.muted() if self.communicator else nullcontext()

    def params(self, buffers: Sequence[Array]) -> list[Params]:
        """Return each layer's parameters: views of the buffers, or these themselves."""
        return self.stack.split(self.packing.split(buffers) if self.packing else buffers)

    def parts(self, buffers: Sequence[Array]) -> Sequence[Array]:
        """Return buffers as the optimizer sees them: views of them, or these themselves."""
        return self.packing.cut(buffers) if self.packing else buffers

    def slot_parts(self, slots: Sequence[Sequence[Array]]) -> list[Sequence[Array]]:
        """Return what is remembered as a step sees it; the layers' state is not cut."""
        if not self.stack.has_state:
            return [self.parts(slot) for slot in slots]
        *of_optimizer, state = slots
        return [*map(self.parts, of_optimizer), state]

    def remembered(self, slots: Sequence[Sequence[Array]]) -> Sequence[Sequence[Array]]:
        """Return of the slots what isn't parameters, in which tiny numbers may gather."""
        kept = self.stack.kept
        return [*slots[:-1], slots[-1][kept:]] if kept else slots

    def numbers(self, t: int, count: int) -> np.ndarray:
        """Return the optimizer's numbers for `count` steps from step `t` on, a row each."""
        numbers = self.optimizer.numbers(np.arange(t, t + count, dtype=np.float64))
        table = np.empty((len(numbers), count))  # for few steps, np.stack takes 10 us more
        for row, number in zip(table, numbers):
            row[...] = number
        return table

    def __call__(
        self,
        params: Sequence[Params],
        parts: Sequence[Array],
        slots: Sequence[Sequence[Array]],
        numbers: Sequence[Array],
        x: Array,
        y: Array,
        weight: Array | None = None,
        noise: Noise | None = None,
    ) -> tuple[list[Array], list[list[Array]], tuple[Array, ...]]:
        """Take a step.

        Parameters
        ----------
        params : sequence of tuples of array
            Each layer's parameters, as `params` returns them.
        parts, slots : sequence of array, sequence of sequence of array
            The same parameters and what is remembered, as `parts` and `slot_parts` return
            them: what the optimizer does, and then the layers' state, if there is any.
            They are consumed.
        numbers : sequence of array of shape ()
            What `Optimizer.numbers` gives for this step.
        x : array of shape (n, n_inputs)
            The inputs.
        y : array
            The targets.
        weight : array of shape (n,), optional
            How much each sample counts.
        noise : tuple of tuples of array, optional
            What each layer drew; and behind it, where the batch is cut over processes, the
            numbers of a `Cut`.

        Returns
        -------
        parts, slots
            What they are after the step.
        measures : tuple of array of shape () or (w,)
            The loss, and what the metrics measure, before the step.  Where the batch is cut,
            they are of the rows here, and the losses of all parts sum to that of the batch.
        """
        if self.communicator is None or not self.communicator.cuts_batches:
            return self._take(params, parts, slots, numbers, x, y, weight, noise, None)
        assert noise is not None
        cut = Cut(self.communicator, *noise[-1])
        with cut_up(cut):
            return self._take(params, parts, slots, numbers, x, y, weight, noise[:-1], cut)

    def _take(
        self,
        params: Sequence[Params],
        parts: Sequence[Array],
        slots: Sequence[Sequence[Array]],
        numbers: Sequence[Array],
        x: Array,
        y: Array,
        weight: Array | None,
        noise: Noise | None,
        cut: Cut | None,
    ) -> tuple[list[Array], list[list[Array]], tuple[Array, ...]]:
        """Take a step; as calling it."""
        *slots, state = slots if self.stack.has_state else (*slots, ())
        predictions, backward, new_state = self.stack.train(params, state, x, noise)
        loss, dpredictions = self._loss(predictions, y, weight)
        if cut:
            loss = cut.share * loss
            dpredictions *= cut.share
        # before anything is changed: a metric of somebody's own may raise an error
        metrics = [measure(predictions, y) for measure in self._measures]
        grads = backward(dpredictions)
        if self.row_optimizer:
            n = self.stack.tables
            grads, of_tables = grads[:-n], grads[-n:]
            stepped = map(partial(step_rows, self.row_optimizer, numbers), new_state, of_tables)
            new_state = [*stepped, *new_state[n:]]
        if self.stack.penalties:
            share = cut.share if cut else 1.0
            loss = self.stack.penalise([*chain(*params)], loss, grads, share)
        if self.packing:
            grads = self.packing.join(grads)
        if cut and grads:
            if x.shape[0] == 1:  # it may be a row of another process, which counts nothing
                xp = array_namespace(x)
                counts = xp.astype(cut.part > 0, cut.part.dtype)
                grads = [grad * counts for grad in grads]
            grads = sum_over(cut.communicator, grads)
        if self.packing:
            grads = self.packing.cut(grads)
        if self.clip_norm is not None or self.clip_value is not None:
            grads = clip(grads, self.clip_norm, self.clip_value)
        new_parts, new_slots = self.optimizer.step(parts, grads, slots, numbers)
        if self.stack.has_state:
            slots, new_slots = [*slots, state], [*new_slots, new_state]
        if self.packing:
            # the layers see what is in these arrays, also after a rule with others
            for old, new in zip((*parts, *chain(*slots)), (*new_parts, *chain(*new_slots))):
                if new is not old:
                    old[...] = new
            new_parts, new_slots = [*parts], [*map(list, slots)]
        return new_parts, new_slots, (loss, *metrics)


def step_rows(
    optimizer: Optimizer, numbers: Sequence[Array], table: Array, gradient: Any
) -> Array:
    """Take a step of an optimizer that `adds_up` with a table; it is consumed."""
    if not isinstance(gradient, RowGradient):  # a layer that holds the table's made it whole
        return optimizer.rule(table, gradient, *numbers)[0]
    rows = gradient.rows
    (step,) = optimizer.rule(array_namespace(rows).zeros_like(rows), rows, *numbers)
    return replace(gradient, rows=step).added_to(table)


def sum_over(communicator: Summing, grads: Sequence[Array]) -> list[Array]:
    """Sum gradients over processes, small ones together: each sum waits for all processes."""
    if all(grad.ndim == 1 for grad in grads):  # they are packed
        return [summed(grad, communicator) for grad in grads]
    xp, flat = array_namespace(grads[0]), summed(join(*grads), communicator)
    ends = [*accumulate(math.prod(grad.shape) for grad in grads)]
    cuts = zip([0, *ends], ends, grads)
    return [xp.reshape(flat[start:end], grad.shape) for start, end, grad in cuts]


def clip(
    grads: Sequence[Array], norm: float | None = None, value: float | None = None
) -> list[Array]:
    """Cut gradients to a size, so that one bad batch can't throw the parameters far away.

    Parameters
    ----------
    grads : sequence of array
        The gradients, together those of all parameters.
    norm : float, optional
        They are scaled so that the norm of all together is at most this: multiplied by
        min(1, norm / (n + 1e-6)), where n is the root of the sum of all their squares.
        Pascanu et al. (2013), with the 1e-6 that keeps 0 / 0 out.
    value : float, optional
        Before that, each entry is cut to [-value, value].

    Returns
    -------
    list of array
        New arrays.
    """
    if not grads:
        return []
    xp = array_namespace(grads[0])
    if value is not None:
        grads = [xp.minimum(xp.maximum(g, -value), value) for g in grads]
    if norm is not None:
        total = xp.sqrt(sum(xp.sum(g * g) for g in grads))
        factor = xp.minimum(norm / (total + 1e-6), 1.0)
        grads = [g * factor for g in grads]
    return [*grads]


def with_gradient(criterion: Loss) -> Callable[..., tuple[Array, Array]]:
    """Return what computes the mean loss and its gradient, of targets that are prepared."""
    is_own = type(criterion).__call__ is not Loss.__call__
    return criterion if is_own else criterion.mean_and_gradient


def make_measure(
    stack: Stack, criterion: Loss, metrics: Sequence[Metric]
) -> Callable[..., tuple[tuple[Array, ...], Array | None]]:
    """Return ``measure(arrays, x, y, weight) -> ((loss, *metrics), predictions)`` of some rows.

    Metrics that need all predictions are left out, and predictions are None where none does.
    Weights are of shape (n,), or None, and so are left out.
    """
    measures = [bind(m, stack, criterion) for m in metrics if not m.of_all]
    of_all = len(measures) < len(metrics)

    def measure(
        arrays: Sequence[Array], x: Array, y: Array, weight: Array | None = None
    ) -> tuple[tuple[Array, ...], Array | None]:
        predictions = stack.predict(arrays, x)
        losses, _ = criterion.forward(predictions, y)
        if weight is None:
            mean, weights = array_namespace(x).mean(losses), {}
        else:
            mean, weights = mean_of_rows(losses, weight), {"weight": weight}
        loss = stack.penalise(arrays, mean)
        measured = (loss, *(metric(predictions, y, **weights) for metric in measures))
        return measured, predictions if of_all else None

    return measure


def make_measure_of_all(
    stack: Stack, criterion: Loss, metrics: Sequence[Metric]
) -> Callable[..., list[Array]]:
    """Return ``measure(predictions, y, weight=) -> [metric, …]`` of what needs all rows."""
    measures = [bind(m, stack, criterion) for m in metrics if m.of_all]

    def measure(predictions: Array, y: Array, **weight: Array) -> list[Array]:
        return [of_all(predictions, y, **weight) for of_all in measures]

    return measure


def make_gradients(stack: Stack, criterion: Loss) -> Callable[..., tuple[Array, list[Array]]]:
    """Return ``gradients(arrays, x, y) -> (loss, grads)``, outside training."""
    measure = with_gradient(criterion)

    def gradients(arrays: Sequence[Array], x: Array, y: Array) -> tuple[Array, list[Array]]:
        predictions, backward = stack.forward(stack.split(arrays), x)
        loss, dpredictions = measure(predictions, y)
        grads = [  # of what is held fixed none is computed
            array_namespace(p).zeros_like(p) if grad is None else grad
            for p, grad in zip(arrays, backward(dpredictions))
        ]
        return stack.penalise(arrays, loss, grads), grads

    return gradients


def bind(metric: Metric, stack: Stack, criterion: Loss) -> Callable[..., Array]:
    """Return a metric's ``measure(predictions, targets)`` of what the criterion is given.

    Where it takes weights, so does the function: ``weight=``, which is 0 for rows that the
    criterion leaves out, as it is where no weight is given.
    """
    measure = _bound(metric, stack, criterion)
    if not criterion.leaves_out or not metric.takes_weights:
        return measure

    def of_counted(predictions: Array, targets: Array, **weight: Array) -> Array:
        counted = criterion.counted(targets)
        if counted is not None:
            xp = array_namespace(predictions)
            targets = targets * xp.astype(counted, targets.dtype)  # the first class for none
            weight = weight or {"weight": xp.astype(counted, predictions.dtype)}
        return measure(predictions, targets, **weight)

    return of_counted


def _bound(metric: Metric, stack: Stack, criterion: Loss) -> Callable[..., Array]:
    """Return what `bind` does, of targets that all count."""
    measure: Callable[..., Array] = metric.measure
    if not metric.classifies:
        head = stack.head
        if head is None:
            return measure
        return lambda predictions, targets, **weight: measure(
            head.forward((), predictions)[0], targets, **weight
        )
    from_logits = getattr(criterion, "from_logits", False)
    if criterion.threshold is None:
        kind = Kind(from_logits=from_logits)
        return lambda predictions, targets, **weight: measure(
            predictions, targets, kind, **weight
        )
    kind = Kind(criterion.threshold, from_logits)

    def of_each(predictions: Array, targets: Array, **weight: Array) -> Array:
        # outputs that each say yes or no are counted each, not a row at a time
        xp = array_namespace(predictions)
        flat = xp.reshape(predictions, (-1,)), xp.reshape(targets, (-1,))
        k = predictions.shape[1]
        weight = {name: of_each_output(of_rows, k) for name, of_rows in weight.items()}
        return measure(*flat, kind, **weight)

    return of_each
