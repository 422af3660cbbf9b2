"""Frames that people hold, of any library: narwhals knows them all.

A frame is read column by column.  What has no type of its own, such as pandas' columns of
objects, is looked at cell by cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .columns import LARGEST_WHOLE, Column, Moments, Numbers
from .engine import Workplace, needed
from .files import LocalFile
from .scans import Scan, scan_columns
from .typed import typed_scan
from .values import column_of, texts_of

__all__ = ["scan_arrow_file", "scan_frame"]

RELATION = "DuckDBPyRelation"
"""What DuckDB calls a relation's type."""


def scan_frame(frame: Any) -> Scan:
    """Open a frame in memory; see `from_frame`."""
    if isinstance(frame, Mapping):
        return scan_columns(
            "the data",
            [(str(name), array_column(str(name), values)) for name, values in frame.items()],
        )
    if isinstance(frame, np.ndarray):
        return _scan_array(frame)
    name = f"the {type(frame).__name__}"
    if type(frame).__name__ == RELATION:
        # read as files are, without making another frame of it first
        return typed_scan(name, lambda sql: frame.query("relation", sql), "relation")
    try:
        import narwhals
    except ModuleNotFoundError:
        raise needed("narwhals", f"reading a {type(frame).__name__}") from None
    try:
        known = narwhals.from_native(frame)
    except narwhals.exceptions.DuplicateError as error:
        raise ValueError(f"the names of a frame's columns must differ: {error}") from None
    except TypeError:
        raise TypeError(
            "expected a table: a frame (pandas, polars, pyarrow, DuckDB, ...), a dictionary of "
            f"arrays or a two-dimensional array, got {type(frame).__name__}"
        ) from None
    if isinstance(known, narwhals.LazyFrame):
        known = known.collect()
    columns = []
    notes = []
    for label, series in zip(known.columns, known.iter_columns()):  # labels may be numbers
        column, note = _series_column(series, narwhals)
        columns.append((str(label), column))
        notes += [f"the column {label!r} {note}"] if note else []
    return scan_columns(name, columns, tuple(notes))


def _series_column(series: Any, nw: Any) -> tuple[Column | None, str]:
    """Make a column of narwhals' series, and tell what was done."""
    form = series.dtype
    if form.is_integer():
        largest = (
            max(abs(int(series.max() or 0)), abs(int(series.min() or 0))) if len(series) else 0
        )
        if largest >= LARGEST_WHOLE:
            return texts_of(None if v is None else str(v) for v in series.to_list()), ""
    if form.is_numeric():
        return Numbers(_floats(series.cast(nw.Float64))), ""
    if isinstance(form, nw.String | nw.Categorical | nw.Enum):
        # casting pandas' objects to texts would make a text of None, too
        cells = (series if isinstance(form, nw.String) else series.cast(nw.String)).to_list()
        return texts_of(cell if isinstance(cell, str) else None for cell in cells), ""
    if isinstance(form, nw.Datetime | nw.Date):
        note = ""
        if getattr(form, "time_zone", None):
            series = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
            note = "is converted to UTC"
        return Moments(np.asarray(series.to_numpy()).astype("datetime64[us]")), note
    if isinstance(form, nw.Duration):
        seconds = _floats(series.dt.total_microseconds().cast(nw.Float64)) / 1e6
        return Numbers(seconds), "is durations, read as seconds"
    if isinstance(form, nw.List | nw.Array | nw.Struct | nw.Binary):
        return None, ""
    return column_of(series.to_list()), ""


def _floats(series: Any) -> np.ndarray:
    return np.array(series.to_numpy(), dtype=np.float64)


def array_column(name: str, values: Any) -> Column | None:
    """Make a column of an array or a sequence.

    Raises
    ------
    ValueError
        If it has more than one dimension.
    """
    if hasattr(values, "to_numpy") and hasattr(values, "tolist"):
        values = values.tolist()  # a series of some library
    array = values if isinstance(values, np.ndarray) else None
    if array is None:
        return column_of(list(values))
    if array.ndim != 1:
        raise ValueError(
            f"the column {name!r} must have one dimension, got shape {array.shape}"
        )
    if array.dtype.kind in "iu" and array.size and np.abs(array).max() >= LARGEST_WHOLE:
        return texts_of(map(str, array.tolist()))
    if array.dtype.kind in "iuf":
        return Numbers(array.astype(np.float64))
    if array.dtype.kind == "M":
        return Moments(array.astype("datetime64[us]"))
    return column_of(array.tolist())


def _scan_array(array: np.ndarray) -> Scan:
    """Open a structured array, or one of two dimensions, whose columns are counted."""
    if array.dtype.names and array.ndim == 1:
        names = array.dtype.names
        return scan_columns("the array", [(n, array_column(n, array[n])) for n in names])
    if array.ndim != 2:
        raise ValueError(f"an array must have two dimensions, got shape {array.shape}")
    columns = [(str(i), array_column(str(i), array[:, i])) for i in range(array.shape[1])]
    return scan_columns("the array", columns)


def scan_arrow_file(file: LocalFile, place: Workplace) -> Scan:
    """Open a file of Apache Arrow (Feather)."""
    try:
        import pyarrow
        import pyarrow.feather
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            f"{file.name} is a file of Apache Arrow, which needs pyarrow, which is not "
            "installed: pip install pyarrow",
            name="pyarrow",
        ) from None
    try:
        with open(file.path, "rb") as content:
            if content.read(4) == b"\xff\xff\xff\xff":
                content.seek(0)
                table = pyarrow.ipc.open_stream(content).read_all()
            else:
                table = pyarrow.feather.read_table(file.path)
    except (pyarrow.ArrowException, OSError) as error:
        raise ValueError(f"{file.name} can't be read: {error}") from None
    found = scan_frame(table)
    return Scan(
        file.name, found.header, found.kinds, found.runs, True, (*file.notes, *found.notes)
    )
