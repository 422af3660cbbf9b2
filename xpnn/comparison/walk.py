"""A network on one backend: all outputs and gradients, with each layer's numbers given.

Layers that other layers hold are walked through likewise, so that what differs can be found
down to them.  Copies of them that write down what goes in and out stand in their places, or
copies that give what they gave on the first backend, and then what differs is of the layer that
holds them alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from ..backend import Array, Backend
from ..layers.base import LAYERS, Backward, Layer, Parameter, Params
from ..layers.holding import with_inner
from ..losses import Loss
from ..network import Network, Stack, fuse
from ..network.step import with_gradient

__all__ = ["BACK", "LOSS", "OUTPUTS", "Key", "Run", "Trace"]

Key = tuple[str | None, str]
"""The name of a layer, as ``"2.inner.0"``, or None for the loss, and what of it."""

OUTPUTS, LOSS, BACK = "outputs", "loss", "gradient of its inputs"


@dataclass
class Trace:
    """All outputs and gradients of a network, in the order in which they are computed.

    Attributes
    ----------
    arrays : dict of Key to numpy.ndarray
        What each layer gave.
    inputs, dys : dict of str to numpy.ndarray
        What each layer was given on the way forwards, and back, by its name; of one that is
        run again, by this name with a number behind it.
    within : dict of str to list of str
        By whom each layer was run, of these names, in turn.
    """

    arrays: dict[Key, np.ndarray] = field(default_factory=dict)
    inputs: dict[str, np.ndarray] = field(default_factory=dict)
    dys: dict[str, np.ndarray] = field(default_factory=dict)
    within: dict[str, list[str]] = field(default_factory=dict)


class Run:
    """The network on one backend; arrays go in and come out on the host."""

    def __init__(self, model: Network, backend: Backend, targets: np.ndarray) -> None:
        loss = model.require_compiled().loss
        self.backend, self.targets, self.dtype = backend, targets, model.dtype
        self.stack, self.criterion = fuse(model.layers, loss)
        host = model.copy_to_host(model.all_arrays)
        self.flat = tuple(host[: len(model.parameter_arrays)])
        self.links, self._trained = model.links, model.trained_parameters
        self.layers: dict[str, Layer] = {}
        self._own: dict[str, tuple[np.ndarray, ...]] = {}
        self._holds: dict[str, tuple[str, ...]] = {}
        for (name, layer), own in zip(self.links.items(), model.stack.split(host)):
            self._find(name, layer, own)
        self._forward: dict[str, Callable[..., Any]] = {}
        self._backward: dict[str, Callable[..., Any]] = {}
        for name, layer in self.layers.items():
            if not self._holds.get(name):
                self._forward[name] = backend.compile(_forward(layer))
                self._backward[name] = backend.compile(_backward(layer))
        self._loss = backend.compile(_loss(self.stack, self.criterion))

    def _find(self, name: str, layer: Layer, own: tuple[np.ndarray, ...]) -> None:
        """Enter a layer and those that it holds."""
        self.layers[name], self._own[name] = layer, own
        by_name = dict(zip([*layer.parameters(), *layer.state()], own))
        arrays_of = {
            inner: [f"{inner}.{own}" for own in (*held.parameters(), *held.state())]
            for inner, held in layer.inner_layers().items()
        }
        if not all(key in by_name for names in arrays_of.values() for key in names):
            return  # a layer of one's own calls them otherwise, and is one to us
        self._holds[name] = tuple(f"{inner}." for inner in arrays_of)
        for inner, held in layer.inner_layers().items():
            self._find(f"{name}.{inner}", held, tuple(by_name[key] for key in arrays_of[inner]))

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
        trace = Trace()
        # what becomes infinite is shown, and of absolute values it is nobody's fault
        with self.backend.activate_for(self.dtype), np.errstate(all="ignore"):
            if given is None:
                self._own_way(x, trace)
            else:
                self._step_by_step(x, trace, given, absolute)
        return trace

    def _own_way(self, x: np.ndarray, trace: Trace) -> None:
        """Go the whole way, with copies of the layers that write down what they do."""
        y, predictions, backwards = self._place(x), x, []
        for k, (name, layer) in enumerate(self.links.items()):
            spy = self._spy(name, layer, trace, [])
            y, backward = spy.forward(self._place(self._own[name]), y)
            if k < len(self.stack.layers):  # behind it, the loss has the last one's part
                predictions = trace.arrays[name, OUTPUTS]
                backwards.append(backward)
        dy = self._measure(predictions, trace, self.flat)
        for backward in reversed(backwards):
            dy, _ = backward(dy)

    def _step_by_step(self, x: np.ndarray, trace: Trace, given: Trace, absolute: bool) -> None:
        """Take each step with the numbers that it had in another trace."""

        def place(value: Any) -> Any:
            return self._place(value, absolute)

        learning = [*self.links][: len(self.stack.layers)]
        backwards = {}
        for called, inputs in given.inputs.items():
            name = called.partition(" ")[0]
            layer = self.layers[name]
            if self._holds.get(name):
                layer = with_inner(layer, partial(self._told, called, given, place))
            run = self._run(name, layer)
            y, backwards[called] = run(place(self._own[name]), place(inputs))
            trace.arrays[called, OUTPUTS] = self._fetch(y)
        predictions = given.arrays[learning[-1], OUTPUTS] if learning else x
        self._measure(predictions, trace, self.flat)
        for called, dy in given.dys.items():
            name = called.partition(" ")[0]
            self._write_back(called, name, backwards[called](place(dy)), trace)

    def _measure(self, predictions: np.ndarray, trace: Trace, params: Any) -> Array:
        """Write down the loss and its gradient, and return that."""
        arguments = map(self._place, (params, predictions, self.targets))
        loss, dpredictions = self._loss(*arguments)
        trace.arrays[None, LOSS] = self._fetch(loss)
        trace.arrays[None, BACK] = self._fetch(dpredictions)
        return dpredictions

    def _run(self, name: str, layer: Layer) -> Callable[..., tuple[Array, Backward]]:
        """Return the forward pass of a layer, compiled where it holds no other ones."""
        if name not in self._forward:
            return layer.forward

        def forward(own: Params, x: Array, *noise: Array) -> tuple[Array, Backward]:
            y = self._forward[name](own, x)
            return y, lambda dy: self._backward[name](own, x, dy)

        return forward

    def _spy(self, name: str, layer: Layer, trace: Trace, running: list[str]) -> Layer:
        """Return a copy of a layer that writes down what goes in and out of it."""
        spied = layer
        if self._holds.get(name):
            spied = with_inner(
                layer, lambda inner, held: self._spy(f"{name}.{inner}", held, trace, running)
            )
        run = self._run(name, spied)

        def forward(own: Params, x: Array, *noise: Array) -> tuple[Array, Backward]:
            called = _free(name, trace.inputs)
            trace.inputs[called] = self._fetch(x)
            if running:
                trace.within[running[-1]].append(called)
            trace.within[called] = []
            running.append(called)
            y, backward = run(own, x)
            running.pop()
            trace.arrays[called, OUTPUTS] = self._fetch(y)

            def back(dy: Array) -> tuple[Array, Params]:
                trace.dys.setdefault(called, self._fetch(dy))
                dx, grads = backward(dy)
                self._write_back(called, name, (dx, grads), trace)
                return dx, grads

            return y, back

        return _StandIn(layer, forward)

    def _told(
        self, holder: str, given: Trace, place: Callable[..., Any], inner: str, layer: Layer
    ) -> Layer:
        """Return a copy of a layer that gives what it gave in another trace."""
        name = f"{holder.partition(' ')[0]}.{inner}"
        calls = iter(one for one in given.within[holder] if one.partition(" ")[0] == name)

        def forward(own: Params, x: Array, *noise: Array) -> tuple[Array, Backward]:
            called = next(calls)
            dx = given.arrays.get((called, BACK))
            own = own[: len(layer.parameters())]  # in the shapes of the gradients
            y = place(given.arrays[called, OUTPUTS])
            return y, lambda dy: (None if dx is None else place(dx), own)

        return _StandIn(layer, forward)

    def _write_back(self, called: str, name: str, back: Any, trace: Trace) -> None:
        """Write down gradients, those of the layer's own parameters among them."""
        dx, grads = back
        layer = self.layers[name]
        inner = self._holds.get(name, ())
        for own, grad in zip(layer.parameters(), grads):
            if f"{name}.{own}" in self._trained and not own.startswith(inner):
                trace.arrays[called, f"gradient of {own}"] = self._fetch(grad)
        trace.arrays[called, BACK] = self._fetch(dx)

    def _place(self, value: Any, absolute: bool = False) -> Any:
        if isinstance(value, tuple):
            return tuple(self._place(one, absolute) for one in value)
        return self.backend.asarray(np.abs(value) if absolute else value)

    def _fetch(self, value: Any) -> np.ndarray:
        return self.backend.to_numpy(value)


def _free(name: str, used: Mapping[str, Any]) -> str:
    """Return a layer's name, with a number behind it where it is run again."""
    called, count = name, 1
    while called in used:
        count += 1
        called = f"{name} ({count})"
    return called


@dataclass(frozen=True, eq=False)
class _StandIn(Layer):
    """What stands in the place of a layer in the one that holds it."""

    layer: Layer
    run: Callable[..., tuple[Array, Backward]]

    def inner_layers(self) -> dict[str, Layer]:
        return {}

    def parameters(self) -> dict[str, Parameter]:
        return self.layer.parameters()

    def state(self) -> dict[str, Parameter]:
        return self.layer.state()

    def output_size(self, n_inputs: int | None) -> int | None:
        return self.layer.output_size(n_inputs)

    def forward(self, params: Params, x: Array, *noise: Array) -> tuple[Array, Backward]:
        return self.run(params, x, *noise)


del LAYERS["_StandIn"]  # which no file holds


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
