"""Layers whose outputs are added to their inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..backend import Array
from .chain import Chain, in_turn
from .combinator import Back, Run

if TYPE_CHECKING:
    from ..onnx_graph import Graph

__all__ = ["Residual"]


@dataclass(frozen=True, init=False, repr=False)
class Residual(Chain):
    """Layers one after another, whose outputs are added to the inputs: ``y = x + inner(x)``.

    He et al. (2016).

    Parameters
    ----------
    *inner : Layer
        From input to output; there are as many outputs as inputs.
    """

    def output_size(self, n_inputs: int | None) -> int | None:
        """Return the number of inputs.

        Raises
        ------
        ValueError
            If the last layer has another number of outputs.
        """
        size = n_inputs if n_inputs is not None else self.n_inputs
        n_outputs = super().output_size(size)
        if None not in (size, n_outputs) and size != n_outputs:
            raise ValueError(
                f"{self} has {n_outputs} outputs, which can't be added to {size} inputs"
            )
        return n_outputs

    def passes(self, n_inputs: int) -> list[int | None]:
        """Return nothing: something is added to each input."""
        return []

    def combine(self, x: Array, inner: tuple[Run, ...]) -> tuple[Array, Back]:
        """Compute ``x + inner(x)``."""
        y, backward = in_turn(inner, x)
        return x + y, lambda dy: dy + backward(dy)

    def combine_onnx(
        self, graph: Graph, x: str, inner: tuple[Callable[[str], str], ...]
    ) -> str:
        """Add an Add."""
        return graph.node("Add", x, super().combine_onnx(graph, x, inner))
