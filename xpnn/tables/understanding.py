"""What columns are taken for, and why.

What is looked at is written down as rules, in the order in which they are tried, with the
constants where the lines are drawn; nothing is learnt from the target.  Who knows better says
so (`asked`): a column is then what it was said to be.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .cells import as_texts
from .columns import Column, Moments, Numbers, Table, Texts, to_number
from .dating import MOMENTS, SPREADSHEET, Style, check_format, date_style, time_style
from .parsing import (
    NumberStyle,
    decimal_mark,
    is_code,
    number_style,
)

__all__ = [
    "ID_NAME",
    "KINDS",
    "LEFT_OUT",
    "Understood",
    "mark_of",
    "split_format",
    "understand",
]

KINDS = ("number", "yes/no", "category", "date", "time", "text", "id", "index", "constant")
"""What a column can be."""

LEFT_OUT = ("id", "index", "constant")
"""What is not learnt from, as it tells nothing of new rows."""

NEARLY_DIFFERENT = 0.9
"""The part of cells that differ from which on a column of words names its rows."""

WORDS_OF_A_TEXT = 3.0
"""How many words the cells of free text have on average."""

LEAST_OF_A_TEXT = 0.5
"""The part of cells of free text that differ, at least."""

MOST_ODD_CODES = 0.005
"""The part of cells that may have zeros in front in a column of numbers."""

MOST_SHOWN = 40
"""How many characters of a cell are shown."""

ENOUGH = 0.5
"""The part of cells that must be of a kind that was asked for."""

Reading = Callable[[list[str], np.ndarray], tuple[Style, str, float] | None]

ID_NAME = re.compile(
    r"(?i:(.*[\W_])?(id|uuid|guid|key|rowid)|index|row|rownames?)|.*[a-z]I[dD]"
)
"""Names of columns that name rows."""


@dataclass(frozen=True)
class Understood:
    """What a column is taken for.

    Attributes
    ----------
    column : str
        Its name.
    kind : str
        One of `KINDS`.
    reason : str
        Why, in words that go on from its kind.
    style : NumberStyle, DateStyle, TimeStyle or None
        How it writes what it holds, where that is a number, a date or a time.
    """

    column: str
    kind: str
    reason: str
    style: Style | None = None

    def __str__(self) -> str:
        """Return the line that is said of it."""
        left_out = "; left out" if self.kind in LEFT_OUT else ""
        return f"{self.column}: {self.kind}, {self.reason}{left_out}"


def mark_of(table: Table) -> str:
    """Return what a table's numbers have before a fraction, "." or ",", as its texts show."""
    texts = (column for column in table.columns.values() if isinstance(column, Texts))
    return decimal_mark(column.values for column in texts)


def understand(
    table: Table, asked: Mapping[str, str] | None = None, decimal: str | None = None
) -> dict[str, Understood]:
    """Find out what each column of a table is.

    Parameters
    ----------
    table : Table
        The rows to learn from.
    asked : mapping of str to str, optional
        Columns that somebody knows, and what they are: one of `KINDS`, or "date" with a space
        and a format, as in ``"date %d/%m/%Y"``.
    decimal : {".", ","}, optional
        What stands before a fraction where both could, if more than these columns show it.

    Returns
    -------
    dict of str to Understood
        Of each column, in the table's order.

    Raises
    ------
    ValueError
        If a column that was asked for is not there, or can't be what it shall be.
    """
    asked = asked or {}
    for name in asked:
        table[name]
    decimal = decimal or mark_of(table)
    return {
        name: _as_asked(table, name, asked[name], decimal)
        if name in asked
        else _found(name, column, decimal)
        for name, column in table.columns.items()
    }


def _found(name: str, column: Column, decimal: str) -> Understood:
    """Try the rules in their order; `decimal` is the mark of the table's other numbers."""
    present = int((~column.missing()).sum())
    if not present:
        reason = "as no cell has a value" if len(column) else "as there are no rows"
        return Understood(name, "constant", reason)
    if isinstance(column, Moments):
        moments = column.values[~column.missing()]
        if (moments == moments[0]).all():
            return Understood(
                name, "constant", f"as each date is {moments[0].astype('datetime64[s]')}"
            )
        return Understood(name, "date", "as the source says")
    if isinstance(column, Numbers):
        return _of_numbers(name, column.values, "as each cell is one")
    assert isinstance(column, Texts)
    values, counts = column.present()
    if len(values) == 1 and present == len(column):
        return Understood(name, "constant", f"as each cell is {_shown(values[0])}")
    if not _are_codes(values, counts) and (
        found := number_style(values, counts, decimal=decimal)
    ):
        style, part = found
        reason = _written(values, style, part)
        return _of_numbers(name, style.read(column.values)[column.codes], reason, style)
    if len(values) <= 2:
        said = _shown(values[0]), "nothing" if len(values) == 1 else _shown(values[1])
        return Understood(name, "yes/no", " or ".join(said))
    if dates := date_style(values, counts, day_first=decimal == ","):
        date, other, part = dates
        one = next(value for value in values if date.moment(value) is not None)
        doubt = f", though {other} would fit as well" if other else ""
        reason = f"as cells are such as {_shown(one)}{doubt}"
        if part < 1:
            reason += f"; {100 * (1 - part):.2g} % are no date, and count as missing"
        return Understood(name, "date", reason, date)
    if time := time_style(values):
        return Understood(name, "time", f"as cells are such as {_shown(values[0])}", time)
    return Understood(name, *_of_words(values, counts, present))


