"""JSON: an array of records, or one record in each line.

The engine reads the values of records as texts.  What is arranged otherwise, as pandas writes
JSON unless told not to, or records within an object, as servers answer, is read whole.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from typing import Any

from .engine import EngineError, Wanted, Workplace, engine_errors, identifier, literal, stream
from .files import LocalFile, in_utf8
from .gathering import Cells
from .header import header
from .scans import Scan, scan_values

__all__ = ["scan_json"]

NUMBERS = ("BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT", "DOUBLE")

LARGEST_RECORD = 1 << 28

OPTIONS = f"maximum_object_size = {LARGEST_RECORD}"


def scan_json(file: LocalFile, place: Workplace) -> Scan:
    """Open a file of JSON.

    Raises
    ------
    ValueError
        If it is no valid JSON, or no table.
    """
    file = in_utf8(file, place.folder, keep_mark=False)
    query = place.query
    path = literal(os.path.abspath(file.path))
    detected = (
        f"SELECT * FROM read_json({path}, sample_size = -1, maximum_depth = 2, "
        f"convert_strings_to_integers = false, {OPTIONS})"
    )
    try:
        described = query(f"DESCRIBE {detected}").fetchall()
    except engine_errors() as error:
        raise ValueError(f"{file.name} is no valid JSON: {_reason(error)}") from None
    types = {str(row[0]): str(row[1]) for row in described}
    flat = [name for name, form in types.items() if not _is_nested(form)]
    if not flat or flat == ["json"] or _alike(list(types)):
        return _read_whole(file)
    nested = [name for name in types if name not in flat]
    if nested and _is_one(query, detected) and (within := _within(_loaded(file))):
        return _scan_within(file, *within)
    notes = [f"the column {name!r} holds lists or objects: left out" for name in nested]
    names = header(file.name, flat, typed=True)
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in flat)
    source = f"read_json({path}, columns = {{{columns}}}, {OPTIONS})"
    asked = {
        new: Wanted(new, identifier(given), floats=types[given] in NUMBERS)
        for new, given in zip(names.names, flat)
    }

    def runs(wanted: Sequence[str], floats: bool) -> Iterator[dict[str, Cells]]:
        try:
            yield from stream(query, source, [asked[name] for name in wanted])
        except EngineError as error:
            raise ValueError(f"{file.name} is no valid JSON: {_reason(error)}") from None

    kinds = dict.fromkeys(names.names, "text")
    return Scan(file.name, names, kinds, runs, notes=(*file.notes, *notes, *names.notes))


def _is_one(query: Any, rows: str) -> bool:
    """Whether there is a single row."""
    try:
        return len(query(f"{rows} LIMIT 2").fetchall()) == 1
    except engine_errors():
        return False  # reading them tells why


def _is_nested(form: str) -> bool:
    return form.endswith("]") or form.startswith(("STRUCT", "MAP", "UNION"))


def _alike(names: list[str]) -> bool:
    """Whether the engine, for which `a` and `A` are one, has renamed a column."""
    folded = [name.casefold() for name in names]
    numbered = [match[1] for name in folded if (match := re.fullmatch(r"(.*)_\d+", name))]
    return any(name in folded for name in numbered)


def _reason(error: Exception) -> str:
    return str(error).split("\n", 1)[0].removeprefix("Invalid Input Error: ")


def _read_whole(file: LocalFile) -> Scan:
    """Read JSON in whichever arrangement."""
    document = _loaded(file)
    if within := _within(document):
        return _scan_within(file, *within)
    arranged = _arranged(document)
    if arranged is None:
        raise ValueError(
            f"{file.name} must be JSON of an array of records, such as "
            '[{"a": 1, "b": 2}, ...], or one record in each line'
        )
    return scan_values(file.name, arranged.items(), file.notes)


def _loaded(file: LocalFile) -> Any:
    with open(file.path, encoding="utf-8") as text:
        content = text.read()
    try:
        return json.loads(content)
    except ValueError:
        try:
            return [json.loads(line) for line in content.splitlines() if line.strip()]
        except ValueError as error:
            raise ValueError(f"{file.name} is no valid JSON: {error}") from None


def _within(document: Any) -> tuple[str, list[Any]] | None:
    """Return the only list of records in an object, and its path; None where it is none.

    One record alone in it is rather a part of the object, and so is a list in a column.
    """
    if not isinstance(document, dict):
        return None
    lengths = [len(column) if isinstance(column, list) else -1 for column in document.values()]
    if len(lengths) > 1 and len(set(lengths)) == 1 and lengths[0] >= 0:
        return None
    lists = list(_lists_of_records(document, ()))
    if isinstance(document.get("data"), list):  # pandas' "table" describes its columns, too
        lists = [one for one in lists if one[0] != ("schema", "fields")]
    if len(lists) != 1 or (len(lists[0][1]) < 2 and len(document) > 1):
        return None
    path, records = lists[0]
    return ".".join(path), records


def _lists_of_records(
    document: dict[str, Any], path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    for name, value in document.items():
        if isinstance(value, dict):
            yield from _lists_of_records(value, (*path, name))
        elif isinstance(value, list) and value and all(isinstance(r, dict) for r in value):
            yield (*path, name), value


def _scan_within(file: LocalFile, path: str, records: list[Any]) -> Scan:
    names = dict.fromkeys(name for record in records for name in record)
    columns = {name: [_spelt(record.get(name)) for record in records] for name in names}
    note = f"the rows are the records in {path!r}; what else there is, is left out"
    return scan_values(file.name, columns.items(), (*file.notes, note))


def _spelt(value: Any) -> Any:
    """Return a truth value as JSON spells it, and so the engine; others as they are."""
    return str(value).lower() if isinstance(value, bool) else value


def _arranged(document: Any) -> dict[str, list[Any]] | None:
    """Return the columns of records, of columns, or of pandas' "split"; None of others."""
    if isinstance(document, list):
        if not document or not all(isinstance(record, dict) for record in document):
            return None
        names = dict.fromkeys(name for record in document for name in record)
        return {name: [record.get(name) for record in document] for name in names}
    if not isinstance(document, dict) or not document:
        return None
    if isinstance(document.get("columns"), list) and isinstance(document.get("data"), list):
        labels, rows = list(map(str, document["columns"])), document["data"]
        if all(isinstance(row, list) and len(row) == len(labels) for row in rows):
            return {label: [row[i] for row in rows] for i, label in enumerate(labels)}
        return None
    columns = list(document.values())
    if all(isinstance(column, dict) for column in columns):
        if any(column.keys() != columns[0].keys() for column in columns):
            return None
        return {name: list(column.values()) for name, column in document.items()}
    if all(isinstance(column, list) for column in columns):
        return document if len(set(map(len, columns))) == 1 else None
    return None
