"""Columns made of Python objects, as workbooks, JSON and columns of objects hold them."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

from .columns import LARGEST_WHOLE, Column, Moments, Numbers, Texts, number_text
from .texts import Dictionary, compact

__all__ = ["column_of", "texts_of", "written"]

REFUSED = (list, tuple, dict, set, frozenset, bytes, bytearray, memoryview, np.ndarray)


def column_of(values: Sequence[Any]) -> Column | None:
    """Make a column of objects; None where they are lists, dictionaries or bytes.

    Numbers, and dates and times, become numbers and moments if all of them are such;
    durations become seconds. What is mixed becomes texts.
    """
    told = [value for value in values if not _is_nothing(value)]
    if any(isinstance(value, REFUSED) for value in told):
        return None
    if told and all(map(_is_number, told)) and all(map(_is_kept, told)):
        return Numbers(_array(values, math.nan, float, "float64"))
    if told and all(isinstance(value, datetime.date) for value in told):
        return Moments(_array(values, np.datetime64("NaT", "us"), _moment, "datetime64[us]"))
    if told and all(isinstance(value, datetime.timedelta) for value in told):
        return Numbers(_array(values, math.nan, datetime.timedelta.total_seconds, "float64"))
    return texts_of(None if _is_nothing(value) else written(value) for value in values)


def texts_of(cells: Iterable[str | None]) -> Texts:
    """Make a column of texts, None where one is missing."""
    dictionary = Dictionary()
    known = dictionary.positions
    codes = [-1 if cell is None else known.setdefault(cell, len(known)) for cell in cells]
    return compact(np.array(codes, dtype=np.int32), list(known))


def _is_nothing(value: Any) -> bool:
    """Whether a cell is missing: None, NaN, NaT, or pandas' NA, which equals nothing."""
    if value is None or value is math.nan:
        return True
    if isinstance(value, str | bool | int):
        return value == ""
    if isinstance(value, REFUSED):
        return False
    try:
        return bool(value != value)
    except (TypeError, ValueError):
        return True  # pandas.NA has no truth value


def _is_number(value: Any) -> bool:
    return isinstance(value, Real | Decimal) and not isinstance(value, bool | np.bool_)


def _is_kept(value: Any) -> bool:
    """Whether float64 keeps a number: a longer whole number may be an identifier."""
    return not isinstance(value, int) or abs(value) < LARGEST_WHOLE


def _moment(value: datetime.date) -> np.datetime64:
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        value = value.astimezone(datetime.UTC).replace(tzinfo=None)
    return np.datetime64(value, "us")


def _array(values: Sequence[Any], nothing: Any, convert: Any, dtype: str) -> np.ndarray:
    return np.array(
        [nothing if _is_nothing(value) else convert(value) for value in values], dtype=dtype
    )


def written(value: Any) -> str:
    """Write a value as one would in a text file."""
    if isinstance(value, float):
        return number_text(value) or ""
    if isinstance(value, datetime.datetime):
        if value.time() == datetime.time(0):
            return value.date().isoformat()
        return value.isoformat(sep=" ")
    return str(value)
