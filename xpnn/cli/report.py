"""The command ``xpnn report``: a page about a model of a table."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import click
import numpy as np

from ..checks import check_integer, check_number
from ..tables import Classes, read
from ..tables.readers import number, reader, text, wrong
from ..training.checking import blamed
from .models import TableModel, load_any
from .options import (
    DataName,
    FilePath,
    answers_option,
    backend_option,
    check_writable,
    import_option,
    metric_option,
    model_argument,
)
from .saying import say, tell

__all__ = ["checked", "digest", "report"]


@click.command()
@model_argument
@click.argument("data", type=DataName(), metavar="TABLE")
@click.option(
    "--output",
    type=FilePath(),
    default=Path("report.html"),
    show_default=True,
    help="The page to write.",
)
@answers_option
@metric_option
@backend_option
@import_option
def report(
    model: Path,
    data: str,
    output: Path,
    target: str | None,
    metric: tuple[str, ...],
    backend: str | None,
) -> None:
    """Write a page that tells whether to use the MODEL, and where it goes wrong.

    TABLE has rows whose answers are known.  If it is the table that the model learnt from, each
    row is answered by a network that had not seen it.  The page is one file, which needs no
    other: scores and how sure they are beside those of simple models, in plain words first;
    pictures of what is taken for what, of the probabilities, of what the model goes by; the
    rows that are most wrong; and what the columns were taken for.
    """
    loaded, extra = load_any(model, backend)
    if not isinstance(loaded, TableModel):
        raise ValueError(f"{model} is no model of a table that this version of xpnn trained")
    check_writable("--output", output, ("the data", data), ("the model", model))
    from ..report import report as write_report

    goal = loaded.target
    with blamed(model, "does not tell of its training well"):
        about = checked(extra.get("report", {}), len(loaded.ensemble.members))
    column = target or goal.column
    if not column:
        raise ValueError(f"--target must name the column of {data} with the right answers")
    table = read(data)
    right = goal.apply(table[column])
    known = right >= 0 if isinstance(goal, Classes) else np.isfinite(right)
    rows = np.flatnonzero(known)
    if len(rows) < 2:
        raise ValueError(f"{data} has no two rows with a {column} that the model knows")
    write_report(
        loaded.ensemble,
        (table if column in loaded.columns else table.without([column])).take(rows),
        right[rows],
        column,
        output,
        about=about,
        numbers=rows,
        learnt_from=about.get("digest") == digest(right[rows]),
        metrics=metric,
    )
    if len(rows) < len(known):
        tell(f"Note: {len(known) - len(rows):,} rows without a {column}: left out")
    say(f"wrote {output}")


def digest(right: np.ndarray) -> str:
    """Return what tells rows that were learnt from by their answers, in their order."""
    return hashlib.sha256(np.asarray(right, np.float64).tobytes()).hexdigest()


def checked(about: Any, n_members: int) -> dict[str, Any]:
    """Return what a model file tells of its training, trusting nothing; {} if it tells nothing.

    Raises
    ------
    TypeError, ValueError
        If it is not of the form in which 'xpnn train' writes it.
    """
    if about == {}:
        return {}
    return dict(reader(dict, **_FIELDS)(about, "report")) | _enough(about, n_members)


def _enough(about: dict[str, Any], n_members: int) -> dict[str, Any]:
    return {"members": check_integer("members", about["members"], at_least=n_members)}


def _curves(value: Any, name: str) -> list[dict[str, list[float]]]:
    if not isinstance(value, list):
        raise wrong(name, "a list", value)
    return [_curve(curve, f"{name}[{k}]") for k, curve in enumerate(value)]


def _numbers(value: Any, name: str) -> list[float]:
    if not isinstance(value, list) or not value:
        raise wrong(name, "a list of numbers", value)
    return [number(entry, name) for entry in value]


def _columns(value: Any, name: str) -> list[list[str]]:
    if not isinstance(value, list):
        raise wrong(name, "a list", value)
    for one in value:
        if not isinstance(one, list) or len(one) != 3:
            raise wrong(name, "lists of three texts", one)
        for entry in one:
            text(entry, name)
    return value


def _integer(value: Any, name: str) -> int:
    return check_integer(name, value, at_least=0)


def _part(value: Any, name: str) -> float:
    check_number(name, value, at_least=0, below=1)
    return float(value)


_curve = reader(dict, loss=_numbers, val_loss=_numbers)
_FIELDS: dict[str, Any] = {
    "digest": text,
    "seed": _integer,
    "validation_split": _part,
    "members": _integer,
    "curves": _curves,
    "columns": _columns,
}
