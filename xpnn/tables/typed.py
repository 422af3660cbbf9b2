"""What the engine reads with types: Parquet files, and relations of DuckDB's own.

Numbers, dates and times keep their types.  Truth values become the texts "True" and "False",
times of day "HH:MM:SS", durations seconds.  Columns of lists, structures and bytes are left
out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .columns import LARGEST_WHOLE
from .engine import EngineError, Wanted, engine_errors, identifier, stream
from .gathering import Cells
from .header import header
from .scans import Scan

__all__ = ["typed_scan"]

INDEX = re.compile(r"__index_level_\d+__")
"""What pandas calls rows' labels in a Parquet file."""

LONG = ("BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT")

NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER", *LONG)

EXPRESSIONS: dict[str, tuple[str, str]] = {
    "BOOLEAN": ("text", "CASE WHEN {0} THEN 'True' WHEN NOT {0} THEN 'False' END"),
    "FLOAT": ("number", "CAST({0} AS DOUBLE)"),
    "DOUBLE": ("number", "{0}"),
    "DECIMAL": ("number", "CAST({0} AS DOUBLE)"),
    "INTERVAL": ("number", "CAST(epoch({0}) AS DOUBLE)"),
    "VARCHAR": ("text", "{0}"),
    "ENUM": ("text", "CAST({0} AS VARCHAR)"),
    "UUID": ("text", "CAST({0} AS VARCHAR)"),
    '"NULL"': ("text", "CAST({0} AS VARCHAR)"),
    "DATE": ("moment", "CAST({0} AS TIMESTAMP)"),
    "TIMESTAMP": ("moment", "{0}"),
    "TIMESTAMP_S": ("moment", "CAST({0} AS TIMESTAMP)"),
    "TIMESTAMP_MS": ("moment", "CAST({0} AS TIMESTAMP)"),
    "TIMESTAMP_NS": ("moment", "CAST({0} AS TIMESTAMP)"),
    "TIMESTAMP WITH TIME ZONE": ("moment", "({0} AT TIME ZONE 'UTC')"),
    "TIME": ("text", "CAST({0} AS VARCHAR)"),
    "TIME_NS": ("text", "CAST({0} AS VARCHAR)"),
    "TIME WITH TIME ZONE": ("text", "CAST(CAST({0} AS TIME) AS VARCHAR)"),
} | dict.fromkeys(NUMBERS, ("number", "CAST({0} AS DOUBLE)"))
"""The kind of column that a type becomes, and how the engine is asked for it."""


def typed_scan(
    name: str, query: Callable[[str], Any], source: str, notes: tuple[str, ...] = ()
) -> Scan:
    """Open what has types.

    Parameters
    ----------
    name : str
        What the user calls it, for messages.
    query : callable
        What runs SQL.
    source : str
        What stands after FROM.
    notes : tuple of str
        What was done before.

    Raises
    ------
    ValueError
        If it can't be read, or has no column that could be used.
    """
    try:
        described = query(f"DESCRIBE SELECT * FROM {source}").fetchall()
        columns = [(str(row[0]), str(row[1])) for row in described]
        columns.sort(key=lambda column: INDEX.fullmatch(column[0]) is None)
        too_long = _too_long(query, source, [n for n, form in columns if form in LONG])
    except engine_errors() as error:
        raise ValueError(f"{name} can't be read: {_first_line(error)}") from None
    names: list[str] = []
    wanted: list[Wanted] = []
    said = []
    for given, form in columns:
        kind, expression = EXPRESSIONS.get(re.sub(r"\(.*\)$", "", form), ("", ""))
        if not kind or form.endswith("]"):
            said.append(f"the column {given!r} holds {form}, which is no cell: left out")
            continue
        sql = identifier(given)
        if given in too_long:
            kind, expression = "text", "CAST({0} AS VARCHAR)"
        if form == "TIMESTAMP WITH TIME ZONE":
            said.append(f"the column {given!r} is converted to UTC")
        if form == "INTERVAL":
            said.append(f"the column {given!r} is durations, read as seconds")
        names.append("" if INDEX.fullmatch(given) else given)
        wanted.append(Wanted(given, expression.format(sql), kind))
    if not names:
        raise ValueError(f"{name} has no column that could be used; {'; '.join(said)}")
    found = header(name, names, typed=True)
    by_name = {new: Wanted(new, w.sql, w.kind) for new, w in zip(found.names, wanted)}

    def runs(asked: Sequence[str], floats: bool) -> Iterator[dict[str, Cells]]:
        try:
            yield from stream(query, source, [by_name[name] for name in asked])
        except EngineError as error:
            raise ValueError(f"{name} can't be read: {_first_line(error)}") from None

    kinds = {new: w.kind for new, w in by_name.items()}
    return Scan(name, found, kinds, runs, True, (*notes, *said, *found.notes))


def _too_long(query: Callable[[str], Any], source: str, names: list[str]) -> set[str]:
    """Return which columns have whole numbers that float64 doesn't keep: identifiers."""
    if not names:
        return set()
    largest = ", ".join(
        f"greatest(max({sql}), -CAST(min({sql}) AS HUGEINT))" for sql in map(identifier, names)
    )
    row = query(f"SELECT {largest} FROM {source}").fetchall()[0]
    return {
        name for name, value in zip(names, row) if value is not None and value >= LARGEST_WHOLE
    }


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0]
