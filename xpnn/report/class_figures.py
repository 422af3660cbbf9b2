"""The pictures of classes: what is taken for what, and what probabilities are worth."""

from __future__ import annotations

import numpy as np

from ..plots import COLOURS, confusion_matrix
from ..plots.style import new_figure
from ..tables.targets import Classes
from .drawing import INK, Picture, empty_axes, legend_below, to_svg
from .evidence import Evidence
from .words import shortened

__all__ = ["pictures_of_classes", "shown_classes"]

MOST_CLASSES = 6
"""How many classes have curves of their own: of more, the most frequent."""

MOST_SQUARES = 25
"""Of more classes the names beside squares can't be read: what is mixed up most is listed."""

MOST_PAIRS = 15
"""How many pairs of classes are listed."""

SMALL = 6
"""More classes need the page's whole width."""

BINS = 10
"""Into how many parts probabilities are sorted to see how often they are right."""


def pictures_of_classes(evidence: Evidence) -> list[Picture]:
    """Draw what is known of classes."""
    many = len(evidence.answers[0]) > MOST_SQUARES
    mixed = _mixed_up(evidence) if many else _confusion(evidence)
    return [mixed, _calibration(evidence), _roc(evidence), _precision(evidence)]


def shown_classes(evidence: Evidence) -> list[tuple[int, str]]:
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
    k, broad = len(evidence.target.labels), len(evidence.target.labels) > SMALL
    labels = shortened(evidence.target.labels, 20 if broad else 14)
    size = 3.4 + 0.33 * k if broad else 4.2
    figure = new_figure(1.15 * size if broad else 4.6, size, dpi=72)
    axes = figure.subplots()
    confusion_matrix(axes, evidence.right, evidence.told, labels=labels)
    axes.set_title("")
    axes.set(xlabel="what the model says", ylabel="what it is")
    caption = (
        "Each row of squares is a class as it is; each column what the model says.  On the "
        "diagonal it is right.  Numbers count rows of the table; the colour is which part of "
        "the class they are."
    )
    title = f"Which of {k} classes is taken for which"
    return Picture(title, caption, to_svg(figure, title), int(85 * 1.15 * size) * broad)


def _mixed_up(evidence: Evidence) -> Picture:
    """List the pairs of many classes that are mixed up most."""
    assert isinstance(evidence.target, Classes)
    labels = shortened(evidence.target.labels, 20)
    k = len(labels)
    wrong = evidence.right != evidence.told
    pairs, counts = np.unique(
        evidence.right[wrong] * k + evidence.told[wrong], return_counts=True
    )
    order = np.argsort(-counts, kind="stable")[:MOST_PAIRS][::-1]
    figure, axes = empty_axes(6.5, 1.0 + 0.26 * max(len(order), 1))
    axes.barh(range(len(order)), counts[order], color=COLOURS[4], height=0.7)
    names = [f"{labels[pair // k]} → {labels[pair % k]}" for pair in pairs[order]]
    axes.set_yticks(range(len(order)), names)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("rows")
    of_class = np.bincount(evidence.right, minlength=k)
    caption = (
        "Before the arrow is what a row is, behind it what the model says: the pairs with most "
        f"rows.  There are {k} classes, with {np.median(of_class[of_class > 0]):.0f} rows of "
        "each in the middle."
    )
    title = f"Which of {k} classes are mixed up most"
    return Picture(title, caption, to_svg(figure, title), broad=640)


def _calibration(evidence: Evidence) -> Picture:
    figure, axes = empty_axes()
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
    legend_below(figure, axes)
    caption = (
        "Rows are put together by how sure the model is of what it says.  On the dotted line "
        "it is right as often as it thinks; below it, too sure.  Calibration sets that "
        "right after the training."
    )
    return Picture("Are its probabilities right?", caption, to_svg(figure, "calibration"))


def _roc(evidence: Evidence) -> Picture:
    figure, axes = empty_axes()
    axes.plot([0, 1], [0, 1], color=INK, lw=0.8, ls=":")
    for place, (k, label) in enumerate(shown_classes(evidence)):
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
    legend_below(figure, axes)
    caption = (
        "The more of a class shall be found, the more others are taken for it.  The further a "
        "line lies above the dotted one, which is guessing, the better."
    )
    return Picture("Finding a class (ROC curve)", caption, to_svg(figure, "roc"))


def _precision(evidence: Evidence) -> Picture:
    figure, axes = empty_axes()
    shown = shown_classes(evidence)
    names = shortened([label for _, label in shown], 18)
    for place, ((k, _), name) in enumerate(zip(shown, names)):
        is_it, score = _sorted(evidence, k)
        last = _ends(score)
        hits = np.cumsum(is_it)[last]
        axes.plot(
            hits / max(hits[-1], 1), hits / (last + 1),
            color=COLOURS[place % len(COLOURS)], label=f"{name} ({is_it.mean():.0%})",
        )  # fmt: skip
    axes.set(
        xlabel="part of the class that is found (recall)",
        ylabel="part that is right (precision)",
        ylim=(0, 1.02),
    )
    legend_below(figure, axes)
    caption = (
        "How many of the rows that are taken for the class belong to it, if so much of it "
        "shall be found.  In brackets is how frequent a class is."
    )
    return Picture(
        "Right where it says so (precision and recall)", caption, to_svg(figure, "precision")
    )


def _sorted(evidence: Evidence, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows are a class and its probability, the surest first."""
    score = evidence.answers[:, k]
    order = np.argsort(-score, kind="stable")
    return evidence.right[order] == k, score[order]


def _ends(score: np.ndarray) -> np.ndarray:
    """Return the last row of each value: rows that are alike can't be told apart."""
    return np.append(np.flatnonzero(np.diff(score)), len(score) - 1)
