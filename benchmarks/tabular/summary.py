"""From records of fits to ratios and their tables.

A ratio is taken between fits of the same table and fold.  The logarithms are averaged over a
table's folds first and then over the tables, so that each table counts once, and the standard
error is over tables.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tabulate import tabulate

from .data import NAMES, TABLES
from .peers import REFERENCE, SIDES
from .results import key

Record = dict[str, Any]

OFFSET = 0.01
"""Is added to errors, so that a table that is told without one does not rule the mean."""


@dataclass(frozen=True)
class Ratio:
    """A geometric mean over tables.

    Attributes
    ----------
    mean : float
        NaN without a table.
    error : float
        The standard error over tables.
    worst : float
        The greatest table's.
    better, tables : int
        On how many tables it is below 1, and of how many.
    """

    mean: float
    error: float
    worst: float
    better: int
    tables: int

    def __str__(self) -> str:
        if math.isnan(self.mean):
            return "-"
        return f"{self.mean:.3f}" + ("" if math.isnan(self.error) else f" ± {self.error:.3f}")


class Comparison:
    """A side's fits beside another's, of those tables and folds that both have.

    Parameters
    ----------
    records : iterable of dict
        Of all sides, as a results file has them.
    side, other : str
        Whose ratio, and over whose.
    large : bool
        Whether to look at the large tables, and not at those in folds.
    """

    def __init__(
        self, records: Iterable[Record], side: str, other: str, large: bool = False
    ) -> None:
        found: dict[str, dict[tuple[str, int], Record]] = {side: {}, other: {}}
        for record in records:
            table, fold, name = key(record)
            if name in found and "fit" in record and TABLES[table].large == large:
                found[name][table, fold] = record
        mine, theirs = found[side], found[other]
        self.pairs = {at: (mine[at], theirs[at]) for at in mine if at in theirs}

    def ratio(self, value: Callable[[Record], float], kind: bool | None = None) -> Ratio:
        """Return the ratio of a value of each record, of classes, of numbers or of both."""
        logs: dict[str, list[float]] = {}
        for (table, _fold), (mine, theirs) in sorted(self.pairs.items()):
            if kind is None or TABLES[table].classes == kind:
                logs.setdefault(table, []).append(math.log(value(mine) / value(theirs)))
        return _over_tables([statistics.mean(values) for values in logs.values()])

    def errors(self) -> tuple[Ratio, Ratio, Ratio]:
        """Return the errors' ratios: of both kinds, of classes and of numbers.

        Both is the geometric mean of the two, however many tables each has.
        """
        classes, numbers = self.ratio(error, True), self.ratio(error, False)
        mean = math.sqrt(classes.mean * numbers.mean)
        spread = math.hypot(classes.error / classes.mean, numbers.error / numbers.mean) / 2
        both = Ratio(
            mean,
            mean * spread,
            max(classes.worst, numbers.worst),
            classes.better + numbers.better,
            classes.tables + numbers.tables,
        )
        return both, classes, numbers


def _over_tables(logs: list[float]) -> Ratio:
    if not logs:
        return Ratio(math.nan, math.nan, math.nan, 0, 0)
    mean = math.exp(statistics.mean(logs))
    spread = statistics.stdev(logs) / math.sqrt(len(logs)) if len(logs) > 1 else math.nan
    better = sum(log < 0 for log in logs)
    return Ratio(mean, mean * spread, math.exp(max(logs)), better, len(logs))


def error(record: Record) -> float:
    """Return a fit's error for a ratio."""
    return record["error"] + OFFSET


def area(record: Record) -> float:
    """Return what a fit's area under the ROC curve lacks of 1, for a ratio."""
    return 1 - record["auc"] + OFFSET


def beside(records: list[Record], other: str, style: str = "simple") -> str:
    """Return the table of all sides' ratios to one, on the tables and folds of both."""
    rows = []
    for side in SIDES:
        comparison = Comparison(records, side, other)
        if not comparison.pairs:
            continue
        both, classes, numbers = comparison.errors()
        log_loss = comparison.ratio(lambda r: r["log_loss"], True)
        mine = [pair[0] for pair in comparison.pairs.values()]
        rows.append(
            [
                side,
                str(both),
                str(classes),
                str(numbers),
                f"{both.better}/{both.tables}",
                f"{comparison.ratio(area, True).mean:.3f}",
                f"{log_loss.mean:.3f} (≤ {log_loss.worst:.2f})",
                f"{comparison.ratio(lambda r: r['fit']).mean:.2f}",
                f"{comparison.ratio(lambda r: r['predict']).mean:.2f}",
                f"{statistics.median(r['fit'] for r in mine):.2f}",
                f"{max(r['peak_memory'] for r in mine) / 1e6:.0f}",
                len(mine),
            ]
        )
    headers = (
        "side|error|classes|numbers|better|1 - AUC|log loss|CPU fit|CPU predict|s a fit|MB|fits"
    )
    return tabulate(rows, headers.split("|"), style, disable_numparse=True)


def ours(records: list[Record], side: str, style: str = "simple") -> str:
    """Return the table of one side's ratios to all others."""
    rows = []
    for other in SIDES:
        comparison = Comparison(records, side, other)
        if other == side or not comparison.pairs:
            continue
        both, classes, numbers = comparison.errors()
        log_loss = comparison.ratio(lambda r: r["log_loss"], True)
        rows.append(
            [
                other,
                str(both),
                str(classes),
                str(numbers),
                f"{both.better}/{both.tables}",
                f"{log_loss.mean:.3f} (≤ {log_loss.worst:.2f})",
                f"{comparison.ratio(lambda r: r['fit']).mean:.2f}",
                len(comparison.pairs),
            ]
        )
    headers = f"{side} over|error|classes|numbers|better|log loss|CPU fit|fits"
    return tabulate(rows, headers.split("|"), style, disable_numparse=True)


def by_table(records: list[Record], large: bool, style: str = "simple") -> str:
    """Return the table of errors, the mean over folds, with log losses or seconds if large."""
    sides = [side for side in SIDES if any(_of(records, side, table) for table in NAMES)]
    rows = []
    for name in NAMES:
        if TABLES[name].large == large:
            found = [_of(records, side, name) for side in sides]
            rows.append([name, *(_cell(some, large) for some in found)])
    return tabulate(rows, ["table", *sides], style, disable_numparse=True)


def _of(records: list[Record], side: str, table: str) -> list[Record]:
    return [r for r in records if r["side"] == side and r["table"] == table and "fit" in r]


def _cell(some: list[Record], seconds: bool) -> str:
    if not some:
        return "-"
    words = f"{statistics.mean(r['error'] for r in some):.4f}"
    if seconds:
        return f"{words}, {statistics.mean(r['fit'] for r in some):.1f} s"
    folds = len(TABLES[some[0]["table"]].folds)
    return words if len(some) == folds else f"{words} ({len(some)})"


def whole(records: list[Record], others: Iterable[str] = ()) -> str:
    """Return all tables of a results file's records, beside the reference and some others."""
    parts = [
        "Ratios, geometric means over tables; below 1 is better.",
        ours(records, "xpnn"),
        *(
            f"Over {other}:\n\n{beside(records, other)}"
            for other in dict.fromkeys([REFERENCE, *others])
        ),
        "Error rate, or RMSE / standard deviation (of so many folds, if not of all):",
        by_table(records, large=False),
        "Large tables, one split; error, CPU seconds of the fit:",
        by_table(records, large=True),
    ]
    return "\n\n".join(parts)
