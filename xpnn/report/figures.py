"""The pictures of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..plots import COLOURS
from ..plots.style import epochs_across
from ..tables.targets import Classes, Measure
from .class_figures import pictures_of_classes, shown_classes
from .drawing import INK, Picture, clock, empty_axes, legend_below, plain_numbers, to_svg
from .effects import Effect
from .evidence import Evidence
from .words import shortened

__all__ = ["pictures"]

MOST_POINTS = 2000
"""How many rows are drawn as points."""

COUNTED = 0.98
"""The part of residuals that a histogram shows: a few far ones would leave one bar."""


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
        found = [*pictures_of_classes(evidence), *found]
    else:
        found = [_predicted(evidence, column), _residuals(evidence), *found]
    if curves:
        found.append(_learning(curves))
    return found


def _unit(evidence: Evidence) -> str:
    return evidence.target.style.unit if isinstance(evidence.target, Measure) else ""


def _predicted(evidence: Evidence, column: str) -> Picture:
    figure, axes = empty_axes()
    some = np.linspace(
        0, len(evidence.right) - 1, min(len(evidence.right), MOST_POINTS)
    ).astype(int)
    right, told = evidence.right[some], evidence.answers[some]
    ends = [min(right.min(), told.min()), max(right.max(), told.max())]
    axes.plot(ends, ends, color=INK, lw=0.8, ls=":")
    axes.scatter(told, right, s=9, alpha=0.5, color=COLOURS[0], lw=0)
    plain_numbers(axes.xaxis, "what the model says", _unit(evidence))
    plain_numbers(axes.yaxis, f"what {shortened([column], 30)[0]} is", _unit(evidence))
    caption = "Each point is a row.  On the dotted line the model is right."
    return Picture("Said and seen", caption, to_svg(figure, "said and seen"))


def _residuals(evidence: Evidence) -> Picture:
    figure, axes = empty_axes()
    off = evidence.right - evidence.answers
    tail = (1 - COUNTED) / 2
    low, high = np.quantile(off, [tail, 1 - tail])
    axes.hist(off, bins=40, range=(low, high) if low < high else None, color=COLOURS[0])
    axes.axvline(0, color=INK, lw=0.8, ls=":")
    plain_numbers(axes.xaxis, "how much it is more than the model says", _unit(evidence))
    axes.set_ylabel("rows")
    caption = (
        "Left of the dotted line the model says too much, right of it too little.  "
        f"{COUNTED:.0%} of the rows are shown."
    )
    return Picture("How far off it is (residuals)", caption, to_svg(figure, "residuals"))


def _importance(evidence: Evidence) -> Picture:
    shown = [*evidence.importance.items()][:12][::-1]
    figure, axes = empty_axes(height=max(2.0, 0.55 + 0.28 * len(shown)))
    names = shortened([name for name, _ in shown], 24)
    values = np.array([score.value for _, score in shown])
    reach = np.array(
        [[score.value - score.low, score.high - score.value] for _, score in shown]
    )
    axes.barh(
        range(len(shown)),
        values,
        xerr=np.maximum(reach.T, 0.0).tolist(),  # of one row, too, for matplotlib 3.10.7
        color=COLOURS[2],
        ecolor=INK,
        height=0.7,
    )
    axes.set_yticks(range(len(shown)), names)
    if isinstance(evidence.target, Classes):
        plain_numbers(axes.xaxis, "by how much the log loss grows")
    else:
        plain_numbers(axes.xaxis, "how much further off it is", _unit(evidence))
    caption = (
        "How much worse the model gets if a column is shuffled, so that it tells nothing: the "
        "larger, the more the model relies on it.  Thin lines span five shufflings."
    )
    return Picture(
        "What it goes by (permutation importance)", caption, to_svg(figure, "importance")
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
    figure, axes = empty_axes()
    name = shortened([effect.column], 40)[0]
    lines: list[tuple[Any, str | None]] = [(effect.answers, None)]
    told = f"mean answer for {shortened([column], 24)[0]}"
    if isinstance(evidence.target, Classes):
        lines = [(effect.answers[:, k], label) for k, label in shown_classes(evidence)]
        told = "mean probability"
    texts = effect.values.dtype == object
    x = np.arange(len(effect.values)) if texts else effect.values
    for place, (values, label) in enumerate(lines):
        colour = COLOURS[place % len(COLOURS)]
        style = "o" if texts else ".-"
        axes.plot(x, values, style, color=colour, label=label)
    if texts:
        axes.set_xlim(-0.5, len(x) - 0.5)
        names = shortened([*map(str, effect.values)], 14)
        long = max(map(len, names)) * len(names) > 40
        axes.set_xticks(x, names, rotation=40 if long else 0, ha="right" if long else "center")
    elif effect.values.dtype.kind == "M":
        axes.tick_params(axis="x", rotation=40)
    axes.set(xlabel=name, ylabel=told, ylim=reach)
    if effect.is_time:
        clock(axes.xaxis)
    elif not texts and effect.values.dtype.kind != "M":
        plain_numbers(axes.xaxis, name)
    if isinstance(evidence.target, Classes):
        legend_below(figure, axes)
    else:
        plain_numbers(axes.yaxis, told, _unit(evidence))
    caption = "What the model would say on average if this column had that value in all rows."
    title = f"How the answer goes with {effect.column}"
    return Picture(title, caption, to_svg(figure, f"effect of {effect.column}"))


def _learning(curves: Sequence[Mapping[str, Sequence[float]]]) -> Picture:
    figure, axes = empty_axes()
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
    epochs_across(axes)
    axes.set(xlabel="epoch (a pass over all rows learnt from)", ylabel="loss (how wrong it is)")
    legend_below(figure, axes)
    caption = (
        "How wrong each network was while it was trained: training makes the loss small.  What "
        "was kept is where a dot is, the smallest on rows that it did not learn from."
    )
    return Picture("How it learnt", caption, to_svg(figure, "learning curves"))
