"""Cells of any column as numbers, dates or codes, whatever it is stored as.

A column may be texts of a file in training and numbers of a frame later, or the other way
round: what is asked for here is the same of both.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from .columns import Column, Moments, Numbers, Texts, number_text, to_number
from .dating import DateStyle, TimeStyle
from .parsing import NumberStyle, is_code

__all__ = [
    "BITS",
    "PARTS",
    "UNKNOWN",
    "as_numbers",
    "as_texts",
    "codes_of",
    "counted",
    "key_of",
    "moments_of",
    "numbers_of",
    "read_cells",
]

Value = TypeVar("Value")

DAY = 86_400.0
"""In seconds."""

TRUTH = frozenset(("true", "false"))
"""Truth values, casefolded, which are the same however they are written."""

BITS = {"True": "1", "False": "0", "1": "True", "0": "False"}
"""How a truth value is written as a number, and the other way round."""

UNKNOWN = -2
"""The code of a cell whose value is none of those that there are; -1 is a missing cell."""


def _year(moments: np.ndarray) -> np.ndarray:
    return np.asarray(moments.astype("datetime64[Y]").astype(np.int64) + 1970.0)


def _month(moments: np.ndarray) -> np.ndarray:
    return np.asarray(moments.astype("datetime64[M]").astype(np.int64) % 12 + 1.0)


def _day(moments: np.ndarray) -> np.ndarray:
    days = moments.astype("datetime64[D]")
    return np.asarray((days - days.astype("datetime64[M]")).astype(np.int64) + 1.0)


def _day_of_week(moments: np.ndarray) -> np.ndarray:
    days = moments.astype("datetime64[D]").astype(np.int64)
    return np.asarray((days + 3) % 7.0)  # 1970 began on a Thursday


def _hour(moments: np.ndarray) -> np.ndarray:
    microseconds = (moments - moments.astype("datetime64[D]")).astype(np.int64)
    return np.asarray(microseconds / 3.6e9)


def _days(moments: np.ndarray) -> np.ndarray:
    return np.asarray(moments.astype(np.int64) / (1e6 * DAY))


PARTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "year": _year,
    "month": _month,
    "day": _day,
    "day of the week": _day_of_week,
    "hour": _hour,
    "days since 1970": _days,
}
"""What of a date becomes inputs: functions of datetime64[us] to float64, NaT to anything."""


def numbers_of(column: Column, style: NumberStyle) -> np.ndarray:
    """Return a column as float64, NaN where a cell is missing or no number."""
    if isinstance(column, Moments):
        return np.where(column.missing(), np.nan, _days(column.values))
    return read_cells(column, style)


def moments_of(column: Column, style: DateStyle) -> np.ndarray:
    """Return a column as datetime64[us], NaT where a cell is missing or no date."""
    if isinstance(column, Moments):
        return column.values
    texts = column if isinstance(column, Texts) else as_texts(column)
    read = np.append(style.read(texts.values), np.datetime64("NaT", "us"))
    moments: np.ndarray = read[texts.codes]
    return moments


def read_cells(column: Column, style: NumberStyle | TimeStyle) -> np.ndarray:
    """Return a column as a style reads it, each different text once."""
    if isinstance(column, Numbers) and isinstance(style, NumberStyle):
        return column.values
    texts = column if isinstance(column, Texts) else as_texts(column)
    read: np.ndarray = np.append(style.read(texts.values), np.nan)[texts.codes]
    return read


def as_texts(column: Column) -> Texts:
    """Return any column as one of texts."""
    absent = column.missing()
    values, where = np.unique(
        np.where(absent, "", column.cells()).astype(str), return_inverse=True
    )
    return Texts(np.where(absent, -1, where).astype(np.int32), tuple(values.tolist()))


def key_of(text: str) -> str:
    """Return the one way to write what a text says: numbers as `number_text` writes them.

    So a category 1 is the same one in a file, where it may be "1.0", and in a frame of numbers.
    """
    value = math.nan if is_code(text) else to_number(text)
    if math.isnan(value):
        # JSON and many programs write "true", frames of Python "True"
        return text.title() if text.casefold() in TRUTH else text
    return str(number_text(value))


def codes_of(column: Column, values: Sequence[str]) -> np.ndarray:
    """Return the number of each cell's value: -1 where it is missing, `UNKNOWN` for others.

    Numbers may be written as `as_numbers` tells, and 1 and 0 are "True" and "False", unless
    these are other values.
    """
    numbers = {key_of(value): number for number, value in enumerate(values)}
    for key, number in [*numbers.items()]:
        numbers.setdefault(BITS.get(key, key), number)
    if isinstance(column, Numbers):
        known = as_numbers(numbers)
        keys = np.array(sorted(known))
        if not keys.size:
            return np.where(column.missing(), -1, UNKNOWN)
        codes_of_keys = np.array([known[key] for key in keys.tolist()])
        at = np.searchsorted(keys, column.values).clip(max=len(keys) - 1)
        found_at = np.where(keys[at] == column.values, codes_of_keys[at], UNKNOWN)
        return np.where(column.missing(), -1, found_at)
    numbers |= {value: number for number, value in enumerate(values)}
    texts = column if isinstance(column, Texts) else as_texts(column)
    found = [numbers.get(value, numbers.get(key_of(value), UNKNOWN)) for value in texts.values]
    codes: np.ndarray = np.array([*found, -1])[texts.codes]
    return codes


def as_numbers(keys: Mapping[str, Value]) -> dict[float, Value]:
    """Return what texts that are numbers stand for, by these numbers.

    A fraction is also the number that it becomes in float32, which rows may be of.
    """
    known = {to_number(key): value for key, value in keys.items()}
    known = {number: value for number, value in known.items() if math.isfinite(number)}
    for number, value in [*known.items()]:
        if not number.is_integer():
            known.setdefault(float(np.float32(number)), value)
    return known


def counted(column: Column) -> tuple[list[str], np.ndarray]:
    """Return the different values of a column as keys, and how many rows have each."""
    if isinstance(column, Numbers):
        numbers, counts = np.unique(column.values[~column.missing()], return_counts=True)
        return [str(number_text(value)) for value in numbers.tolist()], counts
    texts = column if isinstance(column, Texts) else as_texts(column)
    values, counts = texts.present()
    keys = np.array([*map(key_of, values)], dtype=str)
    different, where = np.unique(keys, return_inverse=True)
    return different.tolist(), np.bincount(where, weights=counts).astype(np.int64)
