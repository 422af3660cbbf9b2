"""The rectified linear unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..backend import Array
from ..operations import positive_part, where_positive
from .base import Backward, Layer, Params

if TYPE_CHECKING:
    from ..onnx_graph import Graph

__all__ = ["ReLU"]


@dataclass(frozen=True)
class ReLU(Layer):
    """The rectified linear unit: y = max(x, 0).  Its derivative at 0 is taken as 0."""

    unbounded: ClassVar[bool | None] = True

    def forward(self, params: Params, x: Array) -> tuple[Array, Backward]:
        """Compute y = max(x, 0)."""
        y = positive_part(x)

        def backward(dy: Array) -> tuple[Array, Params]:
            return where_positive(y, dy), ()  # y > 0 where x > 0, and x is not needed any more

        return y, backward

    def to_onnx(self, graph: Graph, params: tuple[str, ...], x: str) -> str:
        """Add a Relu."""
        return graph.node("Relu", x)
