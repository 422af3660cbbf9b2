"""What people give for an array of numbers, where it is none that one reads at once.

`xpnn.backend.to_host`, which everything passes that comes from outside, asks here for tables
and for what must be refused; an error says what was given, and what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from numbers import Real
from pathlib import PurePath
from typing import Any

import numpy as np

__all__ = ["no_numbers", "read_other", "read_rows", "wrong_dtype"]

WAY_OUT = {
    "c": "take their real part, or np.abs",
    "M": "count days or seconds from a day: (dates - first) / np.timedelta64(1, 'D')",
    "m": "count days or seconds: durations / np.timedelta64(1, 's')",
    "O": ".astype('float64') makes numbers of it, if there are only numbers in it",
    "None": "fill in what is missing, or leave its row out",
    "S": "give each word a number, as np.unique(words, return_inverse=True)[1] does",
    "V": "numpy.lib.recfunctions.structured_to_unstructured makes a plain array of columns",
}
"""What to do with an array of no numbers, by the kind of its dtype."""


def read_other(x: Any) -> np.ndarray:
    """Return what is no list, and of no library that has a backend: a table, for example.

    Parameters
    ----------
    x : object
        What somebody gave for an array of numbers.

    Returns
    -------
    numpy.ndarray
        Of numbers where `x` is a table or a column of numbers, NaN where a cell is missing;
        else of anything that NumPy reads.

    Raises
    ------
    TypeError
        If it can't be read, or is a table with a column that holds no numbers.
    """
    _refuse(x)
    try:
        by_dlpack = hasattr(x, "__dlpack__") and not hasattr(x, "__array__")
        host = np.from_dlpack(x) if by_dlpack else np.asarray(x)
    except Exception as error:
        raise TypeError(
            f"expected numbers, got {_name(x)} that can't be read on the host: {error}"
        ) from None
    if host.dtype.kind in "biuf":
        return host
    columns = _columns(x)
    if columns is not None:
        return np.column_stack(columns)
    return _column(host, getattr(x, "name", None))


def read_rows(x: Sequence[Any], error: Exception, read: Callable[[Any], np.ndarray]) -> Any:
    """Return rows that NumPy can't read at once, as tensors on a GPU are.

    Parameters
    ----------
    x : list or tuple
        The rows.
    error : Exception
        What NumPy said of it.
    read : callable
        `to_host`, for a row.

    Returns
    -------
    numpy.ndarray

    Raises
    ------
    TypeError, ValueError
        If a row can't be read, or they are not of equal length.
    """
    known = all(isinstance(row, np.ndarray | list | tuple | int | float) for row in x)
    rows = x if known else [read(row) for row in x]
    sizes = [_length(row) for row in rows]
    for i, size in enumerate(sizes):
        if size != sizes[0]:
            one, other = (f"has {s}" if s >= 0 else "is one value" for s in (sizes[0], size))
            raise ValueError(
                f"expected rows of equal length, but row 0 {one} and row {i} {other}: cut or "
                "fill them up to one length"
            ) from None
    if rows is x:
        raise ValueError(f"expected rows of equal length: {error}") from None
    return np.stack(rows)


def _length(row: Any) -> int:
    return len(row) if isinstance(row, list | tuple) or np.ndim(row) else -1


def wrong_dtype(dtype: Any, kind: str, where: str = "") -> TypeError:
    """Return the error of an array that holds no numbers.

    Parameters
    ----------
    dtype : dtype
        What it holds.
    kind : str
        That of the dtype, as NumPy writes it.
    where : str
        What stands where in it.
    """
    way = WAY_OUT.get("S" if kind in "UT" else kind)
    return TypeError(
        f"expected numbers, got an array of dtype {dtype}{where}" + (f": {way}" if way else "")
    )


def no_numbers(host: np.ndarray) -> TypeError:
    """Return the error of an array that holds something else, with the first such entry."""
    where, kind = "", str(host.dtype.kind)
    if kind == "O":
        for place, value in np.ndenumerate(host):
            if not _are_numbers({type(value)}):
                names = ("row", "column")[: len(place)] if len(place) < 3 else ("entry",)
                at = ", ".join(f"{n} {i}" for n, i in zip(names, place))
                where = f", with {_short(value)}" + (f" in {at}" if at else "")
                kind = "S" if isinstance(value, str) else "O"
                kind = "None" if type(value) in _missing({type(value)}) else kind
                break
    elif kind == "V" and host.dtype.names is None:
        kind = "?"
    return wrong_dtype(host.dtype, kind, where)


def _columns(x: Any) -> list[np.ndarray] | None:
    """Return the columns of a table as numbers; None where it is none.

    Raises
    ------
    TypeError
        If one holds something else; it names the column.
    """
    names = getattr(x, "column_names", getattr(x, "columns", None))
    if names is None or not hasattr(x, "__getitem__"):
        return None
    columns = []
    for i, name in enumerate(names):
        # by number where names may occur twice
        given = x.iloc[:, i] if hasattr(x, "iloc") else x[name]
        columns.append(_column(np.asarray(given), name))
    return columns


def _column(values: np.ndarray, name: Any) -> np.ndarray:
    """Return the numbers of a column, which may be kept as objects; it has a name, or None."""
    if values.dtype.kind == "O":
        values = _numbers(values)
    if values.dtype.kind not in "biuf" and values.dtype.isbuiltin != 2:
        where = "" if name in (None, "") else f"the column {name!r}: "
        raise TypeError(f"{where}{no_numbers(values)}")
    return values


def _numbers(values: np.ndarray) -> np.ndarray:
    """Return objects that are numbers as such, missing ones as NaN; others as they are."""
    types = set(map(type, values.flat))
    missing = _missing(types)
    if not _are_numbers(types - missing):
        return values
    flat = values.reshape(-1)
    if missing:
        flat = np.array([np.nan if type(v) in missing else v for v in flat], dtype=object)
    return flat.astype(np.float64).reshape(values.shape)


def _missing(types: set[type]) -> set[type]:
    """Return those that stand for a missing cell: None, and what tables have for it."""
    return {kind for kind in types if kind is type(None) or kind.__name__ == "NAType"}


def _are_numbers(types: set[type]) -> bool:
    return all(issubclass(kind, Real | Decimal | np.bool_) for kind in types)


def _refuse(x: Any) -> None:
    """Raise for what NumPy takes for one object, or for something else than it is."""
    name = _name(x)
    if hasattr(x, "toarray") or hasattr(x, "todense"):
        method = "toarray" if hasattr(x, "toarray") else "todense"
        size = " x ".join(map(str, getattr(x, "shape", ())))
        raise TypeError(
            f"expected numbers, got {name} ({size}), which is sparse: give .{method}()"
        )
    if isinstance(x, Mapping):
        keys = ", ".join(repr(key) for key in [*x][:4])
        raise TypeError(
            f"expected numbers, got {name} with {keys or 'nothing in it'}: give one of its "
            "values, or a table made of them"
        )
    if isinstance(x, str | bytes | PurePath):
        dtype = "object" if isinstance(x, PurePath) else np.asarray(x).dtype
        raise TypeError(
            f"expected numbers, got {_short(x)} (dtype {dtype}): if it is the name of a file, "
            "read that first, as np.load does"
        )
    if isinstance(x, type) or (callable(x) and not hasattr(x, "__array__")):
        raise TypeError(f"expected numbers, got {name}, which has to be called first")
    if _is_readable(x):
        return
    if isinstance(x, Iterable) or hasattr(x, "__getitem__"):
        raise TypeError(
            f"expected numbers, got {name}, which gives its rows or batches one after the "
            "other: collect them in one array; or, where they are too many, give a row source, "
            "an object with shape and take(numbers), as xpnn.data.sources tells; or train on a "
            "part at a time, as in for X, y in parts: model.fit(X, y, epochs=1)"
        )
    raise TypeError(f"expected numbers, got {name}")


def _is_readable(x: Any) -> bool:
    """Whether NumPy can know the numbers in it."""
    marks = "__array__", "__array_interface__", "__array_struct__", "__dlpack__"
    if any(hasattr(x, mark) for mark in marks) or isinstance(x, Sequence | Real | complex):
        return True
    if isinstance(x, Decimal):
        return True
    try:
        memoryview(x)
    except (TypeError, ValueError):  # one that was released is none any more
        pass
    else:
        return True
    if not (hasattr(x, "__getitem__") and hasattr(x, "__len__")) or isinstance(x, set):
        return False
    try:  # a sequence of rows, or a set of data, of which each is a pair or more
        first = x[0]
    except Exception:
        return False
    return not isinstance(first, Mapping) and not (
        isinstance(first, tuple | list) and any(hasattr(part, "shape") for part in first)
    )


def _name(x: Any) -> str:
    """Return what somebody gave, in words."""
    kind = x if isinstance(x, type) else type(x)
    return f"{'the class' if kind is x else 'an object of the type'} {kind.__name__}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 60 else f"{text[:57]}..."
