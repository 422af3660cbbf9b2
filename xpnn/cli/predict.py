"""The command ``xpnn predict``: the answers of a model for the rows of a table."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np

from ..files.atomic import atomic_write
from ..tables import Classes, Measure, read_table
from .models import load
from .options import backend_option, check_writable, model_argument


@click.command()
@model_argument
@click.argument("data", metavar="DATA.csv")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="The CSV file to write to.  [default: the terminal]",
)
@backend_option
def predict(model: Path, data: str, output: Path | None, backend: str | None) -> None:
    """Predict with the MODEL for each row of a CSV file.

    The columns are found by their names, and others, such as the target, are left alone.
    For a model that was trained on a built-in data set the columns are its features in
    their order.  What is written has a row for each row: the prediction and, for classes,
    the probability of each.
    """
    loaded = load(model, backend)
    network, preparation = loaded.network, loaded.preparation
    if output is not None:
        check_writable("--output", output, ("the data", data), ("the model", model))
    table = read_table(data)
    outputs = network.predict(preparation.inputs(table, network.n_inputs or 0))
    header, rows = _answers(preparation.target, outputs)
    if output is None:
        _write(sys.stdout, header, rows)
        return
    with (
        atomic_write(output) as temporary,
        open(temporary, "w", newline="", encoding="utf-8") as file,
    ):
        _write(file, header, rows)
    click.echo(
        f"Predicted {len(table):,} rows with {network.backend.name} on "
        f"{network.backend.device}; wrote {output}",
        err=True,
    )


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


def _write(file: Any, header: list[str], rows: Iterator[list[str]]) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
