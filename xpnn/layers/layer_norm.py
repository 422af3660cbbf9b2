"""Layer normalisation: each row is shifted and scaled to mean 0 and variance 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..backend import Array, array_namespace
from ..checks import check_integer, check_number
from ..operations import column_sums, row_sums
from .base import Backward, Layer, Parameter, Params

if TYPE_CHECKING:
    from ..onnx_graph import Graph

__all__ = ["LayerNorm"]


@dataclass(frozen=True)
class LayerNorm(Layer):
    """Layer normalisation: ``y = scale * (x - mean) / sqrt(variance + epsilon) + shift``.

    Mean and variance are those of each row, so a row's output doesn't depend on others, in
    training neither.  Ba, Kiros and Hinton (2016).

    Parameters
    ----------
    n : int
        The number of features.
    epsilon : float
        Keeps the divisor from 0; > 0.

    Notes
    -----
    `scale` begins at 1 and `shift` at 0; both have the shape (n,).  The variance is the biased
    one (divided by n).
    """

    n: int
    epsilon: float = 1e-5

    unbounded: ClassVar[bool | None] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer("n", self.n, at_least=1)
        check_number("epsilon", self.epsilon, above=0)

    def parameters(self) -> dict[str, Parameter]:
        """Return the scale (n,) and the shift (n,)."""
        return {"scale": Parameter((self.n,), "ones"), "shift": Parameter((self.n,))}

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
        """Compute the outputs with the mean and variance of each row."""
        scale, shift = params
        xp = array_namespace(x)
        z = x - row_sums(x) / self.n  # (n_samples, n)
        variance = row_sums(z * z) / self.n  # (n_samples, 1)
        factor = 1 / xp.sqrt(variance + self.epsilon)  # (n_samples, 1)
        z *= factor

        def backward(dy: Array) -> tuple[Array, Params]:
            dz = dy * scale
            # mean and variance depend on x too: dz without its mean and its part along z
            mean_dz, mean_along_z = row_sums(dz) / self.n, row_sums(dz * z) / self.n
            dx = factor * (dz - mean_dz - z * mean_along_z)
            return dx, (column_sums(dy * z), column_sums(dy))

        return z * scale + shift, backward

    def to_onnx(self, graph: Graph, params: tuple[str, ...], x: str) -> str:
        """Add a LayerNormalization; in double precision, what it computes."""
        scale, shift = params
        if graph.dtype == "float32":
            return graph.node("LayerNormalization", x, scale, shift, epsilon=self.epsilon)
        # its epsilon is an attribute, and these are float32 in any graph
        centred = graph.node("Sub", x, graph.node("ReduceMean", x, axes=[1]))
        variance = graph.node("ReduceMean", graph.node("Mul", centred, centred), axes=[1])
        variance = graph.node("Add", variance, graph.constant(self.epsilon, name="epsilon"))
        z = graph.node("Div", centred, graph.node("Sqrt", variance))
        return graph.node("Add", graph.node("Mul", z, scale), shift)
