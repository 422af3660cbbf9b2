"""What texts in cells mean: numbers as people write them, dates, times of day.

How a column writes is found out once, in training, from all its different texts, and kept as
a style: so later rows are read in the same way, however few they are.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product

import numpy as np

from .columns import to_number

__all__ = [
    "DateStyle",
    "NumberStyle",
    "Style",
    "TimeStyle",
    "date_style",
    "decimal_mark",
    "is_code",
    "number_style",
    "time_style",
]

NEARLY_ALL = 0.95
"""The part of a column's cells that must be of a kind, for the others to count as missing."""

FEW_WORDS = 3
MANY = 20
MOST_OF_FEW_WORDS = 0.5
"""So few words beside so many different numbers or dates, in so large a part of the cells,
stand for cells that are missing, as "unknown" does."""

MOST_DIGITS = 15
"""How many digits a whole number has that float64 holds; longer ones are codes."""

MOST_FOR_MARK = 100
"""How many texts of a column are looked at for what stands before a fraction."""

MOST_TRIED = 500
"""How many different texts are looked at to find out how dates are written."""

CURRENCIES = frozenset("$€£¥₹₽₩₺₪₫₴₦฿") | frozenset(
    (
        "usd",
        "eur",
        "gbp",
        "jpy",
        "chf",
        "cad",
        "aud",
        "inr",
        "cny",
        "us$",
        "c$",
        "a$",
        "kr",
        "rs",
    )
)
"""What stands beside an amount of money, casefolded."""

MULTIPLIERS = {"k": 1e3, "m": 1e6, "mn": 1e6, "mio": 1e6, "b": 1e9, "bn": 1e9}
"""What large amounts are shortened by, casefolded."""

GROUPING = re.compile(r"(?<=\d)[\s'’](?=\d{3}(?!\d))")
"""A space or an apostrophe that groups thousands, as in France and Switzerland."""

AMOUNT = re.compile(
    r"(?P<outer>[-+(]?)\s*(?P<before>[^\W\d]{0,3}\W?|)\s*(?P<inner>[-+]?)"
    r"(?P<digits>\d[\d.,]*|[.,]\d+)(?P<power>[eE][-+]?\d+)?\s*(?P<after>[^\d()]{0,16}?)\s*\)?"
)
LONGEST_NUMBER = 40
"""How many characters a number has at most, with what stands around it."""

CODE = re.compile(r"0\d+", re.ASCII)
SURE = r"\D*(\d{{1,3}}({1}\d{{3}})+{0}\d*|\d+{0}(\d{{1,2}}|\d{{4,}}))[^\d.,]*"
WITH_FRACTION = {
    ".": re.compile(SURE.format(r"\.", ",")),
    ",": re.compile(SURE.format(",", r"\.")),
}
"""Numbers of which the mark before the fraction is sure: no thousands can be grouped so."""
TIME = re.compile(
    r"(\d{1,3}):([0-5]\d)(?::([0-5]\d)(?:[.,](\d{1,6}))?)?\s*(?:([ap])\.?m\.?)?",
    re.I | re.ASCII,
)

DAYS = (
    "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%m-%d-%Y",
    "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%d-%b-%Y", "%d-%b-%y",
    "%m/%d/%y", "%d/%m/%y", "%d.%m.%y", "%a %b %d %Y", "%A, %B %d, %Y",
)  # fmt: skip
HOURS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", " %H:%M:%S.%f", "T%H:%M:%S")
MOMENTS = ("iso", *map("".join, product(DAYS, HOURS)), "%Y%m%d")
"""How dates are written: as ISO 8601 says, or as `datetime.strptime` is told."""

LAST_OF_TWO_DIGITS = 2029
"""The year that 29 is; 30 is 1930, as in spreadsheets."""

Values = Sequence[str]


