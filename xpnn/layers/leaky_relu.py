"""The leaky rectified linear unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..backend import Array, array_namespace
from ..checks import check_number
from .base import Backward, Layer, Params

if TYPE_CHECKING:
    from ..onnx_graph import Graph

__all__ = ["LeakyReLU"]


@dataclass(frozen=True)
class LeakyReLU(Layer):
    """The leaky rectified linear unit: y = x where x > 0, else slope * x.

    Parameters
    ----------
    slope : float
        The slope below 0, at least 0; it is also taken as the derivative at 0.
    """

    slope: float = 0.01

    unbounded: ClassVar[bool | None] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("slope", self.slope, at_least=0)

    def forward(self, params: Params, x: Array) -> tuple[Array, Backward]:
        """Compute y = x where x > 0, else slope * x."""
        xp = array_namespace(x)

        def backward(dy: Array) -> tuple[Array, Params]:
            return xp.where(x > 0, dy, self.slope * dy), ()

        return xp.where(x > 0, x, self.slope * x), backward

    def to_onnx(self, graph: Graph, params: tuple[str, ...], x: str) -> str:
        """Add a PRelu with one slope."""
        # and no LeakyRelu: its slope is an attribute, and these are float32 in any graph
        return graph.node("PRelu", x, graph.constant([self.slope], name="slope"))
