"""The pictures of a report, as SVG whose lines and letters take the page's own colour."""

from __future__ import annotations

import html
import io
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..plots import COLOURS, confusion_matrix
from ..plots.style import new_figure
from ..tables.targets import Classes
from .effects import Effect
from .evidence import Evidence

__all__ = ["Picture", "pictures"]

INK = "#010203"
"""Stands for the page's own colour of letters, light or dark."""

MOST_CLASSES = 6
"""How many classes have curves of their own: of more, the most frequent."""

BINS = 10
"""Into how many parts probabilities are sorted to see how often they are right."""

MOST_POINTS = 2000
"""How many rows are drawn as points."""

COUNTED = 0.98
"""The part of residuals that a histogram shows: a few far ones would leave one bar."""


class Picture(NamedTuple):
    """A picture, and what it shows.

    Attributes
    ----------
    title, caption : str
        What it is, and how to read it.
    svg : str
        The picture.
    """

    title: str
    caption: str
    svg: str


def pictures(
    evidence: Evidence, column: str, curves: Sequence[Mapping[str, Sequence[float]]]
) -> list[Picture]:
    """Draw all that a report shows.

    Parameters
    ----------
    evidence : Evidence
        What was measured.
    column : str
        What the answers are called.
    curves : sequence of mapping of str to sequence of float
        The loss of each member, epoch by epoch.
    """
    from matplotlib import rc_context

    # names are no formulas, also where they have dollars in them
    with rc_context({"text.parse_math": False}):
        return _pictures(evidence, column, curves)


def _pictures(
    evidence: Evidence, column: str, curves: Sequence[Mapping[str, Sequence[float]]]
) -> list[Picture]:
    reach = _reach(evidence)
    effects = [_effect(evidence, column, effect, reach) for effect in evidence.effects]
    found = [_importance(evidence), *effects]
    if isinstance(evidence.target, Classes):
        found = [
            _confusion(evidence),
            _calibration(evidence),
            _roc(evidence),
            _precision(evidence),
            *found,
        ]
    else:
        found = [_predicted(evidence, column), _residuals(evidence), *found]
    if curves:
        found.append(_learning(curves))
    return found


def _axes(width: float = 4.6, height: float = 3.4) -> tuple[Any, Any]:
    figure = new_figure(width, height, dpi=72)
    axes = figure.subplots()
    axes.grid(alpha=0.25, color=INK, lw=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _svg(figure: Any, about: str) -> str:
    """Return a figure as SVG in the page's colours, with a text for who can't see it."""
    from matplotlib import rc_context

    for axes in figure.axes:
        for part in (*axes.spines.values(), *axes.get_xticklines(), *axes.get_yticklines()):
            part.set_color(INK) if hasattr(part, "set_color") else part.set_edgecolor(INK)
        axes.tick_params(colors=INK)
        for text in (axes.xaxis.label, axes.yaxis.label, axes.title):
            text.set_color(INK)
        axes.set_facecolor("none")
        if legend := axes.get_legend():
            legend.get_frame().set(facecolor="none", edgecolor="none")
            for text in legend.get_texts():
                text.set_color(INK)
    figure.patch.set_alpha(0)
    salt = re.sub(r"\W+", "-", about)  # names of parts differ in the page
    for letters in ("path", "none"):
        text = io.StringIO()
        with (
            rc_context({"svg.hashsalt": salt, "svg.fonttype": letters}),
            warnings.catch_warnings(record=True) as said,
        ):
            warnings.simplefilter("always")
            figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
        # of what matplotlib's font lacks, as Chinese, a browser has the letters
        if not any("Glyph" in str(warning.message) for warning in said):
            break
    drawn = text.getvalue()
    drawn = drawn[drawn.index("<svg") :].replace(INK, "currentColor")
    drawn = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", drawn, count=1)
    drawn = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", drawn, count=1)
    label = html.escape(about, quote=True)
    return drawn.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)


def _classes(evidence: Evidence) -> list[tuple[int, str]]:
    """Return the classes that have curves: of two the second, of many the most frequent."""
    assert isinstance(evidence.target, Classes)
    labels = evidence.target.labels
    if len(labels) == 2:
        return [(1, labels[1])]
    counts = np.bincount(evidence.right, minlength=len(labels))
    order = np.argsort(-counts, kind="stable")[:MOST_CLASSES]
    return [(int(k), labels[k]) for k in order if counts[k]]


