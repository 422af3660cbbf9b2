"""From raw measurements to ratios and tables.

A ratio is taken between measurements of the same round, and the median over the rounds
counts.  Each side is taken at its better number of threads.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from itertools import chain
from typing import Any

from sides import reference
from tabulate import tabulate

Record = dict[str, Any]
Ratio = tuple[float, float, float]

LIMIT = "limit-numpy"


class Comparison:
    """The measurements of one quantity on one work.

    Parameters
    ----------
    records : iterable of dict
        As a results file has them under ``"runs"``.
    work : str
        Which work to look at.
    measure : str
        Which of its quantities, as "step" or "epoch"; in seconds.
    """

    def __init__(self, records: Iterable[Record], work: str, measure: str) -> None:
        self.work, self.measure = work, measure
        found: dict[str, dict[int, dict[int, float]]] = {}
        self.unclean: set[str] = set()
        for record in records:
            if record["work"] == work and measure in record.get("measures", {}):
                rounds = found.setdefault(record["side"], {}).setdefault(record["threads"], {})
                rounds[record["round"]] = record["measures"][measure]
                if not record["clean"]:
                    self.unclean.add(record["side"])
        self.threads = {
            side: min(by_threads, key=lambda n: statistics.median(by_threads[n].values()))
            for side, by_threads in found.items()
        }
        # a round may lack a side's better number of threads, and counts with the one it has
        self.rounds: dict[str, dict[int, float]] = {}
        for side, by_threads in found.items():
            others = (rounds for n, rounds in by_threads.items() if n != self.threads[side])
            better = by_threads[self.threads[side]]
            self.rounds[side] = {**dict(chain(*(r.items() for r in others))), **better}

    def seconds(self, side: str) -> float:
        """Return a side's median over the rounds."""
        return statistics.median(self.rounds[side].values())

    def ratio(self, side: str, other: str) -> Ratio | None:
        """Return a side's time over that of another: the median, the least, the greatest."""
        mine, theirs = self.rounds.get(side, {}), self.rounds.get(other, {})
        ratios = [mine[n] / theirs[n] for n in mine.keys() & theirs.keys()]
        if not ratios:
            return None
        return statistics.median(ratios), min(ratios), max(ratios)

    def sides(self) -> list[str]:
        """Return the sides, the fastest first: by their ratios, which the machine leaves."""
        main = main_reference(self)

        def place(side: str) -> tuple[float, float]:
            ratio = self.ratio(side, main)
            return ratio[0] if ratio else math.inf, self.seconds(side)

        return sorted(self.rounds, key=place)


def comparisons(records: list[Record]) -> list[Comparison]:
    """Return a comparison for each work and each of its quantities, in order."""
    keys = dict.fromkeys(
        (record["work"], measure)
        for record in records
        for measure in record.get("measures", ())
    )
    return [Comparison(records, *key) for key in keys]


def main_reference(comparison: Comparison) -> str:
    """Return the side that the first ratio is to."""
    return "xpnn-numpy" if "xpnn-numpy" in comparison.rounds else "xpnn-cupy"


def table(comparison: Comparison, style: str = "simple") -> str:
    """Return a comparison as a table: all ratios are the row's time over another's."""
    main = main_reference(comparison)
    rows = []
    for side in comparison.sides():
        own = reference(side)
        rows.append(
            [
                side + (" *" if side in comparison.unclean else ""),
                comparison.threads[side],
                duration(comparison.seconds(side)),
                _times(comparison.ratio(side, main)),
                "" if own == main else _times(comparison.ratio(side, own)),
                _times(comparison.ratio(side, LIMIT)),
            ]
        )
    headers = ["side", "threads", comparison.measure, f"over {main}"]
    headers += ["over xpnn on the same library", f"over {LIMIT}"]
    # what no row has, for want of a side, is left out
    kept = [i for i in range(len(headers)) if i < 4 or any(row[i] for row in rows)]
    return tabulate(
        [[row[i] for i in kept] for row in rows],
        [headers[i] for i in kept],
        tablefmt=style,
        disable_numparse=True,
        colalign=["left"] + ["right"] * (len(kept) - 1),
    )


def checkouts(records: list[Record], mark: str, style: str = "simple") -> str:
    """Return a table of our times over those of another checkout.

    Its sides have our names with a mark behind.  A ratio is taken within a round, between
    measurements with as many threads.
    """
    found: dict[tuple[str, str, str, int], dict[int, Record]] = {}
    for record in records:
        for measure in record.get("measures", ()):
            key = (record["work"], measure, record["side"], record["threads"])
            found.setdefault(key, {})[record["round"]] = record
    rows = []
    for (work, measure, side, threads), ours in found.items():
        theirs = found.get((work, measure, side + mark, threads), {})
        both = [(ours[n], theirs[n]) for n in ours.keys() & theirs.keys()]
        if not both:
            continue
        times = [[record["measures"][measure] for record in pair] for pair in both]
        ratios = [mine / other for mine, other in times]
        clean = all(record["clean"] for pair in both for record in pair)
        rows.append(
            [
                f"{work}, {measure}" + ("" if clean else " *"),
                side,
                threads,
                *(duration(statistics.median(column)) for column in zip(*times)),
                _times((statistics.median(ratios), min(ratios), max(ratios))),
            ]
        )
    table = tabulate(
        rows,
        ["what", "side", "threads", "ours", "other", "ours over other"],
        tablefmt=style,
        disable_numparse=True,
        colalign=["left", "left", *["right"] * 4],
    )
    modules = {r["side"]: r["modules"] for r in records if "modules" in r}
    told = [f"{side} loads {number} modules" for side, number in modules.items()]
    if any(row[0].endswith("*") for row in rows):
        told.append("* others used the machine meanwhile")
    return "\n".join([table, *told])


