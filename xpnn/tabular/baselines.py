"""Simple models of the same rows, to see what a network is worth.

They learn from what the network learns from, and answer the rows that each of its members left
out: so all are measured on the same rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ..backend import resolve
from ..tables.columns import Table
from ..tables.targets import Classes, Target
from .recipe import LINEAR
from .training import Fitted, fit_ensemble

__all__ = ["TREES", "baselines"]

TREES = "gradient-boosted trees"
"""What scikit-learn's HistGradientBoosting is called."""


def baselines(
    table: Table,
    right: np.ndarray,
    fitted: Fitted,
    seed: np.random.SeedSequence,
) -> Iterator[tuple[str, np.ndarray]]:
    """Train simple models.

    Parameters
    ----------
    table : Table
        The rows that the ensemble learnt from.
    right : numpy.ndarray of shape (n,)
        The right answers.
    fitted : Fitted
        The ensemble.
    seed : numpy.random.SeedSequence
        That of its training, which chose what each member left out.

    Yields
    ------
    name : str
        "most frequent class" or "mean", "linear model", and `TREES` if scikit-learn is
        installed.
    answers : numpy.ndarray of float64
        Of each row that a member left out, as `Fitted.answers`; NaN of others.
    """
    target, encoding = fitted.ensemble.target, fitted.ensemble.encoding
    parts = fitted.members.parts
    is_classes = isinstance(target, Classes)
    yield (
        "most frequent class" if is_classes else "mean",
        _by_parts(parts, fitted, lambda kept, part: _constant(right[kept], target)),
    )
    recipe = replace(LINEAR, n_members=fitted.members.planned)
    linear = fit_ensemble(table, encoding, target, right, recipe, seed, resolve("numpy"))
    yield "linear model", linear.answers
    try:
        from sklearn import ensemble
    except ModuleNotFoundError:
        return
    from threadpoolctl import threadpool_limits

    inputs = encoding.inputs(table)
    is_code = np.arange(encoding.n_inputs) >= encoding.n_inputs - len(encoding.sizes)
    codes = inputs[:, is_code]
    codes[codes < 0] = np.nan
    inputs[:, is_code] = codes
    made = (
        ensemble.HistGradientBoostingClassifier
        if is_classes
        else ensemble.HistGradientBoostingRegressor
    )

    def of_trees(kept: np.ndarray, part: np.ndarray) -> np.ndarray | float:
        there = np.unique(right[kept])
        if len(there) < 2:
            return _constant(right[kept], target)
        # where it would stop early it draws rows by classes, of which each must have two
        stops = not is_classes or np.bincount(right[kept])[there].min() > 1
        trees: Any = made(
            categorical_features=is_code,
            random_state=0,
            early_stopping="auto" if stops else False,
        )
        # its threads wait for one another by spinning: a second program on the machine makes
        # a training of a second one of a minute
        with threadpool_limits(1, "openmp"):
            trees.fit(inputs[kept], right[kept])
            if not is_classes:
                return np.asarray(trees.predict(inputs[part]))
            answers = np.zeros((len(part), target.n_outputs))
            answers[:, trees.classes_] = trees.predict_proba(inputs[part])
            return answers

    yield TREES, _by_parts(parts, fitted, of_trees)


def _by_parts(parts: Any, fitted: Fitted, answer: Any) -> np.ndarray:
    """Answer each part by a model of the other rows."""
    answers = np.full_like(fitted.answers, np.nan)
    rows = np.arange(len(answers))
    for part in parts:
        answers[part] = answer(np.setdiff1d(rows, part), part)
    return answers


def _constant(right: np.ndarray, target: Target) -> np.ndarray | float:
    """Return how frequent the classes are, or the mean."""
    if isinstance(target, Classes):
        return np.bincount(right, minlength=target.n_outputs) / len(right)
    return float(right.mean())