def _confusion(evidence: Evidence) -> Picture:
    assert isinstance(evidence.target, Classes)
    k = len(evidence.target.labels)
    figure = new_figure(4.6, 4.2, dpi=72)
    axes = figure.subplots()
    confusion_matrix(axes, evidence.right, evidence.told, labels=evidence.target.labels)
    caption = (
        "Each row of squares is a class as it is; each column what the model says.  On the "
        "diagonal it is right."
    )
    title = f"Which of {k} classes is taken for which"
    return Picture(title, caption, _svg(figure, title))


def _calibration(evidence: Evidence) -> Picture:
    figure, axes = _axes()
    axes.plot([0, 1], [0, 1], color=INK, lw=0.8, ls=":")
    right = evidence.answers.argmax(axis=1) == evidence.right
    for name, answers, colour, style in (
        ("before calibration", evidence.uncalibrated, COLOURS[1], "--"),
        ("as told", evidence.answers, COLOURS[0], "-"),
    ):
        sure = answers.max(axis=1)
        bins = np.minimum((sure * BINS).astype(int), BINS - 1)
        there = np.flatnonzero(np.bincount(bins, minlength=BINS))
        x = [sure[bins == b].mean() for b in there]
        y = [right[bins == b].mean() for b in there]
        axes.plot(x, y, style, color=colour, marker="o", ms=4, label=name)
    axes.set(
        xlabel="how sure the model is",
        ylabel="how often it is right",
        xlim=(0, 1),
        ylim=(0, 1.02),
    )
    axes.legend()
    caption = "On the dotted line the model is as sure as it is right; below it, too sure."
    return Picture("Are its probabilities right?", caption, _svg(figure, "calibration"))


def _roc(evidence: Evidence) -> Picture:
    figure, axes = _axes()
    axes.plot([0, 1], [0, 1], color=INK, lw=0.8, ls=":")
    for place, (k, label) in enumerate(_classes(evidence)):
        is_it, score = _sorted(evidence, k)
        last = _ends(score)
        hits, alarms = np.cumsum(is_it)[last], np.cumsum(~is_it)[last]
        x = np.append(0, alarms / max(alarms[-1], 1))
        y = np.append(0, hits / max(hits[-1], 1))
        axes.plot(x, y, color=COLOURS[place % len(COLOURS)], label=label)
    axes.set(
        xlabel="part of the others that is taken for it",
        ylabel="part of the class that is found",
    )
    axes.legend(title=None, fontsize="small")
    caption = (
        "The more of a class shall be found, the more others are taken for it.  The further a "
        "line lies above the dotted one, which is guessing, the better."
    )
    return Picture("Finding a class (ROC)", caption, _svg(figure, "roc"))


def _precision(evidence: Evidence) -> Picture:
    figure, axes = _axes()
    for place, (k, label) in enumerate(_classes(evidence)):
        is_it, score = _sorted(evidence, k)
        last = _ends(score)
        hits = np.cumsum(is_it)[last]
        axes.plot(
            hits / max(hits[-1], 1), hits / (last + 1),
            color=COLOURS[place % len(COLOURS)], label=f"{label} ({is_it.mean():.0%} of rows)",
        )  # fmt: skip
    axes.set(
        xlabel="part of the class that is found (recall)",
        ylabel="part that is right (precision)",
        ylim=(0, 1.02),
    )
    axes.legend(fontsize="small")
    caption = (
        "How many of the rows that are taken for the class belong to it, if so much of it "
        "shall be found."
    )
    return Picture(
        "Right where it says so (precision and recall)", caption, _svg(figure, "precision")
    )


