"""The linear activation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..backend import Array
from .base import Backward, Layer, Params

if TYPE_CHECKING:
    from ..onnx_graph import Graph

__all__ = ["Linear"]


@dataclass(frozen=True)
class Linear(Layer):
    """The identity: y = x.  It says that a network's outputs are any numbers."""

    unbounded: ClassVar[bool | None] = True

    def passes(self, n_inputs: int) -> list[int | None]:
        """Return all inputs."""
        return [*range(n_inputs)]

    def forward(self, params: Params, x: Array) -> tuple[Array, Backward]:
        """Compute y = x."""

        def backward(dy: Array) -> tuple[Array, Params]:
            return dy, ()

        return x, backward

    def to_onnx(self, graph: Graph, params: tuple[str, ...], x: str) -> str:
        """Add nothing."""
        return x
