"""The sigmoid activation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..backend import Array, array_namespace
from .base import Backward, Layer, Params

if TYPE_CHECKING:
    from ..onnx_graph import Graph

__all__ = ["Sigmoid"]


@dataclass(frozen=True)
class Sigmoid(Layer):
    """The logistic function: y = 1 / (1 + exp(-x)), between 0 and 1."""

    def forward(self, params: Params, x: Array) -> tuple[Array, Backward]:
        """Compute y = 1 / (1 + exp(-x))."""
        xp = array_namespace(x)
        # exp(-x) overflows where x << 0, so there it is written as exp(x) / (1 + exp(x))
        e = xp.exp(-xp.abs(x))
        y = xp.where(x >= 0, 1.0, e) / (1 + e)

        def backward(dy: Array) -> tuple[Array, Params]:
            return dy * e / (1 + e) ** 2, ()  # y (1 - y), without the cancellation near 1

        return y, backward

    def to_onnx(self, graph: Graph, params: tuple[str, ...], x: str) -> str:
        """Add a Sigmoid."""
        return graph.node("Sigmoid", x)
