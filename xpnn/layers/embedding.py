"""A learnt vector for each category."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from ..backend import Array, array_namespace, index_dtype_of
from ..checks import check_integer
from ..initializers import Uniform
from ..row_gradients import gradient_of_rows
from .base import Backward, Layer, Parameter, Params

if TYPE_CHECKING:
    from ..onnx_graph import Graph

__all__ = ["Embedding"]

MOST = 2**24
"""Codes are among the network's numbers, and float32 has all integers up to here."""


@dataclass(frozen=True)
class Embedding(Layer):
    """A vector for each category: ``y[i] = vectors[x[i, 0]]``.

    It has one input, the code of a category: 0, 1, …, n_categories - 1.  With others beside it
    `Select` takes it out::

        Concatenate(Chain(Select(0), Embedding(1000, 8)), Select(slice(1, None)))

    A code that is none is refused where rows are given to the network, by its row and column.
    It is the product of one-hot rows with the vectors, without making these rows; Guo and
    Berkhahn (2016).

    Parameters
    ----------
    n_categories : int
        How many categories there are, at most 2**24.
    n_outputs : int
        How long a vector is.
    vectors : str, float, array_like or callable
        Their first values, as in `xpnn.initializers.draw`, of shape (n_categories, n_outputs);
        by default uniform up to ``1 / sqrt(n_outputs)`` in both directions, so that sums of
        their squares are of order 1.

    Raises
    ------
    TypeError, ValueError
        If a size is not a positive integer, or there are too many categories.
    """

    n_categories: int
    n_outputs: int
    _: KW_ONLY
    vectors: Any = field(default=None, repr=False, compare=False, metadata={"saved": False})

    unbounded: ClassVar[bool | None] = True
    n_inputs: ClassVar[int] = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer("n_categories", self.n_categories, at_least=1)
        check_integer("n_outputs", self.n_outputs, at_least=1)
        if self.n_categories > MOST:
            raise ValueError(f"n_categories must be at most {MOST}, got {self.n_categories}")

    def parameters(self) -> dict[str, Parameter]:
        """Return the vectors (n_categories, n_outputs)."""
        first = self.vectors
        if first is None:
            first = Uniform(1 / math.sqrt(self.n_outputs))
        shape = self.n_categories, self.n_outputs
        return {"vectors": Parameter(shape, first, by_rows=True)}

    def output_size(self, n_inputs: int | None) -> int:
        """Return `n_outputs`."""
        if n_inputs not in (None, 1):
            raise ValueError(
                f"{self} takes one input, the code of a category, but gets {n_inputs}: put "
                "Select(column) before it"
            )
        return self.n_outputs

    def codes(self, n_inputs: int) -> dict[int, int]:
        """Return that its input is a code, and of how many."""
        return {0: self.n_categories}

    def forward(self, params: Params, x: Array) -> tuple[Array, Backward]:
        """Take a vector for each code; no gradient goes back to codes."""
        (vectors,) = params
        xp, codes = array_namespace(x), _codes(x)

        def backward(dy: Array) -> tuple[Array, Params]:
            return xp.zeros_like(x), self.gradients(x, dy)

        return xp.take(vectors, codes, axis=0), backward  # (n, n_outputs)

    def gradients(self, x: Array, dy: Array) -> Params:
        """Add up the gradients of the rows of each category."""
        return (gradient_of_rows(dy, _codes(x), self.n_categories),)

    def to_onnx(self, graph: Graph, params: tuple[str, ...], x: str) -> str:
        """Add a Gather of the codes as integers."""
        flat = graph.node("Reshape", x, graph.constant([-1], "int64", name="shape"))
        codes = graph.cast(graph.node("Round", flat), "int64")
        return graph.node("Gather", *params, codes, axis=0)


def _codes(x: Array) -> Array:
    """Return codes among a network's numbers as integers: (n, 1) -> (n,)."""
    xp = array_namespace(x)
    return xp.astype(xp.round(x[:, 0]), index_dtype_of(x))
