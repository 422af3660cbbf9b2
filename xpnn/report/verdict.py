"""Whether to use a model, in plain words: it is judged by what is said, with its chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..tables.targets import Classes, Measure
from ..tabular.baselines import TREES
from .evidence import OURS, Evidence, Score
from .words import counted, number

__all__ = ["Verdict", "verdict_of"]

FEWEST_ROWS = 50
"""Fewer rows tell nothing sure."""

NOTHING = 0.05
"""The part of what the constant does wrong that is not worth a model."""

FEW = 30
"""Of a class with fewer rows little can be said."""


@dataclass(frozen=True)
class Verdict:
    """Whether to use a model, and why.

    Attributes
    ----------
    kind : {"good", "unsure", "bad"}
        It is worth using; that can't be told; it is not better than always saying the same.
    lines : sequence of str
        What is said: the first is the verdict.
    """

    kind: str
    lines: Sequence[str]


def verdict_of(evidence: Evidence) -> Verdict:
    """Say whether a model is worth using, and why.

    Parameters
    ----------
    evidence : Evidence
        What was measured.
    """
    judge, n = evidence.judge, len(evidence.right)
    ours, constant = (evidence.scores[name][judge.metric] for name in (OURS, judge.name))
    gain = ours.minus(constant) if judge.larger else constant.minus(ours)
    wrong = 1 - constant.value if judge.larger else constant.value
    said = _Saying(evidence)
    if n < FEWEST_ROWS:
        kind, first = "unsure", f"{counted(n, 'row')} are too few to tell whether it is"
        first = f"{first} worth using: {said.ours(ours)}."
        reason = f"At least {FEWEST_ROWS} rows with known answers are needed, better hundreds."
    elif gain.value <= 0 or gain.high <= NOTHING * wrong:
        kind = "bad"
        first = f"It is not better than always saying {said.constant}: {said.ours(ours)}."
        reason = f"{said.gain(gain).capitalize()}."
    elif gain.low > 0:
        kind, first = "good", f"It is worth using: {said.ours(ours)}."
        reason = f"The difference is more than chance: {said.gain(gain)}."
    else:
        kind = "unsure"
        first = (
            f"Whether it is worth using can't be told with {counted(n, 'row')}: "
            f"{said.ours(ours)}."
        )
        reason = f"The difference may be chance: {said.gain(gain)}.  More rows would tell."
    lines = [first, f"Always saying {said.which} {said.does(constant)}.", reason]
    lines += [*said.found(), *(_others(evidence, said) if n >= FEWEST_ROWS else ())]
    if kind != "good" and n >= FEWEST_ROWS:
        lines += _good_for(evidence)
    return Verdict(kind, [*lines, *_cautions(evidence)])


class _Saying:
    """How a measure is said: rows right of 100, or how far off."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence, target = evidence, evidence.target
        self.metric = evidence.judge.metric
        constant = evidence.judge.constant
        if isinstance(target, Classes):
            self.unit = ""
            self.constant = repr(target.labels[int(constant)])
            self.which = f"{self.constant}, the most frequent class,"
        else:
            assert isinstance(target, Measure)
            self.unit = target.style.unit
            self.constant = number(constant, unit=self.unit)
            self.which = f"{self.constant}, the {evidence.judge.name},"
        both = [
            evidence.scores[name][self.metric].value for name in (OURS, evidence.judge.name)
        ]
        rounded = {f"{100 * value:.0f}" for value in both}
        self.after = 0 if len(rounded) == len(set(both)) else 1

    def amount(self, value: float) -> str:
        """Say a value, or how much one is more than another."""
        if isinstance(self.evidence.target, Classes):
            return f"{100 * value:.{self.after}f}"
        return number(value, 3, unit=self.unit)

    def ours(self, score: Score) -> str:
        """Say what the model does."""
        of = {
            "accuracy": "of 100 rows it gets {} right",
            "balanced_accuracy": "of 100 rows, as many of each class, it gets {} right",
            "mean_absolute_error": "on average its answer is off by {}",
            "root_mean_squared_error": (
                "where large misses count most (root mean square), its answer is off by {}"
            ),
        }
        return of[self.metric].format(self.amount(score.value))

    def does(self, score: Score) -> str:
        """Say what another model does."""
        verb = "gets" if self.evidence.judge.larger else "is off by"
        return f"{verb} {self.amount(score.value)}"

    def gain(self, gain: Score) -> str:
        """Say how much better the model is, and how sure that is."""
        counts = self.evidence.judge.larger
        more, less = ("more", "fewer") if counts else ("nearer", "further off")
        low, high = (self.amount(abs(end)) for end in (gain.low, gain.high))
        if gain.low * gain.high < 0:
            ends = f"{low} {less} and {high} {more}"
        else:
            of_both = more if gain.high > 0 or gain.low == gain.high == 0 else less
            low, high = (low, high) if of_both == more else (high, low)
            ends = f"{low} and {high} {of_both}"
        does = f"it gets between {ends} of 100 right"
        if not counts:
            does = f"its answer is between {ends}"
        return f"over all rows of this kind {does}, very likely (95%)"

    def found(self) -> list[str]:
        """Say how much of the rarer of two classes is found, if classes count alike."""
        evidence, target = self.evidence, self.evidence.target
        if self.metric != "balanced_accuracy" or not isinstance(target, Classes):
            return []
        lines = [
            "It was trained to find rare classes, too, at the cost of more mistakes in "
            "frequent ones: so it and simple models are judged as if all were as frequent."
        ]
        if len(target.labels) == 2:
            rare = int(np.bincount(evidence.right, minlength=2).argmin())
            is_it, told = evidence.right == rare, evidence.told == rare
            hits, label = (is_it & told).sum(), repr(target.labels[rare])
            lines.append(
                f"It finds {hits / max(is_it.sum(), 1):.0%} of the rows that are {label}; of "
                f"those that it calls {label}, {hits / max(told.sum(), 1):.0%} are."
            )
        return lines


