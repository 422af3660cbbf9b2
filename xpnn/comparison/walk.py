"""A network on one backend: all outputs and gradients, with each layer's numbers given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..backend import Array, Backend
from ..layers.base import Layer, Params
from ..losses import Loss
from ..network import Network, Stack, fuse
from ..network.step import with_gradient

__all__ = ["BACK", "LOSS", "OUTPUTS", "Key", "Run", "Trace"]

Key = tuple[int | None, str]
"""The number of a layer, or None for the loss, and what of it."""

Trace = dict[Key, np.ndarray]
"""All outputs and gradients of a network, in the order in which they are computed."""

OUTPUTS, LOSS, BACK = "outputs", "loss", "gradient of its inputs"


class Run:
    """The network on one backend; arrays go in and come out on the host."""

    def __init__(self, model: Network, backend: Backend, targets: np.ndarray) -> None:
        loss = model.require_compiled().loss
        self.layers, self.backend, self.targets = model.layers, backend, targets
        self.dtype = model.dtype
        self.stack, self.criterion = fuse(model.layers, loss)
        host = model.copy_to_host(model.all_arrays)
        self.flat = tuple(host[: len(model.parameter_arrays)])
        self.own = model.stack.split(host)
        self._forward = [backend.compile(_forward(layer)) for layer in self.layers]
        self._backward = [backend.compile(_backward(layer)) for layer in self.stack.layers]
        self._loss = backend.compile(_loss(self.stack, self.criterion))

    def walk(
        self, x: np.ndarray, given: Trace | None = None, *, absolute: bool = False
    ) -> Trace:
        """Go forwards and backwards, and return all that is computed.

        Parameters
        ----------
        x : numpy.ndarray of shape (n, n_inputs)
            The inputs.
        given : Trace, optional
            Where each layer gets its numbers from; by default from this walk.
        absolute : bool
            Whether layers get the absolute values of what they are given.
        """
        trace: Trace = {}
        given = trace if given is None else given
        inputs = []
        for i in range(len(self.layers)):
            inputs.append(x)
            trace[i, OUTPUTS] = self._call(self._forward[i], absolute, self.own[i], x)
            x = given[i, OUTPUTS]
        learning = len(self.stack.layers)
        predictions = given[learning - 1, OUTPUTS] if learning else inputs[0]
        loss, dpredictions = self._call(self._loss, False, self.flat, predictions, self.targets)
        trace[None, LOSS], trace[None, BACK] = loss, dpredictions
        dy = given[None, BACK]
        for i in reversed(range(learning)):
            back = self._call(self._backward[i], absolute, self.own[i], inputs[i], dy)
            dx, grads = back
            for name, grad in zip(self.layers[i].parameters(), grads):
                trace[i, f"gradient of {name}"] = grad
            trace[i, BACK] = dx
            dy = given[i, BACK]
        return trace

    def _call(self, function: Callable[..., Any], absolute: bool, *arguments: Any) -> Any:
        """Call a function of arrays on the backend, and return its results on the host."""

        def place(value: Any) -> Any:
            if isinstance(value, tuple):
                return tuple(map(place, value))
            return self.backend.asarray(np.abs(value) if absolute else value)

        def fetch(value: Any) -> Any:
            if isinstance(value, tuple | list):
                return tuple(map(fetch, value))
            return self.backend.to_numpy(value)

        # what becomes infinite is shown, and of absolute values it is nobody's fault
        with self.backend.activate_for(self.dtype), np.errstate(all="ignore"):
            return fetch(function(*map(place, arguments)))


def _forward(layer: Layer) -> Callable[..., Any]:
    return lambda own, x: layer.forward(own, x)[0]


def _backward(layer: Layer) -> Callable[..., Any]:
    alone = Stack((layer,))

    def backward(own: Params, x: Array, dy: Array) -> tuple[Array, list[Array]]:
        dx, grads = layer.forward(own, x)[1](dy)
        penalised = [*grads]
        alone.penalise(own, 0.0, penalised)
        return dx, penalised

    return backward


def _loss(stack: Stack, criterion: Loss) -> Callable[..., Any]:
    def loss(params: Sequence[Array], predictions: Array, targets: Array) -> tuple[Array, ...]:
        value, dpredictions = with_gradient(criterion)(predictions, targets)
        return stack.penalise(params, value), dpredictions

    return loss
