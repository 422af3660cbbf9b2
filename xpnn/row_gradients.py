"""Gradients of tables, of which a step takes few rows.

The gradient of a table of a hundred thousand vectors is zero but for those of the batch. Where
the optimizer's step adds what is proportional to the gradient, as plain gradient descent does,
the rows are added to the table where they belong, and no step goes over all of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from .backend import Array, array_namespace
from .operations import add_rows, scatter_add

__all__ = ["RowGradient", "gradient_of_rows", "keeping_rows"]

_keeps: ContextVar[bool] = ContextVar("xpnn_keeps_rows", default=False)


@dataclass(frozen=True)
class RowGradient:
    """The gradient of a table (count, k), zero but where rows are added up.

    Parameters
    ----------
    rows : array of shape (n, k)
        What is added.
    places : array of integers of shape (n,)
        To which row of the gradient each.
    count : int
        The number of the table's rows.
    """

    rows: Array
    places: Array
    count: int

    def whole(self) -> Array:
        """Return the gradient as an array (count, k)."""
        return scatter_add(self.rows, self.places, self.count)

    def added_to(self, table: Array) -> Array:
        """Return a table with the rows added to its own; the table is consumed."""
        return add_rows(table, self.places, self.rows)

    def __add__(self, other: Any) -> Any:
        """Add another gradient of the table, as where a layer is run twice."""
        if not isinstance(other, RowGradient):
            return self.whole() + other
        xp = array_namespace(self.rows)
        rows, places = ((self.rows, other.rows), (self.places, other.places))
        return RowGradient(xp.concat(rows), xp.concat(places), self.count)

    __radd__ = __add__


def gradient_of_rows(rows: Array, places: Array, count: int) -> Any:
    """Return the gradient of a table by what is added to which row.

    Parameters
    ----------
    rows, places, count
        As in `RowGradient`.

    Returns
    -------
    array of shape (count, k), or RowGradient
        The latter in a step that keeps rows apart, for a parameter that says `by_rows`.
    """
    gradient = RowGradient(rows, places, count)
    return gradient if _keeps.get() else gradient.whole()


@contextmanager
def keeping_rows() -> Iterator[None]:
    """Return gradients of tables by rows inside."""
    token = _keeps.set(True)
    try:
        yield
    finally:
        _keeps.reset(token)
