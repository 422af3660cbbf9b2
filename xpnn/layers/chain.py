"""Layers one after another, as one layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..backend import Array
from .base import Layer
from .combinator import Back, Combinator, Run
from .holding import check_layers

if TYPE_CHECKING:
    from ..onnx_graph import Graph

__all__ = ["Chain", "in_turn", "links", "size_of_inputs"]


@dataclass(frozen=True, repr=False)
class Chain(Combinator):
    """Layers one after another: each takes what the one before gives.

    A network is such a chain itself.

    Parameters
    ----------
    *inner : Layer
        From input to output; none at all give their inputs.

    Raises
    ------
    TypeError
        If one is no layer.
    """

    inner: tuple[Layer, ...]

    def __init__(self, *inner: Layer) -> None:
        object.__setattr__(self, "inner", inner)
        check_layers("inner", inner)
        self.__post_init__()

    @property
    def n_inputs(self) -> int | None:
        """The number of inputs, where a layer tells it."""
        return size_of_inputs(self.inner)

    def output_size(self, n_inputs: int | None) -> int | None:
        """Return the number of outputs of the last layer."""
        for layer in self.inner:
            n_inputs = layer.output_size(n_inputs)
        return n_inputs

    def inner_sizes(self, n_inputs: int | None) -> list[int | None]:
        """Return how many inputs each layer has, where that is known."""
        sizes = [n_inputs if n_inputs is not None else self.n_inputs]
        for layer in self.inner[:-1]:
            sizes.append(layer.output_size(sizes[-1]))
        return sizes[: len(self.inner)]

    def codes(self, n_inputs: int) -> dict[int, int]:
        """Return which inputs are codes to a layer that they come to unchanged."""
        codes: dict[int, int] = {}
        columns: list[int | None] = [*range(n_inputs)]
        for layer in self.inner:
            for place, count in layer.codes(len(columns)).items() if columns else ():
                if (column := columns[place]) is not None:
                    codes[column] = min(count, codes.get(column, count))
            columns = _through(layer, columns)
        return codes

    def passes(self, n_inputs: int) -> list[int | None]:
        """Return what comes through all layers unchanged."""
        columns: list[int | None] = [*range(n_inputs)]
        for layer in self.inner:
            columns = _through(layer, columns)
        return columns

    def combine(self, x: Array, inner: tuple[Run, ...]) -> tuple[Array, Back]:
        """Run one layer after another."""
        return in_turn(inner, x)

    def combine_onnx(
        self, graph: Graph, x: str, inner: tuple[Callable[[str], str], ...]
    ) -> str:
        """Add what one layer after another adds."""
        for write in inner:
            x = write(x)
        return x


def _through(layer: Layer, columns: list[int | None]) -> list[int | None]:
    """Return which inputs are still there, unchanged, behind a layer."""
    passed = layer.passes(len(columns)) if columns else []
    return [None if place is None else columns[place] for place in passed]


def size_of_inputs(layers: tuple[Layer, ...]) -> int | None:
    """Return how many inputs the first of some layers takes that tells it, if that is known."""
    for layer in layers:
        if (size := getattr(layer, "n_inputs", None)) is not None:
            return int(size)
        if type(layer).output_size is not Layer.output_size:
            return None  # what is behind it takes what it gives, not what comes in
    return None


def links(layers: Mapping[Any, Layer]) -> dict[str, Layer]:
    """Return layers by name, with those of a chain each for itself: ``"2.inner.0"``."""
    found: dict[str, Layer] = {}
    for name, layer in layers.items():
        if type(layer) is Chain:
            inner = {f"{name}.{own}": one for own, one in layer.inner_layers().items()}
            found |= links(inner)
        else:
            found[name] = layer
    return found


def in_turn(runs: Sequence[Run], x: Array) -> tuple[Array, Back]:
    """Run layers, each fed by the one before.

    Parameters
    ----------
    runs : sequence of callable
        What runs each, as `Combinator.combine` is given it.
    x : array of shape (n, n_inputs)
        The inputs of the first.

    Returns
    -------
    y, backward
        As of one.
    """
    backwards = []
    for run in runs:
        x, backward = run(x)
        backwards.append(backward)

    def back(dy: Array) -> Array:
        for backward in reversed(backwards):
            dy = backward(dy)
        return dy

    return x, back
