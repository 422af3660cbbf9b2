"""The Gaussian error linear unit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..backend import Array, array_namespace
from ..operations import ERF, erf
from .base import Backward, Layer, Params

if TYPE_CHECKING:
    from ..onnx_graph import Graph

__all__ = ["GELU"]

FAR = 30.0
"""Beyond it exp(-z^2) is 0, and a square might overflow."""


@dataclass(frozen=True)
class GELU(Layer):
    """The Gaussian error linear unit, a ReLU without a corner: y = x P(x).

    P(x) = (1 + erf(x / sqrt(2))) / 2 is the probability that a normal number is below x.

    Hendrycks and Gimpel (2016).
    """

    unbounded: ClassVar[bool | None] = True

    def forward(self, params: Params, x: Array) -> tuple[Array, Backward]:
        """Compute y = x P(x)."""
        xp = array_namespace(x)
        z = math.sqrt(0.5) * x
        p = 0.5 * erf(z) + 0.5

        def backward(dy: Array) -> tuple[Array, Params]:
            s = xp.minimum(xp.abs(z), FAR)
            density = xp.exp(-s * s) / math.sqrt(2 * math.pi)  # the derivative of P
            return dy * (p + x * density), ()

        return x * p, backward

    def to_onnx(self, graph: Graph, params: tuple[str, ...], x: str) -> str:
        """Add what `forward` computes: the operator Gelu is of ONNX's set 20."""
        half = graph.constant(0.5, name="half")
        z = graph.node("Mul", x, graph.constant(math.sqrt(0.5), name="root"))
        p = graph.node("Add", graph.node("Mul", _erf(graph, z), half), half)
        return graph.node("Mul", x, p)


def _erf(graph: Graph, z: str) -> str:
    """Add an Erf, which onnxruntime 1.32 has not for doubles, or what `erf` computes."""
    if graph.dtype == "float32":
        return graph.node("Erf", z)
    end, *polynomials = ERF["float64"]
    s = graph.node("Min", graph.node("Abs", z), graph.constant(end, name="end"))
    s = graph.node("Mul", s, s)
    values = []
    for first, *others in polynomials:
        value = graph.constant(first, name="factor")
        for number in others:
            value = graph.node("Mul", value, s)
            value = graph.node("Add", value, graph.constant(number, name="factor"))
        values.append(value)
    return graph.node("Tanh", graph.node("Mul", graph.node("Div", *values), z))
