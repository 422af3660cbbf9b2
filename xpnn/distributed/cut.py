"""A batch that is cut over processes: which part is here, and what is of the whole batch.

A step is one function on each process.  What it computes of its own rows is right but for three
things: a mean over the batch is a sum of what the parts have of it (`Cut.share`), gradients are
summed (`xpnn.operations.summed`), and a layer that looks at more than one row, as batch
normalisation does, asks here for what is of the whole batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from ..backend import Array
from ..operations import summed
from .communicator import Communicator

__all__ = ["Cut", "batch_rows", "cut_up", "over_batch", "part_of"]


class Cut(NamedTuple):
    """How a batch is cut, as a step on one process sees it.

    The numbers are arrays, as the learning rate is: they change from step to step, and what is
    recorded or compiled stays right.
    """

    communicator: Communicator
    """The processes."""

    share: Array
    """Of shape (): which part of the batch's weight is that of the rows here."""

    part: Array
    """Of shape (): which part of the batch's rows is here.  Where there is none it is 0, and
    the step is taken with a row of another process, which counts nothing."""

    rows: Array
    """Of shape (): how many rows the whole batch has."""


_current: ContextVar[Cut | None] = ContextVar("xpnn_cut", default=None)


@contextmanager
def cut_up(cut: Cut) -> Iterator[None]:
    """Let layers know, in this thread, how the batch is cut that they are given."""
    token = _current.set(cut)
    try:
        yield
    finally:
        _current.reset(token)


def over_batch(means: Array) -> Array:
    """Return means over the rows of the whole batch, of those over the rows at hand.

    A layer that computes with more than one row of the batch, in its forward pass or its
    backward one, asks for what these have in common by this.  On one process they are the
    same::

        mean = over_batch(column_sums(x) / x.shape[0])  # (k,)

    Parameters
    ----------
    means : array
        Of any shape.
    """
    cut = _current.get()
    return means if cut is None else summed(cut.part * means, cut.communicator)


def batch_rows(x: Array) -> int | Array:
    """Return how many rows the whole batch has of which some are at hand.

    Parameters
    ----------
    x : array of shape (m, …)
        The rows at hand.

    Returns
    -------
    int or array of shape ()
        On one process the int m.
    """
    cut = _current.get()
    return int(x.shape[0]) if cut is None else cut.rows


def part_of(n: int, rank: int, size: int) -> slice:
    """Return which of n rows in a row are those of one process: all have about as many."""
    return slice(n * rank // size, n * (rank + 1) // size)
