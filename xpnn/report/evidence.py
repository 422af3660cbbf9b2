"""What is measured of a model of a table, by networks that had not seen the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..tables.columns import Table
from ..tables.targets import Classes, Target
from ..tabular import Ensemble
from ..tabular.baselines import baselines
from ..tabular.calibration import with_temperature
from ..tabular.members import left_out
from ..tabular.scores import USUAL, measured, metrics_for
from ..tabular.training import Fitted, hold_out
from .effects import Effect, effects, importances
from .judging import Judge, balanced_accuracy, judge_of

__all__ = ["Evidence", "Score", "gather"]

OURS = "this model"
"""What the model is called among those that it is compared with."""

MOST_ROWS = 5000
"""How many rows are looked at one by one, for what takes a model's answer for each of many."""

CONSTANTS = ("most frequent class", "mean")
"""Constants of `baselines`: of each part another, while the report has one."""

RESAMPLES = 200
"""How often rows are drawn again to see how sure a score is."""

LEVEL = 95
"""The part of resamples, in per cent, that lie in an interval."""


@dataclass(frozen=True)
class Score:
    """A number that is measured, and how sure it is.

    Attributes
    ----------
    value : float
        What was measured on all rows.
    low, high : float
        Between them lie 95 of 100 measurements on rows drawn again (bootstrap).
    again : numpy.ndarray
        These measurements; all models are measured on the same draws.
    """

    value: float
    low: float
    high: float
    again: np.ndarray = field(default_factory=lambda: np.empty(0), repr=False, compare=False)

    @classmethod
    def of_draws(cls, value: float, again: np.ndarray) -> Score:
        """Return a number with its interval; NaN are draws on which it is none."""
        tails = (100 - LEVEL) / 2
        there = again[np.isfinite(again)]
        low, high = np.percentile(there if there.size else [value], [tails, 100 - tails])
        return cls(value, float(low), float(high), again)

    def minus(self, other: Score) -> Score:
        """Return by how much it is more than another.

        It is surer than each of the two: rows that are hard for one model are hard for all.
        """
        return Score.of_draws(self.value - other.value, self.again - other.again)


@dataclass(frozen=True)
class Evidence:
    """What is known of a model by some rows.

    Attributes
    ----------
    target : Classes or Measure
        What the model tells.
    table : Table
        The rows that are answered.
    numbers : numpy.ndarray of int, shape (n,)
        Which rows of the given ones they are.
    right : numpy.ndarray of shape (n,)
        The right answers.
    answers : numpy.ndarray
        The model's: probabilities (n, k), or numbers (n,).
    told : numpy.ndarray of int, shape (n,)
        The numbers of the classes that it tells; none of numbers.
    temperature : float
        What probabilities were set right by.
    learnt_from : bool
        Whether the model learnt from these rows; each answer is then of the network that had
        left the row out.
    scores : dict of str to dict of str to Score
        Of the model and of simple ones, by their names and those of metrics.
    importance : dict of str to Score
        By how much the loss grows if a column is shuffled, the largest first: the log loss, or
        the mean absolute error in the target's own units.
    effects : tuple of Effect
        How the answer goes with the most important columns.
    judge : Judge
        By what it is judged.
    unanswered : int
        How many rows were learnt from by all networks, so that none could answer them.
    """

    target: Target
    table: Table
    numbers: np.ndarray
    right: np.ndarray
    answers: np.ndarray
    told: np.ndarray
    temperature: float
    learnt_from: bool
    scores: Mapping[str, Mapping[str, Score]]
    importance: Mapping[str, Score]
    effects: Sequence[Effect]
    judge: Judge
    unanswered: int

    @property
    def uncalibrated(self) -> np.ndarray:
        """The probabilities before the temperature, of shape (n, k)."""
        return with_temperature(self.answers, 1 / self.temperature)

    @property
    def losses(self) -> np.ndarray:
        """What each row costs: -log of the right class's probability, or how far it is off."""
        return losses(self.target, self.answers, self.right)


