"""The pure core of training: data goes in, data comes out.

A stack of layers is run forwards, the loss is measured, the closures of the layers are
run backwards, and the optimizer takes a step.  Each function here depends on its
arguments only, so a backend may compile it as a whole, finite differences can check it,
and two threads can run it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import accumulate, chain
from typing import Any

import numpy as np

from .backend import Array, array_namespace
from .layers.base import Backward, Layer, Params
from .losses import Loss
from .metrics import Kind, Metric
from .operations import sign
from .optimizers import Optimizer
from .packing import Packing

__all__ = [
    "Noise",
    "Stack",
    "TrainStep",
    "bind",
    "clip",
    "fuse",
    "make_gradients",
    "make_measure",
]

Noise = tuple[tuple[Array, ...], ...]
"""For each layer what it drew for this step; an empty tuple for most."""


@dataclass(frozen=True)
class Stack:
    """Layers, each fed by the one before.

    Parameters
    ----------
    layers : tuple of Layer
        From input to output.
    head : Layer, optional
        The activation that comes next, where the loss is computed together with it.
    """

    layers: tuple[Layer, ...]
    head: Layer | None = None

    @cached_property
    def _slices(self) -> list[slice]:
        """Where each layer's parameters are in the flat list; found once, not each step."""
        return _slices(len(layer.parameters()) for layer in self.layers)

    @cached_property
    def _state_slices(self) -> list[slice]:
        """Where each layer's state is in the flat list of all states."""
        return _slices(len(layer.state()) for layer in self.layers)

    @cached_property
    def has_state(self) -> bool:
        """Whether a layer keeps something beside its parameters."""
        return any(layer.state() for layer in self.layers)

    @cached_property
    def penalties(self) -> list[tuple[int, float, float]]:
        """The number of each parameter that is penalised, with its l1 and l2."""
        each = chain.from_iterable(layer.parameters().values() for layer in self.layers)
        return [(i, p.l1, p.l2) for i, p in enumerate(each) if p.l1 or p.l2]

    @cached_property
    def _first(self) -> int:
        """The number of the first layer that learns: nothing goes back beyond it."""
        learns = [bool(layer.parameters()) for layer in self.layers]
        return learns.index(True) if any(learns) else len(learns)

    @cached_property
    def _first_has_gradients(self) -> bool:
        """Whether that layer defines its gradients alone."""
        layer = type(self.layers[self._first]) if self._first < len(self.layers) else Layer
        return layer.gradients is not Layer.gradients

    def split(self, arrays: Sequence[Any]) -> list[Params]:
        """Return a flat list as one tuple for each layer.

        Parameters
        ----------
        arrays : sequence
            All parameters and, where the network is used, then all states.
        """
        own = [tuple(arrays[part]) for part in self._slices]
        n = self._slices[-1].stop if self.layers else 0
        if len(arrays) == n:
            return own
        return [(*p, *s) for p, s in zip(own, self.split_state(arrays[n:]))]

    def split_state(self, state: Sequence[Any]) -> list[Params]:
        """Return a flat list of the layers' states as one tuple for each layer."""
        return [tuple(state[part]) for part in self._state_slices]

    def predict(self, arrays: Sequence[Array], x: Array) -> Array:
        """Run the layers forwards, and keep nothing for the way back."""
        for layer, own in zip(self.layers, self.split(arrays)):
            x, _ = layer.forward(own, x)
        return x

    def forward(
        self, own: Sequence[Params], x: Array
    ) -> tuple[Array, Callable[[Array], list[Array]]]:
        """Run the layers forwards, as where the network is used.

        Parameters
        ----------
        own : sequence of tuples of array
            The parameters and the state of each layer, as `split` returns them.
        x : array of shape (n, n_inputs)
            The inputs.

        Returns
        -------
        y : array of shape (n, n_outputs)
            The outputs.
        backward : callable
            ``backward(dy)`` returns the gradients with respect to the parameters, as a flat
            list.
        """
        closures, first_x = [], x
        for i, (layer, arrays) in enumerate(zip(self.layers, own)):
            if i == self._first:
                first_x = x
            x, layer_backward = layer.forward(arrays, x)
            closures.append(layer_backward)
        return x, partial(self._backward, closures, first_x)

    def train(
        self,
        params: Sequence[Params],
        state: Sequence[Array],
        x: Array,
        noise: Noise | None = None,
    ) -> tuple[Array, Callable[[Array], list[Array]], list[Array]]:
        """Run the layers forwards in training.

        Parameters
        ----------
        params : sequence of tuples of array
            The parameters of each layer, as `split` returns them.
        state : sequence of array
            The states of all layers.
        x : array of shape (n, n_inputs)
            The inputs.
        noise : tuple of tuples of array, optional
            What the layers drew.

        Returns
        -------
        y, backward
            As `forward` returns them.
        state : list of array
            The new states.
        """
        closures, first_x = [], x
        new_state: list[Array] = []
        states = self.split_state(state)
        for i, (layer, own) in enumerate(zip(self.layers, params)):
            if i == self._first:
                first_x = x
            drawn = noise[i] if noise else ()
            x, layer_backward, new = layer.train(own, states[i], x, *drawn)
            closures.append(layer_backward)
            new_state += new
        return x, partial(self._backward, closures, first_x), new_state

    def _backward(self, closures: list[Backward], first_x: Array, dy: Array) -> list[Array]:
        """Return the gradients with respect to the parameters, as a flat list."""
        grads: list[Array] = []
        first = self._first
        for layer_backward in reversed(closures[first + 1 :]):
            dy, own = layer_backward(dy)
            grads[:0] = own
        if self._first_has_gradients:
            grads[:0] = self.layers[first].gradients(first_x, dy)
        elif first < len(closures):
            grads[:0] = closures[first](dy)[1]
        return grads

    def penalise(
        self, params: Sequence[Array], loss: Array, grads: list[Array] | None = None
    ) -> Array:
        """Add the penalties of the parameters to a loss, and their gradients to `grads`.

        A penalty is l1 * sum(abs(p)) + l2 * sum(p²); its derivative, l1 * sign(p) + 2 * l2 * p,
        is taken as 0 at 0 (the book, ch. 14, takes l1 there).

        Parameters
        ----------
        params : sequence of array
            All parameters.
        loss : array of shape ()
            The mean loss.
        grads : list of array, optional
            Its gradients, of which entries are replaced.

        Returns
        -------
        array of shape ()
            The loss with the penalties.
        """
        for i, l1, l2 in self.penalties:
            p = params[i]
            xp = array_namespace(p)
            if l1:
                loss = loss + l1 * xp.sum(xp.abs(p))
            if l2:
                loss = loss + l2 * xp.sum(p * p)
            if grads is not None:
                grads[i] = grads[i] + l1 * sign(p) if l1 else grads[i]
                grads[i] = grads[i] + 2 * l2 * p if l2 else grads[i]
        return loss


