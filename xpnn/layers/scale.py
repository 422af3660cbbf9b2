"""A learnt factor for each feature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..backend import Array
from ..checks import check_integer
from ..operations import column_sums
from .base import Backward, Layer, Parameter, Params

if TYPE_CHECKING:
    from ..onnx_graph import Graph

__all__ = ["Scale"]


@dataclass(frozen=True)
class Scale(Layer):
    """Each feature times a factor that is learnt: ``y = x * scale``.

    In front of a network it learns which columns matter, and how much.  `scale` has the
    shape (n,) and begins at 1.

    Parameters
    ----------
    n : int
        The number of features.
    """

    n: int

    unbounded: ClassVar[bool | None] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer("n", self.n, at_least=1)

    def parameters(self) -> dict[str, Parameter]:
        """Return the scale (n,)."""
        return {"scale": Parameter((self.n,), "ones")}

    def output_size(self, n_inputs: int | None) -> int:
        """Return `n`."""
        if n_inputs not in (None, self.n):
            raise ValueError(f"{self} takes {self.n} inputs, but gets {n_inputs}")
        return self.n

    @property
    def n_inputs(self) -> int:
        """The number of features: `n`."""
        return self.n

    def forward(self, params: Params, x: Array) -> tuple[Array, Backward]:
        """Compute ``x * scale``."""
        (scale,) = params

        def backward(dy: Array) -> tuple[Array, Params]:
            return dy * scale, (column_sums(dy * x),)

        return x * scale, backward

    def gradients(self, x: Array, dy: Array) -> Params:
        """Compute the gradient with respect to the scale alone."""
        return (column_sums(dy * x),)

    def to_onnx(self, graph: Graph, params: tuple[str, ...], x: str) -> str:
        """Add a Mul."""
        return graph.node("Mul", x, *params)