def _sorted(evidence: Evidence, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows are a class and its probability, the surest first."""
    score = evidence.answers[:, k]
    order = np.argsort(-score, kind="stable")
    return evidence.right[order] == k, score[order]


def _ends(score: np.ndarray) -> np.ndarray:
    """Return the last row of each value: rows that are alike can't be told apart."""
    return np.append(np.flatnonzero(np.diff(score)), len(score) - 1)


def _predicted(evidence: Evidence, column: str) -> Picture:
    figure, axes = _axes()
    some = np.linspace(
        0, len(evidence.right) - 1, min(len(evidence.right), MOST_POINTS)
    ).astype(int)
    right, told = evidence.right[some], evidence.answers[some]
    ends = [min(right.min(), told.min()), max(right.max(), told.max())]
    axes.plot(ends, ends, color=INK, lw=0.8, ls=":")
    axes.scatter(told, right, s=9, alpha=0.5, color=COLOURS[0], lw=0)
    axes.set(xlabel="what the model says", ylabel=f"what {column} is")
    caption = "Each point is a row.  On the dotted line the model is right."
    return Picture("Said and seen", caption, _svg(figure, "said and seen"))


def _residuals(evidence: Evidence) -> Picture:
    figure, axes = _axes()
    off = evidence.right - evidence.answers
    tail = (1 - COUNTED) / 2
    low, high = np.quantile(off, [tail, 1 - tail])
    axes.hist(off, bins=40, range=(low, high) if low < high else None, color=COLOURS[0])
    axes.axvline(0, color=INK, lw=0.8, ls=":")
    axes.set(xlabel="how much it is more than the model says", ylabel="rows")
    caption = (
        "Left of the dotted line the model says too much, right of it too little.  "
        f"{COUNTED:.0%} of the rows are shown."
    )
    return Picture("How far off it is (residuals)", caption, _svg(figure, "residuals"))


def _importance(evidence: Evidence) -> Picture:
    shown = [*evidence.importance.items()][:12][::-1]
    figure, axes = _axes(height=max(2.0, 0.55 + 0.28 * len(shown)))
    names = [name if len(name) <= 24 else f"{name[:23]}…" for name, _ in shown]
    values = np.array([score.value for _, score in shown])
    reach = np.array(
        [[score.value - score.low, score.high - score.value] for _, score in shown]
    )
    axes.barh(
        range(len(shown)),
        values,
        xerr=np.maximum(reach.T, 0.0),
        color=COLOURS[2],
        ecolor=INK,
        height=0.7,
    )
    axes.set_yticks(range(len(shown)), names)
    axes.set_xlabel("growth of the loss")
    caption = (
        "How much worse the model gets if a column is shuffled, so that it tells nothing: the "
        "larger, the more the model relies on it.  Lines span five shufflings."
    )
    return Picture(
        "What it goes by (permutation importance)", caption, _svg(figure, "importance")
    )


def _reach(evidence: Evidence) -> tuple[float, float]:
    """Return the range of all effects, so that a small one looks small."""
    if isinstance(evidence.target, Classes):
        return -0.02, 1.02
    if not evidence.effects:
        return 0.0, 1.0
    answers = np.concatenate([effect.answers for effect in evidence.effects])
    low, high = float(answers.min()), float(answers.max())
    room = 0.05 * (high - low) or 1.0
    return low - room, high + room


def _effect(
    evidence: Evidence, column: str, effect: Effect, reach: tuple[float, float]
) -> Picture:
    figure, axes = _axes()
    lines: list[tuple[Any, str | None]] = [(effect.answers, None)]
    told = f"mean answer for {column}"
    if isinstance(evidence.target, Classes):
        lines = [(effect.answers[:, k], label) for k, label in _classes(evidence)]
        told = "mean probability"
    texts = effect.values.dtype == object
    x = np.arange(len(effect.values)) if texts else effect.values
    for place, (values, label) in enumerate(lines):
        colour = COLOURS[place % len(COLOURS)]
        style = "o" if texts else ".-"
        axes.plot(x, values, style, color=colour, label=label)
    if texts:
        axes.set_xlim(-0.5, len(x) - 0.5)
        names = [str(v) if len(str(v)) <= 14 else f"{str(v)[:13]}…" for v in effect.values]
        long = max(map(len, names)) * len(names) > 40
        axes.set_xticks(x, names, rotation=40 if long else 0, ha="right" if long else "center")
    elif effect.values.dtype.kind == "M":
        axes.tick_params(axis="x", rotation=40)
    axes.set(xlabel=effect.column, ylabel=told, ylim=reach)
    if lines[0][1] is not None:
        axes.legend(fontsize="small")
    caption = "What the model would say in the mean if this column had that value in all rows."
    title = f"How the answer goes with {effect.column}"
    return Picture(title, caption, _svg(figure, f"effect of {effect.column}"))


def _learning(curves: Sequence[Mapping[str, Sequence[float]]]) -> Picture:
    figure, axes = _axes()
    for key, colour, name in (
        ("loss", COLOURS[0], "rows learnt from"),
        ("val_loss", COLOURS[4], "rows left out"),
    ):
        for place, curve in enumerate(curves):
            epochs = np.arange(1, len(curve[key]) + 1)
            axes.plot(
                epochs, curve[key], color=colour, lw=1, alpha=0.8, label=None if place else name
            )
            if key == "val_loss":
                best = int(np.argmin(curve[key]))
                axes.plot(epochs[best], curve[key][best], "o", color=colour, ms=5)
    axes.set(xlabel="epoch", ylabel="loss")
    axes.legend()
    caption = (
        "The loss of each network while it was trained.  What was kept is where a dot is, the "
        "smallest on rows that it did not learn from."
    )
    return Picture("How it learnt", caption, _svg(figure, "learning curves"))
