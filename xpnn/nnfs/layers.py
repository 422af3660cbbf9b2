"""The book's layers: they keep what went in and what came out, and go back from it.

A backward pass computes from what stands in the attributes, as in the book, whose scripts set
some of them by hand.  Until its chapter 17 `forward` is not told whether the network is trained
or used; from then on it is, and only `Layer_Dropout` asks.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

import numpy as np

from ..backend import Array, Backend, array_namespace, get_backend
from ..checks import check_number
from ..layers import Dense, Dropout, Layer, Linear, ReLU, Sigmoid, Softmax
from ..optimizers import State
from .settings import floats, place, product, promoted, randn, stream

__all__ = [
    "Activation_Linear",
    "Activation_ReLU",
    "Activation_Sigmoid",
    "Activation_Softmax",
    "Layer_Dense",
    "Layer_Dropout",
    "Layer_Input",
]


REGULARIZERS = (
    "weight_regularizer_l1",
    "weight_regularizer_l2",
    "bias_regularizer_l1",
    "bias_regularizer_l2",
)
"""What the book calls a layer's penalties."""


class Layer_Input:
    """Chapter 18: what stands before the first layer of a `Model`."""

    output: Array

    def forward(self, inputs: Any, training: bool = True) -> None:
        """Set `output` to the inputs."""
        backend = get_backend()
        self.output = backend.scriptable(backend.asarray(inputs))


