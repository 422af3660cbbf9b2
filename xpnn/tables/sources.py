"""Reading tables from files, whole or some rows at a time."""

from __future__ import annotations

import os
from collections.abc import Container, Generator, Iterator, Sequence
from typing import Any

from .columns import Column, Table
from .documents import scan_json
from .engine import Workplace, literal
from .files import LocalFile, find, local
from .frames import scan_arrow_file, scan_frame
from .gathering import Gatherer, TextGatherer, ValueGatherer, part
from .header import chosen, without_counts
from .scans import Scan
from .sheets import scan_workbook
from .textfiles import scan_text
from .typed import typed_scan

__all__ = ["batches", "from_frame", "read"]

PathLike = str | os.PathLike[str]


def read(path: PathLike, columns: Sequence[str] | None = None) -> Table:
    """Read a table from a file.

    Parameters
    ----------
    path : str or path
        The file: text with any separator (CSV), JSON, JSON lines, Parquet, Arrow or Feather,
        or a workbook (.xlsx, .xlsm, .xlsb, .xls, .ods) of which the first sheet is read;
        compressed by gzip, bzip2, xz or zstd, in a ZIP archive, or not. It may be a pipe,
        ``-`` for standard input, or a pattern like ``parts/*.csv`` for several files with the
        same columns.
    columns : sequence of str, optional
        The columns to read; all of them if not given.

    Returns
    -------
    Table
        Its rows, in the file's order. The cells of a text file are kept as they are written,
        but for spaces around them, unless a column is plain numbers, and so many different
        ones (more than 10,000) that they are no labels.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no table, or has no such column; it says what is wrong, and in which line.
    ModuleNotFoundError
        If what reads the format is not installed; it says how to install it.
    """
    with Workplace() as place:
        scans = _scans(path, place)
        names = chosen(scans[0].source, scans[0].header.names, columns)
        gatherers = {name: _gatherer(scans[0], name) for name in names}
        _gather(scans, gatherers)
        again: dict[str, Gatherer] = {
            name: TextGatherer(may_be_numbers=False)
            for name, gatherer in gatherers.items()
            if gatherer.spoilt
        }
        if again:
            _gather(scans, again)
            gatherers |= again
        gathered = {name: gatherers[name].column() for name in names}
    return _table(scans, gathered, columns is not None)


def batches(
    path: PathLike,
    columns: Sequence[str] | None = None,
    rows: int = 100_000,
    *,
    numbers: Container[str] | None = None,
    counts: bool = False,
) -> Generator[Table, None, None]:
    """Read a table some rows at a time, so that the file may be larger than memory.

    Parameters
    ----------
    path, columns
        As for `read`.
    rows : int
        How many rows each table has; the last one may have fewer.
    numbers : container of str, optional
        Those columns of which only the numbers count, so that plain ones needn't be kept as
        they are written; then those of other columns are.
    counts : bool
        Whether an unnamed first column that counts the rows is kept, though it wasn't asked
        for.

    Yields
    ------
    Table
        The next rows. A column of a text file may be `Texts` in one batch and `Numbers` in
        another. Whether an unnamed first column counts the rows is seen from the first batch.
        A file without rows gives one table without rows.
    """
    if rows < 1:
        raise ValueError(f"rows must be positive, got {rows}")
    with Workplace() as place:
        scans = _scans(path, place)
        names = chosen(scans[0].source, scans[0].header.names, columns)
        first: Table | None = None
        for gathered in _batches(scans, names, rows, numbers):
            if first is None:
                first = _table(scans, gathered, counts or columns is not None)
                yield first
            else:
                kept = {name: gathered[name] for name in first.columns}
                yield Table(first.source, kept)


def scan_parquet(file: LocalFile, place: Workplace) -> Scan:
    """Open a Parquet file."""
    source = f"read_parquet({literal(os.path.abspath(file.path))})"
    return typed_scan(file.name, place.query, source, file.notes)


READERS = {
    "text": scan_text,
    "json": scan_json,
    "parquet": scan_parquet,
    "arrow": scan_arrow_file,
    "excel": scan_workbook,
}


def _scan(path: str, place: Workplace) -> Scan:
    """Open a file of whichever format."""
    file = local(path, place.folder)
    return READERS[file.format](file, place)