def _times(ratio: Ratio | None) -> str:
    """Write a ratio with its spread."""
    if ratio is None:
        return ""
    median, least, greatest = ratio
    return f"{median:.2f} ({least:.2f}–{greatest:.2f})"


def duration(seconds: float) -> str:
    """Write a duration with three digits and the unit that fits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def count(number: float) -> str:
    """Write a number with three digits, or all that are before the point."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def megabytes(size: float) -> str:
    """Write a number of bytes."""
    return f"{size / 1e6:,.0f} MB"


def whole_tasks(records: list[Record], style: str = "simple") -> str:
    """Return what was found out beside the time where a whole task was trained."""
    data = [r["data_memory"] for r in records if r["side"] == "data" and "data_memory" in r]
    found: dict[str, list[Record]] = {}
    for record in records:
        if "accuracy" in record:
            found.setdefault(record["side"], []).append(record)
    rows = []
    for side, runs in found.items():
        memory = statistics.median(run["training_memory"] for run in runs)
        growth = [
            statistics.mean(r["epochs"][-2:]) / statistics.mean(r["epochs"][1:3]) for r in runs
        ]
        rows.append(
            [
                side,
                f"{statistics.median(run['accuracy'] for run in runs):.4f}",
                f"{statistics.median(run['loss'] for run in runs):.4f}",
                f"{statistics.median(growth):.2f}",
                megabytes(memory),
                f"{memory / statistics.median(data):.2f}" if data else "",
            ]
        )
    headers = ["side", "test accuracy", "loss", "last epochs over first", "peak memory"]
    headers += ["over data alone"]
    align = ["left"] + ["right"] * 5
    return tabulate(rows, headers, tablefmt=style, disable_numparse=True, colalign=align)


def tails(records: list[Record], style: str = "simple") -> str:
    """Return the slow calls of `predict`: one of a hundred takes longer."""
    found: dict[tuple[str, str], dict[int, list[float]]] = {}
    for record in records:
        for measure, seconds in record.get("tails", {}).items():
            by_threads = found.setdefault((record["side"], measure), {})
            by_threads.setdefault(record["threads"], []).append(seconds)
    best = {key: min(map(statistics.median, value.values())) for key, value in found.items()}
    measures = list(dict.fromkeys(measure for _, measure in best))
    rows = [
        [side, *(duration(best[side, measure]) for measure in measures)]
        for side in dict.fromkeys(side for side, _ in best)
    ]
    return tabulate(rows, ["99th percentile", *measures], tablefmt=style, disable_numparse=True)


def differing(records: list[Record]) -> list[str]:
    """Name the sides whose early loss is not that of the others: they do other work."""
    words = []
    for work in dict.fromkeys(record["work"] for record in records):
        losses: dict[str, float] = {
            r["side"]: r["early_loss"]
            for r in records
            if r["work"] == work and r.get("early_loss") is not None  # some learn nothing
        }
        if losses:
            usual = statistics.median(losses.values())
            words += [
                f"{side} on {work}: the early loss is {loss:.4g}, elsewhere {usual:.4g}"
                for side, loss in losses.items()
                if not abs(loss - usual) < 0.1 * usual
            ]
    return words


def imports(records: list[Record], style: str = "simple") -> str:
    """Return import times and installed sizes as a table."""
    numpy = next(record for record in records if record["side"] == "numpy")
    rows = [
        [
            record["side"],
            duration(record["seconds"]),
            f"{record['seconds'] / numpy['seconds']:.1f}",
            megabytes(record["size"]),
            f"{record['size'] / numpy['size']:.1f}",
        ]
        for record in records
    ]
    headers = ["library", "import", "over numpy", "installed", "over numpy"]
    align = ["left", *["right"] * 4]
    return tabulate(rows, headers, tablefmt=style, disable_numparse=True, colalign=align)


def growth(records: list[Record], style: str = "simple") -> str:
    """Return the sweeps as a table."""
    rows = []
    for record in records:
        if "sweep" in record and "seconds" in record:
            rate = record["operations"] / record["seconds"] / 1e9
            rows.append(
                [
                    record["sweep"],
                    f"{record['value']:,}",
                    duration(record["seconds"]),
                    count(record["operations"] / 1e6),
                    count(rate),
                    megabytes(record["peak_memory"]),
                ]
            )
    headers = ["what grows", "to", "time", "10⁶ operations", "10⁹ a second", "peak memory"]
    align = ["left"] + ["right"] * 5
    return tabulate(rows, headers, tablefmt=style, disable_numparse=True, colalign=align)


def mapped(record: Record) -> str:
    """Say what training from a file that is mapped into memory took."""
    return (
        f"Training from a memory-mapped file of {megabytes(record['file_size'])}: an epoch in "
        f"{duration(record['epoch'])}; the resident memory without the file's cache was "
        f"{megabytes(record['anonymous_before'])} before and at most "
        f"{megabytes(record['anonymous_peak'])}."
    )
