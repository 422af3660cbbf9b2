"""The command ``xpnn predict``: the answers of a model for the rows of a table."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import numpy as np

from ..files.atomic import atomic_write, named
from ..tables import Classes, Measure, read_table
from .models import load
from .options import (
    DataName,
    FilePath,
    backend_option,
    check_writable,
    import_option,
    model_argument,
)
from .saying import standard_output, tell


@click.command()
@model_argument
@click.argument("data", type=DataName(), metavar="DATA.csv")
@click.option(
    "--output",
    type=FilePath(),
    help="The CSV file, or pipe, to write to.  [default: the terminal]",
)
@backend_option
@import_option
def predict(model: Path, data: str, output: Path | None, backend: str | None) -> None:
    """Predict with the MODEL for each row of a CSV file, or of standard input where it is -.

    The columns are found by their names, and others, such as the target, are left alone.
    For a model that was trained on a built-in data set the columns are its features in
    their order.  What is written has a row for each row: the prediction and, for classes,
    the probability of each.
    """
    loaded = load(model, backend)
    network, preparation = loaded.network, loaded.preparation
    if output is not None and str(output) == "-":
        output = None
    if output is not None and not _is_pipe(output):
        check_writable("--output", output, ("the data", data), ("the model", model))
    table = read_table(data)
    outputs = network.predict(preparation.inputs(table, network.n_inputs or 0))
    header, rows = _answers(preparation.target, outputs)
    with _opened(output) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    if output is not None:
        tell(
            f"Predicted {len(table):,} rows with {network.backend.name} on "
            f"{network.backend.device}; wrote {output}"
        )


def _is_pipe(path: Path) -> bool:
    """Whether a path is that of a pipe or a device, which rows can go through."""
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


@contextmanager
def _opened(output: Path | None) -> Iterator[Any]:
    """Open what the answers are written to: standard output where there is no file."""
    if output is None:
        with standard_output() as file:
            if file is None:
                raise ValueError("standard output is closed: give --output")
            yield file
    elif _is_pipe(output):
        with named(output), open(output, "w", newline="", encoding="utf-8") as file:
            yield file
    else:
        with (
            atomic_write(output) as temporary,
            open(temporary, "w", newline="", encoding="utf-8") as file,
        ):
            yield file


def _answers(
    target: Classes | Measure, outputs: np.ndarray
) -> tuple[list[str], Iterator[list[str]]]:
    """Return the header and the rows that the network's outputs stand for, as text."""
    if isinstance(target, Classes):
        return ["prediction", *(f"probability {label}" for label in target.labels)], (
            [target.labels[best], *(f"{p:.6g}" for p in probabilities)]
            for best, probabilities in zip(outputs.argmax(axis=1), outputs.tolist())
        )
    numbers = target.restore(outputs)[:, 0].tolist()
    return ["prediction"], ([f"{value:.7g}"] for value in numbers)
