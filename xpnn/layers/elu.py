"""The exponential linear unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..backend import Array, array_namespace
from ..checks import check_number
from ..operations import positive_part
from .base import Backward, Layer, Params

if TYPE_CHECKING:
    from ..onnx_graph import Graph

__all__ = ["ELU"]


@dataclass(frozen=True)
class ELU(Layer):
    """The exponential linear unit: y = x where x > 0, else alpha * (exp(x) - 1).

    Clevert, Unterthiner and Hochreiter (2015).

    Parameters
    ----------
    alpha : float
        What y goes to below, with the other sign, > 0; it is also the derivative at 0.
    """

    alpha: float = 1.0

    unbounded: ClassVar[bool | None] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("alpha", self.alpha, above=0)

    def forward(self, params: Params, x: Array) -> tuple[Array, Backward]:
        """Compute y = x where x > 0, else alpha * (exp(x) - 1)."""
        xp = array_namespace(x)
        below = self.alpha * xp.expm1(xp.minimum(x, 0.0))  # 0 where x > 0

        def backward(dy: Array) -> tuple[Array, Params]:
            slope = below + self.alpha  # where x > 0 it is alpha, which is mostly 1
            return dy * (slope if self.alpha == 1 else xp.where(x > 0, 1.0, slope)), ()

        return positive_part(x) + below, backward

    def to_onnx(self, graph: Graph, params: tuple[str, ...], x: str) -> str:
        """Add an Elu, which onnxruntime 1.32 has not for doubles, or what it computes."""
        if graph.dtype == "float32":
            return graph.node("Elu", x, alpha=self.alpha)
        exp = graph.node("Exp", graph.node("Min", x, graph.constant(0.0, name="zero")))
        below = graph.node("Sub", exp, graph.constant(1.0, name="one"))
        below = graph.node("Mul", below, graph.constant(self.alpha, name="alpha"))
        return graph.node("Add", graph.node("Relu", x), below)
