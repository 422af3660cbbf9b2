"""The step activation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..backend import Array, array_namespace
from .base import Backward, Layer, Params

if TYPE_CHECKING:
    from ..onnx_graph import Graph

__all__ = ["Step"]


@dataclass(frozen=True)
class Step(Layer):
    """The step function: 1 where x > 0, else 0.

    Its derivative is 0 wherever it has one, so gradients teach nothing through it.
    """

    def forward(self, params: Params, x: Array) -> tuple[Array, Backward]:
        """Compute y = 1 where x > 0, else 0."""
        xp = array_namespace(x)

        def backward(dy: Array) -> tuple[Array, Params]:
            return xp.zeros_like(dy), ()

        return xp.astype(x > 0, x.dtype), backward

    def to_onnx(self, graph: Graph, params: tuple[str, ...], x: str) -> str:
        """Add a comparison with 0, as numbers."""
        positive = graph.node("Greater", x, graph.constant(0.0, name="zero"))
        return graph.node("CastLike", positive, x)
