"""What goes over layers and those that they hold: checked, changed, cut up, exported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import fields
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any, TypeVar

from ..backend import Array
from ..keywords import with_settings
from .base import Backward, Layer, Params

if TYPE_CHECKING:
    from ..onnx_graph import Graph

__all__ = [
    "check_layers",
    "parameter_gradients",
    "split_by",
    "with_held",
    "with_inner",
    "with_values",
    "write_layer",
]

T = TypeVar("T")


def check_layers(name: str, layers: Iterable[Any]) -> None:
    """Check that something holds layers.

    Raises
    ------
    TypeError
        If an entry is none.
    """
    for index, layer in enumerate(layers):
        if not isinstance(layer, Layer):
            hint = "; write it with (): an instance" if isinstance(layer, type) else ""
            if isinstance(layer, list | tuple):
                hint = "; give layers one by one, or as a Chain"
            raise TypeError(f"{name}[{index}] must be a Layer, got {layer!r}{hint}")


def with_inner(layer: Layer, change: Callable[[str, Layer], Layer]) -> Layer:
    """Return a layer with other layers as settings.

    Parameters
    ----------
    layer : Layer
        The layer.
    change : callable
        From the name of each layer in `Layer.inner_layers`, and itself, to the other one.
    """

    def changed(name: str, value: Any) -> Any:
        if isinstance(value, Layer):
            return change(name, value)
        if isinstance(value, dict):
            return {key: changed(f"{name}.{key}", item) for key, item in value.items()}
        if isinstance(value, tuple | list):
            return type(value)(changed(f"{name}.{k}", item) for k, item in enumerate(value))
        return value

    settings = {
        f.name: changed(f.name, getattr(layer, f.name)) for f in fields(layer) if f.init
    }
    return with_settings(type(layer), settings)


def with_values(layer: Layer, values: Mapping[str, Any]) -> Layer:
    """Return a layer that begins with arrays instead of what its initializers draw.

    Parameters
    ----------
    layer : Layer
        The layer.
    values : mapping of str to array_like
        Parameters and states by their names; those of layers that it holds go to these, so
        that they have them still where they are taken out.
    """

    def held(name: str, inner: Layer) -> Layer:
        prefix = f"{name}."
        own = {k.removeprefix(prefix): v for k, v in values.items() if k.startswith(prefix)}
        return with_values(inner, own)

    changed = with_inner(layer, held) if layer.inner_layers() else copy(layer)
    vars(changed)["_values"] = dict(values)  # which is no setting, and in no file
    return changed


def with_held(layers: Mapping[str, Layer]) -> dict[str, Layer]:
    """Return layers by name, and behind each those that it holds: ``"2"``, ``"2.inner.0"``."""
    found: dict[str, Layer] = {}
    for name, layer in layers.items():
        inner = {f"{name}.{own}": one for own, one in layer.inner_layers().items()}
        found |= {name: layer, **with_held(inner)}
    return found


def split_by(counts: Iterable[int], arrays: Sequence[T]) -> list[tuple[T, ...]]:
    """Return a flat list as tuples with so many entries."""
    ends = [*accumulate(counts)]
    return [tuple(arrays[start:end]) for start, end in zip([0, *ends], ends)]


def parameter_gradients(layer: Layer, x: Array, backward: Backward, dy: Array) -> Params:
    """Return the gradients of a layer's parameters where nobody needs that of its inputs.

    Parameters
    ----------
    layer : Layer
        The layer.
    x : array of shape (n, n_inputs)
        Its inputs.
    backward : callable
        What its `forward` returned for these.
    dy : array of shape (n, n_outputs)
        The gradient of the loss with respect to its outputs.
    """
    if type(layer).gradients is not Layer.gradients:
        return layer.gradients(x, dy)
    alone = getattr(backward, "alone", None)  # of a combinator
    return alone(dy) if alone else backward(dy)[1]


def write_layer(graph: Graph, name: str, layer: Layer, params: tuple[str, ...], x: str) -> str:
    """Let a layer say how ONNX computes it.

    Parameters
    ----------
    graph, params, x
        As in `Layer.to_onnx`.
    name : str
        What errors call the layer.
    layer : Layer
        The layer.

    Returns
    -------
    str
        The name of its outputs.

    Raises
    ------
    TypeError
        If it does not say so.
    """
    # a class that extends ReLU and defines another forward inherits a to_onnx that is ReLU's
    definer = next(c for c in type(layer).__mro__ if {"forward", "to_onnx"} & vars(c).keys())
    says = "to_onnx" in vars(definer)
    try:
        y = (layer.to_onnx if says else partial(Layer.to_onnx, layer))(graph, params, x)
    except TypeError as error:
        raise TypeError(f"{name} can't be exported: {error}") from error
    if not isinstance(y, str):
        raise TypeError(
            f"{name} can't be exported: to_onnx of {layer} must return the name of its "
            f"outputs, got {y!r}"
        )
    return y
