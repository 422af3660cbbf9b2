"""Reading CSV files, and telling what keeps a file from being a table."""

from __future__ import annotations

import csv
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from .table import Table, to_numbers

__all__ = ["read_table"]


def read_table(path: str | os.PathLike[str]) -> Table:
    """Read a CSV file: UTF-8, commas, names in the first line.

    Parameters
    ----------
    path : str or path
        The file, which may be a pipe, or ``-`` for standard input.  Spaces around cells don't
        count, and empty lines are left out.

    Returns
    -------
    Table
        Its columns.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is empty, not UTF-8, has no usable header or a row of another length.
    """
    rows, lines = [], []
    try:
        with _opened(path) as file:
            path = "standard input" if path == "-" else path
            reader = csv.reader(file, strict=True)
            header = _header(str(path), next(_rows(reader), []))
            for row in _rows(reader):
                if len(row) != len(header):
                    raise ValueError(
                        f"{path}, line {reader.line_num}: expected {len(header)} cells, as the "
                        f"header has, got {len(row)}"
                    )
                rows.append(row)
                lines.append(reader.line_num)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} must be UTF-8 text, but has the byte 0x{error.object[error.start]:02x}; "
            "save it as CSV in UTF-8"
        ) from None
    except csv.Error as error:
        raise ValueError(f"{path}, line {reader.line_num}: no valid CSV, {error}") from None
    if not rows:
        raise ValueError(f"{path} has a header but no rows")
    cells = ([cell.strip() for cell in column] for column in zip(*rows))
    return Table(str(path), dict(zip(header, cells)), lines)


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[io.TextIOBase]:
    """Open a file, a pipe or standard input, to read the letters of a table."""
    if path == "-":
        if sys.stdin is None:
            raise FileNotFoundError("standard input is closed")
        file = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", newline="")
        try:
            yield file
        finally:
            file.detach()  # it is not ours to close
    elif not os.path.exists(path) or os.path.isdir(path):
        raise FileNotFoundError(f"there is no file {path}")
    else:
        with open(path, newline="", encoding="utf-8-sig") as file:
            yield file


def _rows(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    """Leave out empty lines."""
    return (row for row in reader if row)


def _header(path: str, cells: list[str]) -> list[str]:
    """Check the names of columns."""
    names = [name.strip() for name in cells]
    if not any(names):
        raise ValueError(f"{path} is empty; expected a header and rows")
    for position, name in enumerate(names):
        if not name:
            raise ValueError(f"{path}: column {position + 1} of the header has no name")
        if name in names[:position]:
            raise ValueError(f"{path}: the header has the column {name!r} twice")
    # one data row would be lost in silence, unless the columns are simply counted
    values = to_numbers(names)
    counted = values - values[0] == np.arange(len(names))
    if np.isfinite(values).all() and not counted.all():
        raise ValueError(
            f"{path} must begin with a header of names, but its first line is numbers"
        )
    if len(names) == 1 and (";" in names[0] or "\t" in names[0]):
        raise ValueError(f"{path} must have commas between its cells, got {names[0]!r}")
    return names
