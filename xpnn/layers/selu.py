"""The scaled exponential linear unit, which normalises by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..backend import Array, array_namespace
from ..operations import positive_part
from .base import Backward, Layer, Params

if TYPE_CHECKING:
    from ..onnx_graph import Graph

__all__ = ["SELU"]

SCALE, ALPHA = 1.0507009873554805, 1.6732632423543772
"""Equation 14 of the paper."""


@dataclass(frozen=True)
class SELU(Layer):
    """The scaled exponential linear unit: y = c x where x > 0, else c alpha (exp(x) - 1).

    The two numbers, c = 1.0507 and alpha = 1.6733, are such that inputs with mean 0 and
    variance 1 give outputs that have these, too: behind dense layers whose weights begin as
    ``"lecun_normal"`` says, they stay so in networks of any depth.  At 0 the derivative is
    that of below.

    Klambauer, Unterthiner, Mayr and Hochreiter (2017).
    """

    unbounded: ClassVar[bool | None] = True

    def forward(self, params: Params, x: Array) -> tuple[Array, Backward]:
        """Compute y = c x where x > 0, else c alpha (exp(x) - 1)."""
        xp = array_namespace(x)
        below = SCALE * ALPHA * xp.expm1(xp.minimum(x, 0.0))  # 0 where x > 0

        def backward(dy: Array) -> tuple[Array, Params]:
            return dy * xp.where(x > 0, SCALE, below + SCALE * ALPHA), ()

        return SCALE * positive_part(x) + below, backward

    def to_onnx(self, graph: Graph, params: tuple[str, ...], x: str) -> str:
        """Add a Selu, which onnxruntime 1.32 has not for doubles, or what it computes."""
        if graph.dtype == "float32":
            return graph.node("Selu", x, alpha=ALPHA, gamma=SCALE)
        exp = graph.node("Exp", graph.node("Min", x, graph.constant(0.0, name="zero")))
        below = graph.node("Sub", exp, graph.constant(1.0, name="one"))
        below = graph.node("Mul", below, graph.constant(SCALE * ALPHA, name="below"))
        above = graph.node("Mul", graph.node("Relu", x), graph.constant(SCALE, name="above"))
        return graph.node("Add", above, below)