def _slices(counts: Iterable[int]) -> list[slice]:
    counts = [*counts]
    return [slice(end - count, end) for count, end in zip(counts, accumulate(counts))]


def fuse(layers: tuple[Layer, ...], loss: Loss) -> tuple[Stack, Loss]:
    """Return the stack and the loss to train with.

    Where the last activation and the loss belong together, as Softmax and categorical
    cross-entropy do, the loss is computed from the logits before it: the gradient is
    simpler (probabilities minus targets) and nothing is clipped.

    Raises
    ------
    ValueError
        If the loss can't use what the last layer gives.
    """
    last = layers[-1]
    if loss.activation is None:
        return Stack(layers), loss
    from_logits = getattr(loss, "from_logits", False)
    if type(last).__name__ == loss.activation:
        if from_logits:
            raise ValueError(
                f"loss {loss} takes logits, but the network ends in {loss.activation}, which "
                "gives probabilities: leave one of the two out"
            )
        return Stack(layers[:-1], last), replace(loss, from_logits=True)  # type: ignore[call-arg]
    if last.unbounded and not from_logits:
        raise ValueError(
            f"loss {loss} takes probabilities, but the network ends in {last}: add "
            f"{loss.activation}() at the end, or use from_logits=True"
        )
    return Stack(layers), loss


