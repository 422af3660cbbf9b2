"""A layer that is held fixed."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ..backend import Array
from .base import Backward, Layer, Parameter, Params
from .combinator import Combinator
from .holding import check_layers, with_inner, write_layer

if TYPE_CHECKING:
    from ..onnx_graph import Graph

__all__ = ["Frozen"]


@dataclass(frozen=True)
class Frozen(Layer):
    """A layer that training does not change.

    It computes the same in training as where the network is used: nothing is silenced in it,
    and batch normalisation goes by its running statistics.  Its parameters add nothing to the
    loss, and their gradients are not computed; nor is anything behind it that nobody needs.

    Parameters
    ----------
    layer : Layer
        The layer; a `Chain` for several.
    """

    layer: Layer

    def __post_init__(self) -> None:
        super().__post_init__()
        check_layers("layer", [self.layer])

    @property
    def n_inputs(self) -> int | None:
        """The number of inputs, where the layer tells it."""
        return getattr(self.layer, "n_inputs", None)

    def parameters(self) -> dict[str, Parameter]:
        """Return the layer's parameters, which are not trainable."""
        own = super().parameters()
        return {name: p._replace(trainable=False, l1=0.0, l2=0.0) for name, p in own.items()}

    def output_size(self, n_inputs: int | None) -> int | None:
        """Return the layer's number of outputs."""
        return self.layer.output_size(n_inputs)

    def inner_sizes(self, n_inputs: int | None) -> list[int | None]:
        """Return the number of inputs."""
        return [n_inputs]

    def codes(self, n_inputs: int) -> dict[int, int]:
        """Return which inputs are codes to the layer."""
        return self.layer.codes(n_inputs)

    def passes(self, n_inputs: int) -> list[int | None]:
        """Return what the layer passes on."""
        return self.layer.passes(n_inputs)

    @cached_property
    def _without_gradients(self) -> Layer:
        return _without_gradients(self.layer)

    def forward(self, params: Params, x: Array) -> tuple[Array, Backward]:
        """Compute what the layer does where the network is used."""
        y, layer_backward = self._without_gradients.forward(params, x)
        nothing = (None,) * len(self.parameters())

        def backward(dy: Array) -> tuple[Array, Params]:
            dx, _ = layer_backward(dy)
            return dx, nothing

        return y, backward

    def train(
        self, params: Params, state: Params, x: Array, *noise: Array
    ) -> tuple[Array, Backward, Params]:
        """Compute the same; the state stays as it is."""
        y, backward = self.forward((*params, *state), x)
        return y, backward, state

    def to_onnx(self, graph: Graph, params: tuple[str, ...], x: str) -> str:
        """Add what the layer adds."""
        return write_layer(graph, "layer", self.layer, params, x)


def _without_gradients(layer: Layer) -> Layer:
    """Return a layer that computes the same, but for gradients that `Layer.gradients` gives."""
    cls = type(layer)
    if not (cls.__module__.startswith("xpnn.") or isinstance(layer, Combinator)):
        return layer  # the way back of one's own may do anything with them
    if layer.inner_layers():
        return with_inner(layer, lambda name, inner: _without_gradients(inner))
    if cls.gradients is Layer.gradients:
        return layer
    held = copy(layer)
    vars(held)["gradients"] = _no_gradients
    return held


def _no_gradients(x: Array, dy: Array) -> Params:
    return ()
