"""Layers beside one another, whose outputs are put side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from ..backend import Array, array_namespace
from .base import Layer
from .combinator import Back, Combinator, Run
from .holding import check_layers

if TYPE_CHECKING:
    from ..onnx_graph import Graph

__all__ = ["Concatenate"]


@dataclass(frozen=True, repr=False)
class Concatenate(Combinator):
    """Branches that all take the inputs, and whose outputs are put side by side.

    Parameters
    ----------
    *branches : Layer
        At least one.  A `Chain` is a branch of several layers; one that begins with `Select`
        takes a part of the inputs.

    Raises
    ------
    TypeError, ValueError
        If one is no layer, or there is none.
    """

    branches: tuple[Layer, ...]

    def __init__(self, *branches: Layer) -> None:
        object.__setattr__(self, "branches", branches)
        check_layers("branches", branches)
        if not branches:
            raise ValueError("branches must be at least one, got none")
        self.__post_init__()

    @property
    def n_inputs(self) -> int | None:
        """The number of inputs, where a branch tells it."""
        told = (getattr(branch, "n_inputs", None) for branch in self.branches)
        return next((size for size in told if size is not None), None)

    def output_size(self, n_inputs: int | None) -> int | None:
        """Return the sum of the branches' outputs."""
        size = n_inputs if n_inputs is not None else self.n_inputs
        sizes = [branch.output_size(size) for branch in self.branches]
        known = [size for size in sizes if size is not None]
        return sum(known) if len(known) == len(sizes) else None

    def inner_sizes(self, n_inputs: int | None) -> list[int | None]:
        """Return the number of inputs for each branch."""
        return [n_inputs if n_inputs is not None else self.n_inputs] * len(self.branches)

    def passes(self, n_inputs: int) -> list[int | None]:
        """Return what the branches pass on."""
        passed: list[int | None] = []
        for branch in self.branches:
            own = branch.passes(n_inputs)
            passed += own or [None] * (branch.output_size(n_inputs) or 0)
        return passed

    def combine(self, x: Array, branches: tuple[Run, ...]) -> tuple[Array, Back]:
        """Run all branches on the inputs."""
        ys, backwards = zip(*(branch(x) for branch in branches))
        ends = [0]
        for y in ys:
            ends.append(ends[-1] + y.shape[1])

        def backward(dy: Array) -> Array:
            parts = [dy[:, start:end] for start, end in pairwise(ends)]
            first, *others = (back(part) for back, part in zip(backwards, parts))
            return sum(others, first)  # (n, n_inputs)

        return array_namespace(x).concat(ys, axis=1), backward

    def combine_onnx(
        self, graph: Graph, x: str, branches: tuple[Callable[[str], str], ...]
    ) -> str:
        """Add a Concat."""
        return graph.node("Concat", *(write(x) for write in branches), axis=1)
