"""The engine that reads: DuckDB, whose answers come as Apache Arrow and are seen by NumPy.

It is asked for a stream, so that a file larger than memory passes by in runs of rows, and is
kept from downloading anything.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .gathering import Cells
from .texts import TextCells, nulls

__all__ = [
    "EngineError",
    "Wanted",
    "Workplace",
    "connected",
    "engine_errors",
    "identifier",
    "literal",
    "stream",
]

PREFIX = "xpnn-table-"

INSTALL = "pip install 'xpnn[tables]'"


class EngineError(ValueError):
    """What the engine says when it can't read something."""


@dataclass(frozen=True)
class Wanted:
    """A column to ask the engine for.

    Attributes
    ----------
    name : str
        What it will be called.
    sql : str
        What the engine is asked for: an expression of the type VARCHAR, DOUBLE or TIMESTAMP.
    kind : {"text", "number", "moment"}
        Which of the three.
    floats : bool
        Whether the engine shall also cast a text to a number.
    """

    name: str
    sql: str
    kind: str = "text"
    floats: bool = False


def needed(package: str, why: str) -> ModuleNotFoundError:
    """Return the error that says what to install."""
    return ModuleNotFoundError(
        f"{why} needs {package}, which is not installed: {INSTALL}", name=package
    )


class Workplace:
    """A temporary folder, and an engine that is started when it is first asked.

    Attributes
    ----------
    folder : str
        Where files may be written, also by the engine, if memory is not enough. It is removed
        at the end.
    """

    def __init__(self) -> None:
        # on Windows the engine may hold a file of it a little longer
        self._temporary = tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True)
        self.folder = self._temporary.name

    def __enter__(self) -> Workplace:
        return self

    def __exit__(self, *exception: object) -> None:
        if "_connection" in self.__dict__:
            self._connection.close()
        self._temporary.cleanup()

    def query(self, sql: str) -> Any:
        """Ask the engine.

        Raises
        ------
        ModuleNotFoundError
            If DuckDB or nanoarrow is not installed; it says how to.
        """
        return self._connection.sql(sql)

    @cached_property
    def _connection(self) -> Any:
        return connected(os.path.join(self.folder, "spilled"))


def connected(spilled: str = "") -> Any:
    """Start an engine.

    Parameters
    ----------
    spilled : str
        The folder in which it may write what memory is not enough for; by default none.

    Raises
    ------
    ModuleNotFoundError
        If DuckDB or nanoarrow is not installed; it says how to.
    """
    duckdb, _ = _packages()
    settings: dict[str, Any] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "temp_directory": spilled,
    }
    connection = duckdb.connect(config=settings)
    connection.execute("SET enable_progress_bar = false")
    return connection


def engine_errors() -> type[Exception]:
    """Return what the engine raises; it must be there."""
    error: type[Exception] = _packages()[0].Error
    return error


def _packages() -> tuple[Any, Any]:
    """Import what the engine is made of."""
    try:
        import duckdb
        import nanoarrow
    except ModuleNotFoundError as error:
        raise needed(error.name or "duckdb", "reading tables") from None
    return duckdb, nanoarrow


def literal(text: str) -> str:
    """Write a text as SQL does."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Write a column's name as SQL does."""
    return '"' + name.replace('"', '""') + '"'


def stream(
    query: Any, source: str, wanted: Sequence[Wanted], where: str = ""
) -> Iterator[dict[str, Cells]]:
    """Read columns, a run of rows at a time, in the order of the source.

    Parameters
    ----------
    query : callable
        What runs SQL and returns an answer that can be had as an Arrow stream.
    source : str
        What stands after FROM.
    wanted : sequence of Wanted
        The columns.
    where : str
        A condition, if not all rows are wanted.

    Raises
    ------
    EngineError
        If the engine can't read the source.
    """
    duckdb, nanoarrow = _packages()
    expressions = []
    for column in wanted:
        expressions.append(column.sql)
        if column.floats:
            expressions.append(f"TRY_CAST({column.sql} AS DOUBLE)")
    named = ", ".join(f"{sql} AS c{i}" for i, sql in enumerate(expressions))
    condition = f" WHERE {where}" if where else ""
    try:
        for run in nanoarrow.c_array_stream(query(f"SELECT {named} FROM {source}{condition}")):
            yield _cells(run, wanted)
    except duckdb.OutOfMemoryException as error:
        raise MemoryError(str(error)) from None
    except (duckdb.Error, RuntimeError) as error:  # an error within a stream is nanoarrow's
        if "Out of Memory" in str(error):
            raise MemoryError(str(error)) from None
        raise EngineError(str(error)) from None


def _cells(run: Any, wanted: Sequence[Wanted]) -> dict[str, Cells]:
    """See a run of rows as columns of cells."""
    arrays = iter(range(run.n_children))
    found: dict[str, Cells] = {}
    for column in wanted:
        array = run.child(next(arrays))
        if column.kind == "text":
            floats = _values(run.child(next(arrays))) if column.floats else None
            found[column.name] = TextCells.of(array, floats)
        elif column.kind == "moment":
            found[column.name] = _moments(array)
        else:
            found[column.name] = _values(array)
    return found


def _raw(array: Any, dtype: type) -> np.ndarray:
    values: np.ndarray = np.frombuffer(array.view().buffer(1), dtype=dtype)
    return values[array.offset : array.offset + array.length]


def _values(array: Any) -> np.ndarray:
    """Take float64, and NaN where there is none."""
    values = _raw(array, np.float64)
    if not array.null_count:
        return values.copy()  # the buffer is the engine's
    return np.where(nulls(array), np.nan, values)


def _moments(array: Any) -> np.ndarray:
    """Take microseconds since 1970, and NaT where there are none."""
    values = _raw(array, np.int64).view("datetime64[us]").copy()
    values[nulls(array)] = np.datetime64("NaT", "us")
    return values
