"""Dropout: in training, a random part of the inputs is silenced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..backend import Array
from ..checks import check_number
from .base import Backward, Layer, Params

if TYPE_CHECKING:
    from ..initializers import Generator
    from ..onnx_graph import Graph

__all__ = ["Dropout"]


@dataclass(frozen=True)
class Dropout(Layer):
    """Silence each input with a probability, in training only.

    What is left is scaled up by 1 / (1 - rate), so that the expected output is the input
    and nothing needs to change when the network is used.  Srivastava et al. (2014).

    Parameters
    ----------
    rate : float
        The probability with which an input is silenced, 0 <= rate < 1.
    """

    rate: float

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("rate", self.rate, at_least=0, below=1)

    def draw(self, generator: Generator, shape: tuple[int, int]) -> tuple[Any, ...]:
        """Draw the mask, of the inputs' shape: 0 or 1 / (1 - rate)."""
        keep = generator.random(shape) >= self.rate
        return (keep * (1 / (1 - self.rate)),)

    def forward(
        self, params: Params, x: Array, mask: Array | None = None
    ) -> tuple[Array, Backward]:
        """Compute ``x * mask``; without a mask, outside training, the inputs themselves."""
        if mask is None:
            return x, lambda dy: (dy, ())

        def backward(dy: Array) -> tuple[Array, Params]:
            return dy * mask, ()

        return x * mask, backward

    def to_onnx(self, graph: Graph, params: tuple[str, ...], x: str) -> str:
        """Add nothing: outside training the inputs are the outputs."""
        return x
