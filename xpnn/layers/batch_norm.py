"""Batch normalisation: each feature is shifted and scaled to mean 0 and variance 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..backend import Array, array_namespace
from ..checks import check_integer, check_number
from ..operations import batch_rows, column_sums, over_batch
from .base import Backward, Layer, Parameter, Params

if TYPE_CHECKING:
    from ..onnx_graph import Graph

__all__ = ["BatchNorm"]


@dataclass(frozen=True)
class BatchNorm(Layer):
    """Batch normalisation: ``y = scale * (x - mean) / sqrt(variance + epsilon) + shift``.

    In training, mean and variance are those of the batch; running means of both are kept,
    and used where the network is used.  Ioffe and Szegedy (2015).

    Parameters
    ----------
    n : int
        The number of features.
    momentum : float
        The part of the running means that is kept at each step, 0 <= momentum < 1.  (Some
        libraries give the other part this name.)
    epsilon : float
        Keeps the divisor from 0; > 0.

    Notes
    -----
    `scale` begins at 1 and `shift` at 0; both have the shape (n,), as have the running
    `mean`, which begins at 0, and `variance`, which begins at 1.  The running variance is
    of the batch's unbiased one (divided by n_samples - 1), the output of the biased one, as
    in the paper.  A batch of one row, as the last one may be, has no variance: its output is
    the shift, and the running means stay as they are.  From batches that all have one row
    nothing before the layer would learn, so `fit` refuses them.
    """

    n: int
    momentum: float = 0.9
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer("n", self.n, at_least=1)
        check_number("momentum", self.momentum, at_least=0, below=1)
        check_number("epsilon", self.epsilon, above=0)

    def parameters(self) -> dict[str, Parameter]:
        """Return the scale (n,) and the shift (n,)."""
        return {"scale": Parameter((self.n,), "ones"), "shift": Parameter((self.n,))}

    def state(self) -> dict[str, Parameter]:
        """Return the running mean (n,) and variance (n,)."""
        return {"mean": Parameter((self.n,)), "variance": Parameter((self.n,), "ones")}

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
        """Compute the outputs with the running mean and variance."""
        scale, shift, mean, variance = params
        xp = array_namespace(x)
        factor = 1 / xp.sqrt(variance + self.epsilon)  # (n,)
        z = (x - mean) * factor  # (n_samples, n)

        def backward(dy: Array) -> tuple[Array, Params]:
            return dy * (scale * factor), (column_sums(dy * z), column_sums(dy))

        return z * scale + shift, backward

    def train(
        self, params: Params, state: Params, x: Array, *noise: Array
    ) -> tuple[Array, Backward, Params]:
        """Compute the outputs with the batch's mean and variance, and the new running ones."""
        (scale, shift), (mean, variance) = params, state
        xp = array_namespace(x)
        m = x.shape[0]
        batch_mean = over_batch(column_sums(x) / m)  # (n,)
        centred = x - batch_mean  # (m, n)
        batch_variance = over_batch(column_sums(centred * centred) / m)  # (n,)
        factor = 1 / xp.sqrt(batch_variance + self.epsilon)  # (n,)
        z = centred * factor  # (m, n)

        def backward(dy: Array) -> tuple[Array, Params]:
            dscale, dshift = column_sums(dy * z), column_sums(dy)  # (n,)
            # mean and variance depend on x too: dy without its mean and its part along z
            mean_dy, mean_along_z = over_batch(dshift / m), over_batch(dscale / m)
            dx = (scale * factor) * (dy - mean_dy - z * mean_along_z)
            return dx, (dscale, dshift)

        y = z * scale + shift
        rows = batch_rows(x)
        others = max(rows - 1, 1) if isinstance(rows, int) else xp.maximum(rows - 1, 1)
        unbiased = batch_variance * (rows / others)
        new_mean = self.momentum * mean + (1 - self.momentum) * batch_mean
        new_variance = self.momentum * variance + (1 - self.momentum) * unbiased
        # one row has no variance, and a last batch may be one
        if isinstance(rows, int):
            return y, backward, (new_mean, new_variance) if rows > 1 else state
        new = zip((new_mean, new_variance), state)
        return y, backward, tuple(xp.where(rows > 1, after, before) for after, before in new)

    def to_onnx(self, graph: Graph, params: tuple[str, ...], x: str) -> str:
        """Add a BatchNormalization."""
        scale, shift, mean, variance = params
        # added here, as its own epsilon is an attribute, and these are float32 in any graph
        variance = graph.node("Add", variance, graph.constant(self.epsilon, name="epsilon"))
        return graph.node("BatchNormalization", x, scale, shift, mean, variance, epsilon=0.0)
