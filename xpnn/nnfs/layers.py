"""The book's layers: they keep what went in and what came out, and go back from it.

A backward pass computes from what stands in the attributes, as in the book, whose scripts set
some of them by hand.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np

from ..backend import Array, Backend, get_backend
from ..layers import Dense, Layer, Linear, ReLU, Sigmoid, Softmax
from ..optimizers import State
from .settings import floats, place, product, randn

__all__ = [
    "Activation_Linear",
    "Activation_ReLU",
    "Activation_Sigmoid",
    "Activation_Softmax",
    "Layer_Dense",
]


class Layer_Dense:
    """Chapters 3 and 9: a dense layer that starts with 0.01 * randn and zeros.

    Parameters
    ----------
    n_inputs, n_neurons : int
        The numbers of inputs and of neurons.

    Attributes
    ----------
    inputs : array of shape (n, n_inputs)
        What `forward` was given, of its own dtype.
    output : array of shape (n, n_neurons)
        What came out.
    weights, dweights : array of shape (n_inputs, n_neurons)
        The weights, and the gradient with respect to them.
    biases, dbiases : array of shape (1, n_neurons)
        The biases, and the gradient with respect to them.
    dinputs : array of shape (n, n_inputs)
        The gradient with respect to the inputs.
    weight_momentums, bias_momentums, weight_cache, bias_cache : array
        What the last optimizer remembers of the parameters, where it remembers that: averages
        of the gradients, or steps, and of their squares.
    optimizer_states : dict
        What each optimizer that has updated the layer remembers of it, by the optimizer.
    """

    layer: Dense
    inputs: Array
    output: Array
    dweights: Array
    dbiases: Array
    dinputs: Array

    def __init__(self, n_inputs: int, n_neurons: int) -> None:
        self.layer = Dense(n_inputs, n_neurons)
        shown = get_backend().scriptable
        self.weights = shown(place(0.01 * randn(n_inputs, n_neurons)))
        self.biases = shown(place(np.zeros((1, n_neurons))))
        self.optimizer_states: dict[object, State] = {}

    def __setstate__(self, values: dict[str, Any]) -> None:
        vars(self).update(values)
        if "_states" in values:  # as it was called when version 0.1.0 began
            self.optimizer_states = vars(self).pop("_states")

    def forward(self, inputs: Any) -> None:
        """Set `inputs`, and `output` to inputs · weights + biases."""
        backend = get_backend()
        x = backend.asarray(inputs)
        weights, biases = floats(backend, self.weights), floats(backend, self.biases)
        output = product(backend, floats(backend, x), weights) + biases
        self.inputs, self.output = backend.scriptable(x), backend.scriptable(output)

    def backward(self, dvalues: Any) -> None:
        """Set `dweights`, `dbiases` and `dinputs`."""
        backend = get_backend()
        x, weights = floats(backend, self.inputs), floats(backend, self.weights)
        dy = floats(backend, dvalues)
        self.dweights = backend.scriptable(product(backend, x.T, dy))
        self.dbiases = backend.scriptable(backend.xp.sum(dy, axis=0, keepdims=True))
        self.dinputs = backend.scriptable(product(backend, dy, weights.T))


class _Activation(ABC):
    """What went into an activation and what came out; gradients keep the dtype of `dvalues`."""

    layer: ClassVar[Layer]
    keeps_integers: ClassVar[bool] = False
    inputs: Array
    output: Array
    dinputs: Array

    def forward(self, inputs: Any) -> None:
        """Set `inputs` and `output`, both arrays of shape (n, k)."""
        backend = get_backend()
        x = backend.asarray(inputs)
        y, _ = self.layer.forward((), floats(backend, x))
        if self.keeps_integers:
            y = backend.asarray(y, x.dtype)
        self.inputs, self.output = backend.scriptable(x), backend.scriptable(y)

    def backward(self, dvalues: Any) -> None:
        """Set `dinputs`, from the gradient with respect to `output`."""
        backend = get_backend()
        dy = backend.asarray(dvalues)
        dx = self._dinputs(backend, floats(backend, dy))
        self.dinputs = backend.scriptable(backend.asarray(dx, dy.dtype))

    @abstractmethod
    def _dinputs(self, backend: Backend, dy: Array) -> Array:
        """Return the gradient with respect to the inputs, (n, k), from that of the output."""


class Activation_ReLU(_Activation):
    """Chapters 4 and 9: `xpnn.ReLU`; goes back from `inputs`."""

    layer = ReLU()
    keeps_integers = True

    def _dinputs(self, backend: Backend, dy: Array) -> Array:
        return backend.xp.where(backend.asarray(self.inputs) > 0, dy, 0.0)


class Activation_Softmax(_Activation):
    """Chapters 4 and 9: `xpnn.Softmax`; goes back from `output`, by each row's Jacobian."""

    layer = Softmax()

    def _dinputs(self, backend: Backend, dy: Array) -> Array:
        y = floats(backend, self.output)
        one = backend.asarray(np.eye(y.shape[1]), y.dtype)
        jacobians = y[:, :, None] * one - product(backend, y[:, :, None], y[:, None, :])
        return product(backend, jacobians, dy[:, :, None])[:, :, 0]  # (n, k, k) -> (n, k)


class Activation_Sigmoid(_Activation):
    """Chapter 16: `xpnn.Sigmoid`; goes back from `output`."""

    layer = Sigmoid()

    def _dinputs(self, backend: Backend, dy: Array) -> Array:
        y = floats(backend, self.output)
        return dy * (1 - y) * y


class Activation_Linear(_Activation):
    """Chapter 17: `xpnn.Linear`."""

    layer = Linear()
    keeps_integers = True

    def _dinputs(self, backend: Backend, dy: Array) -> Array:
        return backend.asarray(dy, copy=True)
