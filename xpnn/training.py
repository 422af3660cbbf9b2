"""The pure core of training: data goes in, data comes out.

A stack of layers is run forwards, the loss is measured, the closures of the layers are
run backwards, and the optimizer takes a step.  Each function here depends on its
arguments only, so a backend may compile it as a whole, finite differences can check it,
and two threads can run it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, chain
from typing import Any

import numpy as np

from .backend import Array, array_namespace
from .layers.base import Layer, Params
from .losses import Loss
from .metrics import METRICS
from .optimizers import Optimizer
from .packing import Packing

__all__ = ["Noise", "Stack", "TrainStep", "fuse", "make_gradients", "make_measure"]

Noise = tuple[tuple[Array, ...], ...]
"""For each layer what it drew for this step; an empty tuple for most."""


@dataclass(frozen=True)
class Stack:
    """Layers, each fed by the one before.

    Parameters
    ----------
    layers : tuple of Layer
        From input to output.
    """

    layers: tuple[Layer, ...]

    @cached_property
    def _slices(self) -> list[slice]:
        """Where each layer's parameters are in the flat list; found once, not each step."""
        counts = [len(layer.parameters()) for layer in self.layers]
        return [slice(end - count, end) for count, end in zip(counts, accumulate(counts))]

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

    def split(self, params: Sequence[Any]) -> list[Params]:
        """Return a flat list of parameters as one tuple for each layer."""
        return [tuple(params[part]) for part in self._slices]

    def predict(self, params: Sequence[Array], x: Array) -> Array:
        """Run the layers forwards, and keep nothing for the way back."""
        for layer, own in zip(self.layers, self.split(params)):
            x, _ = layer.forward(own, x)
        return x

    def forward(
        self, params: Sequence[Params], x: Array, noise: Noise | None = None
    ) -> tuple[Array, Callable[[Array], list[Array]]]:
        """Run the layers forwards.

        Parameters
        ----------
        params : sequence of tuples of array
            The parameters of each layer, as `split` returns them.
        x : array of shape (n, n_inputs)
            The inputs.
        noise : tuple of tuples of array, optional
            What the layers drew; given in training only.

        Returns
        -------
        y : array of shape (n, n_outputs)
            The outputs.
        backward : callable
            ``backward(dy)`` returns the gradients with respect to the parameters, as a flat
            list.
        """
        closures: list[Callable[[Array], tuple[Array, Params]]] = []
        first, first_x = self._first, x
        for i, (layer, own) in enumerate(zip(self.layers, params)):
            if i == first:
                first_x = x
            x, layer_backward = layer.forward(own, x, *(noise[i] if noise else ()))
            closures.append(layer_backward)

        def backward(dy: Array) -> list[Array]:
            grads: list[Array] = []
            for layer_backward in reversed(closures[first + 1 :]):
                dy, own = layer_backward(dy)
                grads[:0] = own
            if self._first_has_gradients:
                grads[:0] = self.layers[first].gradients(first_x, dy)
            elif first < len(closures):
                grads[:0] = closures[first](dy)[1]
            return grads

        return x, backward


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
        return Stack(layers[:-1]), replace(loss, from_logits=True)  # type: ignore[call-arg]
    if last.unbounded and not from_logits:
        raise ValueError(
            f"loss {loss} takes probabilities, but the network ends in {last}: add "
            f"{loss.activation}() at the end, or use from_logits=True"
        )
    return Stack(layers), loss


def make_measure(
    stack: Stack, criterion: Loss, metrics: Sequence[str]
) -> Callable[..., tuple[Array, ...]]:
    """Return ``measure(params, x, y) -> (loss, *metrics)``, each an array of shape ()."""

    def measure(params: Sequence[Array], x: Array, y: Array) -> tuple[Array, ...]:
        predictions = stack.predict(params, x)
        losses, _ = criterion.forward(predictions, y)
        return (
            array_namespace(x).mean(losses),
            *(_metric(name, criterion, predictions, y) for name in metrics),
        )

    return measure


def make_gradients(stack: Stack, criterion: Loss) -> Callable[..., tuple[Array, list[Array]]]:
    """Return ``gradients(params, x, y) -> (loss, grads)``, outside training."""

    def gradients(params: Sequence[Array], x: Array, y: Array) -> tuple[Array, list[Array]]:
        predictions, backward = stack.forward(stack.split(params), x)
        loss, dpredictions = criterion(predictions, y)
        return loss, backward(dpredictions)

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
    metrics : tuple of str
        What is measured beside the loss.
    packing : Packing or None
        How the parameters are packed for the optimizer; None where arrays can't share
        memory, so that they stay as they are.
    """

    stack: Stack
    criterion: Loss
    optimizer: Optimizer
    metrics: tuple[str, ...]
    packing: Packing | None

    def params(self, buffers: Sequence[Array]) -> list[Params]:
        """Return each layer's parameters: views of the buffers, or these themselves."""
        return self.stack.split(self.packing.split(buffers) if self.packing else buffers)

    def parts(self, buffers: Sequence[Array]) -> Sequence[Array]:
        """Return buffers as the optimizer sees them: views of them, or these themselves."""
        return self.packing.cut(buffers) if self.packing else buffers

    def numbers(self, t: int, count: int) -> np.ndarray:
        """Return the optimizer's numbers for `count` steps from step `t` on, a row each."""
        numbers = self.optimizer.numbers(np.arange(t, t + count, dtype=np.float64))
        return np.stack([np.broadcast_to(number, count) for number in numbers])

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
            The same parameters and what the optimizer remembers, as `parts` returns them.
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
        measures : tuple of array of shape ()
            The loss and the metrics before the step.
        """
        predictions, backward = self.stack.forward(params, x, noise)
        loss, dpredictions = self.criterion(predictions, y, weight)
        grads = backward(dpredictions)
        if self.packing:
            grads = self.packing.cut(self.packing.join(grads))
        new_parts, new_slots = self.optimizer.step(parts, grads, slots, numbers)
        if (
            self.packing
        ):  # the layers see what is in these arrays, also after a rule with others
            for old, new in zip((*parts, *chain(*slots)), (*new_parts, *chain(*new_slots))):
                if new is not old:
                    old[...] = new
        metrics = [_metric(name, self.criterion, predictions, y) for name in self.metrics]
        return new_parts, new_slots, (loss, *metrics)


def _metric(name: str, criterion: Loss, predictions: Array, targets: Array) -> Array:
    """Compute a metric of what the criterion is given, logits or probabilities."""
    metric: Callable[..., Array] = METRICS[name]
    if criterion.threshold is None:
        return metric(predictions, targets)
    # outputs that each say yes or no are counted each, not a row at a time
    xp = array_namespace(predictions)
    flat = xp.reshape(predictions, (-1,)), xp.reshape(targets, (-1,))
    return metric(*flat, threshold=criterion.threshold)
