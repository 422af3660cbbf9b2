"""Numbers as how far they are through each of some bins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, ClassVar

from ..backend import Array, array_namespace
from ..checks import check_integer, check_number
from ..operations import row_sums
from .base import Backward, Layer, Parameter, Params

if TYPE_CHECKING:
    from ..onnx_graph import Graph

__all__ = ["PiecewiseLinear"]

OPEN = 1e38
"""Where bins end that have no end; single precision has it, too."""


@dataclass(frozen=True)
class PiecewiseLinear(Layer):
    """Each of the first columns becomes a number for each of its bins, by given edges.

    For a bin from a to b that is 0 below a, (x - a) / (b - a) within, and 1 above b, but the
    first bin goes on below and the last one above: what is linear in these numbers is linear
    in x between edges, and may bend at each.  The outputs are all columns' numbers, then the
    other inputs as they are.  Edges are mostly quantiles of the training rows::

        edges = [np.unique(np.quantile(column, np.linspace(0, 1, 9))) for column in X.T]

    Parameters
    ----------
    n_inputs : int
        The number of inputs.
    edges : sequence of sequences of float
        For each of the first columns the edges of its bins, rising, at least 2: one more than
        bins.

    Notes
    -----
    Gorishniy, Rubachev and Babenko (2022), "On embeddings for numerical features in tabular
    deep learning", where it is called PLE.  The edges are the layer's state, which nothing
    changes: so they lie on the device.
    """

    n_inputs: int
    edges: Sequence[Sequence[float]] = field(repr=False)

    unbounded: ClassVar[bool | None] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer("n_inputs", self.n_inputs, at_least=1)
        if not 0 < len(self.edges) <= self.n_inputs:
            raise ValueError(
                f"edges must be those of 1 to {self.n_inputs} columns, got {len(self.edges)}"
            )
        for column in self.edges:
            for edge in column:
                check_number("edges", edge)
            if len(column) < 2 or any(b <= a for a, b in pairwise(column)):
                raise ValueError(
                    f"edges must be at least 2 for each column and rise, got {list(column)}"
                )
        edges = tuple(tuple(map(float, column)) for column in self.edges)
        object.__setattr__(self, "edges", edges)

    @property
    def _sizes(self) -> list[int]:
        """How many bins each column has."""
        return [len(column) - 1 for column in self.edges]

    def state(self) -> dict[str, Parameter]:
        """Return of all bins where x is cut, where they start, and their widths: (bins,)."""
        found: dict[str, list[float]] = {"lowest": [], "highest": [], "start": [], "width": []}
        for column in self.edges:
            found["lowest"] += [-OPEN, *column[1:-1]]
            found["highest"] += [*column[1:-1], OPEN]
            found["start"] += column[:-1]
            found["width"] += [b - a for a, b in pairwise(column)]
        return {name: Parameter((len(values),), values) for name, values in found.items()}

    def output_size(self, n_inputs: int | None) -> int:
        """Return the number of all bins, and of the other inputs."""
        if n_inputs not in (None, self.n_inputs):
            raise ValueError(f"{self} takes {self.n_inputs} inputs, but gets {n_inputs}")
        return sum(self._sizes) + self.n_inputs - len(self.edges)

    def forward(self, params: Params, x: Array) -> tuple[Array, Backward]:
        """Compute how far each column is through its bins, before the other inputs."""
        lowest, highest, start, width = params  # each (bins,)
        xp, ends = array_namespace(x), [0, *accumulate(self._sizes)]
        parts = enumerate(pairwise(ends))
        above = [xp.maximum(x[:, i : i + 1], lowest[a:b]) for i, (a, b) in parts]
        each = xp.concat(above, axis=1)  # (n, bins)
        e = (xp.minimum(each, highest) - start) / width

        def backward(dy: Array) -> tuple[Array, Params]:
            within = (each > lowest) & (each <= highest)
            deach = xp.where(within, dy[:, : ends[-1]] / width, 0.0)  # (n, bins)
            dcolumns = [row_sums(deach[:, a:b]) for a, b in pairwise(ends)]  # (n, 1)
            return xp.concat([*dcolumns, dy[:, ends[-1] :]], axis=1), ()

        return xp.concat([e, x[:, len(self.edges) :]], axis=1), backward

    def train(
        self, params: Params, state: Params, x: Array, *noise: Array
    ) -> tuple[Array, Backward, Params]:
        """Compute the outputs; the state stays as it is."""
        return *self.forward(state, x), state

    def to_onnx(self, graph: Graph, params: tuple[str, ...], x: str) -> str:
        """Add what `forward` computes."""
        lowest, highest, start, width = params
        numbers = [i for i, size in enumerate(self._sizes) for _ in range(size)]
        each = graph.node("Gather", x, graph.constant(numbers, "int64", name="columns"), axis=1)
        inside = graph.node("Min", graph.node("Max", each, lowest), highest)
        e = graph.node("Div", graph.node("Sub", inside, start), width)
        if len(self.edges) == self.n_inputs:
            return e
        bounds = (
            graph.constant([n], "int64", name="bound")
            for n in (len(self.edges), self.n_inputs, 1)
        )
        return graph.node("Concat", e, graph.node("Slice", x, *bounds), axis=1)