def _shown(text: str) -> str:
    """Return a cell for a sentence, which must not become endless."""
    return repr(text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…")


def _are_codes(values: list[str], counts: np.ndarray) -> bool:
    """Whether enough texts are codes for the others to be no numbers."""
    codes = np.array([is_code(value) for value in values])
    return bool(counts[codes].sum() > MOST_ODD_CODES * counts.sum())


def _of_numbers(
    name: str, numbers: np.ndarray, reason: str, style: NumberStyle | None = None
) -> Understood:
    """Tell numbers that measure from those that name rows, and from two that say yes or no."""
    style = style or NumberStyle()
    has_all = len(numbers)
    numbers = numbers[np.isfinite(numbers)]
    if not numbers.size:
        return Understood(name, "constant", "as no cell is a finite number")
    first, last = numbers.min(), numbers.max()
    if first == last and len(numbers) == has_all:
        return Understood(name, "constant", f"as each cell is {first:g}")
    if np.isin(numbers, (first, last)).all():
        other = "nothing" if first == last else f"{last:g}"
        return Understood(name, "yes/no", f"{first:g} or {other}")
    whole = bool((numbers == np.floor(numbers)).all())
    if whole and len(numbers) > 2 and first in (0, 1) and (np.diff(numbers) == 1).all():
        return Understood(name, "index", "as it counts the rows")
    if whole and ID_NAME.fullmatch(name) and len(np.unique(numbers)) == len(numbers):
        return Understood(name, "id", "as its name says, and no number is there twice")
    return Understood(name, "number", reason, style)


def _written(values: list[str], style: NumberStyle, part: float) -> str:
    """Say how numbers are written, where that is not plain."""
    if part < 1:
        odd = next(value for value in values if np.isnan(style.number(value)))
        return (
            f"as {100 * part:.4g} % of its cells are one; {_shown(odd)} and others count as "
            "missing"
        )
    odd = next((value for value in values if np.isnan(to_number(value))), "")
    mark = "," if style.decimal == "." else "."
    grouped = next((value for value in values if mark in value), "")
    if grouped and not any(style.decimal in value for value in values):
        return f"as cells are such as {_shown(grouped)}, which is {style.number(grouped):,.10g}"
    return f"as cells are such as {_shown(odd)}" if odd else "as each cell is one"


def _of_words(values: list[str], counts: np.ndarray, present: int) -> tuple[str, str]:
    """Tell categories from what names rows, and from free text: the kind, and why."""
    n_words = float(np.average([len(value.split()) for value in values], weights=counts))
    part = len(values) / present
    if n_words >= WORDS_OF_A_TEXT and part > LEAST_OF_A_TEXT:
        return "text", f"as its cells differ, and have {n_words:.2g} words on average"
    if part >= NEARLY_DIFFERENT:
        return "id", f"as {100 * part:.3g} % of its cells differ"
    codes = ", some of which are codes and no numbers" if any(map(is_code, values)) else ""
    return "category", f"with {len(values):,} values{codes}"


def split_format(kind: str) -> tuple[str, str]:
    """Return what a column shall be, and the format of dates that was said with it, or "".

    Raises
    ------
    ValueError
        If it is no format.
    """
    if not kind.startswith("date "):
        return kind, ""
    kind, format = kind.split(" ", 1)
    check_format(format)
    return kind, format


def _as_asked(table: Table, name: str, kind: str, decimal: str) -> Understood:
    """Take a column for what somebody says that it is."""
    kind, format = split_format(kind)
    if kind not in KINDS:
        raise ValueError(
            f"{table.source}: the column {name!r} must be one of {', '.join(KINDS)}, got "
            f"{kind!r}"
        )
    column, reason = table[name], "as asked"
    style: Style | None = _found(name, column, decimal).style
    if isinstance(column, Numbers) and kind in ("date", "time"):
        column = as_texts(column)
    if isinstance(column, Texts) and kind in ("number", "date", "time"):
        values, counts = column.present()
        read = _reading(kind, decimal, format)
        found = read(values, counts)
        if not found:
            raise ValueError(
                f"{table.source}: the column {name!r} can't be a {kind}, as "
                f"{_why_not(values, read)}"
            )
        style, doubt, part = found
        if doubt:
            reason += f", though {doubt} would fit as well"
        if part < 1:
            reason += f"; {100 * (1 - part):.2g} % are none, and count as missing"
    elif kind == "number":
        style = NumberStyle()
    return Understood(name, kind, reason, style)


def _why_not(values: Sequence[str], read: Reading) -> str:
    """Return why cells can't be read together."""
    none = [value for value in values if not read([value], np.ones(1, int))]
    if none:
        return f"most cells are none, such as {_shown(none[0])}"
    if not values:
        return "all cells are empty"
    return f"its cells are not written in one way: {', '.join(map(_shown, values[:3]))}"


def _reading(kind: str, decimal: str, format: str) -> Reading:
    """Return what finds out how texts write a kind: the style, another that fits, the part."""

    def numbers(values: list[str], counts: np.ndarray) -> tuple[Style, str, float] | None:
        found = number_style(values, counts, ENOUGH, decimal)
        return found and (found[0], "", found[1])

    def dates(values: list[str], counts: np.ndarray) -> tuple[Style, str, float] | None:
        formats = [format] if format else [*MOMENTS, SPREADSHEET]
        return date_style(values, counts, ENOUGH, formats, decimal == ",")

    def times(values: list[str], counts: np.ndarray) -> tuple[Style, str, float] | None:
        style = time_style(values, ENOUGH)
        if not style:
            return None
        fits = np.isfinite(style.read(values))
        return style, "", float(counts[fits].sum() / counts.sum())

    return {"number": numbers, "date": dates, "time": times}[kind]
