"""The one command: measure xpnn and its peers in turns, and print the ratios.

Run as ``python benchmarks/run.py``; README.md says what is compared, and how.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import checkouts
import click
import machine
import sides
import summary
import works
from imports import import_times
from measuring import TOLERATED, Record, clean_measure, measure

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Plan:
    """What is measured in turns.

    Attributes
    ----------
    kind : str
        "train" or "inference".
    works, sides : tuple of str
        On what, and who.
    rounds : int
        How often each side has its turn.
    threads : tuple of int
        With how many threads.
    by_name : bool
        Whether the sides were asked for by name, so that one that is not there is a failure.
    other : str or None
        The Python of an environment with another checkout of xpnn.
    """

    kind: str
    works: tuple[str, ...]
    sides: tuple[str, ...]
    rounds: int
    threads: tuple[int, ...]
    by_name: bool
    other: str | None


@click.command(context_settings={"show_default": True})
@click.option(
    "--kind",
    type=click.Choice(["train", "inference", "import", "growth"]),
    default="train",
    help="What to measure.",
)
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu")
@click.option(
    "--work",
    "tasks",
    type=click.Choice(works.NAMES),
    multiple=True,
    help="By default all; repeat it.",
)
@click.option("--side", "names", multiple=True, help="By default all; repeat it.")
@click.option("--rounds", default=5, help="How often each side has its turn.")
@click.option(
    "--threads", default="", show_default="1,2; on cuda 2", help="Numbers of threads."
)
@click.option(
    "--against",
    "other",
    metavar="PYTHON",
    help="Compare with the xpnn that another environment's Python has, and with no peer.",
)
@click.option("--mapped-size", default=2.0, help="growth: the mapped file's size in 10⁹ bytes.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    show_default="results/KIND-DEVICE.json, if all is measured",
    help="A JSON file.",
)
def main(
    kind: str,
    device: str,
    tasks: tuple[str, ...],
    names: tuple[str, ...],
    rounds: int,
    threads: str,
    other: str | None,
    mapped_size: float,
    output: Path | None,
) -> None:
    """Measure xpnn and its peers in turns, and print the ratios of their times."""
    if other and kind == "growth":
        raise click.UsageError("--against is for other kinds than growth")
    counts = tuple(map(int, (threads or ("2" if device == "cuda" else "1,2")).split(",")))
    if not (output or tasks or names or other):
        output = HERE / "results" / f"{kind}-{device}.json"
    if output:
        output.parent.mkdir(parents=True, exist_ok=True)
    results: Record = {"kind": kind, "machine": machine.describe(), "runs": []}
    if other:
        results["other"] = checkouts.describe(other)
    if kind == "import":
        runs = checkouts.import_times(other, rounds) if other else import_times()
    elif kind == "growth":
        runs = growths(names[0] if names else "xpnn-numpy", counts[-1], rounds, mapped_size)
    else:
        tasks = ("inference",) if kind == "inference" else tasks or works.NAMES
        wanted = names or usual_sides(kind, device, other)
        runs = turns(Plan(kind, tasks, wanted, rounds, counts, bool(names or other), other))
    for record in runs:
        results["runs"].append(record)
        # after each one, so that what was measured survives an interruption
        if output:
            output.write_text(json.dumps(results, indent=1) + "\n")
    click.echo()
    if other:
        show_checkouts(results)
    else:
        show(kind, results["runs"])
    if output:
        click.echo(f"\nwritten to {output}")
    if failures(results["runs"]):
        sys.exit(1)


def usual_sides(kind: str, device: str, other: str | None) -> tuple[str, ...]:
    """Return the sides that are measured where none is named."""
    if other:
        return ("xpnn-cupy",) if device == "cuda" else ("xpnn-numpy",)
    if kind == "inference":
        return sides.INFERENCE
    return sides.CUDA if device == "cuda" else sides.CPU


def turns(plan: Plan) -> Iterator[Record]:
    """Give each side its turn in each round, and yield what it measured."""
    missing: set[str] = set()
    for work in plan.works:
        if work == "fmnist":
            yield {"side": "data", "work": work, **measure("data", work)}
        able = [side for side in plan.sides if sides.takes(side, work)]
        if others := [side for side in plan.sides if side not in able]:
            click.echo(f"{work} has a network that is not there in {', '.join(others)}")
        for number in range(plan.rounds):
            for side in able:
                for threads in plan.threads:
                    if side not in missing:
                        yield from turn(plan, work, number, side, threads, missing)


def turn(
    plan: Plan, work: str, number: int, side: str, threads: int, missing: set[str]
) -> Iterator[Record]:
    """Measure a side, and that of the other checkout; note which can't be measured."""
    options = ("--kind", plan.kind, "--threads", threads)
    for name, python in checkouts.in_turns(side, number, plan.other):
        record = {"side": name, "work": work, "threads": threads, "round": number}
        record |= clean_measure(side, work, *options, python=python)
        if "unavailable" in record and not plan.by_name:
            click.echo(f"{side} is left out: {record['unavailable']}")
            missing.add(side)
        else:
            click.echo(line(record))
            yield record


