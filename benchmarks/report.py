"""Write the tables and pictures of docs/performance.md and docs/scores.md from the results.

Run as ``python benchmarks/report.py``.  The pages have prose of their own; a table goes
between ``<!-- benchmarks: train -->`` and ``<!-- end -->``, and so for the other kinds.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click
import summary
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator
from tabular import summary as scores

HERE = Path(__file__).parent
DOCS = HERE.parent / "docs"
STYLE = "github"

Results = dict[str, Any]

# Okabe and Ito's colours, which people with any colour vision can tell apart
BLUE, ORANGE, GREEN, PURPLE, GREY = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#999999"
COLOURS = {"torch": ORANGE, "jax": GREEN, "scikit-learn": PURPLE}
WORKS = {
    ("spiral", "step"): "spiral: 2-64-3, all 300 rows",
    ("small", "step"): "small: 64-32-10, batches of 32",
    ("tables", "step"): "tables: waves of 16 columns, 128-128-128-2, batches of 128",
    ("fmnist", "epoch"): "Fashion-MNIST: 784-128-128-10, batches of 128",
    ("large", "step"): "large: 1024-2048-2048-1000, batches of 512",
}


@click.command()
@click.option(
    "--results",
    type=click.Path(file_okay=False, path_type=Path),
    default=HERE / "results",
    help="The folder of the JSON files.",
)
@click.option(
    "--page",
    type=click.Path(dir_okay=False, path_type=Path),
    default=DOCS / "performance.md",
    help="The page to write into.",
)
@click.option(
    "--scores-page",
    type=click.Path(dir_okay=False, path_type=Path),
    default=DOCS / "scores.md",
    help="The page for the scores on tables.",
)
@click.option(
    "--images",
    type=click.Path(file_okay=False, path_type=Path),
    default=DOCS / "images",
    help="The folder for the pictures.",
)
def main(results: Path, page: Path, scores_page: Path, images: Path) -> None:
    """Write the tables and pictures of the pages on performance and on scores."""
    found = {path.stem: json.loads(path.read_text()) for path in sorted(results.glob("*.json"))}
    if of_tables := found.pop("tables-cpu", None):
        text = scores_page.read_text()
        for name, table in scores_of(of_tables["fits"]).items():
            text = replace(text, name, table)
        scores_page.write_text(text)
    text = page.read_text()
    found = {name: content for name, content in found.items() if "kind" in content}
    for name, content in found.items():
        # "train-cpu" is between the marks of "train", "train-cuda" between its own
        text = replace(text, name.removesuffix("-cpu"), tables(content))
    page.write_text(text)
    if "train-cpu" in found:
        ratios(found["train-cpu"]["runs"]).savefig(images / "performance.png", dpi=200)
    if "growth-cpu" in found:
        growth(found["growth-cpu"]["runs"]).savefig(images / "growth.png", dpi=200)


def replace(text: str, name: str, tables: str) -> str:
    """Put tables between the marks of a name."""
    marks = re.compile(
        rf"(<!-- benchmarks: {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL
    )
    if not marks.search(text):
        click.echo(f"the page has no marks for {name}: its tables are left out")
    return marks.sub(lambda found: f"{found[1]}\n{tables}\n\n{found[2]}", text)


def tables(results: Results) -> str:
    """Return the tables of a results file, and where it was measured."""
    kind, runs = results["kind"], results["runs"]
    if kind == "import":
        parts = [summary.imports(runs, STYLE)]
    elif kind == "growth":
        parts = [summary.growth(runs, STYLE)]
        parts += [summary.mapped(run) for run in runs if run.get("mapped") and "epoch" in run]
    else:
        parts = []
        for comparison in summary.comparisons(runs):
            title = WORKS.get((comparison.work, comparison.measure))
            parts.append(f"**{title or f'{comparison.work}, {comparison.measure}'}**")
            parts.append(summary.table(comparison, STYLE))
            if comparison.unclean:
                parts.append("\\* Others used the machine during at least one round.")
        if any("accuracy" in run for run in runs):
            parts.append(summary.whole_tasks(runs, STYLE))
        if any("tails" in run for run in runs):
            parts.append(summary.tails(runs, STYLE))
    return "\n\n".join([*parts, where(results["machine"])])


def scores_of(fits: list[dict[str, Any]]) -> dict[str, str]:
    """Return the tables of scores, by the names of their marks."""
    return {
        "xpnn": scores.ours(fits, "xpnn", STYLE),
        "one": scores.ours(fits, "xpnn-1", STYLE),
        "sides": scores.beside(fits, "hgb", STYLE),
        "each": scores.by_table(fits, large=False, style=STYLE),
        "large": scores.by_table(fits, large=True, style=STYLE),
    }


def where(machine: Results) -> str:
    """Return a sentence on the machine and the versions."""
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    processor = machine["gpu"] or f"{machine['processor']}, {machine['cores']} cores"
    blas = "; ".join(machine["blas"])
    return (
        f"Measured on {machine['date'][:10]} at commit {machine['commit']} on {processor}, "
        f"with Python {machine['python']}, {versions}; BLAS: {blas}."
    )


def ratios(runs: list[summary.Record]) -> Figure:
    """Draw, for each work, every side's time over that of xpnn on NumPy."""
    panels = [
        (title, summary.Comparison(runs, *key))
        for key, title in WORKS.items()
        if "xpnn-numpy" in summary.Comparison(runs, *key).rounds
    ]
    most = max(len(comparison.rounds) for _, comparison in panels)
    lines = -(-len(panels) // 2)
    figure = Figure(figsize=(9, lines * (0.22 * most + 0.6) + 0.3), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.08)
    axes = figure.subplots(lines, 2, sharex=True, squeeze=False)
    for (title, comparison), panel in zip(panels, axes.flat):
        bars(panel, comparison)
        # above the names, too: a long title has no room over the bars alone
        panel.set_title(title, loc="left", x=-0.5, fontsize=10, fontweight="bold")
    low, high = axes.flat[0].get_xlim()
    axes.flat[0].set_xlim(low / 2, high * 1.6)  # room for the numbers at the bars' ends
    for panel in axes.flat[len(panels) :]:
        panel.set_visible(False)
    figure.supxlabel(
        "time over that of xpnn on NumPy, and its spread; further left is faster", fontsize=10
    )
    return figure


def bars(panel: Axes, comparison: summary.Comparison) -> None:
    """Draw a bar for each side, the fastest on top, with the spread over the rounds."""
    found = [(side, comparison.ratio(side, "xpnn-numpy")) for side in comparison.sides()[::-1]]
    ratios = {side: ratio for side, ratio in found if ratio}
    names = list(ratios)
    for height, (side, (median, least, greatest)) in enumerate(ratios.items()):
        ours = side.startswith("xpnn")
        colour = BLUE if ours else colour_of(side)
        # from 1: what is faster than xpnn on NumPy points left, what is slower right
        panel.barh(height, median - 1, left=1, height=0.72, color=colour)
        panel.plot([least, greatest], [height, height], color="black", linewidth=1)
        right = median >= 1
        panel.annotate(
            f"{median:.2f}",
            (max(greatest, 1) if right else min(least, 1), height),
            (4 if right else -4, 0),
            textcoords="offset points",
            ha="left" if right else "right",
            va="center",
            fontsize=8.5,
        )
    panel.set_yticks(range(len(names)), names, fontsize=9)
    for label in panel.get_yticklabels():
        if label.get_text().startswith("xpnn"):
            label.set_fontweight("bold")
    panel.axvline(1, color="black", linewidth=1)
    log_axis(panel)
    panel.margins(y=0.02)
    panel.spines[["top", "right", "left"]].set_visible(False)
    panel.tick_params(axis="y", length=0)
    panel.tick_params(axis="x", labelsize=8)


def colour_of(side: str) -> str:
    """Return a peer's colour: that of its array library."""
    return next((colour for part, colour in COLOURS.items() if part in side), GREY)


def log_axis(panel: Axes) -> None:
    """Make the horizontal axis logarithmic, with plain numbers."""
    panel.set_xscale("log")
    panel.xaxis.set_major_locator(LogLocator(10, subs=(1, 2, 5)))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_minor_formatter(NullFormatter())
    panel.grid(axis="x", color="#dddddd", linewidth=0.8)
    panel.set_axisbelow(True)


def growth(runs: list[summary.Record]) -> Figure:
    """Draw measured times beside lines that grow as the arithmetic does."""
    sweeps = list(dict.fromkeys(run["sweep"] for run in runs if "seconds" in run))
    figure = Figure(figsize=(9, 6.4), layout="constrained")
    for number, (sweep, panel) in enumerate(zip(sweeps, figure.subplots(2, 2).flat)):
        points = [run for run in runs if run.get("sweep") == sweep and "seconds" in run]
        values = [point["value"] for point in points]
        # the line has the rate of the best point: nothing can lie below it
        rate = max(point["operations"] / point["seconds"] for point in points)
        line = [point["operations"] / rate for point in points]
        panel.plot(values, line, color=ORANGE, linewidth=2, label="as the matrix products grow")
        panel.plot(
            values,
            [p["seconds"] for p in points],
            "o",
            color=BLUE,
            label="measured",
            markersize=6,
        )
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.set_xticks(values, [f"{value:,}" for value in values], fontsize=9)
        panel.xaxis.set_minor_locator(NullLocator())
        panel.yaxis.set_major_formatter(FuncFormatter(lambda t, _: summary.duration(t)))
        panel.yaxis.set_minor_locator(NullLocator())
        panel.grid(color="#dddddd", linewidth=0.8)
        panel.set_axisbelow(True)
        panel.spines[["top", "right"]].set_visible(False)
        what = "an epoch" if sweep == "rows" else "a step"
        panel.set_title(f"{what} against {sweep}", loc="left", fontsize=11, fontweight="bold")
        if number == 0:
            panel.legend(frameon=False, loc="upper left")
    return figure


if __name__ == "__main__":
    main()
