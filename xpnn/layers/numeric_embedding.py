"""Numbers as waves of several lengths."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ..backend import Array, array_namespace
from ..checks import check_integer, check_number
from ..initializers import Normal, Uniform
from .base import Backward, Layer, Parameter, Params

if TYPE_CHECKING:
    from ..onnx_graph import Graph

__all__ = ["NumericEmbedding"]


@dataclass(frozen=True)
class NumericEmbedding(Layer):
    """Each of the first columns becomes some numbers that change with it in waves, and itself.

    A neuron answers a column with one bend; a function that goes up and down along a column
    needs many.  Waves whose lengths are learnt give them at once.  Of a column x::

        e = cos(2 π x frequencies + phases) @ weights + biases

    and the outputs are every column's e, then all inputs as they are.

    Parameters
    ----------
    n_inputs : int
        The number of inputs.
    n_numbers : int, optional
        How many of them, from the first on, are embedded; by default all.
    n_outputs : int
        How many numbers each becomes, beside itself.
    n_frequencies : int
        How many waves these are made of.
    scale : float
        The standard deviation of the first frequencies, > 0: waves for each unit of x.
    learning_rate : float
        By what the optimizer's learning rate is multiplied for the parameters, > 0.

    Notes
    -----
    Holzmüller, Grinsztajn and Steinwart (2024), "Better by default", where it is called PBLD;
    periodic embeddings are from Gorishniy, Rubachev and Babenko (2022).
    """

    n_inputs: int
    n_numbers: int | None = None
    _: KW_ONLY
    n_outputs: int = 3
    n_frequencies: int = 16
    scale: float = 0.1
    learning_rate: float = 0.1

    unbounded: ClassVar[bool | None] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer("n_inputs", self.n_inputs, at_least=1)
        if self.n_numbers is not None:
            check_integer("n_numbers", self.n_numbers, at_least=1)
            if self.n_numbers > self.n_inputs:
                raise ValueError(
                    f"n_numbers must be at most n_inputs, {self.n_inputs}, got {self.n_numbers}"
                )
        check_integer("n_outputs", self.n_outputs, at_least=1)
        check_integer("n_frequencies", self.n_frequencies, at_least=1)
        check_number("scale", self.scale, above=0)
        check_number("learning_rate", self.learning_rate, above=0)

    @property
    def _n(self) -> int:
        return self.n_inputs if self.n_numbers is None else self.n_numbers

    def parameters(self) -> dict[str, Parameter]:
        """Return frequencies and phases (c, 1, f), weights (c, f, k) and biases (c, 1, k)."""
        c, f, k = self._n, self.n_frequencies, self.n_outputs
        first: dict[str, tuple[tuple[int, ...], Any]] = {
            "frequencies": ((c, 1, f), Normal(self.scale)),
            "phases": ((c, 1, f), Uniform(math.pi)),
            "weights": ((c, f, k), Uniform(1 / math.sqrt(f))),
            "biases": ((c, 1, k), Uniform(1 / math.sqrt(f))),
        }
        return {
            name: Parameter(*value, learning_rate=self.learning_rate)
            for name, value in first.items()
        }

    def output_size(self, n_inputs: int | None) -> int:
        """Return `n_outputs` for each number, and the inputs themselves."""
        if n_inputs not in (None, self.n_inputs):
            raise ValueError(f"{self} takes {self.n_inputs} inputs, but gets {n_inputs}")
        return self._n * self.n_outputs + self.n_inputs

    def forward(self, params: Params, x: Array) -> tuple[Array, Backward]:
        """Compute e of each column, and put them before x."""
        frequencies, phases, weights, biases = params
        xp, n, width = array_namespace(x), x.shape[0], self._n * self.n_outputs
        columns = 2 * math.pi * xp.permute_dims(x[:, : self._n], (1, 0))[:, :, None]
        columns = xp.concat([columns, xp.ones_like(columns)], axis=2)  # (c, n, 2)
        angles = columns @ xp.concat([frequencies, phases], axis=1)  # (c, n, f)
        waves = xp.cos(angles)
        e = waves @ weights + biases  # (c, n, k)
        y = xp.concat([xp.reshape(xp.permute_dims(e, (1, 0, 2)), (n, width)), x], axis=1)

        def backward(dy: Array) -> tuple[Array, Params]:
            de = xp.reshape(dy[:, :width], (n, self._n, self.n_outputs))
            de = xp.permute_dims(de, (1, 0, 2))  # (c, n, k)
            dbiases = xp.sum(de, axis=1, keepdims=True)  # (c, 1, k)
            dweights = xp.matrix_transpose(waves) @ de  # (c, f, k)
            dangles = (de @ -xp.matrix_transpose(weights)) * xp.sin(angles)  # (c, n, f)
            dlines = xp.matrix_transpose(columns) @ dangles  # (c, 2, f)
            dfrequencies, dphases = dlines[:, :1, :], dlines[:, 1:, :]
            dcolumns = 2 * math.pi * (dangles @ xp.matrix_transpose(frequencies))  # (c, n, 1)
            dcolumns = xp.permute_dims(dcolumns[:, :, 0], (1, 0))  # (n, c)
            dx = dy[:, width:]  # (n, n_inputs)
            dx = xp.concat([dx[:, : self._n] + dcolumns, dx[:, self._n :]], axis=1)
            return dx, (dfrequencies, dphases, dweights, dbiases)

        return y, backward

    def to_onnx(self, graph: Graph, params: tuple[str, ...], x: str) -> str:
        """Add what `forward` computes; the columns lie along the first axis there too."""
        frequencies, phases, weights, biases = params

        def shape(*numbers: int) -> str:
            return graph.constant(numbers, "int64", name="shape")

        columns = graph.node("Slice", x, shape(0), shape(self._n), shape(1))  # (n, c)
        columns = graph.node("Transpose", columns, perm=[1, 0])
        columns = graph.node("Unsqueeze", columns, shape(2))  # (c, n, 1)
        columns = graph.node("Mul", columns, graph.constant(2 * math.pi))
        angles = graph.node("Add", graph.node("Mul", columns, frequencies), phases)
        quarter = graph.constant(math.pi / 2)  # onnxruntime 1.20 has no cosine of doubles
        waves = graph.node("Sin", graph.node("Add", angles, quarter))
        e = graph.node("MatMul", waves, weights)
        e = graph.node("Transpose", graph.node("Add", e, biases), perm=[1, 0, 2])
        e = graph.node("Reshape", e, shape(0, self._n * self.n_outputs))  # 0: as many rows
        return graph.node("Concat", e, x, axis=1)
