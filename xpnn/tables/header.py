"""Names of columns: told apart, given where they lack, and row numbers without a name.

And where they stand: titles may come before them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .columns import Column, Numbers, Texts, is_missing, is_plain_number, no_column, to_number

__all__ = ["Header", "chosen", "counts_rows", "header", "titles"]

ROW = "row"
"""What an unnamed first column is called if it doesn't count the rows: it names them."""


REMEDY = "; if it has none, write one above it, 1,2,3 and so on will do"

MOST_NOTES = 5
"""How many renamed columns are told one by one."""

UNNAMED = ("", "Unnamed: 0", "...1")
"""No name, and what pandas and R make of that."""

MOST_TITLES = 20
"""How many rows may stand before the header."""

MANY_COUNTED = 5
"""So many numbers that count, as years do, are names for sure."""

MANY_IN_ORDER = 8
"""So many numbers are in order by no chance."""


@dataclass(frozen=True)
class Header:
    """The names of a source's columns.

    Attributes
    ----------
    names : tuple of str
        One for each column, all different.
    unnamed_first : bool
        Whether the first column had no name, so that it may be left out.
    notes : tuple of str
        What was given another name.
    """

    names: tuple[str, ...]
    unnamed_first: bool = False
    notes: tuple[str, ...] = ()


def header(
    source: str, cells: Sequence[str], typed: bool = False, numeric: Sequence[bool] = ()
) -> Header:
    """Make names of a header's cells.

    Parameters
    ----------
    source : str
        What is read, for messages.
    cells : sequence of str
        The cells.
    typed : bool
        Whether they are surely names.
    numeric : sequence of bool
        Below which cells there are numbers, if that is known.

    Raises
    ------
    ValueError
        If there is no name, or all are numbers that aren't simply counted, or half of them
        are numbers above numbers: then the first row of data stands where the header should.
    """
    given = [cell.strip() for cell in cells]
    if not typed:
        _check(source, given, numeric)
    taken, numbers = set(given), dict[str, int]()
    names: dict[str, None] = {}
    notes = []
    for position, name in enumerate(given):
        if not name:
            new = _free(ROW if position == 0 else f"column {position + 1}", taken, numbers)
            if position:
                notes.append(f"the column without a name is called {new!r}")
        elif name in names:
            new = _free(name, taken, numbers)
            notes.append(f"two columns are called {name!r}: the second is {new!r}")
        else:
            new = name
        taken.add(new)
        names[new] = None
    if len(notes) > MOST_NOTES:
        notes[MOST_NOTES:] = [f"{len(notes) - MOST_NOTES} more columns are renamed in this way"]
    return Header(tuple(names), given[0] in UNNAMED, tuple(notes))


def _check(source: str, names: list[str], numeric: Sequence[bool]) -> None:
    if not any(names):
        raise ValueError(
            f"{source} must begin with a header of names, but its first line is empty{REMEDY}"
        )
    if not names[0]:
        return  # as R writes names of rows; the columns' names may well be years
    values = np.array([to_number(name) for name in names])
    told = np.array([not is_missing(name) for name in names])
    # one data row would be lost in silence, unless the columns are simply counted
    counted = (values - values[0] == np.arange(len(values))) & (values == np.floor(values))
    if told.any() and np.isfinite(values[told]).all() and not counted.all():
        raise ValueError(
            f"{source} must begin with a header of names, but its first line is numbers{REMEDY}"
        )
    below = np.array(numeric or [False] * len(names))
    above = values[below & np.isfinite(values)]
    if len(above) > 1 and 2 * len(above) >= len(names) and not _are_names(above):
        shown = ", ".join(name for name in names if np.isfinite(to_number(name)))
        raise ValueError(
            f"{source} must begin with a header of names, but its first line has numbers "
            f"where the others have some: {shown}{REMEDY}"
        )


def _are_names(numbers: np.ndarray) -> bool:
    """Whether numbers go up or down as years, doses or wave lengths do that name columns."""
    steps = np.diff(numbers)
    if not ((steps > 0).all() or (steps < 0).all()):
        return False
    years = steps[0] > 0 and (numbers == np.floor(numbers)).all()
    even = len(steps) > 1 and np.allclose(steps, steps[0])
    return bool(years or even or len(numbers) >= MANY_IN_ORDER)


