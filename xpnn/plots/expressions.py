"""A function of a few numbers as a graph of single operations, by the chain rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..checks import check_number
from .graph import OPERATIONS, Edge, Graph

__all__ = ["graph_of_function"]


def graph_of_function(f: Callable[..., Any], **values: float) -> Graph:
    """Take a function of numbers apart into single operations.

    Parameters
    ----------
    f : callable
        The function: of its arguments it makes sums, differences, products, quotients and
        powers with a fixed exponent.
    **values : float
        Its arguments, by name.

    Returns
    -------
    Graph
        The operations at these values.  A gradient on an edge is the derivative of the
        result with respect to the number on it, by the chain rule: the slope of the operation
        behind it, times the gradient which comes to that.

    Raises
    ------
    TypeError, ValueError
        If `f` does something else with its arguments, or a value is no finite number.
    """
    for name, value in values.items():
        check_number(name, value)
    trace = _Trace()
    arguments = {name: trace.leaf(name, float(value)) for name, value in values.items()}
    result = f(**arguments)
    if not isinstance(result, _Number):
        raise TypeError(f"f must give a number made of its arguments, got {result!r}")
    return trace.graph_of(result)


class _Number:
    """A number that remembers how it was made: of which numbers, with which slopes."""

    def __init__(
        self,
        trace: _Trace,
        text: str,
        value: float,
        parts: Sequence[tuple[_Number, float]] = (),
    ) -> None:
        self.trace, self.text, self.value, self.parts = trace, text, value, parts
        trace.numbers.append(self)

    def _with(
        self, text: str, other: Any, made: Callable[..., tuple[float, float, float]]
    ) -> Any:
        if not isinstance(other, _Number | int | float):
            return NotImplemented
        if not isinstance(other, _Number):
            other = self.trace.leaf(f"{other:g}", float(other))
        value, slope, slope_of_other = made(self.value, other.value)
        return _Number(self.trace, text, value, ((self, slope), (other, slope_of_other)))

    def __add__(self, other: Any) -> Any:
        return self._with("+", other, lambda a, b: (a + b, 1.0, 1.0))

    def __radd__(self, other: Any) -> Any:
        return self._with("+", other, lambda a, b: (b + a, 1.0, 1.0))

    def __sub__(self, other: Any) -> Any:
        return self._with("\N{MINUS SIGN}", other, lambda a, b: (a - b, 1.0, -1.0))

    def __rsub__(self, other: Any) -> Any:
        return self._with("\N{MINUS SIGN}", other, lambda a, b: (b - a, -1.0, 1.0))

    def __mul__(self, other: Any) -> Any:
        return self._with("×", other, lambda a, b: (a * b, b, a))

    def __rmul__(self, other: Any) -> Any:
        return self._with("×", other, lambda a, b: (b * a, b, a))

    def __truediv__(self, other: Any) -> Any:
        return self._with("÷", other, lambda a, b: (a / b, 1 / b, -a / b**2))

    def __rtruediv__(self, other: Any) -> Any:
        return self._with("÷", other, lambda a, b: (b / a, -b / a**2, 1 / a))

    def __neg__(self) -> Any:
        return -1 * self

    def __pow__(self, exponent: Any) -> Any:
        if not isinstance(exponent, int | float):
            return NotImplemented
        slope = exponent * self.value ** (exponent - 1) if exponent else 0.0
        text = f"( )$^{{{exponent:g}}}$"
        return _Number(self.trace, text, self.value**exponent, ((self, slope),))


class _Trace:
    """The numbers of a computation, in the order in which they were made."""

    def __init__(self) -> None:
        self.numbers: list[_Number] = []

    def leaf(self, text: str, value: float) -> _Number:
        return _Number(self, text, value)

    def graph_of(self, result: _Number) -> Graph:
        """Return what leads to a number as a graph; what goes in is there once for each use."""
        gradients = dict.fromkeys(self.numbers, 0.0)
        gradients[result] = 1.0
        graph, index = Graph(), dict[_Number, int]()
        last = _stage(result) * OPERATIONS
        free = iter(range(len(self.numbers) ** 2))

        def place(number: _Number, before: float) -> int:
            """Add a number, and first of all what it is made of."""
            if number in index:
                return index[number]
            stage = _stage(number)
            column = stage * OPERATIONS if stage else before - OPERATIONS
            parts = [place(part, column) for part, _ in number.parts]
            rows = [graph.nodes[part].row for part in parts] or [float(next(free))]
            row = sum(rows) / len(rows)
            text = number.text
            node = graph.add(text, text, number.value, stage, column, row)
            if parts:
                index[number] = node
                made_of[node] = parts
            return node

        made_of = dict[int, list[int]]()
        graph.edges.append(Edge(place(result, last), -1, 1.0))
        for number in reversed(self.numbers):
            if number in index:
                node = index[number]
                for (part, slope), source in zip(number.parts, made_of[node]):
                    gradients[part] += slope * gradients[number]
                    graph.edges.append(Edge(source, node, slope * gradients[number]))
        return graph


def _stage(number: _Number) -> int:
    """Return how many operations are behind a number at most."""
    return 1 + max(_stage(part) for part, _ in number.parts) if number.parts else 0
