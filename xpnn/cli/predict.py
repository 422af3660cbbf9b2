"""The command ``xpnn predict``: the answers of a model for the rows of a table."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import click
import numpy as np

from ..files.atomic import atomic_write, named
from ..tables import Classes, batches
from ..tables.features import Odd
from ..tables.targets import Target
from .models import Model, load
from .options import (
    DataName,
    FilePath,
    backend_option,
    check_writable,
    import_option,
    model_argument,
)
from .saying import standard_output, tell, where


@click.command()
@model_argument
@click.argument("data", type=DataName(), metavar="DATA")
@click.option(
    "--id",
    "ids",
    multiple=True,
    metavar="COLUMN",
    help="A column of DATA to write beside the answers; repeat it.",
)
@click.option("--keep", is_flag=True, help="Write all columns of DATA beside the answers.")
@click.option(
    "--output",
    type=FilePath(),
    help="The CSV file, or pipe, to write to.  [default: the terminal]",
)
@backend_option
@import_option
def predict(
    model: Path,
    data: str,
    ids: tuple[str, ...],
    keep: bool,
    output: Path | None,
    backend: str | None,
) -> None:
    """Predict with the MODEL for each row of a table, or of standard input where it is -.

    DATA is a table as 'xpnn train' takes it; it may be larger than memory.  The columns are
    found by their names, and others, such as the target, are left alone.  For a model that
    was trained on a built-in data set the columns are its features in their order.  What is
    written has a row for each row: the prediction and, for classes, the probability of each.
    What the training rows had nothing like is counted, and told once.
    """
    loaded = load(model, backend)
    if output is not None and str(output) == "-":
        output = None
    if output is not None and not _is_pipe(output):
        check_writable("--output", output, ("the data", data), ("the model", model))
    names = None
    if not keep and loaded.columns is not None:
        names = [*dict.fromkeys([*loaded.columns, *ids])]
    odd, n_rows = Odd(), 0
    header = _header(loaded.target)
    numbers = frozenset[str]() if keep else loaded.numbers.difference(ids)
    with closing(batches(data, names, numbers=numbers, counts=keep)) as tables:
        first = next(tables)  # what can't be read is told before anything is opened
        with _opened(output) as file:
            writer = csv.writer(file, lineterminator="\n")
            for table in chain([first], tables):
                kept = table.columns if keep else dict.fromkeys(ids)
                beside = {name: table[name].cells() for name in kept}
                if not n_rows:
                    writer.writerow([*(_free(name, header) for name in beside), *header])
                features = table.without(ids) if loaded.columns is None else table
                answers = _answers(loaded, loaded.answers(features, odd))
                writer.writerows(zip(*beside.values(), *answers))
                n_rows += len(table)
    if odd.cells:
        tell(f"Warning: {odd}")
    if output is not None:
        place = where(loaded.network.backend)
        tell(f"Predicted {n_rows:,} rows with {place}; wrote {output}")


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


def _free(name: str, taken: list[str]) -> str:
    """Return a column's name, or one like it where an answer has it."""
    while name in taken:
        name = f"{name} given"
    return name


def _header(target: Target) -> list[str]:
    """Return what the columns of the answers are called."""
    if isinstance(target, Classes):
        return ["prediction", *(f"probability {label}" for label in target.labels)]
    return ["prediction"]


def _answers(model: Model, answers: np.ndarray) -> list[list[str]]:
    """Return the columns of answers as text."""
    target = model.target
    if isinstance(target, Classes):
        told = model.weighed(answers).argmax(axis=1)
        labels = np.array(target.labels, dtype=object)[told].tolist()
        return [labels, *([f"{p:.6g}" for p in column] for column in answers.T.tolist())]
    return [[f"{value:.7g}" for value in answers.tolist()]]
