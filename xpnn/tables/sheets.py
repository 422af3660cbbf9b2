"""Workbooks: .xlsx, .xls, .xlsb and .ods, by python-calamine."""

from __future__ import annotations

from typing import Any

from .engine import Workplace, needed
from .files import LocalFile
from .header import titles
from .scans import Scan, scan_values
from .values import written

__all__ = ["scan_workbook"]

LOOKED_AT = 500
"""How many rows are looked at to find the header."""


def scan_workbook(file: LocalFile, place: Workplace) -> Scan:
    """Read the first sheet of a workbook.

    Raises
    ------
    ModuleNotFoundError
        If python-calamine is not installed; it says how to install it.
    ValueError
        If it is no workbook, or the sheet is empty.
    """
    try:
        import python_calamine
    except ModuleNotFoundError:
        raise needed("python-calamine", "reading workbooks") from None
    try:
        with open(file.path, "rb") as content:
            workbook = python_calamine.CalamineWorkbook.from_object(content)
            sheets = workbook.sheet_names
            rows = workbook.get_sheet_by_index(0).to_python(skip_empty_area=True)
    except python_calamine.PasswordError:
        raise ValueError(f"{file.name} is protected by a password") from None
    except (python_calamine.CalamineError, python_calamine.ZipError) as error:
        raise ValueError(f"{file.name} is no workbook that could be read: {error}") from None
    rows = [row for row in rows if any(cell != "" for cell in row)]
    if not rows:
        raise ValueError(
            f"{file.name}, sheet {sheets[0]!r} is empty; expected a header and rows"
        )
    notes = list(file.notes)
    if len(sheets) > 1:
        others = ", ".join(map(repr, sheets[1:6])) + (" ..." if len(sheets) > 6 else "")
        notes.append(f"of {len(sheets)} sheets the first, {sheets[0]!r}, is read; not {others}")
    before, sure = titles([[written(cell) for cell in row] for row in rows[:LOOKED_AT]])
    if sure:
        first = next(written(cell) for cell in rows[0] if cell != "")
        notes.append(f"what stands before the header is left out: {first!r}")
    head, *body = rows[before:] if sure else rows
    columns: list[tuple[str, list[Any]]] = []
    for position, name in enumerate(head):
        values = [row[position] for row in body]
        if name != "" or any(value != "" for value in values):
            columns.append((written(name), values))
    return scan_values(file.name, columns, tuple(notes), typed=False)
