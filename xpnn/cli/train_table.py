"""Training on a table: its columns understood, members trained, and the short of what came."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .. import tabular
from ..backend import Backend
from ..callbacks import Callback, ProgressBar
from ..checks import check_integer, check_number
from ..distributed import Communicator
from ..layers import Exponential
from ..tables import Classes, prepare, read
from ..tables.cells import numbers_of
from ..tables.columns import Numbers, Table
from ..tables.features import NumberFeature
from ..tables.files import STDIN
from ..tabular.baselines import TREES, baselines
from ..tabular.deciding import threshold_of
from ..tabular.members import member_folder
from ..tabular.recipe import PRESETS, Recipe
from ..tabular.scores import USUAL, measured, metrics_for
from ..tabular.training import encoding_of_rows, fit_ensemble, hold_out
from ..training.interrupt import Signals
from .columns import asked_columns
from .optimizers import chosen_optimizer
from .pictures import draw
from .report import digest
from .results import results
from .saying import say
from .settings import Asked, Settings, activation, chosen_settings
from .training import Training, checkpoint, ended_by

__all__ = ["OnTable"]

MOST_FOR_BASELINES = 20_000
"""How many rows simple models are trained on too, unless asked for."""

RARE = 0.2
"""The part of rows of the rarest class below which it is said, over the number of classes."""


class OnTable(Training):
    """Members that are trained on a table and averaged."""

    def __init__(self, asked: Asked, backend: Backend) -> None:
        """Check what was asked for, but for the table."""
        self.asked, self.backend = asked, backend
        self._recipe = recipe_for(asked)
        self._columns = asked_columns(
            asked.drop,
            asked.columns,
            target=asked.target,
            as_category=asked.as_category,
            as_number=asked.as_number,
            as_date=asked.as_date,
            as_id=asked.as_id,
        )
        if asked.distributed is not None and asked.data == STDIN:
            raise ValueError(
                "--distributed needs a file, which all processes read; standard input is the "
                "first one's alone"
            )
        if asked.time_budget is not None:
            check_number("--time-budget", asked.time_budget, above=0)

    def prepare(self, movies: Sequence[Callback]) -> None:
        """Read the table, find out what its columns are, and tell it; as `Training.prepare`."""
        asked = self.asked
        assert asked.target is not None  # it was checked
        self._movies = movies
        table = read(asked.data)
        if [*table.columns] == [asked.target] and table.left_out and asked.data != STDIN:
            # a series, of which the time is all that there is
            table = read(asked.data, [*table.left_out, asked.target])
        found = prepare(table, asked.target, asked.task or "auto", self._columns)
        for line in found.said:
            say(line)
        self._target, self._understood = found.target, [*found.understood.values()]
        self._metrics = metrics_for(found.target, (*USUAL[found.target.kind], *asked.metric))
        part = asked.validation_split or 0.0
        training, held_out = hold_out(asked.seed, part, len(found.table))
        if len(training) < 2:
            raise ValueError(
                f"--validation-split must leave two rows to learn from, of {len(found.table):,}"
            )
        self._digest = digest(found.right)
        self._source = table.source
        self._table, self._right = _some(found.table, found.right, training)
        self._held_out = _some(found.table, found.right, held_out) if held_out.size else None
        self._check_classes()
        if not isinstance(self._target, Classes):
            self._recipe = self._recipe.for_numbers(self._right)
            if self._recipe.learns_logarithms:
                say(
                    f"Note: {asked.target} is never below 0, and spreads widely: it is learnt "
                    "as counts are, by the Poisson deviance."
                )

    def _check_classes(self) -> None:
        """Say where a class is rare, unless all shall count alike."""
        if not isinstance(self._target, Classes):
            for name in ("class_weight", "decide"):
                if getattr(self.asked, name) is not None:
                    option = name.replace("_", "-")
                    raise ValueError(f"--{option} is for classes, but the target is a number")
            return
        counts = np.bincount(self._right, minlength=len(self._target.labels))
        counts = np.where(counts > 0, counts, counts.max())
        part, label = counts.min() / counts.sum(), self._target.labels[int(counts.argmin())]
        rare = part < RARE / len(counts)
        if self.asked.class_weight is None and self.asked.decide is None and rare:
            say(
                f"Note: {label!r} has {part:.2g} of the rows, so accuracy says little of it: "
                "--metric f1 or roc_auc measures it, --decide f1 tells it sooner, and "
                "--class-weight balanced lets all classes count alike."
            )

    def fit(self, signals: Signals, communicator: Communicator) -> tuple[int, list[OSError]]:
        """Train the members, as long as nothing ends it; as `Training.fit`."""
        asked = self.asked
        self._fitted = fit_ensemble(
            self._table,
            encoding_of_rows(self._table, self._understood),
            self._target,
            self._right,
            self._recipe,
            np.random.SeedSequence(asked.seed),
            self.backend,
            class_weight=asked.class_weight,
            decides=asked.decide or "accuracy",
            time_budget=asked.time_budget,
            verbose=communicator.is_first and ProgressBar.wanted(),
            callbacks=self._callbacks,
            checkpoints=asked.checkpoints,
            communicator=communicator,
        )
        members, status = self._fitted.members, 0
        if members.interrupted is not None:
            epochs, n = members.histories[-1].epochs, len(members.networks)
            done = f"{epochs:,} epoch{'s' * (epochs != 1)} of network {n}"
            status = ended_by(members.interrupted, signals, done)
        return status, [*members.problems]

    def _callbacks(self, member: int) -> list[Callback]:
        """Return who is told of a member's training: a movie is one of the first."""
        folder = self.asked.checkpoints
        callbacks = [] if folder is None else [checkpoint(member_folder(folder, member))]
        return [*callbacks, *(self._movies if member == 0 else ())]

    def save(self, path: Path) -> bool:
        """Write the model file; as `Training.save`."""
        histories = self._fitted.members.histories
        last = {f"out_of_fold_{k}": v for k, v in self._scores("out of fold").items()}
        finite = {name: value if np.isfinite(value) else None for name, value in last.items()}
        extra = {
            "data": {"name": Path(self._source).name},
            "training": {"epochs": max(h.epochs for h in histories), "last": finite},
            "report": {
                "digest": self._digest,
                "seed": self.asked.seed,
                "validation_split": self.asked.validation_split or 0.0,
                "members": self._fitted.members.planned,
                "curves": [_rounded(history.history) for history in histories],
                "columns": [[one.column, one.kind, one.reason] for one in self._understood],
            },
        }
        tabular.save(self._fitted.ensemble, path, extra)
        return True

    def draw(self, path: Path) -> bool:
        """Draw the mean curves, and the regions of points in the plane; as `Training.draw`."""
        histories = [history.history for history in self._fitted.members.histories]
        ensemble, unit = self._fitted.ensemble, 1.0
        if not isinstance(ensemble.target, Classes):  # of the squared error, or of a deviance
            is_deviance = isinstance(ensemble.members[0].layers[-1], Exponential)
            unit = ensemble.target.scale ** (1 if is_deviance else 2)
        curves = {
            name: [
                float(np.mean(values)) * unit for values in zip(*(h[name] for h in histories))
            ]
            for name in histories[0]
        }
        features = ensemble.encoding.features
        names = [feature.column for feature in features]
        plane = [f for f in features if isinstance(f, NumberFeature) and not f.missing]
        if not isinstance(self._target, Classes) or len(plane) != 2 or len(features) != 2:
            return draw(path, curves)

        def predict(points: np.ndarray) -> np.ndarray:
            columns = {name: Numbers(points[:, k]) for k, name in enumerate(names)}
            return ensemble.outputs(Table("", columns))

        X = np.stack([numbers_of(self._table[f.column], f.style) for f in plane], axis=1)
        return draw(path, curves, predict, (X, self._right), self._target.labels, names)

    def _scores(self, part: str) -> dict[str, float]:
        """Return what the model is worth on rows that it has not learnt from."""
        fitted = self._fitted
        if part == "out of fold":
            known = fitted.answered
            answers, right = fitted.answers[known], self._right[known]
        else:
            assert self._held_out is not None
            table, right = self._held_out
            answers = fitted.ensemble.outputs(table)
        return measured(answers, right, self._metrics, fitted.ensemble.weighed(answers))

    def results(self) -> str:
        """Return what the model and simple ones are worth, and whether trees do better."""
        factors = self._fitted.ensemble.factors
        if len(factors) == 2 and isinstance(self._target, Classes):
            say(
                f"Decision: {self._target.labels[1]!r} is told from a probability of "
                f"{threshold_of(factors):.3g} on, which is best for {self.asked.decide}."
            )
        rows = {"out of fold": self._scores("out of fold")}
        if self._held_out is not None:
            rows["held out"] = self._scores("held out")
        wanted = self.asked.baselines
        if wanted is None:
            wanted = len(self._table) <= MOST_FOR_BASELINES
        if not wanted or self._fitted.members.interrupted is not None:
            return results(rows, self._target)
        known = self._fitted.answered
        for name, answers in baselines(
            self._table,
            self._right,
            self._fitted,
            np.random.SeedSequence(self.asked.seed),
        ):
            rows[name] = measured(answers[known], self._right[known], self._metrics)
        return "\n".join([results(rows, self._target), *self._better(rows)])

    def _better(self, rows: dict[str, dict[str, float]]) -> list[str]:
        """Say so where a simple model does better."""
        name = "log_loss" if isinstance(self._target, Classes) else "r2"
        sign = -1 if name == "log_loss" else 1
        ours = rows["out of fold"][name]
        found = {k: v[name] for k, v in rows.items() if k not in ("out of fold", "held out")}
        best = max(found, key=lambda model: sign * found[model])
        if not sign * found[best] > sign * ours:  # nor where one is not known
            return []
        said = f"Note: {best} do{'' if best == TREES else 'es'} better here, with "
        said += f"{name.replace('_', ' ')} {found[best]:.4g} against {ours:.4g} out of fold"
        kind = "Classifier" if isinstance(self._target, Classes) else "Regressor"
        trees = f"; they are scikit-learn's HistGradientBoosting{kind}" if best == TREES else ""
        return [f"{said}{trees}."]

    def done(self) -> str:
        """Return how many networks were trained, and for how long."""
        members = self._fitted.members
        n, epochs = len(members.networks), max(h.epochs for h in members.histories)
        networks = f"{n} network{'s' * (n != 1)}"
        return f"{networks} for {epochs:,} epoch{'s' * (epochs != 1)}{' each' * (n > 1)}"


