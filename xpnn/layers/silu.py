"""The sigmoid linear unit, also called swish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..backend import Array, array_namespace
from .base import Backward, Layer, Params

if TYPE_CHECKING:
    from ..onnx_graph import Graph

__all__ = ["SiLU"]


@dataclass(frozen=True)
class SiLU(Layer):
    """The sigmoid linear unit, a ReLU without a corner: y = x s(x), s(x) = 1 / (1 + exp(-x)).

    The sigmoid is computed as (1 + tanh(x / 2)) / 2, which is as exact beside x, and quicker.

    Elfwing, Uchibe and Doya (2017); Ramachandran, Zoph and Le (2017) call it swish.
    """

    unbounded: ClassVar[bool | None] = True

    def forward(self, params: Params, x: Array) -> tuple[Array, Backward]:
        """Compute y = x s(x)."""
        xp = array_namespace(x)
        s = 0.5 * xp.tanh(0.5 * x) + 0.5
        y = x * s

        def backward(dy: Array) -> tuple[Array, Params]:
            return dy * (s + y * (1 - s)), ()

        return y, backward

    def to_onnx(self, graph: Graph, params: tuple[str, ...], x: str) -> str:
        """Add what `forward` computes: onnxruntime 1.20 fuses x Sigmoid(x), not of doubles."""
        half = graph.constant(0.5, name="half")
        tanh = graph.node("Tanh", graph.node("Mul", x, half))
        s = graph.node("Add", graph.node("Mul", tanh, half), half)
        return graph.node("Mul", x, s)
