"""What columns do: how much is lost without one, and how the answer goes with its values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..tables.cells import codes_of, counted, moments_of, read_cells
from ..tables.columns import Column, Table
from ..tables.dating import TimeStyle
from ..tables.features import DateFeature, Feature, NumberFeature, TimeFeature
from ..tables.targets import Classes
from ..tables.wording import TextFeature
from ..tabular import Ensemble

__all__ = ["Effect", "effects", "importances"]

SHUFFLES = 5
"""How often a column is shuffled."""

MOST_EFFECTS = 6
"""How many columns' effects are shown."""

STEPS = 21
"""At how many values of a number the answer is looked at."""

MOST_VALUES = 8
"""At how many categories."""

ROWS_OF_AN_EFFECT = 300
"""How many rows an effect is the mean of."""


@dataclass(frozen=True)
class Effect:
    """How the mean answer goes with the value of a column (partial dependence, Friedman 2001).

    Attributes
    ----------
    column : str
        The column.
    values : numpy.ndarray
        Numbers, datetime64, or texts of categories, of shape (m,).
    answers : numpy.ndarray of shape (m, k) or (m,)
        The mean answer if all rows had that value.
    is_time : bool
        Whether values are times of day, in seconds.
    """

    column: str
    values: np.ndarray
    answers: np.ndarray
    is_time: bool = False


def importances(
    table: Table,
    columns: Sequence[str],
    answer: Callable[[Table, np.ndarray], np.ndarray],
    losses: Callable[[np.ndarray], np.ndarray],
    rng: np.random.Generator,
) -> dict[str, tuple[float, float, float]]:
    """Return by how much the mean loss grows if a column is shuffled (Breiman 2001).

    Parameters
    ----------
    table : Table
        Rows.
    columns : sequence of str
        The columns.
    answer : callable
        From rows and their numbers in the table to answers.
    losses : callable
        From answers to what each costs.
    rng : numpy.random.Generator
        Draws the orders.

    Returns
    -------
    dict of str to (mean, least, most)
        The largest first.
    """
    numbers = np.arange(len(table))
    before = losses(answer(table, numbers)).mean()
    orders = [rng.permutation(numbers) for _ in range(SHUFFLES)]
    found = {}
    for name in columns:
        grown = []
        for order in orders:
            shuffled = {**table.columns, name: table[name].take(order)}
            answers = answer(Table(table.source, shuffled), numbers)
            grown.append(losses(answers).mean() - before)
        found[name] = float(np.mean(grown)), float(min(grown)), float(max(grown))
    return dict(sorted(found.items(), key=lambda item: -item[1][0]))


def effects(
    table: Table, columns: Sequence[str], ensemble: Ensemble, rng: np.random.Generator
) -> tuple[Effect, ...]:
    """Return how the answer goes with the first of some columns, free text left out.

    A text has no value that many rows share.

    Parameters
    ----------
    table : Table
        Rows.
    columns : sequence of str
        The columns, the most important first.
    ensemble : Ensemble
        What answers.
    rng : numpy.random.Generator
        Draws the rows that an effect is the mean of: the first ones of a sorted table are of
        one kind.
    """
    features = {feature.column: feature for feature in ensemble.encoding.features}
    rows = table.take(rng.permutation(len(table))[:ROWS_OF_AN_EFFECT])
    known = [features[name] for name in columns]
    first = [feature for feature in known if not isinstance(feature, TextFeature)]
    found = [_effect(table, rows, feature, ensemble) for feature in first[:MOST_EFFECTS]]
    return tuple(effect for effect in found if effect.values.size)


def _effect(table: Table, rows: Table, feature: Feature, ensemble: Ensemble) -> Effect:
    column = table[feature.column]
    values, where = _values(column, feature)
    answers = []
    for row in where:
        same = column.take(np.full(len(rows), row))
        given = Table(rows.source, {**rows.columns, feature.column: same})
        answers.append(ensemble.outputs(given).mean(axis=0))
    shape = (0, len(ensemble.target.labels)) if isinstance(ensemble.target, Classes) else (0,)
    found = np.array(answers) if answers else np.empty(shape)
    return Effect(feature.column, values, found, isinstance(feature, TimeFeature))


def _values(column: Column, feature: Feature) -> tuple[np.ndarray, np.ndarray]:
    """Return values of a column, and a row that has each: those of numbers along its range."""
    if isinstance(feature, DateFeature):
        found = moments_of(column, feature.style)
        present = np.flatnonzero(~np.isnat(found))
    elif isinstance(feature, NumberFeature | TimeFeature):
        style = feature.style if isinstance(feature, NumberFeature) else TimeStyle()
        found = read_cells(column, style)
        present = np.flatnonzero(np.isfinite(found))
    else:
        known, counts = counted(column)
        frequent = [known[k] for k in np.argsort(-counts, kind="stable")[:MOST_VALUES]]
        codes = codes_of(column, frequent)
        where = np.array([np.flatnonzero(codes == k)[0] for k in range(len(frequent))], int)
        return np.array(frequent, dtype=object), where
    order = present[np.argsort(found[present], kind="stable")]
    at = np.linspace(0.01, 0.99, STEPS) * max(len(order) - 1, 0)
    where = order[np.unique(at.round().astype(int))] if order.size else order
    _, first = np.unique(found[where], return_index=True)
    return found[where][first], where[first]
