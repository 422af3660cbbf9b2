"""A report as one file of HTML."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

import numpy as np

from ..files.atomic import atomic_write
from ..tables.columns import Table
from ..tables.targets import Classes, Measure
from ..tables.understanding import LEFT_OUT
from ..tabular import Ensemble
from ..tabular.baselines import TREES
from ..tabular.scores import USUAL
from ..version import __version__
from .evidence import Evidence, Score, gather
from .figures import pictures

__all__ = ["report"]

WORST = 10
"""How many of the rows that are most wrong are shown."""

MOST_COLUMNS = 12
"""How many of their columns, the most important first."""

SMALLER = ("log_loss", "error")
"""What is better the smaller it is, by how its name ends."""


def report(
    ensemble: Ensemble,
    table: Table,
    right: np.ndarray,
    path: str | os.PathLike[str],
    *,
    about: Mapping[str, Any] | None = None,
    learnt_from: bool = False,
    metrics: Sequence[str] = (),
) -> Evidence:
    """Write a page about a model, measured on some rows.

    Parameters
    ----------
    ensemble : Ensemble
        The model.
    table : Table
        Rows whose answers are known.
    right : numpy.ndarray of shape (n,)
        The answers: numbers of classes, or numbers.
    path : str or path
        The file.
    about : mapping, optional
        What the model's file tells of its training, under "report".
    learnt_from : bool
        Whether it is these rows that it learnt from, so that each is answered by the network
        that left it out.
    metrics : sequence of str
        Names of metrics to measure beside the usual ones.

    Returns
    -------
    Evidence
        What was measured.

    Raises
    ------
    ModuleNotFoundError
        If Jinja2 or matplotlib is not installed.
    """
    from jinja2 import Environment, StrictUndefined

    about = about or {}
    evidence = gather(ensemble, table, right, about if learnt_from else None, metrics)
    template = files("xpnn.report").joinpath("page.html").read_text(encoding="utf-8")
    page = Environment(autoescape=True, undefined=StrictUndefined).from_string(template)
    good, verdict = _verdict(evidence)
    rows = f"{len(evidence.right):,} rows of {table.source}"
    n = len(ensemble.members)
    names = [*next(iter(evidence.scores.values()))]
    html = page.render(
        title=f"How well can {ensemble.target.column} be predicted?",
        source=f"A model of {table.source}, measured on {len(evidence.right):,} rows",
        good=good,
        verdict=verdict,
        measured_on=(
            f"On {rows}, each answered by a network that had not seen it."
            if evidence.learnt_from
            else f"On {rows}, which it has not learnt from, as far as its file tells."
        ),
        metrics=[name.replace("_", " ") for name in names],
        directions=[
            "smaller is better" if name.endswith(SMALLER) else "larger is better"
            for name in names
        ],
        scores=[
            (
                name,
                [
                    (_number(metric, s.value), _interval(metric, s))
                    for metric, s in values.items()
                ],
            )
            for name, values in evidence.scores.items()
        ],
        pictures=pictures(evidence, about.get("curves", ())),
        columns=[*evidence.importance][:MOST_COLUMNS],
        worst=_worst(evidence),
        understood=about.get("columns") or _features(ensemble),
        left_out=LEFT_OUT,
        trained=(
            f"{n} network{'s' * (n != 1)}{', whose answers are averaged' * (n > 1)}."
            + (
                f"  Probabilities are set right by the temperature {ensemble.temperature:.3g}."
                if isinstance(ensemble.target, Classes)
                else ""
            )
        ),
        layers=ensemble.members[0].summary(),
        version=__version__,
    )
    with atomic_write(path) as temporary:
        temporary.write_text(html, encoding="utf-8")
    return evidence


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
    ours = scores["this model"]
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
    others = [n for n in scores if n not in ("this model", constant)]
    for other in others:
        s = scores[other][name]
        trees = other == TREES
        do = "do" if trees else "does"
        called = "Gradient-boosted trees" if trees else "A linear model"
        if _surely_below(ours[name], s):
            said.append(f"{called} {do} worse on the same rows.")
        elif _surely_below(s, ours[name]):
            said.append(
                f"{called} {do} better on the same rows: consider {'them' if trees else 'it'}."
            )
        else:
            said.append(f"{called} {do} about as well on the same rows.")
    sizes = evidence.right
    if isinstance(target, Classes):
        rare = np.bincount(sizes, minlength=target.n_outputs)
        least = int(np.where(rare > 0, rare, rare.max() + 1).argmin())
        if rare[least] < 30:
            said.append(
                f"Only {rare[least]} rows are {target.labels[least]!r}: what is told of that "
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
            best = int(evidence.answers[row].argmax())
            said = f"{target.labels[best]} ({evidence.answers[row, best]:.0%})"
            right = target.labels[int(evidence.right[row])]
        else:
            said, right = f"{evidence.answers[row]:.5g}", f"{evidence.right[row]:.5g}"
        own = [cell[place] for cell in cells]
        shown = ["" if cell is None else str(cell)[:60] for cell in own]
        found.append({"number": f"{row + 1:,}", "said": said, "right": right, "cells": shown})
    return found
