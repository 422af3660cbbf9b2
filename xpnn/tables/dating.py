"""What texts in cells mean where they are dates or times of day.

As of numbers (`parsing`), how a column writes them is found out once, in training.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product

import numpy as np

from .columns import to_number
from .parsing import NEARLY_ALL, NumberStyle, Values, enough

__all__ = ["DateStyle", "Style", "TimeStyle", "check_format", "date_style", "time_style"]

MOST_TRIED = 500
"""How many different texts are looked at to find out how dates are written."""

TIME = re.compile(
    r"(?:(-?\d{1,6}) days?,? \+?)?(\d{1,3}):([0-5]\d)(?::([0-5]\d)(?:[.,](\d{1,9}))?)?"
    r"\s*(?:([ap])\.?m\.?)?",
    re.I | re.ASCII,
)

DAYS = (
    "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%m-%d-%Y",
    "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%d-%b-%Y", "%d-%b-%y",
    "%m/%d/%y", "%d/%m/%y", "%d.%m.%y", "%a %b %d %Y", "%A, %B %d, %Y", "%a, %d %b %Y",
)  # fmt: skip
HOURS = (
    "", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", " %H:%M:%S.%f", "T%H:%M:%S",
    " %H:%M:%S %z",
)  # fmt: skip
MOMENTS = ("iso", *map("".join, product(DAYS, HOURS)), "%a %b %d %H:%M:%S %Y", "%Y%m%d")
"""How dates are written: as ISO 8601 says, or as `datetime.strptime` is told."""

SPREADSHEET = "spreadsheet"
"""How spreadsheets store dates: as days since the beginning of 1900, which they take for a leap
year."""

FIRST_DAY = datetime(1899, 12, 30)
DAYS_OF_SPREADSHEETS = (10_000, 80_000)
"""Which numbers may be such days, from 1927 to 2119."""

LAST_OF_TWO_DIGITS = 2029
"""The year that 29 is; 30 is 1930, as in spreadsheets."""


@dataclass(frozen=True)
class DateStyle:
    """How a column writes dates.

    Attributes
    ----------
    format : str
        "iso", "spreadsheet", or what `datetime.strptime` is told.
    """

    format: str = "iso"

    def read(self, values: Values) -> np.ndarray:
        """Return texts as datetime64[us], NaT where one is no date; time zones become UTC."""
        moments = [self.moment(value) for value in values]
        return np.array(moments, dtype="datetime64[us]")

    def moment(self, text: str) -> datetime | None:
        """Return a text as a date, None where it is none."""
        try:
            if self.format == SPREADSHEET:
                first, last = DAYS_OF_SPREADSHEETS
                days = to_number(text.replace(",", "."))
                return FIRST_DAY + timedelta(days) if first <= days <= last else None
            if self.format == "iso":
                if not text[:1].isdigit() or "-" not in text:
                    return None  # "20210131" and "2021W01" are ISO's too, but numbers and codes
                found = datetime.fromisoformat(text)
            else:
                found = datetime.strptime(text, self.format)
                if "%y" in self.format and found.year > LAST_OF_TWO_DIGITS:
                    found = found.replace(year=found.year - 100)
            return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found
        except (ValueError, OverflowError):
            return None


def check_format(format: str) -> None:
    """Raise an error where a format of dates is none.

    Raises
    ------
    ValueError
        If it is neither "iso" nor "spreadsheet", and has no year or `datetime.strptime`
        doesn't take it.
    """
    if format in ("iso", SPREADSHEET):
        return
    try:
        if not re.search("%[Yy]", format):
            raise ValueError
        datetime.strptime(FIRST_DAY.replace(tzinfo=UTC).strftime(format), format)
    except (ValueError, re.error):
        raise ValueError(
            f"{format!r} is no format of dates: it is iso, {SPREADSHEET}, or as %d/%m/%Y"
        ) from None


def date_style(
    values: Values,
    counts: np.ndarray,
    at_least: float = NEARLY_ALL,
    formats: Iterable[str] = MOMENTS,
    day_first: bool = False,
) -> tuple[DateStyle, str, float] | None:
    """Find out how a column writes dates.

    Parameters
    ----------
    values : sequence of str
        Its different texts.
    counts : numpy.ndarray of int, shape (len(values),)
        How many cells have each.
    at_least : float
        The part of the cells that must be dates; half of them are enough where the others are
        at most three words, as of `number_style`.
    formats : iterable of str
        The ways to try.
    day_first : bool
        Whether the day stands before the month where both are possible.

    Returns
    -------
    style : DateStyle
        How; None instead of all where too few are dates.
    doubt : str
        Another way that fits as well, or "".
    part : float
        The part of the cells that are dates, of those that were looked at.
    """
    every = max(1, len(values) // MOST_TRIED)
    tried, cells = values[::every], counts[::every]
    if not any(character.isdigit() for value in tried[:20] for character in value):
        return None
    fits: list[tuple[int, str]] = []
    for format in formats:
        style = DateStyle(format)
        few = tried[:: max(1, len(tried) // 5)]  # no format is tried on all for nothing
        if not any(style.moment(value) for value in few):
            continue
        are_dates = np.array([style.moment(value) is not None for value in tried])
        number = int(cells[are_dates].sum())
        if number >= enough(are_dates, at_least) * cells.sum():
            fits.append((number, format))
    if not fits or (fits[0][1] == "%Y%m%d" and not _are_days(tried, at_least)):
        return None
    most = max(number for number, _ in fits)
    best, *others = sorted(
        (format for number, format in fits if number == most),
        key=lambda format: day_first and format.find("%d") > format.find("%m"),
    )
    return DateStyle(best), others[0] if others else "", float(most / cells.sum())


def _are_days(values: Values, at_least: float) -> bool:
    """Whether eight digits are days of this time, not amounts."""
    days = [len(value) == 8 and "1900" <= value[:4] <= "2100" for value in values]
    return sum(days) >= at_least * len(days)


@dataclass(frozen=True)
class TimeStyle:
    """How a column writes times of day, or durations: hours, minutes, perhaps seconds."""

    def read(self, values: Values) -> np.ndarray:
        """Return texts as seconds, float64, NaN where one is no time."""
        return np.array([_seconds(value) for value in values], dtype=np.float64)


def _seconds(text: str) -> float:
    found = TIME.fullmatch(text)
    if not found:
        return math.nan
    days, hours, minutes, seconds, fraction, half = found.groups()
    if half:
        if not 1 <= int(hours) <= 12:
            return math.nan
        hours = int(hours) % 12 + 12 * (half.casefold() == "p")
    minutes_of_all = (24 * int(days or 0) + int(hours)) * 60 + int(minutes)
    return 60.0 * minutes_of_all + float(f"{seconds or 0}.{fraction or 0}")


def time_style(values: Values, at_least: float = NEARLY_ALL) -> TimeStyle | None:
    """Return how a column writes times of day, None where too few are one."""
    style, tried = TimeStyle(), values[:: max(1, len(values) // MOST_TRIED)]
    fits = np.isfinite(style.read(tried)).sum()
    return style if tried and fits >= at_least * len(tried) else None


Style = NumberStyle | DateStyle | TimeStyle
