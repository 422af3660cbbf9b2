"""The hyperbolic tangent activation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..backend import Array, array_namespace
from .base import Backward, Layer, Params

if TYPE_CHECKING:
    from ..onnx_graph import Graph

__all__ = ["Tanh"]


@dataclass(frozen=True)
class Tanh(Layer):
    """The hyperbolic tangent: y = tanh(x), between -1 and 1."""

    def forward(self, params: Params, x: Array) -> tuple[Array, Backward]:
        """Compute y = tanh(x)."""
        y = array_namespace(x).tanh(x)

        def backward(dy: Array) -> tuple[Array, Params]:
            return dy * (1 - y * y), ()

        return y, backward

    def to_onnx(self, graph: Graph, params: tuple[str, ...], x: str) -> str:
        """Add a Tanh."""
        return graph.node("Tanh", x)