@dataclass(frozen=True)
class NumberStyle:
    """How a column writes numbers.

    Attributes
    ----------
    decimal : {".", ","}
        What stands before the fraction; the other one groups thousands.
    unit : str
        What stands behind nearly all of them, casefolded.
    """

    decimal: str = "."
    unit: str = ""

    def read(self, values: Values) -> np.ndarray:
        """Return texts as float64, NaN where one is no number."""
        return np.array([self.number(value) for value in values], dtype=np.float64)

    def number(self, text: str) -> float:
        """Return a text as a number, NaN where it is none."""
        if len(text) > LONGEST_NUMBER:
            return math.nan
        value = to_number(text) if self.decimal == "." else math.nan
        if not math.isnan(value):
            return value
        found = _amount(text)
        if not found or not self._may_follow(found["after"]):
            return math.nan
        digits, group = found["digits"], "," if self.decimal == "." else "."
        if group in digits and not _groups_thousands(digits, group, self.decimal):
            return math.nan
        digits = digits.replace(group, "").replace(self.decimal, ".")
        value = to_number(digits + (found["power"] or ""))
        after = _unit(found["after"])
        value *= MULTIPLIERS.get(after, 1.0) if not self.unit else 1.0
        return (
            -value if "-" in found["outer"] + found["inner"] or found["outer"] == "(" else value
        )

    def _may_follow(self, after: str) -> bool:
        unit = _unit(after)
        if unit in MULTIPLIERS and self.unit:
            return unit == self.unit  # beside kilometres "m" are no millions
        return unit in ("", "%", self.unit) or unit in CURRENCIES or unit in MULTIPLIERS


def _amount(text: str) -> re.Match[str] | None:
    """Take a text apart that may be a number with something around it."""
    found = AMOUNT.fullmatch(GROUPING.sub("", text.replace("−", "-")))
    before = found["before"].strip().casefold() if found else ""
    return found if not before or before in CURRENCIES else None


def _unit(after: str) -> str:
    return after.strip().casefold()


def _groups_thousands(digits: str, group: str, decimal: str) -> bool:
    """Whether the groups of a number are of three digits, as thousands are."""
    first, *others = digits.partition(decimal)[0].split(group)
    return (
        group not in digits.partition(decimal)[2]
        and 1 <= len(first) <= 3
        and not first.startswith("0")
        and all(len(other) == 3 for other in others)
    )


def is_code(text: str) -> bool:
    """Whether a text is digits that are no number: with a zero in front, or too many."""
    if len(text) > MOST_DIGITS and text.isdecimal():
        return True
    return CODE.fullmatch(GROUPING.sub("", text)) is not None


def decimal_mark(columns: Iterable[Values]) -> str:
    """Return what most texts have before a fraction, of those that leave no doubt: "." or ",".

    Parameters
    ----------
    columns : iterable of sequences of str
        The different texts of a table's columns, of which the first ones are looked at.
    """
    marks = Counter(
        mark
        for values in columns
        for value in values[:MOST_FOR_MARK]
        if len(value) <= LONGEST_NUMBER
        for mark, form in WITH_FRACTION.items()
        if form.fullmatch(value)
    )
    return "," if marks[","] > marks["."] else "."


def number_style(
    values: Values, counts: np.ndarray, at_least: float = NEARLY_ALL, decimal: str = "."
) -> tuple[NumberStyle, float] | None:
    """Find out how a column writes numbers.

    Parameters
    ----------
    values : sequence of str
        Its different texts.
    counts : numpy.ndarray of int, shape (len(values),)
        How many cells have each.
    at_least : float
        The part of the cells that must be numbers; half of them are enough where there are many
        numbers, and the others are at most three words, such as "unknown".
    decimal : {".", ","}
        What stands before a fraction where both could, as in "1.200".

    Returns
    -------
    style : NumberStyle
        How; None instead of both where it is no column of numbers.
    part : float
        The part of the cells that are numbers.
    """
    n = counts.sum()
    if not n:
        return None
    units: Counter[str] = Counter()
    is_money = False
    for value, count in zip(values, counts.tolist()):
        if math.isnan(to_number(value)) and (found := _amount(value)):
            units[_unit(found["after"])] += count
            is_money |= bool(found["before"].strip())
    unit = max(units, key=lambda u: units[u], default="")
    is_word = unit.replace("/", "").replace("²", "").isalpha()
    if units[unit] < NEARLY_ALL * n or not is_word or (is_money and unit in MULTIPLIERS):
        unit = ""  # some words behind some numbers are no unit, and millions are no metres
    styles = [NumberStyle(mark, unit) for mark in sorted(".,", key=lambda m: m != decimal)]
    fits = [np.isfinite(style.read(values)) for style in styles]
    cells = [int(counts[fit].sum()) for fit in fits]
    best = int(np.argmax(cells))
    part = cells[best] / n
    return (styles[best], float(part)) if part >= _enough(fits[best], at_least) else None


