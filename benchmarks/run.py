"""The one command: measure xpnn and its peers in turns, and print the ratios.

Run as ``python benchmarks/run.py``; README.md says what is compared, and how.
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib import metadata, util
from pathlib import Path
from typing import Any

import click
import machine
import sides
import summary

HERE = Path(__file__).parent
WORKS = ("spiral", "small", "fmnist", "large")
TOLERATED = 0.08
"""The share of a core that others may use while we measure."""
ATTEMPTS = 4
TIME_LIMIT = 900

IMPORTED = {
    "xpnn": "xpnn",
    "numpy": "numpy",
    "torch": "torch",
    "jax": "jax",
    "scikit-learn": "sklearn.neural_network",
    "keras": "keras",
}
"""What is imported for each distribution."""

Record = dict[str, Any]


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
    "works",
    type=click.Choice(WORKS),
    multiple=True,
    help="By default all; repeat it.",
)
@click.option("--side", "names", multiple=True, help="By default all; repeat it.")
@click.option("--rounds", default=5, help="How often each side has its turn.")
@click.option(
    "--threads", default="", show_default="1,2; on cuda 2", help="Numbers of threads."
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
    works: tuple[str, ...],
    names: tuple[str, ...],
    rounds: int,
    threads: str,
    mapped_size: float,
    output: Path | None,
) -> None:
    """Measure xpnn and its peers in turns, and print the ratios of their times."""
    counts = [
        int(count) for count in (threads or ("2" if device == "cuda" else "1,2")).split(",")
    ]
    if not (output or works or names):
        output = HERE / "results" / f"{kind}-{device}.json"
    if output:
        output.parent.mkdir(parents=True, exist_ok=True)
    results: Record = {"kind": kind, "machine": machine.describe(), "runs": []}
    if kind == "import":
        runs = import_times()
    elif kind == "growth":
        runs = growths(names[0] if names else "xpnn-numpy", counts[-1], rounds, mapped_size)
    else:
        runs = turns(kind, device, works or WORKS, names, rounds, counts)
    for record in runs:
        results["runs"].append(record)
        # after each one, so that what was measured survives an interruption
        if output:
            output.write_text(json.dumps(results, indent=1) + "\n")
    click.echo()
    show(kind, results["runs"])
    if output:
        click.echo(f"\nwritten to {output}")
    if failures(results["runs"]):
        sys.exit(1)


def turns(
    kind: str,
    device: str,
    works: tuple[str, ...],
    names: tuple[str, ...],
    rounds: int,
    counts: list[int],
) -> Iterator[Record]:
    """Give each side its turn in each round, and yield what it measured."""
    if kind == "inference":
        works = ("inference",)
        wanted = list(names or sides.INFERENCE)
    else:
        wanted = list(names or (sides.CUDA if device == "cuda" else sides.CPU))
    missing: set[str] = set()
    for work in works:
        if work == "fmnist":
            yield {"side": "data", "work": work, **measure("data", work)}
        for number in range(rounds):
            for side in wanted:
                for threads in counts:
                    if side in missing:
                        continue
                    record = {"side": side, "work": work, "threads": threads, "round": number}
                    record |= clean_measure(side, work, "--kind", kind, "--threads", threads)
                    if "unavailable" in record and not names:
                        click.echo(f"{side} is left out: {record['unavailable']}")
                        missing.add(side)
                        continue
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


def clean_measure(side: str, work: str, *options: Any) -> Record:
    """Measure, again if others used the machine; what stays unclean is marked."""
    attempts = []
    while len(attempts) < ATTEMPTS:
        attempts.append(measure(side, work, *options))
        if attempts[-1].get("others", 0) <= TOLERATED:
            break
        time.sleep(1)
    best = min(attempts, key=lambda attempt: attempt.get("others", 0))
    return best | {"clean": best.get("others", 0) <= TOLERATED, "attempts": len(attempts)}


def measure(side: str, work: str, *options: Any) -> Record:
    """Measure in a process of its own; a failure is told, and ends nothing."""
    command = [sys.executable, str(HERE / "worker.py"), side, work, *map(str, options)]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            env=machine.environment(),
            timeout=TIME_LIMIT,
        )
    except subprocess.TimeoutExpired:
        return {"error": f"it took more than {TIME_LIMIT} s"}
    if done.returncode:
        return {"error": (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]}
    return json.loads(done.stdout.splitlines()[-1])


def import_times(times: int = 7) -> Iterator[Record]:
    """Time imports in new processes, in turns, without what Python itself takes."""
    measured: dict[str, list[float]] = {}
    statements = {"": "pass"} | {name: f"import {what}" for name, what in IMPORTED.items()}
    # Keras is imported together with the library that it computes on
    environment = machine.environment() | {"KERAS_BACKEND": "jax"}
    for number in range(times + 1):
        for name, statement in list(statements.items()):
            command = [sys.executable, "-c", statement]
            started = time.perf_counter()
            done = subprocess.run(command, env=environment, capture_output=True, text=True)
            seconds = time.perf_counter() - started
            if done.returncode:
                click.echo(f"{name} is left out: {done.stderr.splitlines()[-1]}")
                del statements[name]
            elif number:  # the first time fills the caches
                measured.setdefault(name, []).append(seconds)
    bare = statistics.median(measured.pop(""))
    for name, seconds_of_all in measured.items():
        yield {
            "side": name,
            "seconds": statistics.median(seconds_of_all) - bare,
            "all": seconds_of_all,
            "bare": bare,
            "size": installed_size(name, *(["jax"] if name == "keras" else [])),
        }


def installed_size(*names: str) -> int:
    """Return the bytes of distributions and of all that they require, without byte code."""
    todo = list(names)
    paths: set[Path] = set()
    seen = set()
    while todo:
        name = re.sub(r"[-_.]+", "-", todo.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # required on other systems only
        paths |= {Path(str(found.locate_file(file))).resolve() for file in found.files or ()}
        # what belongs to an extra is not required, and the name comes first
        required = [words for words in found.requires or () if "extra ==" not in words]
        todo += [match[0] for words in required if (match := re.match(r"[\w.-]+", words))]
    if "xpnn" in names:  # installed for editing, its files are elsewhere
        for package in ("xpnn", "xpnn.backends"):
            for folder in util.find_spec(package).submodule_search_locations:
                paths |= {path.resolve() for path in Path(folder).rglob("*")}
    return sum(p.stat().st_size for p in paths if p.is_file() and p.suffix != ".pyc")


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
