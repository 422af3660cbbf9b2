"""Scans: what can be read, as runs of rows with names for their columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .columns import Column, Moments, Numbers, Texts
from .gathering import Cells
from .header import Header, header
from .values import column_of

__all__ = ["Scan", "scan_columns", "scan_values"]

Run = dict[str, Cells]

KINDS: dict[type, str] = {Texts: "text", Numbers: "number", Moments: "moment"}


@dataclass(frozen=True)
class Scan:
    """What can be read, as often as one likes.

    Attributes
    ----------
    source : str
        What it is, for messages.
    header : Header
        The names of its columns.
    kinds : dict of str to {"text", "number", "moment"}
        What each column holds.
    runs : callable
        Takes names of columns, and whether texts are to be cast to numbers too; gives their
        cells in runs of rows.
    labels : bool
        Whether texts are to stay texts, however many there are, since numbers have a type
        of their own in this format.
    notes : sequence of str
        What was found; complete when the runs have been read.
    """

    source: str
    header: Header
    kinds: dict[str, str]
    runs: Callable[[Sequence[str], bool], Iterator[Run]]
    labels: bool = False
    notes: Sequence[str] = ()


def scan_values(
    source: str,
    columns: Iterable[tuple[str, Sequence[Any]]],
    notes: tuple[str, ...] = (),
    typed: bool = True,
) -> Scan:
    """Make a scan of columns of Python objects.

    Raises
    ------
    ValueError
        If no column is of a kind that could be used.
    """
    made = [(name, column_of(values)) for name, values in columns]
    return scan_columns(source, made, notes, typed)


def scan_columns(
    source: str,
    columns: Iterable[tuple[str, Column | None]],
    notes: tuple[str, ...] = (),
    typed: bool = True,
) -> Scan:
    """Make a scan of columns, None where one holds no cells.

    Raises
    ------
    ValueError
        If there is no column.
    """
    kept: list[tuple[str, Column]] = []
    said = list(notes)
    for name, column in columns:
        if column is None:
            said.append(f"the column {name!r} holds lists or the like: left out")
        else:
            kept.append((name, column))
    if not kept:
        why = f"; {'; '.join(said)}" if said else ""
        raise ValueError(f"{source} has no column that could be used{why}")
    numeric = [isinstance(column, Numbers) for _, column in kept]
    names = header(source, [name for name, _ in kept], typed, numeric)
    named = {new: column for new, (_, column) in zip(names.names, kept)}

    def runs(asked: Sequence[str], floats: bool) -> Iterator[Run]:
        yield {name: _cells(named[name]) for name in asked}

    kinds = {name: KINDS[type(column)] for name, column in named.items()}
    return Scan(source, names, kinds, runs, True, (*said, *names.notes))


def _cells(column: Column) -> Cells:
    if isinstance(column, Texts):
        return column
    assert isinstance(column, Numbers | Moments)
    values: np.ndarray = column.values
    return values
