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
from itertools import accumulate
from typing import Any

from .backend import Array, array_namespace
from .layers.base import Layer, Params
from .losses import Loss
from .metrics import METRICS
from .optimizers import Optimizer, State

__all__ = ["Noise", "Stack", "fuse", "make_gradients", "make_measure", "make_train_step"]

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

    def split(self, params: Sequence[Any]) -> list[Params]:
        """Return a flat list of parameters as one tuple for each layer."""
        return [tuple(params[part]) for part in self._slices]

    def predict(self, params: Sequence[Array], x: Array) -> Array:
        """Run the layers forwards, and keep nothing for the way back."""
        for layer, own in zip(self.layers, self.split(params)):
            x, _ = layer.forward(own, x)
        return x

    def forward(
        self, params: Sequence[Array], x: Array, noise: Noise | None = None
    ) -> tuple[Array, Callable[[Array], list[Array]]]:
        """Run the layers forwards.

        Parameters
        ----------
        params : sequence of array
            The parameters of all layers in order.
        x : array of shape (n, n_inputs)
            The inputs.
        noise : tuple of tuples of array, optional
            What the layers drew; given in training only.

        Returns
        -------
        y : array of shape (n, n_outputs)
            The outputs.
        backward : callable
            ``backward(dy)`` returns the gradients with respect to `params`.
        """
        closures = []
        for layer, own, drawn in zip(
            self.layers, self.split(params), noise or ((),) * len(self.layers)
        ):
            x, layer_backward = layer.forward(own, x, *drawn)
            closures.append(layer_backward)

        def backward(dy: Array) -> list[Array]:
            grads: list[Array] = []
            for layer_backward in reversed(closures):
                dy, own = layer_backward(dy)
                grads[:0] = own
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
        predictions, backward = stack.forward(params, x)
        loss, dpredictions = criterion(predictions, y)
        return loss, backward(dpredictions)

    return gradients


def make_train_step(
    stack: Stack, criterion: Loss, optimizer: Optimizer, metrics: Sequence[str]
) -> Callable[..., tuple[list[Array], State, tuple[Array, ...]]]:
    """Return the training step.

    Returns
    -------
    callable
        ``step(params, state, x, y, weight, noise) -> (params, state, measures)``, where
        `params` and `state` are consumed, `weight` is None or of shape (n,), and
        `measures` are the loss and the metrics before the step, each of shape ().
    """

    def step(
        params: list[Array],
        state: State,
        x: Array,
        y: Array,
        weight: Array | None,
        noise: Noise,
    ) -> tuple[list[Array], State, tuple[Array, ...]]:
        predictions, backward = stack.forward(params, x, noise)
        loss, dpredictions = criterion(predictions, y, weight)
        measures = (loss, *(_metric(name, criterion, predictions, y) for name in metrics))
        params, state = optimizer.update(params, backward(dpredictions), state)
        return params, state, measures

    return step


def _metric(name: str, criterion: Loss, predictions: Array, targets: Array) -> Array:
    """Compute a metric of what the criterion is given, logits or probabilities."""
    metric: Callable[..., Array] = METRICS[name]
    if criterion.threshold is None:
        return metric(predictions, targets)
    # outputs that each say yes or no are counted each, not a row at a time
    xp = array_namespace(predictions)
    flat = xp.reshape(predictions, (-1,)), xp.reshape(targets, (-1,))
    return metric(*flat, threshold=criterion.threshold)
