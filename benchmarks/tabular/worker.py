"""One fit in a process of its own, told as one line of JSON, which is the last.

Run as ``python -m tabular.worker TABLE FOLD SIDE``, in ``benchmarks/``.
"""

from __future__ import annotations

import gc
import json
import resource
import time
import warnings
from typing import Any

import click
import numpy as np
from machine import Neighbours, forget_peak, memory

from . import data, peers, scores

WARM_ROWS = 64


@click.command()
@click.argument("table", type=click.Choice(data.NAMES))
@click.argument("fold", type=int)
@click.argument("side", type=click.Choice(list(peers.SIDES)))
@click.option("--cpu-limit", default=0, help="After so many seconds the process is ended.")
def main(table: str, fold: int, side: str, cpu_limit: int) -> None:
    """Fit SIDE on the training rows of TABLE's FOLD, and score it on the others."""
    if cpu_limit:
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_limit, cpu_limit + 10))
    # that a peer has not converged after its default number of epochs is its default
    warnings.simplefilter("ignore")
    try:
        record = measure(table, fold, side)
    except peers.UnavailableError as error:
        record = {"unavailable": str(error)}
    click.echo(json.dumps(record))


def measure(table: str, fold: int, side: str) -> dict[str, Any]:
    """Return the record of a fit."""
    classes = data.TABLES[table].classes
    X, y = data.load(table)
    train, test = data.split(table, fold, y)
    rows, target = X.iloc[test], y.iloc[test].to_numpy()
    # reading takes more for a moment, and that is nobody's merit or fault
    gc.collect()
    forget_peak()
    record: dict[str, Any] = {"rows": len(train), "columns": X.shape[1]}
    record["data_memory"] = memory("VmRSS")
    warm(side, classes)
    model = peers.make(side, classes)
    neighbours = Neighbours()
    started, used = time.perf_counter(), cpu_seconds()
    model.fit(X.iloc[train], y.iloc[train])
    record["fit"] = cpu_seconds() - used
    record["fit_wall"] = time.perf_counter() - started
    record["others"] = neighbours.share()
    used = cpu_seconds()
    # what a user calls for the scores below
    probabilities = model.predict_proba(rows) if classes else None
    predicted = model.predict(rows) if not classes else None
    record["predict"] = cpu_seconds() - used
    record["peak_memory"] = memory("VmHWM")
    if classes:
        found = scores.of_classes(model.predict(rows), probabilities, model.classes_, target)
        return record | found
    error = scores.of_numbers(predicted, target, y.iloc[train].to_numpy())
    return record | {"error": error}


def warm(side: str, classes: bool) -> None:
    """Fit a few drawn rows: what is imported or started at first use is in no one's time."""
    import pandas as pd

    draw = np.random.default_rng(data.SEED)
    X = pd.DataFrame(
        {
            "number": draw.normal(size=WARM_ROWS),
            "text": draw.choice(["a", "b", "c"], WARM_ROWS),
        }
    )
    y = pd.Series(draw.choice(["no", "yes"], WARM_ROWS) if classes else X["number"] ** 2)
    model = peers.make(side, classes).fit(X, y)
    model.predict_proba(X) if classes else model.predict(X)


def cpu_seconds() -> float:
    """Return what this process has used of the processors, and those that it started."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


if __name__ == "__main__":
    main()