def line(record: Record) -> str:
    """Return a line that tells of a measurement while others go on."""
    words = f"{record['work']} round {record['round'] + 1} {record['side']}"
    words += f" on {record['threads']}: "
    if "measures" not in record:
        return words + str(record.get("error") or record.get("unavailable"))
    times = [f"{name} {summary.duration(t)}" for name, t in record["measures"].items()]
    return words + ", ".join(times) + ("" if record["clean"] else ", unclean")


SWEEPS = {
    "batch size": (1, 4, 16, 64, 256, 1024, 4096),
    "width": (16, 32, 64, 128, 256, 512, 1024),
    "depth": (1, 2, 4, 8, 16, 32, 64),
    "rows": (1000, 2000, 4000, 8000, 16000, 32000, 64000),
}


def sweep_options(sweep: str, value: int) -> tuple[list[int], int, int]:
    """Return the sizes, the number of rows and the batch size at one point of a sweep."""
    if sweep == "batch size":
        return [784, 128, 128, 10], max(2 * value, 1024), value
    if sweep == "width":
        return [value, value, value, 10], 1024, 128
    if sweep == "depth":
        return [128] * (value + 1) + [10], 1024, 128
    return [784, 128, 10], value, 128


def growths(side: str, threads: int, rounds: int, mapped_size: float) -> Iterator[Record]:
    """Measure how cost grows, and training from a mapped file."""
    for sweep, values in SWEEPS.items():
        for value in values:
            shape, rows, batch = sweep_options(sweep, value)
            options = ["--kind", "growth", "--threads", threads, "--rows", rows]
            options += ["--batch", batch, "--sizes", "-".join(map(str, shape))]
            runs = [clean_measure(side, sweep, *options) for _ in range(rounds)]
            record: Record = {"sweep": sweep, "value": value, "all": runs}
            good = [run for run in runs if "measures" in run]
            if good:
                # a step, but for the number of rows an epoch
                steps = rows / batch if sweep == "rows" else 1
                record |= {
                    "seconds": steps * statistics.median(r["measures"]["step"] for r in good),
                    "operations": steps * good[0]["operations"],
                    "peak_memory": statistics.median(run["peak_memory"] for run in good),
                    "clean": all(run["clean"] for run in good),
                }
                click.echo(f"{sweep} {value}: {summary.duration(record['seconds'])}")
            else:
                click.echo(f"{sweep} {value}: {runs[0]}")
            yield record
    yield mapped(side, threads, mapped_size)


def mapped(side: str, threads: int, size: float) -> Record:
    """Train from a file that is mapped into memory, and tell how much memory that took."""
    import numpy as np

    rows, features = int(size * 1e9 / 4 / 784), 784
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "inputs.npy"
        X = np.lib.format.open_memmap(file, "w+", np.float32, (rows, features))
        generator = np.random.default_rng(0)
        for first in range(0, rows, 10_000):
            part = X[first : first + 10_000]
            part[:] = generator.standard_normal(part.shape, dtype=np.float32)
        del X
        record = measure(
            side, "mapped", "--kind", "mapped", "--threads", threads, "--file", file
        )
        return {"mapped": True, "file_size": file.stat().st_size, **record}


def show(kind: str, runs: list[Record]) -> None:
    """Print the tables."""
    if kind == "import":
        click.echo(summary.imports(runs))
        return
    if kind == "growth":
        click.echo(summary.growth(runs))
        click.echo(summary.mapped(runs[-1]) if "epoch" in runs[-1] else f"mapped: {runs[-1]}")
        return
    click.echo("A ratio is the row's time over another's: the median of the rounds, and all.")
    for comparison in summary.comparisons(runs):
        click.echo(f"\n{comparison.work}, {comparison.measure}\n")
        click.echo(summary.table(comparison))
        if comparison.unclean:
            click.echo(f"* others used more than {TOLERATED:.0%} of a core meanwhile")
    if any("accuracy" in run for run in runs):
        click.echo("\n" + summary.whole_tasks(runs))
    if any("tails" in run for run in runs):
        click.echo("\n" + summary.tails(runs))
    show_faults(runs)


def show_checkouts(results: Record) -> None:
    """Print the table of two checkouts."""
    runs, other = results["runs"], results["other"]
    click.echo(f"ours: {results['machine']['commit']}")
    click.echo(f"other: {other['commit']}, {other['folder']}")
    click.echo("A ratio is our time over the other's: the median of the rounds, and all.\n")
    click.echo(summary.checkouts(runs, checkouts.OTHER))
    show_faults(runs)


def show_faults(runs: list[Record]) -> None:
    """Print which sides did other work than the rest, and which failed."""
    for words in summary.differing(runs):
        click.echo(f"NOT THE SAME WORK: {words}")
    for words in failures(runs):
        click.echo(f"FAILED: {words}")


def failures(runs: list[Record]) -> list[str]:
    """Say which sides failed, or were asked for by name and are not there."""
    words = [
        f"{run['side']} on {run['work']}: {reason}"
        for run in runs
        if "side" in run and (reason := run.get("error") or run.get("unavailable"))
    ]
    return list(dict.fromkeys(words))


if __name__ == "__main__":
    main()
