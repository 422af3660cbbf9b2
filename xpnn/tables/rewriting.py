"""Writing a text file anew which the engine refuses: lines of different ends, odd quotes.

Here each line is looked at, and one that doesn't fit the header is told by its number.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .delimited import Layout, dialect, fits, may_repeat, trimmed
from .files import LocalFile

__all__ = ["rewritten"]

LONGEST_CELL = 1 << 24
"""How many letters a cell may have."""

MARK = "\ufeff"
"""What each of several files that are now one may begin with."""

END_OF_FILE = "\x1a"
"""What DOS wrote behind the last line."""


@dataclass(frozen=True)
class _Quoting:
    """A way to understand quotes.

    Attributes
    ----------
    note : str
        What is told of it.
    options : dict
        What Python's csv is told.
    one_line : bool
        Whether a cell with a line break shows that this is not the way.
    """

    note: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    one_line: bool = False


QUOTINGS = (
    _Quoting(options={"strict": True}),
    _Quoting(options={"strict": True, "escapechar": "\\"}),
    _Quoting("quotes within cells that aren't doubled are left out", {}, True),
    _Quoting("quotes are read as letters", {"quoting": csv.QUOTE_NONE}, True),
)
"""The ways in which quotes are understood; the first one that goes to the end is taken."""


class _OtherWidthError(ValueError):
    """A row has another number of cells than the header."""


def rewritten(file: LocalFile, found: Layout, path: str) -> list[str]:
    """Write a text file anew, as the engine takes it: commas, and quotes where need be.

    Returns
    -------
    list of str
        Notes, if quotes had to be understood in another way than usual, or rows that repeat
        the header are left out.

    Raises
    ------
    ValueError
        If a line has another number of cells than the header, or a quote is never closed.
    """
    longest = csv.field_size_limit(LONGEST_CELL)
    first_error: ValueError | None = None
    try:
        for quoting in QUOTINGS:
            try:
                repeated = _write(file, found, path, quoting)
            except _OtherWidthError as error:
                first_error = first_error or error
                if quoting is QUOTINGS[0]:
                    break
            except ValueError as error:
                first_error = first_error or error
            else:
                notes = [quoting.note] if quoting.note else []
                if repeated:
                    notes.append(f"rows that repeat the header are left out: {repeated:,}")
                return notes
    finally:
        csv.field_size_limit(longest)
    raise ValueError(str(first_error)) from None


def _write(file: LocalFile, found: Layout, path: str, quoting: _Quoting) -> int:
    """Write all rows, and return how many repeat the header."""
    repeated: list[int] = []
    options = dialect(found.separator, found.quote) | quoting.options
    with (
        open(file.path, encoding="utf-8-sig", newline="") as text,
        open(path, "w", encoding="utf-8", newline="") as out,
    ):
        for _ in range(found.skip):
            text.readline()
        reader = csv.reader(trimmed(text, found.separator), **options)
        try:
            rows = _rows(reader, file, found, quoting, repeated)
            csv.writer(out, lineterminator="\n").writerows(rows)
        except csv.Error as error:
            line = reader.line_num + found.skip
            raise ValueError(f"{file.name}, line {line}: no valid CSV, {error}") from None
    return len(repeated)


def _rows(
    reader: Any, file: LocalFile, found: Layout, quoting: _Quoting, repeated: list[int]
) -> Iterator[list[str]]:
    """Give the header and all rows, which must have as many cells.

    Lines where the header comes again are put into `repeated`.
    """
    width = len(found.header)
    header = next(row for row in reader if row)
    again = (header, [MARK + header[0], *header[1:]]) if may_repeat(header) else ()
    yield list(found.header)
    for row in reader:
        if row in again:
            repeated.append(reader.line_num)
            continue
        if len(row) != width:
            if not row or (len(row) == 1 and not row[0].strip().strip(END_OF_FILE)):
                continue
            if not fits(row, width):
                line = reader.line_num + found.skip
                raise _OtherWidthError(
                    f"{file.name}, line {line}: expected {width} cells, as the header has, "
                    f"got {len(row)}{found.hint}"
                )
        if quoting.one_line and any("\n" in cell or "\r" in cell for cell in row):
            raise csv.Error("line break within a cell")
        yield row[:width]