def _scans(path: PathLike, place: Workplace) -> list[Scan]:
    """Open all files that a path means, which must have the same columns."""
    scans = [_scan(file, place) for file in find(path)]
    first = scans[0]
    for other in scans[1:]:
        missing = set(first.header.names) - set(other.header.names)
        extra = set(other.header.names) - set(first.header.names)
        if missing or extra:
            what = f"no column {min(missing)!r}" if missing else f"a column {min(extra)!r}"
            raise ValueError(
                f"{other.source} has {what}, unlike {first.source}; files that are read "
                "together must have the same columns"
            )
        for name, kind in first.kinds.items():
            if other.kinds[name] != kind:
                raise ValueError(
                    f"{other.source} has {other.kinds[name]}s in column {name!r}, where "
                    f"{first.source} has {kind}s"
                )
    return scans


def _gatherer(
    scan: Scan, name: str, keep: bool = False, numbers: Container[str] | None = None
) -> Gatherer:
    if scan.kinds[name] != "text":
        return ValueGatherer(scan.kinds[name])
    if numbers is None:
        return TextGatherer(may_be_numbers=not scan.labels, keep=keep)
    return TextGatherer(may_be_numbers=name in numbers, keep=keep, most=0)


def _gather(scans: list[Scan], gatherers: dict[str, Gatherer]) -> None:
    for scan in scans:
        for run in scan.runs(list(gatherers), True):
            for name, cells in run.items():
                gatherers[name].add(cells)
    for gatherer in gatherers.values():
        gatherer.end()


def _batches(
    scans: list[Scan], names: list[str], rows: int, numbers: Container[str] | None
) -> Iterator[dict[str, Column]]:
    """Cut runs of rows, which have the engine's lengths, into batches."""

    def fresh() -> dict[str, Gatherer]:
        return {name: _gatherer(scans[0], name, True, numbers) for name in names}

    gatherers, room, any_given = fresh(), rows, False
    for scan in scans:
        for run in scan.runs(names, True):
            length, start = len(next(iter(run.values()))), 0
            while start < length:
                stop = min(length, start + room)
                for name, cells in run.items():
                    gatherers[name].add(part(cells, slice(start, stop)))
                room -= stop - start
                start = stop
                if not room:
                    yield {name: gatherers[name].column() for name in names}
                    gatherers, room, any_given = fresh(), rows, True
    if room < rows or not any_given:
        yield {name: gatherers[name].column() for name in names}


def _table(scans: list[Scan], gathered: dict[str, Column], asked: bool) -> Table:
    """Make a table of columns, and tell what was done."""
    columns, done = without_counts(gathered, scans[0].header, asked, len(scans) > 1)
    notes = dict.fromkeys(note for scan in scans for note in scan.notes)
    source = scans[0].source
    if len(scans) > 1:
        source = f"{source} and {len(scans) - 1} more"
    left_out = tuple(name for name in gathered if name not in columns)
    return Table(source, columns, (*notes, *done), left_out)


def from_frame(frame: Any) -> Table:
    """Take a table from memory.

    Parameters
    ----------
    frame : frame, dict, array or Table
        A frame of pandas, polars, pyarrow, DuckDB or any other library that narwhals knows; a
        dictionary of arrays; a NumPy array of shape (n, columns), whose columns are called
        "0", "1" and so on, or one with named fields; or a `Table`, which is given back.

    Returns
    -------
    Table
        Numbers become `Numbers`, dates `Moments` (in UTC if they had a time zone), everything
        else `Texts`: truth values "True" and "False", times of day "HH:MM:SS". Whole numbers
        that float64 can't hold stay texts.

    Raises
    ------
    TypeError
        If it is nothing of the kind.
    ValueError
        If columns have different lengths or the same name, or none could be used.
    ModuleNotFoundError
        If narwhals is not installed; it says how to install it.
    """
    if isinstance(frame, Table):
        return frame
    scans = [scan_frame(frame)]
    names = list(scans[0].header.names)
    gatherers = {name: _gatherer(scans[0], name) for name in names}
    _gather(scans, gatherers)
    return _table(scans, {name: gatherers[name].column() for name in names}, False)