def _enough(fits: np.ndarray, at_least: float) -> float:
    """Return the part of cells that must fit, of different texts that do and don't."""
    n_words = np.count_nonzero(~fits)
    few = n_words <= FEW_WORDS and len(fits) - n_words >= MANY
    return min(at_least, MOST_OF_FEW_WORDS) if few else at_least


@dataclass(frozen=True)
class DateStyle:
    """How a column writes dates.

    Attributes
    ----------
    format : str
        "iso", or what `datetime.strptime` is told.
    """

    format: str = "iso"

    def read(self, values: Values) -> np.ndarray:
        """Return texts as datetime64[us], NaT where one is no date; time zones become UTC."""
        moments = [self.moment(value) for value in values]
        return np.array(moments, dtype="datetime64[us]")

    def moment(self, text: str) -> datetime | None:
        """Return a text as a date, None where it is none."""
        try:
            if self.format != "iso":
                found = datetime.strptime(text, self.format)
                if "%y" in self.format and found.year > LAST_OF_TWO_DIGITS:
                    return found.replace(year=found.year - 100)
                return found
            if not text[:1].isdigit() or "-" not in text:
                return None  # "20210131" and "2021W01" are ISO's too, but numbers and codes
            found = datetime.fromisoformat(text)
        except ValueError:
            return None
        if found.tzinfo is None:
            return found
        try:
            return found.astimezone(UTC).replace(tzinfo=None)
        except OverflowError:
            return None


def date_style(
    values: Values, counts: np.ndarray, at_least: float = NEARLY_ALL
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
    for format in MOMENTS:
        style = DateStyle(format)
        few = tried[:: max(1, len(tried) // 5)]  # no format is tried on all for nothing
        if not any(style.moment(value) for value in few):
            continue
        are_dates = np.array([style.moment(value) is not None for value in tried])
        number = int(cells[are_dates].sum())
        if number >= _enough(are_dates, at_least) * cells.sum():
            fits.append((number, format))
    if not fits or (fits[0][1] == "%Y%m%d" and not _are_days(tried)):
        return None
    most = max(number for number, _ in fits)
    best, *others = [format for number, format in fits if number == most]
    return DateStyle(best), others[0] if others else "", float(most / cells.sum())


def _are_days(values: Values) -> bool:
    """Whether eight digits are days of this time, not amounts."""
    return all(len(value) == 8 and "1900" <= value[:4] <= "2100" for value in values)


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
    hours, minutes, seconds, fraction, half = found.groups()
    if half:
        if not 1 <= int(hours) <= 12:
            return math.nan
        hours = int(hours) % 12 + 12 * (half.casefold() == "p")
    whole = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds or 0))
    return whole.total_seconds() + float(f"0.{fraction or 0}")


def time_style(values: Values, at_least: float = NEARLY_ALL) -> TimeStyle | None:
    """Return how a column writes times of day, None where too few are one."""
    style, tried = TimeStyle(), values[:: max(1, len(values) // MOST_TRIED)]
    fits = np.isfinite(style.read(tried)).sum()
    return style if tried and fits >= at_least * len(tried) else None


Style = NumberStyle | DateStyle | TimeStyle