class Layer_Dense:
    """Chapters 3, 9 and 14: a dense layer that starts with 0.01 * randn and zeros.

    Parameters
    ----------
    n_inputs, n_neurons : int
        The numbers of inputs and of neurons.
    weight_regularizer_l1, bias_regularizer_l1 : float
        By what the sum of the parameters' magnitudes is multiplied in the loss, >= 0.
    weight_regularizer_l2, bias_regularizer_l2 : float
        By what the sum of their squares is, >= 0.

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

    weight_regularizer_l1: float = 0
    weight_regularizer_l2: float = 0
    bias_regularizer_l1: float = 0
    bias_regularizer_l2: float = 0

    def __init__(
        self,
        n_inputs: int,
        n_neurons: int,
        weight_regularizer_l1: float = 0,
        weight_regularizer_l2: float = 0,
        bias_regularizer_l1: float = 0,
        bias_regularizer_l2: float = 0,
    ) -> None:
        self.layer = Dense(n_inputs, n_neurons)
        self.weight_regularizer_l1 = weight_regularizer_l1
        self.weight_regularizer_l2 = weight_regularizer_l2
        self.bias_regularizer_l1 = bias_regularizer_l1
        self.bias_regularizer_l2 = bias_regularizer_l2
        for name in REGULARIZERS:
            check_number(name, getattr(self, name), at_least=0)
        weights = place(0.01 * randn(n_inputs, n_neurons))
        self.set_parameters(weights, place(np.zeros((1, n_neurons))))
        self.optimizer_states: dict[object, State] = {}

    def __setstate__(self, values: dict[str, Any]) -> None:
        vars(self).update(values)
        if "_states" in values:  # as it was called when version 0.1.0 began
            self.optimizer_states = vars(self).pop("_states")

    @classmethod
    def holding(cls, weights: Any, biases: Any) -> Self:
        """Return a layer with parameters that are there already, for which nothing is drawn."""
        layer = cls.__new__(cls)
        layer.layer = Dense(*weights.shape)
        layer.optimizer_states = {}
        layer.set_parameters(weights, biases)
        return layer

    def get_parameters(self) -> tuple[Array, Array]:
        """Return the weights and the biases."""
        return self.weights, self.biases

    def set_parameters(self, weights: Any, biases: Any) -> None:
        """Set the weights and the biases."""
        backend = get_backend()
        self.weights = backend.scriptable(backend.asarray(weights))
        self.biases = backend.scriptable(backend.asarray(biases))

    def forward(self, inputs: Any, training: bool = True) -> None:
        """Set `inputs`, and `output` to inputs · weights + biases."""
        backend = get_backend()
        x = backend.asarray(inputs)
        weights, biases = floats(backend, self.weights), floats(backend, self.biases)
        output = product(backend, floats(backend, x), weights) + biases
        self.inputs, self.output = backend.scriptable(x), backend.scriptable(output)

    def backward(self, dvalues: Any) -> None:
        """Set `dweights` and `dbiases`, with what the penalties add, and `dinputs`."""
        backend = get_backend()
        x, dy = floats(backend, self.inputs), floats(backend, dvalues)
        weights, biases = floats(backend, self.weights), floats(backend, self.biases)
        dweights = product(backend, x.T, dy)
        dbiases = backend.xp.sum(dy, axis=0, keepdims=True)
        of_weights = self.weight_regularizer_l1, self.weight_regularizer_l2
        of_biases = self.bias_regularizer_l1, self.bias_regularizer_l2
        self.dweights = backend.scriptable(_with_penalty(dweights, weights, *of_weights))
        self.dbiases = backend.scriptable(_with_penalty(dbiases, biases, *of_biases))
        self.dinputs = backend.scriptable(product(backend, dy, weights.T))


def _with_penalty(dp: Array, p: Array, l1: float, l2: float) -> Array:
    """Return the gradient of parameters with that of l1 · sum |p| + l2 · sum p².

    Where a parameter is 0, the book takes the slope of |p| to be 1.
    """
    xp = array_namespace(dp)
    if l1 > 0:
        dp = dp + l1 * xp.where(p < 0, -xp.ones_like(dp), xp.ones_like(dp))
    if l2 > 0:
        dp = dp + xp.astype(2 * l2 * p, dp.dtype, copy=False)
    return dp


class Layer_Dropout:
    """Chapter 15: `xpnn.Dropout`, with masks from NumPy's global generator.

    Parameters
    ----------
    rate : float
        The probability with which an input is silenced, 0 <= rate < 1.

    Attributes
    ----------
    rate : float
        The part that is left, 1 minus the argument, as in the book.
    inputs, output, dinputs : array of shape (n, k)
        What went in and came out, and the gradient with respect to the former.
    binary_mask : array of shape (n, k)
        By what the inputs were multiplied last: 0, or 1 / `rate`.
    """

    inputs: Array
    output: Array
    binary_mask: Array
    dinputs: Array

    def __init__(self, rate: float) -> None:
        self.layer = Dropout(rate)
        self.rate = 1 - rate

    def forward(self, inputs: Any, training: bool = True) -> None:
        """Set `inputs` and `output`, in training with another mask each time."""
        backend = get_backend()
        x = backend.asarray(inputs)
        if training:
            kept = stream().binomial(1, self.rate, size=tuple(x.shape)) / self.rate
            x_, mask = promoted(backend, x, kept)
            self.binary_mask = backend.scriptable(mask)
            y, _ = self.layer.forward((), x_, mask)
        else:
            y = backend.asarray(x, copy=True)
        self.inputs, self.output = backend.scriptable(x), backend.scriptable(y)

    def backward(self, dvalues: Any) -> None:
        """Set `dinputs`, by the last mask."""
        backend = get_backend()
        dy, mask = promoted(backend, dvalues, self.binary_mask)
        self.dinputs = backend.scriptable(dy * mask)


class _Activation(ABC):
    """What went into an activation and what came out; gradients keep the dtype of `dvalues`."""

    layer: ClassVar[Layer]
    keeps_integers: ClassVar[bool] = False
    inputs: Array
    output: Array
    dinputs: Array

    def forward(self, inputs: Any, training: bool = True) -> None:
        """Set `inputs` and `output`, both arrays of shape (n, k)."""
        backend = get_backend()
        x = backend.asarray(inputs)
        y = self._outputs(backend, floats(backend, x))
        if self.keeps_integers:
            y = backend.asarray(y, x.dtype)
        self.inputs, self.output = backend.scriptable(x), backend.scriptable(y)

    def _outputs(self, backend: Backend, x: Array) -> Array:
        """Return the outputs (n, k) of inputs."""
        return self.layer.forward((), x)[0]

    def backward(self, dvalues: Any) -> None:
        """Set `dinputs`, from the gradient with respect to `output`."""
        backend = get_backend()
        dy = backend.asarray(dvalues)
        dx = self._dinputs(backend, floats(backend, dy))
        self.dinputs = backend.scriptable(backend.asarray(dx, dy.dtype))

    def predictions(self, outputs: Any) -> Array:
        """Return what a network answers that ends so: here its outputs."""
        return outputs

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

    def predictions(self, outputs: Any) -> Array:
        """Return the class of each row of outputs (n, k), an array of shape (n,)."""
        backend = get_backend()
        return backend.scriptable(backend.xp.argmax(backend.asarray(outputs), axis=1))

    def _dinputs(self, backend: Backend, dy: Array) -> Array:
        y = floats(backend, self.output)
        one = backend.asarray(np.eye(y.shape[1]), y.dtype)
        jacobians = y[:, :, None] * one - product(backend, y[:, :, None], y[:, None, :])
        return product(backend, jacobians, dy[:, :, None])[:, :, 0]  # (n, k, k) -> (n, k)


class Activation_Sigmoid(_Activation):
    """Chapter 16: `xpnn.Sigmoid`, rounded as the book's; goes back from `output`."""

    layer = Sigmoid()

    def _outputs(self, backend: Backend, x: Array) -> Array:
        with np.errstate(over="ignore"):  # of exp, where the output is 0
            return 1 / (1 + backend.xp.exp(-x))

    def predictions(self, outputs: Any) -> Array:
        """Return 1 where outputs (n, k) are above 0.5, and 0 elsewhere, as integers."""
        backend = get_backend()
        return backend.scriptable(backend.asarray(backend.asarray(outputs) > 0.5, "int64"))

    def _dinputs(self, backend: Backend, dy: Array) -> Array:
        y = floats(backend, self.output)
        return dy * (1 - y) * y


class Activation_Linear(_Activation):
    """Chapter 17: `xpnn.Linear`."""

    layer = Linear()
    keeps_integers = True

    def _dinputs(self, backend: Backend, dy: Array) -> Array:
        return backend.asarray(dy, copy=True)
