"""The book's layers: they keep what went in and what came out, and go back from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..backend import Array, array_namespace
from ..layers import Dense, Layer, Linear, ReLU, Sigmoid, Softmax
from ..optimizers import State
from .settings import draw, place

__all__ = [
    "Activation_Linear",
    "Activation_ReLU",
    "Activation_Sigmoid",
    "Activation_Softmax",
    "Layer_Dense",
]


class _Remembering:
    """A layer that keeps what went in, what came out, and the way back.

    The book's scripts also set these themselves, and then go back from what they set.
    """

    layer: Layer
    inputs: Array
    output: Array
    dinputs: Array
    _backward: Callable[[Array], tuple[Array, tuple[Array, ...]]]
    _seen: tuple[Any, ...] = ()

    def forward(self, inputs: Any) -> None:
        """Set `inputs` and `output`, both arrays of shape (n, …)."""
        self.inputs = place(inputs)
        self.output, self._backward = self.layer.forward(self._params(), self.inputs)
        self._seen = self._remembered()

    def backward(self, dvalues: Any) -> None:
        """Set `dinputs`, from the gradient with respect to `output`."""
        self.dinputs, _ = self._way_back()(place(dvalues))

    def _params(self) -> tuple[Array, ...]:
        return ()

    def _remembered(self) -> tuple[Any, ...]:
        return (vars(self).get("inputs"), vars(self).get("output"), *self._params())

    def _way_back(self) -> Callable[[Array], tuple[Array, tuple[Array, ...]]]:
        """Return the closure of the last forward pass, or one for what was set since."""
        now = self._remembered()
        if len(now) != len(self._seen) or any(a is not b for a, b in zip(now, self._seen)):
            _, self._backward = self.layer.forward(self._params(), self._find_inputs())
            self._seen = now
        return self._backward

    def _find_inputs(self) -> Array:
        return place(self.inputs)


class Layer_Dense(_Remembering):
    """Chapters 3 and 9: a dense layer that starts with 0.01 * randn and zeros.

    Parameters
    ----------
    n_inputs, n_neurons : int
        The numbers of inputs and of neurons.

    Attributes
    ----------
    weights, dweights : array of shape (n_inputs, n_neurons)
        The weights, and the gradient with respect to them.
    biases, dbiases : array of shape (1, n_neurons)
        The biases, and the gradient with respect to them.
    optimizer_states : dict
        What each optimizer that has updated the layer remembers of it, by the optimizer.
    """

    layer: Dense
    dweights: Array
    dbiases: Array

    def __init__(self, n_inputs: int, n_neurons: int) -> None:
        self.layer = Dense(n_inputs, n_neurons)
        self.weights = place(0.01 * draw(n_inputs, n_neurons))
        self.biases = place(np.zeros((1, n_neurons)))
        self.optimizer_states: dict[object, State] = {}

    def __setstate__(self, values: dict[str, Any]) -> None:
        vars(self).update(values)
        if "_states" in values:  # as it was called when version 0.1.0 began
            self.optimizer_states = vars(self).pop("_states")

    def _params(self) -> tuple[Array, ...]:
        return place(self.weights), place(self.biases)

    def backward(self, dvalues: Any) -> None:
        """Set `dweights`, `dbiases` and `dinputs`."""
        self.dinputs, (self.dweights, dbiases) = self._way_back()(place(dvalues))
        self.dbiases = dbiases[None, :]


class Activation_ReLU(_Remembering):
    """Chapters 4 and 9: `xpnn.ReLU`."""

    layer = ReLU()


class Activation_Softmax(_Remembering):
    """Chapters 4 and 9: `xpnn.Softmax`; goes back from `output`."""

    layer = Softmax()

    def _find_inputs(self) -> Array:
        y = place(self.output)
        xp = array_namespace(y)
        return xp.log(xp.maximum(y, float(xp.finfo(y.dtype).smallest_normal)))


class Activation_Sigmoid(_Remembering):
    """Chapter 16: `xpnn.Sigmoid`; goes back from `output`."""

    layer = Sigmoid()

    def _find_inputs(self) -> Array:
        y = place(self.output)
        xp = array_namespace(y)
        tiny = float(xp.finfo(y.dtype).smallest_normal)
        return xp.log(xp.maximum(y, tiny)) - xp.log(xp.maximum(1 - y, tiny))


class Activation_Linear(_Remembering):
    """Chapter 17: `xpnn.Linear`."""

    layer = Linear()
