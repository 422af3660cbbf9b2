"""A table: columns of text, which may be read as numbers or as labels.

What is wrong with a cell is said here once, with its file, its line and its column, for
everything that is made of tables.
"""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass

import numpy as np

__all__ = ["Table"]

MOST_ODD = 0.1
"""Fewer cells than this part that are no numbers are mistakes, not categories."""

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})
"""What people write where a number is missing; in a column of categories only ""."""


@dataclass(frozen=True)
class Table:
    """What a CSV file says.

    Attributes
    ----------
    path : str
        The file, for messages.
    columns : dict of str to list of str
        The cells of each column by its name, in the file's order.
    lines : list of int
        The line of the file on which each row ends.
    """

    path: str
    columns: dict[str, list[str]]
    lines: list[int]

    def __len__(self) -> int:
        return len(self.lines)

    def place(self, row: int, column: str) -> str:
        """Return where a cell is, in words, for an error message."""
        return f"{self.path}, line {self.lines[row]}, column {column!r}"

    def column(self, name: str, role: str = "a") -> list[str]:
        """Return the cells of a column.

        Raises
        ------
        ValueError
            If there is none of that name; it tells the nearest name and all of them.
        """
        if name not in self.columns:
            near = difflib.get_close_matches(name, self.columns, 1, 0.5)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            names = ", ".join(map(repr, self.columns))
            raise ValueError(
                f"{self.path} must have {role} column {name!r}{hint} Its columns are: {names}"
            )
        return self.columns[name]

    def numbers(self, name: str) -> np.ndarray:
        """Return a column as finite numbers of shape (n,).

        Raises
        ------
        ValueError
            If a cell is none; it names the cell.
        """
        values = to_numbers(self.column(name))
        wrong = np.flatnonzero(~np.isfinite(values))
        if wrong.size:
            row = int(wrong[0])
            cell = self.columns[name][row]
            if cell.casefold() in MISSING:
                raise ValueError(self.missing(row, name))
            raise ValueError(f"{self.place(row, name)}: expected a finite number, got {cell!r}")
        return values

    def labels(self, name: str) -> np.ndarray:
        """Return a column as texts of shape (n,).

        Raises
        ------
        ValueError
            If a cell is empty; it names the cell.
        """
        cells = self.column(name)
        if "" in cells:
            raise ValueError(self.missing(cells.index(""), name))
        return np.array(cells, dtype=object)

    def is_numeric(self, name: str) -> bool:
        """Whether every cell of a column is a finite number.

        Raises
        ------
        ValueError
            If all that keeps it from that is missing cells, or few cells that are no
            numbers; it names the first.
        """
        cells = self.columns[name]
        odd = rows_without_number(cells).tolist()
        if odd and len(odd) < len(cells) and all(cells[i].casefold() in MISSING for i in odd):
            raise ValueError(self.missing(odd[0], name))
        if 0 < len(odd) < MOST_ODD * len(cells):
            raise ValueError(
                f"{self.place(odd[0], name)}: expected a finite number, as in most cells of "
                f"the column, got {cells[odd[0]]!r}; correct it, or remove the row or column"
            )
        return not odd

    def missing(self, row: int, column: str) -> str:
        """Return what is wrong with a missing cell, in words, for an error message."""
        cell = self.columns[column][row]
        said = f" ({cell!r})" if cell else ""
        return (
            f"{self.place(row, column)}: the cell is missing{said}; fill it in, or remove the "
            "row or the column"
        )


def to_numbers(cells: list[str]) -> np.ndarray:
    """Return cells as numbers, of shape (n,); NaN where one is none."""
    return np.array([_number(cell) for cell in cells])


def rows_without_number(cells: list[str]) -> np.ndarray:
    """Return the positions of the cells that are no finite numbers."""
    return np.flatnonzero(~np.isfinite(to_numbers(cells)))


def _number(cell: str) -> float:
    if "_" in cell:  # for Python 1_000 is a number, for tables it is a name
        return math.nan
    try:
        return float(cell)
    except ValueError:
        return math.nan
