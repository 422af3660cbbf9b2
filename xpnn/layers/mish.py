"""Mish, a smooth activation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..backend import Array, array_namespace
from .base import Backward, Layer, Params

if TYPE_CHECKING:
    from ..onnx_graph import Graph

__all__ = ["Mish"]

TOP = 40.0
"""Above it exp(x) is not asked for: y is x to rounding, and exp(2 x) is still a float32."""


@dataclass(frozen=True)
class Mish(Layer):
    """Mish: y = x tanh(log(1 + exp(x))).

    With e = exp(x) and n = e (e + 2) that hyperbolic tangent is n / (n + 2), which takes one
    exponential and no logarithm.

    Misra (2019).
    """

    unbounded: ClassVar[bool | None] = True

    def forward(self, params: Params, x: Array) -> tuple[Array, Backward]:
        """Compute y = x n / (n + 2)."""
        xp = array_namespace(x)
        z = xp.minimum(x, TOP)
        e = xp.exp(z)
        n = e * (e + 2)
        tanh = n / (n + 2)

        def backward(dy: Array) -> tuple[Array, Params]:
            r = 2 / (n + 2)
            # the slope of tanh is 1 - tanh^2 = r^2 (1 + e)^2, that of log(1 + exp(x)) is
            # e / (1 + e); in this order nothing overflows
            return dy * (tanh + z * ((e * r) * (r + e * r))), ()

        return x * tanh, backward

    def to_onnx(self, graph: Graph, params: tuple[str, ...], x: str) -> str:
        """Add what `forward` computes: the operator Mish is of ONNX's set 18."""
        two = graph.constant(2.0, name="two")
        e = graph.node("Exp", graph.node("Min", x, graph.constant(TOP, name="top")))
        n = graph.node("Mul", e, graph.node("Add", e, two))
        tanh = graph.node("Div", n, graph.node("Add", n, two))
        return graph.node("Mul", x, tanh)
