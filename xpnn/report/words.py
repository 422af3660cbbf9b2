"""How a report writes numbers, counts and names, and what its measures mean."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["GLOSSES", "counted", "metric_value", "number", "shortened", "spoken"]

SCORE_DIGITS = 4
"""How many digits of a number that was measured are told: the others are chance."""

ALL_DIGITS = 12
"""How many digits of a cell are: the others are float64's own."""

GREATEST, LEAST = 1e15, 1e-6
"""From where on, and below what, a number is told by its power of ten."""

GLOSSES = {
    "log_loss": "how surprised it is by the right classes: 0 if it was always sure of them",
    "accuracy": "the part of the rows that it gets right",
    "balanced_accuracy": "the part that it gets right of each class, and the mean of these",
    "mean_absolute_error": "how far off its answers are on average",
    "root_mean_squared_error": "how far off they are if large misses count most",
    "mean_squared_error": "the mean of the squares of how far off they are",
    "r2": "1 if it is always right, 0 if it is as far off as always saying the mean",
    "roc_auc": "of two rows of different classes, how often it puts them in the right order",
    "precision": "how much of what it takes for a class belongs to it",
    "recall": "how much of a class it finds",
    "f1": "between how much of a class it finds and how much of that is right",
}
"""What measures mean, for who has never met them."""


def number(value: float, digits: int = SCORE_DIGITS, unit: str = "") -> str:
    """Return a number as people write it: thousands apart, and no digits that tell nothing.

    Parameters
    ----------
    value : float
        The number.
    digits : int
        How many of its digits, from the first that is not 0, are told.
    unit : str
        What it is counted in.
    """
    behind = f" {unit}" if unit else ""
    if value == 0 or not math.isfinite(value):
        return f"{value:.0f}".removeprefix("-" if value == 0 else "") + behind
    rounded = float(f"{value:.{digits - 1}e}")
    if not LEAST <= abs(rounded) < GREATEST:
        return f"{value:.{digits}g}" + behind
    after = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
    text = f"{rounded:,.{after}f}"
    return (text.rstrip("0").rstrip(".") if after else text) + behind


def counted(n: int, what: str) -> str:
    """Return how many there are of something: "1 row", "2,000 rows"."""
    return f"{n:,} {what}{'s' * (n != 1)}"


def spoken(metric: str) -> str:
    """Return the name of a metric in words."""
    return "R²" if metric == "r2" else metric.replace("_", " ")


def metric_value(metric: str, value: float, unit: str = "") -> str:
    """Return what was measured: parts in per cent, errors in the target's own unit."""
    if metric.endswith("accuracy"):
        return f"{value:.1%}"
    if not metric.endswith("error"):
        return number(round(value, 4))
    return number(value, unit="" if metric == "mean_squared_error" else unit)


def shortened(names: Sequence[str], most: int) -> list[str]:
    """Return names of at most so many characters, that can still be told apart.

    Parameters
    ----------
    names : sequence of str
        Names that all differ.
    most : int
        At most so many characters, from 5 on.
    """
    half = (most - 1) // 2
    for cut in (
        [f"{name[: most - 1]}…" for name in names],
        [f"{name[: most - 1 - half]}…{name[-half:]}" for name in names],
        [f"{k + 1}: {name}"[: most - 1] + "…" for k, name in enumerate(names)],
    ):
        found = [name if len(name) <= most else short for name, short in zip(names, cut)]
        if len(set(found)) == len(set(names)):
            break
    return found
