"""From a table whose columns are understood to an ensemble, and to what it is worth."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..backend import Backend, resolve
from ..callbacks import Callback
from ..data import check_class_weight, check_sample_weight, split_rows
from ..distributed import Communicator
from ..distributed.communicator import ALONE
from ..tables.columns import Table
from ..tables.encoding import Encoding
from ..tables.targets import Classes, Target
from ..tables.understanding import Understood
from .calibration import find_temperature, with_temperature
from .deciding import find_factors
from .ensemble import Ensemble
from .members import Members, fit_members
from .recipe import Recipe

__all__ = ["Fitted", "encoding_of_rows", "fit_ensemble", "hold_out"]


@dataclass(frozen=True)
class Fitted:
    """An ensemble, and how it came about.

    Attributes
    ----------
    ensemble : Ensemble
        What was trained.
    answers : numpy.ndarray of float64
        Of each training row the answer of the member that left it out, as
        `Ensemble.outputs` gives it: probabilities (n, n_classes) or numbers (n,); NaN where
        none has.
    members : Members
        How each of them was trained.
    """

    ensemble: Ensemble
    answers: np.ndarray
    members: Members

    @classmethod
    def of_parts(
        cls,
        ensemble: Ensemble,
        answers: np.ndarray,
        parts: tuple[np.ndarray, ...],
        planned: int,
    ) -> Fitted:
        """Return what is known of an ensemble that was trained elsewhere."""
        raw = answers if answers.ndim == 2 else answers[:, None]
        return cls(ensemble, answers, Members(ensemble.members, parts, raw, (), planned))

    def _of_rows(self, given: np.ndarray, n: int) -> Fitted:
        """Return what it is of n rows, of which only some were given."""
        if len(given) == n:
            return self
        members = self.members
        answers, raw = (
            np.full((n, *a.shape[1:]), np.nan) for a in (self.answers, members.answers)
        )
        answers[given], raw[given] = self.answers, members.answers
        parts = tuple(given[part] for part in members.parts)
        return replace(
            self, answers=answers, members=replace(members, answers=raw, parts=parts)
        )

    @property
    def answered(self) -> np.ndarray:
        """Return which training rows have an answer, bool of shape (n,)."""
        answered: np.ndarray = ~np.isnan(self.members.answers[:, 0])
        return answered


def encoding_of_rows(table: Table, understood: Iterable[Understood]) -> Encoding:
    """Return the encoding that the rows to learn from make.

    Parameters
    ----------
    table : Table
        The rows.
    understood : iterable of Understood
        What their columns are.

    Raises
    ------
    ValueError
        If no column tells anything of new rows.
    """
    understood = [*understood]
    encoding = Encoding.fit(table, understood)
    if not encoding.features:
        said = "; ".join(map(str, understood))
        raise ValueError(
            f"{table.source} has no column that tells anything of new rows: {said}"
        )
    return encoding


def hold_out(seed: int, part: float, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return which of n rows are learnt from, and which part is only measured."""
    rows = np.arange(n)
    if not part:
        return rows, rows[:0]
    generator = np.random.default_rng(seed)
    (training, _, _), (held_out, _) = split_rows(generator, part, rows, rows, None)
    return training, held_out


def fit_ensemble(
    table: Table,
    encoding: Encoding,
    target: Target,
    right: np.ndarray,
    recipe: Recipe,
    seed: np.random.SeedSequence,
    backend: Backend,
    *,
    weights: np.ndarray | None = None,
    class_weight: Any = None,
    decides: str = "accuracy",
    time_budget: float | None = None,
    verbose: bool = False,
    callbacks: Callable[[int], list[Callback]] = lambda member: [],
    checkpoints: Path | None = None,
    communicator: Communicator = ALONE,
) -> Fitted:
    """Train on the rows of a table.

    Parameters
    ----------
    table : Table
        The rows to learn from.
    encoding : Encoding
        How they become inputs.
    target : Classes or Measure
        What is to be told; a number's mean, scale and range become those of `right`.
    right : numpy.ndarray of shape (n,)
        The right answers: numbers of classes, or numbers.
    weights : numpy.ndarray of float64, shape (n,), optional
        How much each row counts; those of weight 0 are left out of everything.
    class_weight : {"balanced"} or dict of int to float, optional
        What rows of a class count, as of `Sequential.fit`.
    decides : str
        Which class is told: of `xpnn.tabular.deciding.DECISIONS`.
    recipe, seed, backend, time_budget, verbose, callbacks, checkpoints, communicator
        As of `xpnn.tabular.members.fit_members`.

    Raises
    ------
    TypeError, ValueError
        If `class_weight` is none of the above.
    KeyboardInterrupt, SystemExit
        If it came before anything was learnt.
    """
    n_rows = len(right)
    given, of_rows = _counting(weights, n_rows)
    if len(given) < n_rows:
        table, right = table.take(given), right[given]
    if isinstance(target, Classes):
        targets = right
        loss, host = recipe.loss(target), resolve("numpy")
        weights = check_class_weight(class_weight, of_rows, right, target.n_outputs, loss, host)
    else:
        weights = of_rows
        recipe = recipe.for_numbers(right, weights)
        target = target.fitted(right, weights, in_parts_of_mean=recipe.learns_logarithms)
        targets = ((right - target.mean) / target.scale)[:, None]
    members = fit_members(
        encoding.inputs(table),
        targets,
        weights,
        recipe,
        encoding,
        target,
        seed,
        backend,
        time_budget,
        verbose,
        callbacks,
        checkpoints,
        communicator,
    )
    answers = members.answers
    if isinstance(target, Classes):
        temperature, factors = _set_right(answers, right, weights, of_rows, decides)
        answers = with_temperature(answers, temperature)
        ensemble = Ensemble(encoding, target, members.networks, temperature, factors)
    else:
        answers = target.restore(answers[:, 0])
        ensemble = Ensemble(encoding, target, members.networks)
    return Fitted(ensemble, answers, members)._of_rows(given, n_rows)


def _counting(weights: np.ndarray | None, n: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Return which of n rows count, and how much each: in the mean 1."""
    weights = check_sample_weight(weights, n)
    if weights is None:
        return np.arange(n), None
    given = np.flatnonzero(weights)  # what counts nothing decides nothing either
    return given, weights[given] / weights[given].mean()


def _set_right(
    answers: np.ndarray,
    right: np.ndarray,
    weights: np.ndarray | None,
    of_rows: np.ndarray | None,
    decides: str,
) -> tuple[float, tuple[float, ...]]:
    """Return the temperature and the factors that answers to rows not learnt from show.

    What classes count is in the weights of the training, and so in its probabilities; which
    class is told is decided by the rows as they are.
    """
    known = ~np.isnan(answers[:, 0])
    answers, right = answers[known], right[known]
    temperature = find_temperature(answers, right, None if weights is None else weights[known])
    answers = with_temperature(answers, temperature)
    counted = None if of_rows is None else of_rows[known]
    return temperature, find_factors(answers, right, decides, counted)
