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
from ..tabular.baselines import TREES
from ..tabular.scores import USUAL
from ..version import __version__
from .evidence import OURS, Evidence, Score, gather
from .figures import pictures

__all__ = ["report"]

WORST = 10
"""How many of the rows that are most wrong are shown."""

MOST_COLUMNS = 12
"""How many of their columns, the most important first."""

FEW = 30
"""Of a class with fewer rows little can be said."""

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
    good, verdict = _verdict(evidence)
    n_rows, n = len(evidence.right), len(ensemble.members)
    seen = "which it has not learnt from, as far as its file tells."
    if evidence.learnt_from:
        seen = "each answered by a network that had not seen it."
    names = [*next(iter(evidence.scores.values()))]
    trained = f"{n} network{'s' * (n != 1)}{', whose answers are averaged' * (n > 1)}."
    if isinstance(ensemble.target, Classes):
        trained += (
            f" Probabilities are set right by the temperature {ensemble.temperature:.3g}."
        )
    return {
        "title": f"How well can {column} be predicted?",
        "source": f"Measured on {n_rows:,} rows of {source}",
        "good": good,
        "verdict": verdict,
        "measured_on": f"On {n_rows:,} rows of {source}, {seen}",
        "metrics": [name.replace("_", " ") for name in names],
        "directions": [
            f"{'smaller' if name.endswith(SMALLER) else 'larger'} is better" for name in names
        ],
        "scores": [
            (name, [(_number(m, s.value), _interval(m, s)) for m, s in values.items()])
            for name, values in evidence.scores.items()
        ],
        "pictures": pictures(evidence, column, about.get("curves", ())),
        "columns": [*evidence.importance][:MOST_COLUMNS],
        "worst": _worst(evidence),
        "understood": about.get("columns") or _features(ensemble),
        "left_out": LEFT_OUT,
        "trained": trained,
        "layers": ensemble.members[0].summary(),
        "version": __version__,
    }


def _features(ensemble: Ensemble) -> list[tuple[str, str, str]]:
    """Return what columns are by the features alone, where the file tells no more."""
    return [(feature.column, feature.kind, "") for feature in ensemble.encoding.features]


def _number(metric: str, value: float) -> str:
    return f"{value:.1%}" if metric.endswith("accuracy") else f"{value:.4g}"


def _interval(metric: str, score: Score) -> str:
    return f"[{_number(metric, score.low)}, {_number(metric, score.high)}]"


def _verdict(evidence: Evidence) -> tuple[bool, list[str]]:
    """Say in plain words whether to use the model: whether it is good, and why."""
    scores, target = evidence.scores, evidence.target
    ours = scores[OURS]
    name = USUAL[target.kind][0]
    constant = next((n for n in scores if n in ("most frequent class", "mean")), None)
    said = []
    if isinstance(target, Classes):
        told = 100 * ours["accuracy"].value
        said.append(f"Of 100 rows it gets {told:.0f} right.")
        counts = np.bincount(evidence.right, minlength=target.n_outputs)
        most, part = target.labels[int(counts.argmax())], 100 * counts.max() / counts.sum()
        said.append(f"Always saying {most!r}, the most frequent class, gets {part:.0f}.")
        better = (
            _surely_below(ours["log_loss"], scores[constant]["log_loss"])
            if constant
            else told > part
        )
    else:
        assert isinstance(target, Measure)
        off = ours[name].value
        said.append(f"On average its answer is off by {off:.4g}.")
        middle = float(np.median(evidence.right))
        mean_off = float(np.abs(evidence.right - middle).mean())
        said.append(f"Always saying {middle:.4g}, the middle value, is off by {mean_off:.4g}.")
        better = ours["r2"].low > 0
    first = "It is worth using: " if better else "Don't use it as it is: "
    said[0] = first + said[0][:1].lower() + said[0][1:]
    others = [n for n in scores if n not in (OURS, constant)]
    by = f"on the same rows, by {name.replace('_', ' ')}"
    for other in others:
        score, trees = scores[other][name], other == TREES
        called = "Gradient-boosted trees do" if trees else "A linear model does"
        if _surely_below(ours[name], score):
            said.append(f"{called} worse {by}.")
        elif _surely_below(score, ours[name]):
            said.append(f"{called} better {by}: consider {'them' if trees else 'it'}.")
        else:
            said.append(f"{called} about as well {by}.")
    if isinstance(target, Classes):
        counts = np.bincount(evidence.right, minlength=target.n_outputs)
        least = int(np.where(counts > 0, counts, counts.max() + 1).argmin())
        if counts[least] < FEW:
            said.append(
                f"Only {counts[least]} rows are {target.labels[least]!r}: what is said of that "
                "class is not sure."
            )
    return bool(better), said


def _surely_below(a: Score, b: Score) -> bool:
    """Whether a score is smaller than another by more than chance: by their intervals."""
    return a.high < b.value and a.value < b.low


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
            said, right = f"{evidence.answers[row]:.5g}", f"{evidence.right[row]:.5g}"
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
