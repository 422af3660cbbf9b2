"""A callback that ends a trial of Optuna where others were better."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

from .watching import Watching, better

__all__ = ["Pruning"]


class Pruning(Watching):
    """Tell a trial of Optuna the measure of each epoch, and end it where its study says so.

    Parameters
    ----------
    trial : optuna.trial.Trial
        What Optuna gives the objective.
    monitor : str
        The measure, as in `EarlyStopping`; a step of the trial is an epoch, counted from 0.
        Which way it is better is the study's ``direction``.

    Raises
    ------
    ModuleNotFoundError
        If Optuna is not installed.
    TypeError, ValueError
        If it is no trial; when training begins, if there is no such measure.
    optuna.TrialPruned
        After an epoch, if the study's pruner says so.

    Warns
    -----
    UserWarning
        If the study looks for the largest number and the measure is better when it is smaller,
        or the other way round: the pruner would end the best trials.

    Notes
    -----
    A trial that goes on by ``fit(resume=...)`` is told of each epoch once, also where it was
    told of some after the last checkpoint; a new trial that goes on with the checkpoints of
    another one is told of all epochs.  Where training diverges, `DivergenceError` leaves the
    objective; by ``study.optimize(..., catch=ArithmeticError)`` the trial counts as failed and
    the study goes on.
    """

    told_once: ClassVar[bool] = True

    def __init__(self, trial: Any, monitor: str = "val_loss") -> None:
        _optuna()
        if not callable(getattr(trial, "report", None)) or not callable(
            getattr(trial, "should_prune", None)
        ):
            raise TypeError(
                f"trial must be the optuna.Trial that the objective is given, got {trial!r}"
            )
        super().__init__(monitor)
        self.trial = trial

    def on_train_begin(self, epochs: int, steps: int) -> None:
        """Look whether there is such a measure, and of which epochs the trial knows."""
        super().on_train_begin(epochs, steps)
        self._warn_of_the_wrong_way()
        self._told, self._known = 0, set[int]()
        study, running = getattr(self.trial, "study", None), self.model.running
        if study is not None and running is not None and running.resumed_from is not None:
            (own,) = (
                t for t in study.get_trials(deepcopy=False) if t.number == self.trial.number
            )
            self._known = set(own.intermediate_values)

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Report the epoch; in the first of a resumed run also those before."""
        assert self.model.history is not None
        values = self.model.history.history[self._measure]
        for i in range(self._told, epoch + 1):
            if i not in self._known:  # Optuna warns of what it was told already
                self.trial.report(values[i], i)
        self._told = epoch + 1
        if self.trial.should_prune():
            raise _optuna().TrialPruned(
                f"{self._measure} was {values[epoch]:.4g} after {epoch + 1} epochs"
            )

    def _warn_of_the_wrong_way(self) -> None:
        """Warn where the pruner would end those trials that are the best."""
        study = getattr(self.trial, "study", None)
        if study is None or len(study.directions) != 1:
            return
        pruners = _optuna().pruners
        if isinstance(study.pruner, pruners.NopPruner | pruners.ThresholdPruner):
            return  # which don't compare
        name = self._measure.removeprefix("val_")
        if name in (metric.name for metric in self.model.require_compiled().function_metrics):
            return  # somebody's own
        way, wanted = study.directions[0].name.lower(), f"{better(name)}imize"
        if way != wanted:
            warnings.warn(
                f"Pruning: the study is to {way}, but {self._measure} is better when it is "
                f"{'smaller' if wanted == 'minimize' else 'larger'}: the best trials would be "
                f"pruned. Give the study direction={wanted!r}, or another monitor",
                UserWarning,
                stacklevel=2,
            )


def _optuna() -> Any:
    """Import the package optuna."""
    try:
        import optuna
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "Pruning needs Optuna, which is not installed: pip install 'xpnn[optuna]'",
            name="optuna",
        ) from error
    return optuna