def losses(target: Target, answers: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return what each answer costs, of shape (n,)."""
    if isinstance(target, Classes):
        chosen = answers[np.arange(len(right)), right]
        found: np.ndarray = -np.log(np.maximum(chosen, 1e-12))
    else:
        found = np.abs(answers - right)
    return found


def gather(
    ensemble: Ensemble,
    table: Table,
    right: np.ndarray,
    split: Mapping[str, Any] | None,
    metrics: Sequence[str] = (),
) -> Evidence:
    """Measure a model.

    Parameters
    ----------
    ensemble : Ensemble
        The model.
    table : Table
        Rows whose answers are known.
    right : numpy.ndarray of shape (n,)
        The answers.
    split : mapping, optional
        If it is these rows that it learnt from, how they were left out, as its file tells:
        "seed", "members" and "validation_split"; rows that were held out are not looked at.
    metrics : sequence of str
        Names of metrics to measure beside the usual ones.
    """
    target = ensemble.target
    training, parts = _left_out(ensemble, right, split)
    table, right = table.take(training), right[training]

    def answer(rows: Table, numbers: np.ndarray) -> np.ndarray:
        """Answer rows by networks that had not seen those of these numbers."""
        if not parts:
            return ensemble.outputs(rows)
        shape = (len(rows), target.n_outputs) if isinstance(target, Classes) else (len(rows),)
        answers = np.full(shape, np.nan)
        for member, part in zip(ensemble.members, parts):
            own = np.flatnonzero(np.isin(numbers, part))
            if own.size:
                alone = replace(ensemble, members=(member,))
                answers[own] = alone.outputs(rows.take(own))
        return answers

    n = len(table)
    answers = answer(table, np.arange(n))
    known = np.flatnonzero(~np.isnan(answers.reshape(n, -1)[:, 0]))
    judge = judge_of(ensemble, right[known], answers[known])
    found = {OURS: answers[known], judge.name: _constant(judge, target, right[known])}
    if parts:
        assert split is not None
        fitted = Fitted.of_parts(ensemble, answers, parts, split["members"])
        seed = np.random.SeedSequence(split["seed"])
        for name, other in baselines(table, right, fitted, seed):
            if name not in CONSTANTS:
                found[name] = other[known]
    scores = _scores(found, right[known], _measure(ensemble, judge, metrics, right[known]))

    rng = np.random.default_rng(0)
    some = np.sort(rng.permutation(known)[:MOST_ROWS])
    few, right_of_few = table.take(some), right[some]

    def of_few(rows: Table, numbers: np.ndarray) -> np.ndarray:
        return answer(rows, some[numbers])

    columns = [feature.column for feature in ensemble.encoding.features]
    importance = importances(
        few, columns, of_few, lambda a: losses(target, a, right_of_few), rng
    )
    return Evidence(
        target,
        table.take(known),
        training[known],
        right[known],
        answers[known],
        ensemble.told(answers[known]) if isinstance(target, Classes) else np.empty(0, int),
        ensemble.temperature,
        bool(parts),
        scores,
        {name: Score(*values) for name, values in importance.items()},
        effects(few, [*importance], ensemble, rng),
        judge,
        n - len(known),
    )


def _left_out(
    ensemble: Ensemble, right: np.ndarray, split: Mapping[str, Any] | None
) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """Return the rows to look at, and of these those that each member left out."""
    if split is None:
        return np.arange(len(right)), ()
    training, _ = hold_out(split["seed"], split["validation_split"], len(right))
    seed = np.random.SeedSequence(split["seed"])
    parts = left_out(seed, right[training], split["members"], ensemble.target)
    return training, parts[: len(ensemble.members)]


def _constant(judge: Judge, target: Target, right: np.ndarray) -> np.ndarray:
    """Return what a model would answer that says the same of all rows."""
    if isinstance(target, Classes):
        frequent = np.bincount(right, minlength=target.n_outputs) / len(right)
        return np.tile(frequent, (len(right), 1))
    return np.full(len(right), judge.constant)


def _measure(
    ensemble: Ensemble, judge: Judge, metrics: Sequence[str], right: np.ndarray
) -> Callable[[str, np.ndarray, np.ndarray], dict[str, float]]:
    """Return what measures a model's answers: what it is judged by comes first."""
    target = ensemble.target
    names = [*dict.fromkeys((*USUAL[target.kind], *metrics))]
    chosen = metrics_for(target, names)
    order = [judge.metric, *(m.name for m in chosen if m.name != judge.metric)]
    frequent = np.ones(1)
    if isinstance(target, Classes):
        frequent = np.bincount(right, minlength=target.n_outputs) / len(right)

    def measure(name: str, answers: np.ndarray, right: np.ndarray) -> dict[str, float]:
        weighed = None
        if isinstance(target, Classes):
            if name == OURS:
                weighed = ensemble.weighed(answers)
            elif judge.metric == "balanced_accuracy" and name != judge.name:
                # others tell the rare classes as soon
                weighed = answers / np.maximum(frequent, 1e-12)
        found = measured(answers, right, chosen, weighed)
        if judge.metric == "balanced_accuracy":
            told = (answers if weighed is None else weighed).argmax(axis=1)
            found[judge.metric] = balanced_accuracy(told, right)
        elif judge.metric == "root_mean_squared_error":
            found[judge.metric] = float(np.sqrt(np.mean((answers - right) ** 2)))
        return {metric: found[metric] for metric in order}

    return measure


def _scores(
    found: Mapping[str, np.ndarray],
    right: np.ndarray,
    measure: Callable[[str, np.ndarray, np.ndarray], dict[str, float]],
) -> dict[str, dict[str, Score]]:
    """Measure answers on all rows, and on rows drawn again."""
    rng = np.random.default_rng(0)
    n = len(right)
    scores: dict[str, dict[str, Score]] = {}
    draws = [rng.integers(0, n, min(n, 10 * MOST_ROWS)) for _ in range(RESAMPLES)]
    shrink = np.sqrt(min(n, 10 * MOST_ROWS) / n)  # fewer rows spread more
    for name, answers in found.items():
        values = measure(name, answers, right)
        again = {metric: np.full(RESAMPLES, np.nan) for metric in values}
        for k, draw in enumerate(draws):
            if len(np.unique(right[draw])) > 1:
                for metric, value in measure(name, answers[draw], right[draw]).items():
                    again[metric][k] = value
        scores[name] = {
            metric: Score.of_draws(value, value + shrink * (again[metric] - value))
            for metric, value in values.items()
        }
    return scores
