"""Rows of sources in their order, some at a time, and what is asked of rows anywhere."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import Any

import numpy as np

from ..backend import Array, SparseRows, is_array, to_host
from .ahead import ahead
from .rows import take_rows
from .sources import PROBED, Source, source_of

__all__ = ["all_rows", "first_rows", "pieces_of", "recut", "some_rows", "stream"]

PIECE = 1 << 22
"""About how many numbers are asked for at once of what is gone through in its order."""


def _spans(n: int, width: int, rows: int, parts: list[int] | None) -> Iterator[tuple[int, int]]:
    """Yield where pieces begin and end in which n rows are gone through in their order."""
    if parts is None:
        yield from ((start, min(start + rows, n)) for start in range(0, n, rows))
        return
    start = stop = 0
    for count in parts:
        if stop > start and (stop + count - start) * width > PIECE:
            yield start, stop
            start = stop
        stop += count
    if stop > start:
        yield start, stop


def stream(x: Source, rows: int, *others: Any) -> Generator[list[Any], None, None]:
    """Yield the rows of a source on the host, so many at a time, and of others beside it.

    Parameters
    ----------
    x : Source
        What is gone through.
    rows : int
        How many rows come at a time, but for the last ones.
    *others : Source, numpy.ndarray or None
        What has as many rows.
    """

    def read(start: int, stop: int) -> list[Any]:
        numbers = np.arange(start, stop)
        return [
            a.batch(numbers) if isinstance(a, Source) else a if a is None else a[start:stop]
            for a in (x, *others)
        ]

    n, *of_row = x.shape
    spans = _spans(n, math.prod(of_row), rows, x.parts)
    with closing(ahead(partial(read, start, stop) for start, stop in spans)) as pieces:
        yield from recut(pieces, (min(rows, n - start) for start in range(0, n, rows)))


def recut(pieces: Iterator[list[Any]], counts: Iterable[int]) -> Iterator[list[Any]]:
    """Yield rows that come in pieces in others, of so many rows each.

    Parameters
    ----------
    pieces : iterator of list of numpy.ndarray or None
        Arrays of as many rows each; None stays None.
    counts : iterable of int
        How many rows each piece shall have.
    """
    held: list[Any] = []

    def taken(left: int) -> list[Any]:
        nonlocal held
        together: list[list[Any]] = []
        while left:
            held = held or next(pieces)
            together.append([a if a is None else a[:left] for a in held])
            n = len(together[-1][0])
            # of what has gone nothing is held, since a part of an array keeps all of it
            held = [a if a is None else a[n:] for a in held] if n < len(held[0]) else []
            left -= n
        return [_joined(arrays) for arrays in zip(*together)]

    return (taken(count) for count in counts)


def _joined(arrays: Sequence[Any]) -> Any:
    if len(arrays) == 1 or arrays[0] is None:
        return arrays[0]
    join = arrays[0].joined if isinstance(arrays[0], SparseRows) else np.concatenate
    return join(arrays)


def pieces_of(source: Source) -> Iterator[np.ndarray]:
    """Yield all rows in their order, some at a time."""
    rows = max(1, PIECE // max(1, math.prod(source.shape[1:])))
    return (piece for (piece,) in stream(source, rows))


def all_rows(given: Any, name: str) -> Any:
    """Return what is given; of a source, which is as small as what is in memory, all rows."""
    source = source_of(given)
    if source is None:
        return given
    rows = Source(source, name, lambda rows, numbers: rows)
    return np.concatenate([*pieces_of(rows)])


def some_rows(data: tuple[Any, Any], count: int) -> tuple[Array, Array]:
    """Return rows of the data of a training, evenly spaced, at most so many.

    Of what is read in parts they are the first ones.

    Parameters
    ----------
    data : (X, y)
        As `xpnn.Callback.data`, or array_like.
    count : int
        How many rows at most.

    Returns
    -------
    X, y : array
        Rows of the same numbers; of a source they are on the host.
    """
    sources = [source_of(a) for a in data]
    pair = [
        (a if is_array(a) else to_host(a)) if source is None else source
        for a, source in zip(data, sources)
    ]
    comes_in_parts = any(
        source is not None and getattr(source, "parts", None) is not None for source in sources
    )

    def taken(a: Any, source: Any) -> Array:
        n = a.shape[0]
        step = 1 if comes_in_parts else max(1, math.ceil(n / count))
        numbers = np.arange(0, n, step)[:count]
        return take_rows(a, numbers) if source is None else to_host(a.take(numbers))

    x, y = map(taken, pair, sources)
    return x, y


def first_rows(x: Any) -> Any:
    """Return what tells data from others: of a source its first rows, else all."""
    source = source_of(x)
    if source is None:
        return x
    n = source.shape[0]
    return source.take(np.arange(min(n, PROBED)))
