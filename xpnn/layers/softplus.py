"""Softplus, a smooth ReLU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..backend import Array, array_namespace
from ..operations import positive_part
from .base import Backward, Layer, Params

if TYPE_CHECKING:
    from ..onnx_graph import Graph

__all__ = ["Softplus"]


@dataclass(frozen=True)
class Softplus(Layer):
    """Softplus, a ReLU without a corner and always above 0: y = log(1 + exp(x)).

    Dugas, Bengio, Bélisle, Nadeau and Garcia (2000).
    """

    unbounded: ClassVar[bool | None] = True

    def forward(self, params: Params, x: Array) -> tuple[Array, Backward]:
        """Compute y = log(1 + exp(x))."""
        xp = array_namespace(x)
        # exp(x) overflows where x >> 0, so there it is written as x + log(1 + exp(-x))
        y = positive_part(x) + xp.log1p(xp.exp(-xp.abs(x)))

        def backward(dy: Array) -> tuple[Array, Params]:
            return dy * -xp.expm1(-y), ()  # the sigmoid of x is 1 - exp(-y)

        return y, backward

    def to_onnx(self, graph: Graph, params: tuple[str, ...], x: str) -> str:
        """Add a Softplus, which onnxruntime 1.32 has not for doubles, or what it computes."""
        if graph.dtype == "float32":
            return graph.node("Softplus", x)
        exp = graph.node("Exp", graph.node("Neg", graph.node("Abs", x)))
        log = graph.node("Log", graph.node("Add", exp, graph.constant(1.0, name="one")))
        return graph.node("Add", graph.node("Relu", x), log)
