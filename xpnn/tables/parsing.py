"""What texts in cells mean where they are numbers, as people write them.

How a column writes is found out once, in training, from all its different texts, and kept as
a style: so later rows are read in the same way, however few they are.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from .columns import to_number

__all__ = [
    "NEARLY_ALL",
    "NumberStyle",
    "Values",
    "decimal_mark",
    "enough",
    "is_code",
    "number_style",
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
UNIT = re.compile(r"°|°?[^\W\d_]+[²³]?([/·][^\W\d_]+[²³]?)*")
"""What stands behind a number and is a unit: kg, °C, m², km/h, µg/m³."""

LONGEST_NUMBER = 40
"""How many characters a number has at most, with what stands around it."""

CODE = re.compile(r"0\d+", re.ASCII)
SURE = r"\D*(\d{{1,3}}({1}\d{{3}})+{0}\d*|\d+{0}(\d{{1,2}}|\d{{4,}}))[^\d.,]*"
WITH_FRACTION = {
    ".": re.compile(SURE.format(r"\.", ",")),
    ",": re.compile(SURE.format(",", r"\.")),
}
"""Numbers of which the mark before the fraction is sure: no thousands can be grouped so."""

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
    letters = {u: count for u, count in units.items() if len(u) == 1 and u.isalpha()}
    large = sum(count for u, count in letters.items() if u in MULTIPLIERS)
    if not is_money and 0 < 2 * large <= sum(letters.values()):
        return None  # 12a and 12b are houses, and no thousand millions
    unit = max(units, key=lambda u: units[u], default="")
    is_word = UNIT.fullmatch(unit) is not None
    if units[unit] < NEARLY_ALL * n or not is_word or (is_money and unit in MULTIPLIERS):
        unit = ""  # some words behind some numbers are no unit, and millions are no metres
    styles = [NumberStyle(mark, unit) for mark in sorted(".,", key=lambda m: m != decimal)]
    fits = [np.isfinite(style.read(values)) for style in styles]
    cells = [int(counts[fit].sum()) for fit in fits]
    best = int(np.argmax(cells))
    part = cells[best] / n
    return (styles[best], float(part)) if part >= enough(fits[best], at_least) else None


def enough(fits: np.ndarray, at_least: float) -> float:
    """Return the part of cells that must fit, of different texts that do and don't."""
    n_words = np.count_nonzero(~fits)
    few = n_words <= FEW_WORDS and len(fits) - n_words >= MANY
    return min(at_least, MOST_OF_FEW_WORDS) if few else at_least