def _some(table: Table, right: np.ndarray, rows: np.ndarray) -> tuple[Table, np.ndarray]:
    """Return some rows, and their answers; all as they are."""
    return (table, right) if len(rows) == len(table) else (table.take(rows), right[rows])


def _rounded(curves: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    """Return curves as a picture needs them."""
    return {
        name: [float(f"{value:.5g}") if np.isfinite(value) else 0.0 for value in values]
        for name, values in curves.items()
    }


def recipe_for(asked: Asked) -> Recipe:
    """Return the recipe of the preset, with what was asked for instead.

    Raises
    ------
    TypeError, ValueError
        If something that was asked for is not possible.
    """
    recipe = PRESETS[asked.preset or "default"]
    defaults = Settings(hidden=recipe.hidden, optimizer="adamw", dropout=recipe.dropout)
    settings = chosen_settings(asked, defaults)
    given: dict[str, Any] = {}
    for name in ("hidden", "dropout", "l2"):
        if getattr(asked, name) is not None:
            given[name] = getattr(settings, name)
    if asked.patience is not None:
        given["patience"] = asked.patience
    if asked.members is not None:
        given["n_members"] = check_integer("--members", asked.members, at_least=1)
    if asked.batch_size is not None:
        given["batch_size"] = settings.batch_size or sys.maxsize
    if asked.epochs is not None:
        given["epochs"] = settings.epochs
    if asked.activation is not None:
        given["activation"] = activation(asked.activation)
    rate = asked.optimizer_settings.get("learning_rate")
    others = asked.optimizer_settings.keys() - {"learning_rate"}
    if asked.optimizer is not None or others or asked.setting or asked.schedule:
        given["own_optimizer"] = partial(chosen_optimizer, asked, settings)
        given["own_optimizer"](1)  # what can't be is told before anything is read
    elif rate is not None:
        check_number("--learning-rate", rate, above=0)
        given["learning_rate"] = rate
    return replace(recipe, **given)
