"""A report as one file of HTML."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.resources import files
from typing import Any

import numpy as np

from ..files.atomic import atomic_write
from ..plots import check_picture
from ..tables.columns import Table
from ..tables.targets import Classes, Measure
from ..tables.understanding import LEFT_OUT
from ..tabular import Ensemble
from ..version import __version__
from .evidence import Evidence, Score, gather
from .figures import pictures
from .verdict import verdict_of
from .words import ALL_DIGITS, GLOSSES, counted, metric_value, number, spoken

__all__ = ["report"]

WORST = 10
"""How many of the rows that are most wrong are shown."""

LONG = 16
"""Longer answers have broad columns of their own."""

ROWS_COUNTED = "Row 1 is the first with cells: the line with the columns' names is not counted."

MOST_COLUMNS = 12
"""How many of their columns, the most important first."""

SMALLER = ("log_loss", "error")
"""What is better the smaller it is, by how its name ends."""


def report(
    ensemble: Ensemble,
    table: Table,
    right: np.ndarray,
    column: str,
    path: str | os.PathLike[str],
    *,
    about: Mapping[str, Any] | None = None,
    numbers: np.ndarray | None = None,
    learnt_from: bool = False,
    metrics: Sequence[str] = (),
) -> Evidence:
    """Write a page about a model, measured on some rows.

    Parameters
    ----------
    ensemble, table, right, metrics
        As of `xpnn.report.gather`.
    column : str
        What the answers are called.
    path : str or path
        The file.
    about : mapping, optional
        What the model's file tells of its training, under "report".
    numbers : numpy.ndarray of int, shape (n,), optional
        Which rows of a file they are, counted from 0; by default all of them.
    learnt_from : bool
        Whether it is these rows that it learnt from, so that each is answered by the network
        that left it out.

    Returns
    -------
    Evidence
        What was measured.

    Raises
    ------
    ModuleNotFoundError
        If Jinja2 or matplotlib is not installed.
    """
    environment = _environment()
    about = about or {}
    evidence = gather(ensemble, table, right, about if learnt_from else None, metrics)
    template = files("xpnn.report").joinpath("page.html").read_text(encoding="utf-8")
    if numbers is not None:
        evidence = replace(evidence, numbers=numbers[evidence.numbers])
    told = _told(evidence, ensemble, table.source, column, about)
    html = environment.from_string(template).render(told)
    with atomic_write(path) as temporary:
        temporary.write_text(html, encoding="utf-8")
    return evidence


def _environment() -> Any:
    """Return what makes pages of templates, where all that it takes is installed."""
    try:
        from jinja2 import Environment, StrictUndefined
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "a report needs Jinja2, which is not installed: pip install 'xpnn[report]'"
        ) from error
    check_picture("report.svg")
    return Environment(autoescape=True, undefined=StrictUndefined)


def _told(
    evidence: Evidence, ensemble: Ensemble, source: str, column: str, about: Mapping[str, Any]
) -> dict[str, Any]:
    """Return all that the template shows, by its names there."""
    verdict, worst = verdict_of(evidence), _worst(evidence)
    n_rows, n = len(evidence.right), len(ensemble.members)
    unit = ensemble.target.style.unit if isinstance(ensemble.target, Measure) else ""
    names = [*next(iter(evidence.scores.values()))]
    trained = f"{n} network{'s' * (n != 1)}{', whose answers are averaged' * (n > 1)}."
    if isinstance(ensemble.target, Classes):
        trained += (
            "  After the training probabilities were made as sure as they are right, by the "
            f"temperature {ensemble.temperature:.3g}: above 1 it makes them less sure, below 1 "
            "surer."
        )
    return {
        "title": f"How well can {column} be predicted?",
        "source": f"Measured on {n_rows:,} rows of {source}",
        "kind": verdict.kind,
        "verdict": verdict.lines,
        "measured_on": _measured_on(evidence, source),
        "metrics": [spoken(name) for name in names],
        "glosses": [(spoken(name), GLOSSES[name]) for name in names if name in GLOSSES],
        "directions": [
            f"{'smaller' if name.endswith(SMALLER) else 'larger'} is better" for name in names
        ],
        "scores": [
            (
                f"always the {name}" if name == evidence.judge.name else name,
                [(metric_value(m, s.value, unit), _interval(m, s)) for m, s in values.items()],
            )
            for name, values in evidence.scores.items()
        ],
        "pictures": pictures(evidence, column, about.get("curves", ())),
        "columns": [*evidence.importance][:MOST_COLUMNS],
        "worst": worst,
        "long": max(len(row["said"]) for row in worst) > LONG,
        "rows_counted": ROWS_COUNTED,
        "understood": about.get("columns") or _features(ensemble),
        "left_out": LEFT_OUT,
        "trained": trained,
        "layers": ensemble.members[0].summary(),
        "version": __version__,
    }


def _features(ensemble: Ensemble) -> list[tuple[str, str, str]]:
    """Return what columns are by the features alone, where the file tells no more."""
    return [(feature.column, feature.kind, "") for feature in ensemble.encoding.features]


def _measured_on(evidence: Evidence, source: str) -> str:
    """Say which rows are measured, and by what."""
    n, others = len(evidence.right), evidence.unanswered
    if not evidence.learnt_from:
        return (
            f"On {counted(n, 'row')} of {source}.  The model's file can't tell whether it "
            "learnt from some of these."
        )
    said = (
        f"On {counted(n, 'row')} of {source}, each answered by a network that had not seen it."
    )
    if others:
        said += (
            f"  All networks learnt from the other {counted(others, 'row')}: answers to these "
            "tell nothing of new ones.  With more networks more rows can be measured."
        )
    return said


def _interval(metric: str, score: Score) -> str:
    ends = (metric_value(metric, end) for end in (score.low, score.high))
    return f"[{' to '.join(ends)}]"


def _worst(evidence: Evidence) -> list[dict[str, Any]]:
    """Return the rows that are most wrong, with their cells."""
    target, order = evidence.target, np.argsort(-evidence.losses, kind="stable")[:WORST]
    rows = evidence.table.take(order)
    cells = [rows[name].cells() for name in [*evidence.importance][:MOST_COLUMNS]]
    found = []
    for place, row in enumerate(order.tolist()):
        if isinstance(target, Classes):
            best = int(evidence.told[row])
            said = f"{target.labels[best]} ({evidence.answers[row, best]:.0%})"
            right = target.labels[int(evidence.right[row])]
        else:
            said = number(evidence.answers[row])
            right = number(evidence.right[row], ALL_DIGITS)
        own = [cell[place] for cell in cells]
        shown = ["" if cell is None else str(cell)[:60] for cell in own]
        found.append(
            {
                "number": f"{evidence.numbers[row] + 1:,}",
                "said": said,
                "right": right,
                "cells": shown,
            }
        )
    return found