def _others(evidence: Evidence, said: _Saying) -> list[str]:
    """Compare with simple models, on the same draws of rows."""
    judge, lines = evidence.judge, []
    ours = evidence.scores[OURS][judge.metric]
    for name, scores in evidence.scores.items():
        if name in (OURS, judge.name):
            continue
        score, trees = scores[judge.metric], name == TREES
        called = "Gradient-boosted trees do" if trees else "A linear model does"
        worse = ours.minus(score) if judge.larger else score.minus(ours)
        if worse.low > 0:
            how = "worse"
        elif worse.high < 0:
            how = "better"
        else:
            how = "about as well"
        told = said.amount(score.value)
        does = f"{told} right" if judge.larger else f"off by {told}"
        use = f": consider {'them' if trees else 'it'}" if how == "better" else ""
        lines.append(f"{called} {how} on the same rows ({does}){use}.")
    return lines


def _good_for(evidence: Evidence) -> list[str]:
    """Say what a model may be good for whose answers are not surely better."""
    ours, constant = evidence.scores[OURS], evidence.scores[evidence.judge.name]
    if isinstance(evidence.target, Classes):
        if evidence.judge.metric != "accuracy":
            return []
        gain = constant["log_loss"].minus(ours["log_loss"])
        if gain.low > 0:
            return [
                "Its probabilities are better than telling only how frequent the classes are, "
                "more than by chance: use it to put rows in order, the surest first, rather "
                "than for the class that it says."
            ]
    elif evidence.judge.metric == "mean_absolute_error" and ours["r2"].low > 0:
        return [
            "Where large misses count most it is better than always saying the mean, more than "
            "by chance: use it for means and sums of many rows, rather than for one."
        ]
    return []


def _cautions(evidence: Evidence) -> list[str]:
    lines, target = [], evidence.target
    if isinstance(target, Classes):
        counts = np.bincount(evidence.right, minlength=target.n_outputs)
        there = np.flatnonzero(counts)
        least = int(there[counts[there].argmin()])
        if counts[least] < FEW:
            are = "is" if counts[least] == 1 else "are"
            lines.append(
                f"Only {counted(int(counts[least]), 'row')} {are} {target.labels[least]!r}: "
                "what is said of that class is not sure."
            )
    if not evidence.learnt_from:
        lines.append(
            "The model's file can't tell whether these rows were learnt from: if some were, it "
            "looks better here than it is."
        )
    return lines
