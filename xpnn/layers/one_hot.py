"""Codes of categories as inputs of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..backend import Array, array_namespace, device_of
from ..checks import check_integer
from .base import Backward, Layer, Params

if TYPE_CHECKING:
    from ..onnx_graph import Graph

__all__ = ["OneHot"]


@dataclass(frozen=True)
class OneHot(Layer):
    """The last columns are codes of categories; each becomes a column for each category.

    A column with k categories holds their codes 0, 1, …, k - 1; it becomes k columns, with 1
    in that of the code and 0 in the others.  What is no such code, NaN too, becomes zeros.
    The columns before stay as they are, and a table is kept as its codes until a batch of it
    is used.

    Parameters
    ----------
    n_inputs : int
        The number of inputs.
    sizes : tuple of int
        For each of the last columns, how many categories it has, at least 1.
    """

    n_inputs: int
    sizes: tuple[int, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer("n_inputs", self.n_inputs, at_least=1)
        sizes = tuple(check_integer("sizes", size, at_least=1) for size in self.sizes)
        object.__setattr__(self, "sizes", sizes)
        if not 0 < len(sizes) <= self.n_inputs:
            raise ValueError(
                f"sizes must be those of 1 to {self.n_inputs} columns, got {len(sizes)}"
            )

    @property
    def _n_numbers(self) -> int:
        return self.n_inputs - len(self.sizes)

    def output_size(self, n_inputs: int | None) -> int:
        """Return the number of columns that are no codes, and of categories."""
        if n_inputs not in (None, self.n_inputs):
            raise ValueError(f"{self} takes {self.n_inputs} inputs, but gets {n_inputs}")
        return self._n_numbers + sum(self.sizes)

    def forward(self, params: Params, x: Array) -> tuple[Array, Backward]:
        """Compare each code with those that there are; no gradient goes back to codes."""
        xp, first = array_namespace(x), self._n_numbers
        parts = [x[:, :first]]
        for column, size in enumerate(self.sizes, first):
            codes = xp.arange(size, dtype=x.dtype, device=device_of(x))
            parts.append(xp.astype(x[:, column : column + 1] == codes, x.dtype))  # (n, size)

        def backward(dy: Array) -> tuple[Array, Params]:
            codes = xp.zeros_like(x[:, first:])
            return xp.concat([dy[:, :first], codes], axis=1), ()  # (n, n_inputs)

        return xp.concat(parts, axis=1), backward

    def to_onnx(self, graph: Graph, params: tuple[str, ...], x: str) -> str:
        """Add a comparison for each column of codes."""

        def columns(start: int, end: int) -> str:
            bounds = (graph.constant([n], "int64", name="bound") for n in (start, end, 1))
            return graph.node("Slice", x, *bounds)

        first = self._n_numbers
        parts = [columns(0, first)] if first else []
        for column, size in enumerate(self.sizes, first):
            codes = graph.constant(range(size), name="codes")
            same = graph.node("Equal", columns(column, column + 1), codes)
            parts.append(graph.cast(same, graph.dtype))
        return graph.node("Concat", *parts, axis=1)
