"""Layers that run other layers: what goes in and out of these, and nothing of its own.

A combinator's settings are layers, or tuples of them.  Its `combine` is given the inputs, and
under the name of each setting what runs these layers: functions of inputs alone, as they know
their arrays already.  So it reads as the mathematics does, and is all that there is to write::

    @dataclass(frozen=True)
    class Residual(Combinator):
        inner: Layer

        def combine(self, x, inner):
            y, backward = inner(x)
            return x + y, lambda dy: dy + backward(dy)

The rest is derived from it.  Parameters, state and noise go to the layers that they belong to;
gradients are gathered where they come back, those of a layer that is run twice added up; sizes
are found by running it once with zeros of the right widths, where layers only say how wide they
are.  Where nobody needs the gradient of the combinator's inputs, layers that are given these
inputs themselves have none to compute: what leads back through them is the number 0.0 then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from inspect import signature
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..backend import Array, array_namespace
from .base import LAYERS, Backward, Layer, Params
from .holding import check_layers, parameter_gradients, split_by, write_layer

if TYPE_CHECKING:
    from ..initializers import Generator
    from ..onnx_graph import Graph

__all__ = ["Back", "Combinator", "Run"]

Back = Callable[[Array], Any]
"""From the gradient of outputs to that of inputs."""

Run = Callable[[Array], tuple[Array, Back]]
"""What runs a layer: from inputs to outputs, and what takes gradients back."""


class _Found(NamedTuple):
    """What a run with zeros found out about a number of inputs."""

    n_outputs: int
    at_inputs: tuple[Layer, ...]
    """The inner layers that are run on the inputs themselves."""
    widths: tuple[int, ...]
    """How many inputs each inner layer has where it is run first."""
    n_drawn: tuple[int, ...]
    """How many arrays each inner layer draws."""


@dataclass(frozen=True, eq=False)
class Combinator(Layer):
    """The base class of layers that run others.

    A subclass is a frozen dataclass whose fields are layers, or tuples, lists or dicts of them,
    beside other settings.  It defines `combine`, and `combine_onnx` if it is exported.
    """

    def __repr__(self) -> str:
        return str(self)

    def __post_init__(self) -> None:
        super().__post_init__()
        for f in fields(self):
            value = getattr(self, f.name)
            several = value.values() if isinstance(value, dict) else value
            if isinstance(value, tuple | list | dict) and any(
                isinstance(item, Layer) for item in several
            ):
                check_layers(f.name, several)

    def combine(self, x: Array, *args: Any, **inner: Any) -> tuple[Array, Back]:
        """Compute the outputs, and what takes gradients back.

        Parameters
        ----------
        x : array of shape (n, n_inputs)
            The inputs, which are not changed.
        **inner : callable, or tuple or dict of callable
            By the name of each setting that is a layer, or several, what runs it:
            ``run(x) -> (y, backward)``, where ``backward(dy)`` returns dx alone.

        Returns
        -------
        y : array of shape (n, n_outputs)
            The outputs.
        backward : callable
            ``backward(dy) -> dx``.
        """
        raise TypeError(f"the layer {type(self).__name__} does not define combine")

    def combine_onnx(self, graph: Graph, x: str, *args: Any, **inner: Any) -> str:
        """Say how ONNX computes what `combine` does.

        Parameters
        ----------
        graph : Graph
            As in `Layer.to_onnx`.
        x : str
            The name of the inputs.
        **inner : callable, or tuple of callable
            As of `combine`, from the name of a layer's inputs to that of its outputs.

        Returns
        -------
        str
            The name of the outputs.
        """
        raise TypeError(
            f"the layer {type(self).__name__} does not say how ONNX computes it: define "
            "combine_onnx(self, graph, x, ...), as docs/guides/layers-of-layers.md shows"
        )

    # ------------------------------------------------------------------------- inside

    @cached_property
    def _inner(self) -> tuple[Layer, ...]:
        return tuple(self.inner_layers().values())

    @cached_property
    def _counts(self) -> tuple[list[int], list[int]]:
        """How many parameters and states each inner layer has."""
        return (
            [len(layer.parameters()) for layer in self._inner],
            [len(layer.state()) for layer in self._inner],
        )

    @cached_property
    def _learns(self) -> list[bool]:
        return [layer.learns for layer in self._inner]

    @cached_property
    def _places(self) -> dict[str, Any]:
        """By the names of what `combine` takes, the numbers of the layers that these are."""
        numbers = {name: k for k, name in enumerate(self.inner_layers())}
        takes, places = signature(type(self).combine).parameters, dict[str, Any]()
        for f in fields(self):
            name, value = f.name, getattr(self, f.name)
            if isinstance(value, Layer):
                places[name] = numbers[name]
            elif isinstance(value, tuple | list | dict) and (value or name in takes):
                several = value if isinstance(value, dict) else dict(enumerate(value))
                if all(isinstance(item, Layer) for item in several.values()):
                    own = {key: numbers[f"{name}.{key}"] for key in several}
                    places[name] = own if isinstance(value, dict) else (*own.values(),)
        return places

    def _named(self, runs: Sequence[Any]) -> dict[str, Any]:
        """Return something for each inner layer as `combine` takes it."""

        def at(place: Any) -> Any:
            if isinstance(place, dict):
                return {key: runs[k] for key, k in place.items()}
            return tuple(runs[k] for k in place) if isinstance(place, tuple) else runs[place]

        return {name: at(place) for name, place in self._places.items()}

    def _found(self, n_inputs: int) -> _Found:
        """Run with zeros, where layers only say how wide they are."""
        known: dict[int, _Found] = self.__dict__.setdefault("_known", {})
        if n_inputs not in known:
            widths: dict[int, int] = {}
            inputs, at_inputs = np.zeros((2, n_inputs)), []

            def run_of(k: int) -> Run:
                def run(x: Array) -> tuple[Array, Back]:
                    widths.setdefault(k, x.shape[1])
                    if x is inputs:
                        at_inputs.append(self._inner[k])
                    size = self._inner[k].output_size(x.shape[1])
                    if size is None:
                        raise ValueError(f"{self._inner[k]} does not tell its output_size")
                    return np.zeros((x.shape[0], size)), lambda dy: np.zeros(x.shape)

                return run

            runs = [run_of(k) for k in range(len(self._inner))]
            y, _ = self.combine(inputs, **self._named(runs))
            if len(widths) < len(runs):
                unused = [layer for k, layer in enumerate(self._inner) if k not in widths]
                raise ValueError(f"{type(self).__name__} does not run its layer {unused[0]}")
            generator = np.random.default_rng(0)
            known[n_inputs] = _Found(
                y.shape[1],
                tuple(at_inputs),
                tuple(widths[k] for k in range(len(runs))),
                tuple(
                    len(layer.draw(generator, (1, widths[k])))
                    for k, layer in enumerate(self._inner)
                ),
            )
        return known[n_inputs]

    # ------------------------------------------------------------------ what a layer does

    def output_size(self, n_inputs: int | None) -> int | None:
        """Return the number of outputs; by default what a run with zeros has.

        Raises
        ------
        ValueError
            If a layer doesn't take what it is given.
        """
        return None if n_inputs is None else self._found(n_inputs).n_outputs

    def inner_sizes(self, n_inputs: int | None) -> list[int | None]:
        """Return how many inputs each of `inner_layers` has, where that is known."""
        if n_inputs is None:
            return super().inner_sizes(None)
        return [*self._found(n_inputs).widths]

    def codes(self, n_inputs: int) -> dict[int, int]:
        """Return which inputs are codes to the layers that are run on them."""
        codes: dict[int, int] = {}
        for layer in self._found(n_inputs).at_inputs:
            for column, count in layer.codes(n_inputs).items():
                codes[column] = min(count, codes.get(column, count))
        return codes

    def draw(self, generator: Generator, shape: tuple[int, int]) -> tuple[Any, ...]:
        """Draw what the inner layers draw, in their order."""
        if not any(type(layer).draw is not Layer.draw for layer in self._inner):
            return ()
        n, n_inputs = shape
        drawn = zip(self._inner, self._found(n_inputs).widths)
        return tuple(chain(*(layer.draw(generator, (n, width)) for layer, width in drawn)))

    def _drawn(self, noise: tuple[Array, ...], n_inputs: int) -> list[tuple[Array, ...]]:
        """Return what was drawn, for each inner layer."""
        if not noise:
            return [()] * len(self._inner)
        return split_by(self._found(n_inputs).n_drawn, noise)

    def forward(self, params: Params, x: Array, *noise: Array) -> tuple[Array, Backward]:
        """Run `combine`, as where the network is used."""
        of_params, of_state = self._counts
        n = sum(of_params)
        own, state = split_by(of_params, params[:n]), split_by(of_state, params[n:])
        drawn = self._drawn(noise, x.shape[1])

        def run(k: int, x: Array) -> tuple[Array, Backward]:
            return self._inner[k].forward((*own[k], *state[k]), x, *drawn[k])

        return _Way(self, run, own, x).go()

    def train(
        self, params: Params, state: Params, x: Array, *noise: Array
    ) -> tuple[Array, Backward, Params]:
        """Run `combine` in training; of a layer that is run twice, the state goes on."""
        of_params, of_state = self._counts
        own, states = split_by(of_params, params), split_by(of_state, state)
        drawn = self._drawn(noise, x.shape[1])

        def run(k: int, x: Array) -> tuple[Array, Backward]:
            y, backward, states[k] = self._inner[k].train(own[k], states[k], x, *drawn[k])
            return y, backward

        y, backward = _Way(self, run, own, x).go()
        return y, backward, tuple(chain(*states))

    def to_onnx(self, graph: Graph, params: tuple[str, ...], x: str) -> str:
        """Add what `combine_onnx` adds."""
        of_params, of_state = self._counts
        n = sum(of_params)
        own, state = split_by(of_params, params[:n]), split_by(of_state, params[n:])
        prefix = graph.prefix

        def writes(k: int, name: str, layer: Layer) -> Callable[[str], str]:
            def write(x: str) -> str:
                graph.prefix = f"{prefix}{name}."
                y = write_layer(graph, name, layer, (*own[k], *state[k]), x)
                graph.prefix = prefix
                return y

            return write

        named = [writes(k, *item) for k, item in enumerate(self.inner_layers().items())]
        cls = type(self)  # as in `write_layer`
        definer = next(c for c in cls.__mro__ if {"combine", "combine_onnx"} & vars(c).keys())
        says: Any = definer if "combine_onnx" in vars(definer) else Combinator
        y: str = says.combine_onnx(self, graph, x, **self._named(named))
        return y


del LAYERS["Combinator"]  # which is none that a file could name


class _Way:
    """One way through a combinator, forwards and backwards.

    Parameters
    ----------
    combinator : Combinator
        Whose `combine` is run.
    run : callable
        ``run(k, x) -> (y, backward)`` runs the inner layer with the number k.
    params : sequence of tuple of array
        The parameters of each inner layer.
    x : array of shape (n, n_inputs)
        The inputs.
    """

    def __init__(
        self,
        combinator: Combinator,
        run: Callable[[int, Array], tuple[Array, Backward]],
        params: Sequence[Params],
        x: Array,
    ) -> None:
        self._combinator, self._run, self._params, self._x = combinator, run, params, x
        self._layers, self._learns = combinator._inner, combinator._learns
        self._fixed = [x]  # what nothing that learns had a part in
        self._is_alone = False
        self._grads: list[Params | None] = []

    def go(self) -> tuple[Array, Backward]:
        """Go forwards; this itself goes backwards."""
        runs = [self._run_of(k) for k in range(len(self._layers))]
        named = self._combinator._named(runs)
        y, self._back = self._combinator.combine(self._x, **named)
        return y, self

    def _run_of(self, k: int) -> Run:
        """Return what `combine` runs an inner layer by."""
        layer, learns = self._layers[k], self._learns[k]

        def run(x: Array) -> tuple[Array, Back]:
            y, layer_backward = self._run(k, x)
            is_fixed = any(x is one for one in self._fixed)
            if is_fixed and not learns:
                self._fixed.append(y)

            def backward(dy: Array) -> Array | float:
                if is_fixed and self._is_alone:
                    if learns:
                        self._add(k, parameter_gradients(layer, x, layer_backward, dy))
                    return 0.0
                dx, grads = layer_backward(dy)
                self._add(k, grads)
                return dx

            return y, backward

        return run

    def _add(self, k: int, grads: Params) -> None:
        known = self._grads[k]
        self._grads[k] = grads if known is None else tuple(map(_sum, known, grads))

    def __call__(self, dy: Array) -> tuple[Array, Params]:
        """Return the gradients of the inputs and of the parameters."""
        self._grads = [None] * len(self._layers)
        dx = self._back(dy)
        return dx, self._gathered()

    def alone(self, dy: Array) -> Params:
        """Return the gradients of the parameters alone."""
        self._is_alone = True
        try:
            _, grads = self(dy)
        finally:
            self._is_alone = False
        return grads

    def _gathered(self) -> Params:
        """Return the gradients of all layers; of one that nothing came back to, zeros."""
        gathered: list[Any] = []
        for k, grads in enumerate(self._grads):
            if grads is None and self._learns[k]:
                grads = tuple(array_namespace(p).zeros_like(p) for p in self._params[k])
            gathered += grads if grads is not None else [None] * len(self._params[k])
        return tuple(gathered)


def _sum(a: Array | None, b: Array | None) -> Array | None:
    return None if a is None or b is None else a + b