def make_measure(
    stack: Stack, criterion: Loss, metrics: Sequence[Metric]
) -> Callable[..., tuple[tuple[Array, ...], Array | None]]:
    """Return ``measure(arrays, x, y) -> ((loss, *metrics), predictions)`` for some rows.

    Metrics that need all predictions are left out, and predictions are None where none does.
    """
    measures = [bind(m, stack, criterion) for m in metrics if not m.of_all]
    of_all = len(measures) < len(metrics)

    def measure(
        arrays: Sequence[Array], x: Array, y: Array
    ) -> tuple[tuple[Array, ...], Array | None]:
        predictions = stack.predict(arrays, x)
        losses, _ = criterion.forward(predictions, y)
        loss = stack.penalise(arrays, array_namespace(x).mean(losses))
        measured = (loss, *(metric(predictions, y) for metric in measures))
        return measured, predictions if of_all else None

    return measure


def make_gradients(stack: Stack, criterion: Loss) -> Callable[..., tuple[Array, list[Array]]]:
    """Return ``gradients(arrays, x, y) -> (loss, grads)``, outside training."""

    def gradients(arrays: Sequence[Array], x: Array, y: Array) -> tuple[Array, list[Array]]:
        predictions, backward = stack.forward(stack.split(arrays), x)
        loss, dpredictions = criterion(predictions, y)
        grads = backward(dpredictions)
        return stack.penalise(arrays, loss, grads), grads

    return gradients


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
    """

    stack: Stack
    criterion: Loss
    optimizer: Optimizer
    metrics: tuple[Metric, ...]
    packing: Packing | None
    clip_norm: float | None = None
    clip_value: float | None = None

    @cached_property
    def _measures(self) -> list[Callable[[Array, Array], Array]]:
        return [bind(metric, self.stack, self.criterion) for metric in self.metrics]

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
            What each layer drew.

        Returns
        -------
        parts, slots
            What they are after the step.
        measures : tuple of array of shape () or (w,)
            The loss, and what the metrics measure, before the step.
        """
        *slots, state = slots if self.stack.has_state else (*slots, ())
        predictions, backward, new_state = self.stack.train(params, state, x, noise)
        loss, dpredictions = self.criterion(predictions, y, weight)
        # before anything is changed: a metric of somebody's own may raise an error
        metrics = [measure(predictions, y) for measure in self._measures]
        grads = backward(dpredictions)
        if self.stack.penalties:
            loss = self.stack.penalise([*chain(*params)], loss, grads)
        if self.packing:
            grads = self.packing.cut(self.packing.join(grads))
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


def bind(metric: Metric, stack: Stack, criterion: Loss) -> Callable[[Array, Array], Array]:
    """Return a metric's ``measure(predictions, targets)`` of what the criterion is given."""
    measure: Callable[..., Array] = metric.measure
    if not metric.classifies:
        head = stack.head
        if head is None:
            return measure
        return lambda predictions, targets: measure(head.forward((), predictions)[0], targets)
    from_logits = getattr(criterion, "from_logits", False)
    if criterion.threshold is None:
        kind = Kind(from_logits=from_logits)
        return lambda predictions, targets: measure(predictions, targets, kind)
    kind = Kind(criterion.threshold, from_logits)

    def of_each(predictions: Array, targets: Array) -> Array:
        # outputs that each say yes or no are counted each, not a row at a time
        xp = array_namespace(predictions)
        return measure(xp.reshape(predictions, (-1,)), xp.reshape(targets, (-1,)), kind)

    return of_each
