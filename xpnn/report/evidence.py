"""What is measured of a model of a table, by networks that had not seen the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..tables.columns import Table
from ..tables.targets import Classes, Target
from ..tabular import Ensemble
from ..tabular.baselines import baselines
from ..tabular.members import left_out
from ..tabular.scores import USUAL, measured, metrics_for
from ..tabular.training import Fitted, hold_out
from .effects import Effect, effects, importances

__all__ = ["Evidence", "Score", "gather"]

OURS = "this model"
"""What the model is called among those that it is compared with."""

MOST_ROWS = 5000
"""How many rows are looked at one by one, for what takes a model's answer for each of many."""

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
    """

    value: float
    low: float
    high: float


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
    uncalibrated : numpy.ndarray
        The same before the temperature.
    learnt_from : bool
        Whether the model learnt from these rows; each answer is then of the network that had
        left the row out.
    scores : dict of str to dict of str to Score
        Of the model and of simple ones, by their names and those of metrics.
    importance : dict of str to Score
        By how much the loss grows if a column is shuffled, the largest first.
    effects : tuple of Effect
        How the answer goes with the most important columns.
    """

    target: Target
    table: Table
    numbers: np.ndarray
    right: np.ndarray
    answers: np.ndarray
    told: np.ndarray
    uncalibrated: np.ndarray
    learnt_from: bool
    scores: Mapping[str, Mapping[str, Score]]
    importance: Mapping[str, Score]
    effects: Sequence[Effect]

    @property
    def losses(self) -> np.ndarray:
        """What each row costs: -log of the right class's probability, or the squared error."""
        return losses(self.target, self.answers, self.right)


def losses(target: Target, answers: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return what each answer costs, of shape (n,)."""
    if isinstance(target, Classes):
        chosen = answers[np.arange(len(right)), right]
        found: np.ndarray = -np.log(np.maximum(chosen, 1e-12))
    else:
        found = (answers - right) ** 2
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

    def answer(rows: Table, numbers: np.ndarray, temperature: float) -> np.ndarray:
        """Answer rows by networks that had not seen those of these numbers."""
        model = replace(ensemble, temperature=temperature)
        if not parts:
            return model.outputs(rows)
        shape = (len(rows), target.n_outputs) if isinstance(target, Classes) else (len(rows),)
        answers = np.full(shape, np.nan)
        for member, part in zip(ensemble.members, parts):
            own = np.flatnonzero(np.isin(numbers, part))
            if own.size:
                alone = replace(model, members=(member,))
                answers[own] = alone.outputs(rows.take(own))
        return answers

    everything = np.arange(n := len(table))
    answers = answer(table, everything, ensemble.temperature)
    known = np.flatnonzero(~np.isnan(answers.reshape(n, -1)[:, 0]))
    chosen = metrics_for(target, (*USUAL[target.kind], *metrics))
    found = {OURS: answers[known]}
    if parts:
        assert split is not None
        fitted = Fitted.of_parts(ensemble, answers, parts, split["members"])
        seed = np.random.SeedSequence(split["seed"])
        for name, other in baselines(table, right, fitted, seed):
            found[name] = other[known]

    def measure(name: str, told: np.ndarray, right: np.ndarray) -> dict[str, float]:
        is_ours = name == OURS and isinstance(target, Classes)
        return measured(told, right, chosen, ensemble.weighed(told) if is_ours else None)

    scores = _scores(found, right[known], measure)

    rng = np.random.default_rng(0)
    some = np.sort(rng.permutation(known)[:MOST_ROWS])
    few, right_of_few = table.take(some), right[some]

    def of_few(rows: Table, numbers: np.ndarray) -> np.ndarray:
        return answer(rows, some[numbers], ensemble.temperature)

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
        answer(table, everything, 1.0)[known],
        bool(parts),
        scores,
        {name: Score(*values) for name, values in importance.items()},
        effects(few, [*importance], ensemble, rng),
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
        again: dict[str, list[float]] = {metric: [] for metric in values}
        for draw in draws:
            if len(np.unique(right[draw])) > 1:
                for metric, value in measure(name, answers[draw], right[draw]).items():
                    again[metric].append(value)
        tails = (100 - LEVEL) / 2
        scores[name] = {}
        for metric, value in values.items():
            low, high = np.nanpercentile(again[metric] or [value], [tails, 100 - tails])
            scores[name][metric] = Score(
                value, value + shrink * (low - value), value + shrink * (high - value)
            )
    return scores