def _free(name: str, taken: set[str], numbers: dict[str, int]) -> str:
    """Return a name that no column has; `numbers` has the last one behind each name."""
    if name not in taken:
        return name
    number = numbers.get(name, 1) + 1
    while f"{name}_{number}" in taken:
        number += 1
    numbers[name] = number
    return f"{name}_{number}"


def chosen(source: str, names: Sequence[str], columns: Sequence[str] | None) -> list[str]:
    """Return the columns to read, in the order of the source.

    Raises
    ------
    ValueError
        If one of those asked for is not there.
    """
    if columns is None:
        return list(names)
    if isinstance(columns, str):
        raise TypeError(f"columns must be a list of names, got the text {columns!r}")
    there, asked = set(names), set(columns)
    for name in columns:
        if name not in there:
            raise ValueError(no_column(source, name, names))
    return [name for name in names if name in asked]


def counts_rows(column: Column, again: bool = False) -> bool:
    """Whether a column is whole numbers that go up from row to row, as an index does.

    With `again`, they may begin anew, as they do in each of several files.
    """
    if not isinstance(column, Texts | Numbers) or not len(column):
        return False
    values = column.numbers()
    whole = np.isfinite(values) & (values == np.floor(values))
    up = np.diff(values) > 0
    if again:
        up |= values[1:] == values[0]
    return bool(whole.all() and up.all())


def without_counts(
    columns: Mapping[str, Column], found: Header, asked: bool, again: bool
) -> tuple[dict[str, Column], tuple[str, ...]]:
    """Leave out an unnamed first column that counts the rows, unless it was asked for.

    With `again`, counting may begin anew, as it does in each of several files.

    Returns
    -------
    columns : dict of str to Column
        What is left.
    notes : tuple of str
        What was done.
    """
    columns = dict(columns)
    name = found.names[0]
    if not found.unnamed_first or name not in columns or asked:
        return columns, ()
    if counts_rows(columns[name], again) and len(columns) > 1:
        del columns[name]
        return columns, ("the first column has no name and counts the rows: left out",)
    if name in UNNAMED:
        return columns, ()
    return columns, (f"the first column has no name: it is called {name!r}",)


def titles(rows: Sequence[Sequence[str]]) -> tuple[int, bool]:
    """Return how many rows seem to stand before the header, and whether that is sure.

    Titles fill at most one cell, or half as many as rows usually do.  The header behind them
    has names that aren't numbers, unless they are simply counted; and it is one for sure if
    there are only numbers, or dates, below one of its words, or if many are counted.

    Parameters
    ----------
    rows : sequence of sequences of str
        The first rows, which may have different lengths.
    """
    rows = [[cell.strip() for cell in row] for row in rows]
    width = Counter(map(len, rows)).most_common(1)[0][0]
    usual = sorted(_filled(row) for row in rows if len(row) == width)
    enough = max(2, usual[len(usual) // 2])
    count = 0
    while count < min(MOST_TITLES, len(rows)) and 2 * _filled(rows[count]) <= enough:
        count += 1
    if not count or count + 1 >= len(rows) or width < 2:
        return 0, False
    if width == 2 and any(len(row) == width for row in rows[:count]):
        return 0, False  # rather a column without a name
    names, body = rows[count], rows[count + 1 :]
    there = [name for name in names if name]
    alike = sum(len(row) == width for row in body)
    others = len(body) - alike
    if len(names) != width or len(there) + 1 < enough or others > max(1, alike // 9):
        return 0, False
    numbers = [to_number(name) for name in there if _is_numeric(name)]
    counted = [numbers[0] + i for i in range(len(numbers))] if len(numbers) > 1 else []
    if numbers != counted or len(numbers) == len(there) or len(set(there)) < len(there):
        return 0, False
    sure = any(
        any(map(str.isalpha, name))
        and not is_missing(name)
        and _are_numeric([row[i] for row in body if len(row) == width])
        for i, name in enumerate(names)
    )
    return count, sure or len(counted) >= MANY_COUNTED


def _filled(row: Sequence[str]) -> int:
    return sum(map(bool, row))


def _is_numeric(cell: str) -> bool:
    """Whether a cell is a number or the like: a date, `1,5` or `3 %`."""
    if is_plain_number(cell):
        return True
    return any(map(str.isdigit, cell)) and not any(map(str.isalpha, cell))


def _are_numeric(cells: Sequence[str]) -> bool:
    told = [cell for cell in cells if not is_missing(cell)]
    return bool(told) and all(map(_is_numeric, told))
