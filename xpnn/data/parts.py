"""Files with rows, one after the other, as one source."""

from __future__ import annotations

import glob
import math
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..tables.engine import connected, engine_errors, identifier, literal
from .mapping import MappedRows, mapped
from .stored import NUMBERS, InParts

__all__ = ["Parts"]

MAPPED = (".npy", ".npz", ".safetensors")
"""Which files are mapped into memory; from others, of Parquet, parts are read."""

NO_NUMBERS = re.compile(r"VARCHAR|BLOB|DATE|TIME|INTERVAL|UUID|LIST|STRUCT|MAP|UNION|ENUM|\[")
"""What the engine calls columns that hold something else than numbers or truth values."""


class Parts(InParts):
    """The rows of many files, one after the other: a source for X, or for y.

    Parameters
    ----------
    paths : str, path, or sequence of these
        Files; or one folder, or a pattern as ``"rows/*.parquet"``, whose files come in the
        order of their names, with numbers in these by their value.  ``.parquet`` files are
        read in parts, by DuckDB; ``.npy``, ``.npz`` and ``.safetensors`` files are mapped.
    columns : str or sequence of str, optional
        The columns of Parquet files: one by its name for targets, several for inputs; by
        default all.  Of ``.npz`` and ``.safetensors`` files the name of the array.
    drop : str or sequence of str
        Columns of Parquet files that are left out where no columns are named: the target.

    Attributes
    ----------
    shape : tuple of int
        ``(n, n_columns)``, or ``(n,)`` of one column.
    parts : list of int
        How many rows are read together each time: a row group, or several small ones of a
        file; of mapped files about a million numbers.
    columns : list of str, or None
        The names of the columns, of Parquet.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ModuleNotFoundError
        If Parquet can't be read for want of a package; it says which.
    TypeError
        If a column holds no numbers.
    ValueError
        If files are none of these, or of different kinds, columns or shapes.

    Examples
    --------
    >>> X = xpnn.data.Parts("rows/*.parquet", drop="label")      # doctest: +SKIP
    >>> y = xpnn.data.Parts("rows/*.parquet", "label")           # doctest: +SKIP
    >>> model.fit(X, y, epochs=3, batch_size=256)                # doctest: +SKIP
    """

    def __init__(
        self,
        paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        columns: str | Sequence[str] | None = None,
        *,
        drop: str | Sequence[str] = (),
    ) -> None:
        self._files = _files(paths)
        suffixes = {file.suffix for file in self._files}
        if suffixes == {".parquet"}:
            self._of_parquet(columns, [drop] if isinstance(drop, str) else [*drop])
        elif len(suffixes) == 1 and suffixes <= {*MAPPED}:
            if drop or not isinstance(columns, str | None):
                raise ValueError(
                    f"columns must be the name of one array, and drop is for Parquet: got "
                    f"columns={columns!r}, drop={drop!r} for {self._files[0].name}"
                )
            self._of_mapped(columns)
        else:
            raise ValueError(
                f"paths must be .parquet files, or all of one kind of {', '.join(MAPPED)}; got "
                f"{', '.join(sorted(suffixes))}"
            )

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if key != "_engine"}

    # ------------------------------------------------------------------------- mapped

    def _of_mapped(self, name: str | None) -> None:
        self.columns: list[str] | None = None
        self._of_part: list[tuple[int, int, int]] = []
        counts: list[int] = []
        first: Any = None
        for number, file in enumerate(self._files):
            array = mapped(file, name)
            first = array if first is None else first
            if array.ndim not in (1, 2):
                raise ValueError(f"{file} must hold rows, or one column, got {array.shape}")
            if array.shape[1:] != first.shape[1:]:
                raise ValueError(
                    f"{file} must hold rows as {self._files[0]} does, with the shape "
                    f"{('n', *first.shape[1:])}, got {array.shape}"
                )
            rows = max(1, NUMBERS // max(1, math.prod(array.shape[1:])))
            for start in range(0, len(array), rows):
                stop = min(start + rows, len(array))
                self._of_part.append((number, start, stop))
                counts.append(stop - start)
        self._name = name
        super().__init__(counts, first.shape[1:])

    # ------------------------------------------------------------------------ Parquet

    def _of_parquet(self, columns: str | Sequence[str] | None, drop: list[str]) -> None:
        known = self._types(self._files[0])
        wanted = [columns] if isinstance(columns, str) else columns
        if not isinstance(wanted, Sequence | None) or (wanted is not None and not len(wanted)):
            raise TypeError(f"columns must be names of columns, got {columns!r}")
        for name in [*(wanted or ()), *drop]:
            if name not in known:
                where = "columns" if wanted and name in wanted else "drop"
                raise ValueError(
                    f"{where} must name columns of {self._files[0]}, {', '.join(known)}; got "
                    f"{name!r}"
                )
        names: list[str] = [*wanted] if wanted else [name for name in known if name not in drop]
        if not names:
            raise ValueError(f"drop leaves no column of {self._files[0]}")
        self.columns, self._of_part = names, []
        counts: list[int] = []
        for number, file in enumerate(self._files):
            types = known if number == 0 else self._types(file)
            for name in names:
                if name not in types:
                    raise ValueError(f"{file} has no column {name!r}, as {self._files[0]} has")
                if NO_NUMBERS.search(types[name]):
                    raise TypeError(
                        f"the column {name!r} of {file} holds {types[name]}, no numbers: leave "
                        "it out by drop or columns, or give each word a number first"
                    )
            start = 0
            for count in self._groups(file, len(types)):
                self._of_part.append((number, start, start + count))
                counts.append(count)
                start += count
        super().__init__(counts, () if isinstance(columns, str) else (len(names),))

    def _types(self, file: Path) -> dict[str, str]:
        """Return the names of a file's columns, and what the engine calls their types."""
        rows = self._ask(f"DESCRIBE SELECT * FROM {_reading(file)}", file)
        types = {name: kind for name, kind, *_ in rows.fetchall()}
        if "file_row_number" in types:
            raise ValueError(
                f"{file} must not have a column file_row_number, as the engine calls its own"
            )
        return types

    def _groups(self, file: Path, width: int) -> Iterable[int]:
        """Yield how many rows a part of a file has: those of whole groups, as they lie.

        It is the same whichever columns are taken, so that X and y have the same parts.
        """
        found = self._ask(
            "SELECT row_group_id, any_value(row_group_num_rows) FROM "
            f"parquet_metadata({_named(file)}) GROUP BY 1 ORDER BY 1",
            file,
        )
        together = 0
        for _, count in found.fetchall():
            if together and (together + count) * width > NUMBERS:
                yield together
                together = 0
            together += count
        if together:
            yield together

    def _ask(self, sql: str, file: Path) -> Any:
        if "_engine" not in vars(self):
            self._engine = connected()
        try:
            return self._engine.sql(sql)
        except engine_errors() as error:
            raise ValueError(f"{file} can't be read: {str(error).splitlines()[0]}") from None

    # --------------------------------------------------------------------------- rows

    def read(self, part: int) -> np.ndarray:
        """Return all rows of a part."""
        number, start, stop = self._of_part[part]
        file = self._files[number]
        if self.columns is None:
            return MappedRows(mapped(file, self._name)).take(np.arange(start, stop))
        names = ", ".join(f"{identifier(name)} AS c{i}" for i, name in enumerate(self.columns))
        read = self._ask(
            f"SELECT {names} FROM {_reading(file, 'file_row_number = true')} "
            f"WHERE file_row_number >= {start} AND file_row_number < {stop}",
            file,
        ).fetchnumpy()
        columns = [_filled(read[f"c{i}"]) for i in range(len(self.columns))]
        if len(self.shape) == 1:
            return columns[0]
        rows = np.empty((len(columns[0]), len(columns)), np.result_type(*columns))
        for i, column in enumerate(columns):
            rows[:, i] = column
        return rows


def _named(file: Path) -> str:
    """Return the name of a file for the engine, which takes patterns."""
    return literal(glob.escape(str(file)))


def _reading(file: Path, *how: str) -> str:
    """Return what the engine is asked for to read a file, and nothing of its folders' names."""
    return f"read_parquet({', '.join([_named(file), 'hive_partitioning = false', *how])})"


def _filled(column: Any) -> np.ndarray:
    """Return a column with NaN where a cell is empty."""
    if np.ma.is_masked(column):
        return np.asarray(np.ma.filled(column.astype(np.float64), np.nan))
    return np.ma.getdata(column)


def _files(paths: Any) -> list[Path]:
    """Return the files that are meant, in their order.

    Raises
    ------
    FileNotFoundError
        If one is missing.
    TypeError
        If they are no paths.
    """
    if isinstance(paths, str | os.PathLike):
        path = Path(paths)
        if path.is_dir():
            found = [file for file in path.iterdir() if file.suffix in (".parquet", *MAPPED)]
        elif path.exists() or not glob.has_magic(str(path)):
            found = [path]
        else:
            found = [Path(file) for file in glob.glob(str(path))]
        files = sorted(found, key=_in_order)
        if not files:
            raise FileNotFoundError(f"paths: there are no such files: {os.fspath(paths)}")
    elif isinstance(paths, Iterable):
        given = [*paths]
        if not given or not all(isinstance(one, str | os.PathLike) for one in given):
            raise TypeError(f"paths must be those of files, got {paths!r}")
        files = [Path(one) for one in given]
    else:
        raise TypeError(f"paths must be those of files, got {paths!r}")
    for file in files:
        if not file.is_file():
            raise FileNotFoundError(f"paths: there is no file {file}")
    return files


def _in_order(path: Path) -> list[tuple[bool, int, str]]:
    """Return what orders names as a person does: part.2 before part.10."""
    pieces = re.split(r"(\d+)", str(path))
    return [(piece.isdigit(), int(piece) if piece.isdigit() else 0, piece) for piece in pieces]
