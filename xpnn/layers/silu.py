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

    Elfwing, Uchibe and Doya (2017); Ramachandran, Zoph and Le (2017) call it swish.
    """

    unbounded: ClassVar[bool | None] = True

    def forward(self, params: Params, x: Array) -> tuple[Array, Backward]:
        """Compute y = x s(x)."""
        xp = array_namespace(x)
        e = xp.exp(-xp.abs(x))  # as in Sigmoid, nothing overflows
        s = xp.where(x >= 0, 1.0, e) / (1 + e)
        y = x * s

        def backward(dy: Array) -> tuple[Array, Params]:
            complement = xp.where(x >= 0, e, 1.0) / (1 + e)  # 1 - s, without the cancellation
            return dy * (s + y * complement), ()

        return y, backward

    def to_onnx(self, graph: Graph, params: tuple[str, ...], x: str) -> str:
        """Add a Sigmoid, and the product with it."""
        return graph.node("Mul", x, graph.node("Sigmoid", x))
