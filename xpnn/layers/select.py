"""Some of the inputs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from numbers import Integral
from typing import TYPE_CHECKING, Any

from ..backend import Array, array_namespace, device_of
from ..checks import check_integer
from .base import Backward, Layer, Params

if TYPE_CHECKING:
    from ..onnx_graph import Graph

__all__ = ["Select"]


@dataclass(frozen=True, repr=False)
class Select(Layer):
    """Take some of the inputs, and leave the others.

    Parameters
    ----------
    *columns : int or slice
        The numbers of the inputs, counted from 0, in the order in which they are to come; or a
        single slice.  Negative ones count from the end.

    Raises
    ------
    TypeError, ValueError
        If a column is none of these, or there is none.
    """

    columns: tuple[Any, ...]

    def __init__(self, *columns: int | slice) -> None:
        if len(columns) == 1 and isinstance(columns[0], slice):
            chosen: tuple[Any, ...] = (_checked(columns[0]),)
        else:
            chosen = tuple(
                check_integer("columns", column, at_least=-(2**31)) for column in columns
            )
        if not chosen:
            raise ValueError("columns must be at least one, got none")
        object.__setattr__(self, "columns", chosen)
        self.__post_init__()

    def __repr__(self) -> str:
        return str(self)

    def numbers(self, n_inputs: int) -> list[int]:
        """Return the numbers of the inputs that are taken, of so many.

        Raises
        ------
        ValueError
            If there are not so many inputs, or none is taken.
        """
        columns = [*range(n_inputs)]
        most = self.columns[0].stop if isinstance(self.columns[0], slice) else None
        try:
            found = (
                columns[self.columns[0]]
                if isinstance(self.columns[0], slice)
                else [columns[column] for column in self.columns]
            )
        except IndexError:
            found = []
        if not found or (most is not None and most > n_inputs):
            raise ValueError(f"{self} takes columns that {n_inputs} inputs don't have")
        return found

    def passes(self, n_inputs: int) -> list[int | None]:
        """Return the columns that are taken."""
        return [*self.numbers(n_inputs)]

    def output_size(self, n_inputs: int | None) -> int | None:
        """Return the number of columns that are taken."""
        if n_inputs is not None:
            return len(self.numbers(n_inputs))
        if not isinstance(self.columns[0], slice):
            return len(self.columns)
        start, stop, step = (
            getattr(self.columns[0], name) for name in ("start", "stop", "step")
        )
        if None in (start, stop) or min(start, stop) < 0 or (step or 1) < 0:
            return None
        return len(range(start, stop, step or 1))

    def forward(self, params: Params, x: Array) -> tuple[Array, Backward]:
        """Take the columns; the gradient of the others is 0."""
        numbers, n_inputs = tuple(self.numbers(x.shape[1])), x.shape[1]

        def backward(dy: Array) -> tuple[Array, Params]:
            # a column that is taken twice has two gradients
            first, *others = (_taken(dy, runs) for runs in _runs_back(numbers, n_inputs))
            return sum(others, first), ()  # (n, n_inputs)

        return _taken(x, _runs(numbers)), backward

    def to_onnx(self, graph: Graph, params: tuple[str, ...], x: str) -> str:
        """Add a Gather, or a Slice where the number of inputs is not known."""
        column = self.columns[0]
        if not isinstance(column, slice):
            columns = graph.constant(self.columns, "int64", name="columns")
            return graph.node("Gather", x, columns, axis=1)
        step = 1 if column.step is None else column.step
        ends = (0, 2**31 - 1) if step > 0 else (2**31 - 1, -(2**31))
        start, stop = (
            end if given is None else given
            for given, end in zip((column.start, column.stop), ends)
        )
        bounds = (graph.constant([n], "int64", name="bound") for n in (start, stop, 1, step))
        return graph.node("Slice", x, *bounds)


def _checked(columns: slice) -> slice:
    """Check a slice of columns, and return it with Python's integers."""
    ends = (columns.start, columns.stop, columns.step)
    if any(end is not None and not isinstance(end, Integral) for end in ends) or ends[2] == 0:
        raise TypeError(
            f"columns must be a slice of integers, by a step other than 0, got {columns}"
        )
    return slice(*(None if end is None else int(end) for end in ends))


Runs = tuple[tuple[int, int], ...]
"""The first number and the length of columns that lie side by side; -1 is of zeros."""


@cache
def _runs(numbers: tuple[int, ...]) -> Runs:
    """Return columns as few slices: these work on each library, recorded or captured too."""
    runs: list[list[int]] = []
    for number in numbers:
        first, count = runs[-1] if runs else (0, 0)
        if count and number == (first + count if first >= 0 else first):
            runs[-1][1] += 1
        else:
            runs.append([number, 1])
    return tuple((first, count) for first, count in runs)


@cache
def _runs_back(numbers: tuple[int, ...], n_inputs: int) -> tuple[Runs, ...]:
    """Return where the gradient of each input is among those of the columns that were taken.

    The first has what came of it where it was taken first, the next of the second time.
    """
    places: list[list[int]] = [[] for _ in range(n_inputs)]
    for place, number in enumerate(numbers):
        places[number].append(place)
    times = max(map(len, places))
    return tuple(
        _runs(tuple(own[time] if time < len(own) else -1 for own in places))
        for time in range(times)
    )


def _taken(array: Array, runs: Runs) -> Array:
    """Return columns side by side."""
    xp, n = array_namespace(array), array.shape[0]
    parts = [
        array[:, first : first + count]
        if first >= 0
        else xp.zeros((n, count), dtype=array.dtype, device=device_of(array))
        for first, count in runs
    ]
    return parts[0] if len(parts) == 1 else xp.concat(parts, axis=1)
