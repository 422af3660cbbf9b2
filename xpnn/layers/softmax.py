"""The softmax activation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..backend import Array, array_namespace
from ..operations import row_maxima, row_sums
from .base import Backward, Layer, Params

if TYPE_CHECKING:
    from ..onnx_graph import Graph

__all__ = ["Softmax"]


@dataclass(frozen=True)
class Softmax(Layer):
    """Scores become probabilities: each row is exponentiated and divided by its sum."""

    def forward(self, params: Params, x: Array) -> tuple[Array, Backward]:
        """Compute y = exp(x) / sum(exp(x)) along each row."""
        xp = array_namespace(x)
        y = xp.exp(x - row_maxima(x))  # the largest is 1: no overflow
        y /= row_sums(y)  # (n, k)

        def backward(dy: Array) -> tuple[Array, Params]:
            # The Jacobian of a row is diag(y) - y y^T; its product with dy needs no matrix.
            return y * (dy - row_sums(dy * y)), ()

        return y, backward

    def to_onnx(self, graph: Graph, params: tuple[str, ...], x: str) -> str:
        """Add a Softmax along each row."""
        return graph.node("Softmax", x, axis=1)
