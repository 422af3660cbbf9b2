"""The exponential function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..backend import Array, array_namespace
from .base import Backward, Layer, Params

if TYPE_CHECKING:
    from ..onnx_graph import Graph

__all__ = ["Exponential"]


@dataclass(frozen=True)
class Exponential(Layer):
    """The exponential function, y = exp(x): what ends a network that predicts counts."""

    unbounded: ClassVar[bool | None] = True

    def forward(self, params: Params, x: Array) -> tuple[Array, Backward]:
        """Compute y = exp(x)."""
        y = array_namespace(x).exp(x)

        def backward(dy: Array) -> tuple[Array, Params]:
            return dy * y, ()

        return y, backward

    def to_onnx(self, graph: Graph, params: tuple[str, ...], x: str) -> str:
        """Add an Exp."""
        return graph.node("Exp", x)
