"""Numbers as sines and cosines of learnt frequencies."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

from ..backend import Array, array_namespace
from ..initializers import Normal, Uniform
from ..operations import positive_part, where_positive
from .base import Backward, Parameter, Params
from .numeric_embedding import NumericEmbedding

if TYPE_CHECKING:
    from ..onnx_graph import Graph

__all__ = ["PeriodicEmbedding"]


@dataclass(frozen=True)
class PeriodicEmbedding(NumericEmbedding):
    """Each of the first columns becomes some numbers of its own, by waves and a ReLU.

    Of a column x, with its own parameters::

        waves = [cos(2 π x frequencies), sin(2 π x frequencies)]
        e = max(waves @ weights + biases, 0)

    and the outputs are every column's e, then the other inputs as they are.  Beside it
    `NumericEmbedding` is small: it has phases for sines, no ReLU, and keeps the columns.

    Parameters
    ----------
    n_inputs : int
        The number of inputs.
    n_numbers : int, optional
        How many of them, from the first on, are embedded; by default all.
    n_outputs : int
        How many numbers each becomes.
    n_frequencies : int
        Of how many frequencies, with a sine and a cosine each.
    scale : float
        The standard deviation of the first frequencies, > 0: waves for each unit of x.  Of all
        settings it matters most.
    learning_rate : float
        By what the optimizer's learning rate is multiplied for the parameters, > 0.

    Notes
    -----
    Gorishniy, Rubachev and Babenko (2022), "On embeddings for numerical features in tabular
    deep learning", where it is called PLR.
    """

    n_inputs: int
    n_numbers: int | None = None
    _: KW_ONLY
    n_outputs: int = 24
    n_frequencies: int = 48
    scale: float = 0.01
    learning_rate: float = 1.0

    def parameters(self) -> dict[str, Parameter]:
        """Return the frequencies (c, 1, f), weights (c, 2 f, k) and biases (c, 1, k)."""
        c, f, k = self._n, self.n_frequencies, self.n_outputs
        start, rate = Uniform(1 / math.sqrt(2 * f)), self.learning_rate
        return {
            "frequencies": Parameter((c, 1, f), Normal(self.scale), learning_rate=rate),
            "weights": Parameter((c, 2 * f, k), start, learning_rate=rate),
            "biases": Parameter((c, 1, k), start, learning_rate=rate),
        }

    def output_size(self, n_inputs: int | None) -> int:
        """Return `n_outputs` for each number, and the other inputs."""
        return super().output_size(n_inputs) - self._n

    def forward(self, params: Params, x: Array) -> tuple[Array, Backward]:
        """Compute e of each column, and put them before the other inputs."""
        frequencies, weights, biases = params
        xp, n, width = array_namespace(x), x.shape[0], self._n * self.n_outputs
        columns = 2 * math.pi * xp.permute_dims(x[:, : self._n], (1, 0))[:, :, None]
        angles = columns * frequencies  # (c, n, f)
        cosines, sines = xp.cos(angles), xp.sin(angles)
        waves = xp.concat([cosines, sines], axis=2)  # (c, n, 2 f)
        e = positive_part(waves @ weights + biases)  # (c, n, k)
        flat = xp.reshape(xp.permute_dims(e, (1, 0, 2)), (n, width))

        def backward(dy: Array) -> tuple[Array, Params]:
            de = xp.reshape(dy[:, :width], (n, self._n, self.n_outputs))
            de = where_positive(e, xp.permute_dims(de, (1, 0, 2)))  # (c, n, k)
            dbiases = xp.sum(de, axis=1, keepdims=True)  # (c, 1, k)
            dweights = xp.matrix_transpose(waves) @ de  # (c, 2 f, k)
            dwaves = de @ xp.matrix_transpose(weights)  # (c, n, 2 f)
            dcosines, dsines = (
                dwaves[:, :, : self.n_frequencies],
                dwaves[:, :, self.n_frequencies :],
            )
            dangles = dsines * cosines - dcosines * sines  # (c, n, f)
            dfrequencies = xp.matrix_transpose(columns) @ dangles  # (c, 1, f)
            dcolumns = 2 * math.pi * (dangles @ xp.matrix_transpose(frequencies))  # (c, n, 1)
            dcolumns = xp.permute_dims(dcolumns[:, :, 0], (1, 0))  # (n, c)
            dx = xp.concat([dcolumns, dy[:, width:]], axis=1)  # (n, n_inputs)
            return dx, (dfrequencies, dweights, dbiases)

        return xp.concat([flat, x[:, self._n :]], axis=1), backward

    def to_onnx(self, graph: Graph, params: tuple[str, ...], x: str) -> str:
        """Add what `forward` computes; the columns lie along the first axis there too."""
        frequencies, weights, biases = params

        def shape(*numbers: int) -> str:
            return graph.constant(numbers, "int64", name="shape")

        columns = graph.node("Slice", x, shape(0), shape(self._n), shape(1))  # (n, c)
        columns = graph.node("Transpose", columns, perm=[1, 0])
        columns = graph.node("Unsqueeze", columns, shape(2))  # (c, n, 1)
        columns = graph.node("Mul", columns, graph.constant(2 * math.pi))
        angles = graph.node("Mul", columns, frequencies)
        quarter = graph.constant(math.pi / 2)  # onnxruntime 1.20 has no cosine of doubles
        cosines = graph.node("Sin", graph.node("Add", angles, quarter))
        waves = graph.node("Concat", cosines, graph.node("Sin", angles), axis=2)
        e = graph.node("Add", graph.node("MatMul", waves, weights), biases)
        e = graph.node("Transpose", graph.node("Relu", e), perm=[1, 0, 2])
        e = graph.node("Reshape", e, shape(0, self._n * self.n_outputs))  # 0: as many rows
        if self._n == self.n_inputs:
            return e
        others = graph.node("Slice", x, shape(self._n), shape(self.n_inputs), shape(1))
        return graph.node("Concat", e, others, axis=1)
