"""A callback that writes a training down as a run of MLflow."""

from __future__ import annotations

import json
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from ..checks import check_flag
from ..hooks import Callback
from .hyperparameters import hyperparameters

__all__ = ["MLflow"]

MOST_CHARACTERS = 500
"""Of a parameter's value, as old servers of MLflow have them; the card has all of it."""

MOST_METRICS = 1000
"""That MLflow takes at once."""

PATIENCE = 10
"""How many times as long as MLflow took to fail it is left alone then."""


class MLflow(Callback):
    """Write parameters, the measures of each epoch and the model down as a run of MLflow.

    Where a run is active (``with mlflow.start_run():``), it is that one, and it is left open;
    otherwise a run is begun, and ended, in the experiment and at the tracking URI that
    are set in MLflow.  It has the hyper-parameters; the loss, the metrics and the learning
    rate with which the epoch began, by epoch, counted from 0; and, when training has ended
    well, the artifacts ``model/model.safetensors``, which `xpnn.load` reads, and
    ``model/card.json``.  A training that an error ends is marked ``FAILED``, and
    ``KILLED`` where that was Ctrl-C, SIGTERM, or a trial of Optuna that was pruned.

    A training that is resumed goes on in the same run of MLflow, with each epoch there once.

    Parameters
    ----------
    save_model : bool
        Whether to keep the model and its card; with `EarlyStopping`, the best.

    Attributes
    ----------
    run_id : str or None
        The run, from the first epoch on.

    Raises
    ------
    ModuleNotFoundError
        If MLflow is not installed.
    mlflow.MlflowException
        When training begins, if the tracking server or store doesn't answer.
    ValueError
        When a training is resumed whose run is not there.

    Warns
    -----
    UserWarning
        If MLflow can't be reached later, or its disk is full.  Training goes on, and
        what is missing is sent when that is possible again.
    """

    told_once: ClassVar[bool] = True

    def __init__(self, *, save_model: bool = True) -> None:
        check_flag("save_model", save_model)
        _mlflow()
        self.save_model = save_model
        self.run_id: str | None = None
        self._rates: dict[int, float] = {}

    # -------------------------------------------------------------------------- hooks

    def on_train_begin(self, epochs: int, steps: int) -> None:
        """Look whether MLflow answers, where no run is active."""
        mlflow = _mlflow()
        if mlflow.active_run() is None:
            mlflow.MlflowClient().search_experiments(max_results=1)
        self.run_id, self._is_own, self._is_begun, self._is_open = None, False, False, False
        n_rows = self.data[0].shape[0]
        self._settings = hyperparameters(self.model, n_rows, epochs, steps)
        self._rates = {}
        self._sent = self._ended = 0
        self._known: set[tuple[str, int]] = set()
        self._error = sys.exception()  # that is being handled where fit was called
        self._warned, self._not_before = False, 0.0

    def on_epoch_begin(self, epoch: int) -> None:
        """Note the learning rate; before the first epoch begin a run, or go on in one."""
        self._rates.setdefault(epoch, self.model.learning_rate)  # or it goes on within one
        if not self._is_open:
            self._attempt(self._open)

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Send the epoch's measures, and those that could not be sent before."""
        self._ended = epoch + 1
        self._attempt(self._send)

    def on_train_end(self) -> None:
        """Send what is left, and the model where all went well, and end an own run."""
        error = sys.exception()
        status = "FINISHED" if error is None or error is self._error else _status(error)
        if self._ended:
            self._not_before = 0.0
            is_sent = self._attempt(self._send)
            if is_sent and self.save_model and status == "FINISHED":
                self._attempt(self._keep_model)
        if self._is_own:
            self._not_before = 0.0
            self._attempt(lambda: self._end(status))
        self._error = None

    def state(self) -> dict[str, Any]:
        """Return which run it is, and the learning rates that were not sent yet."""
        rates = [[epoch, rate] for epoch, rate in self._rates.items()]
        return {} if self.run_id is None else {"run_id": self.run_id, "rates": rates}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on in that run, unless one is active.

        Raises
        ------
        TypeError, ValueError
            If it is nothing that `state` returns, or there is no such run.
        """
        run_id = state["run_id"]
        if not isinstance(run_id, str):
            raise TypeError(f"run_id must be a string, got {run_id!r}")
        self._rates = {int(epoch): float(rate) for epoch, rate in state["rates"]}
        mlflow = _mlflow()
        if mlflow.active_run() is not None:
            return
        why: Any = "it was deleted"
        try:
            stage = mlflow.MlflowClient().get_run(run_id).info.lifecycle_stage
        except mlflow.MlflowException as error:
            stage, why = None, error
        if stage != "active":
            raise ValueError(
                f"MLflow has no run {run_id} at {mlflow.get_tracking_uri()} ({why}): set the "
                "tracking URI where it is, or open a run to go on in, by mlflow.start_run()"
            )
        self.run_id = run_id

    # ------------------------------------------------------------------------ the run

    def _open(self) -> None:
        """Begin a run or go on in one, if that is not done, and write its parameters."""
        if self._is_open:
            return
        mlflow = _mlflow()
        if not self._is_begun:
            active = mlflow.active_run()
            run = mlflow.start_run(run_id=self.run_id) if active is None else active
            self.run_id, self._is_own, self._is_begun = run.info.run_id, active is None, True
        client, run_id = mlflow.MlflowClient(), self._run
        there = client.get_run(run_id).data.params  # what is there can't be changed
        settings = {k: _cut(str(v)) for k, v in self._settings.items() if k not in there}
        client.log_batch(run_id, params=[mlflow.entities.Param(*s) for s in settings.items()])
        assert self.model.running is not None
        if self.model.running.resumed_from is not None:
            for name in [*self.model.running.measures, "learning_rate"]:
                points = client.get_metric_history(run_id, name)
                self._known |= {(name, point.step) for point in points}
        self._is_open = True

    @property
    def _run(self) -> str:
        assert self.run_id is not None
        return self.run_id

    def _send(self) -> None:
        """Send the measures of epochs that are not there, whole epochs at a time."""
        self._open()
        mlflow = _mlflow()
        client, now = mlflow.MlflowClient(), int(1000 * time.time())
        assert self.model.history is not None
        measures = self.model.history.history
        at_once = max(1, MOST_METRICS // (len(measures) + 1))
        while self._sent < self._ended:
            end = min(self._ended, self._sent + at_once)
            points = [
                (name, values[epoch], epoch)
                for epoch in range(self._sent, end)
                for name, values in measures.items()
            ]
            points += [("learning_rate", v, e) for e, v in self._rates.items() if e < end]
            metrics = [
                mlflow.entities.Metric(name, value, now, epoch)
                for name, value, epoch in points
                if (name, epoch) not in self._known
            ]
            client.log_batch(self._run, metrics=metrics)
            self._rates = {e: v for e, v in self._rates.items() if e >= end}
            self._sent = end

    def _keep_model(self) -> None:
        """Keep the model's file, and its card."""
        with tempfile.TemporaryDirectory() as folder:
            self.model.save(Path(folder, "model.safetensors"))
            card = json.dumps(self.model.card(), indent=2)
            Path(folder, "card.json").write_text(card + "\n", encoding="utf-8")
            _mlflow().MlflowClient().log_artifacts(self._run, folder, "model")

    def _end(self, status: str) -> None:
        mlflow = _mlflow()
        active = mlflow.active_run()
        if active is not None and active.info.run_id == self.run_id:
            mlflow.end_run(status)
        else:
            mlflow.MlflowClient().set_terminated(self._run, status)

    def _attempt(self, what: Callable[[], None]) -> bool:
        """Do something; where MLflow fails, warn, once, and leave it alone for a while.

        Returns
        -------
        bool
            Whether it is done.
        """
        began = time.monotonic()
        if began < self._not_before:
            return False
        try:
            what()
        except (_mlflow().MlflowException, OSError) as error:
            now = time.monotonic()
            self._not_before = now + PATIENCE * (now - began)
            if not self._warned:
                warnings.warn(
                    "MLflow could not be written to, so training goes on without it and tries "
                    f"again later: {error}",
                    stacklevel=3,
                )
            self._warned = True
            return False
        self._warned = False
        return True


def _cut(value: str) -> str:
    """Return a parameter's value, shorter where it is too long for MLflow."""
    return value if len(value) <= MOST_CHARACTERS else value[: MOST_CHARACTERS - 1] + "…"


def _status(error: BaseException) -> str:
    """Return what MLflow calls a run that an error has ended."""
    optuna: Any = sys.modules.get("optuna")
    is_pruned = optuna is not None and isinstance(error, optuna.TrialPruned)
    return "KILLED" if is_pruned or not isinstance(error, Exception) else "FAILED"


def _mlflow() -> Any:
    """Import the package mlflow."""
    try:
        import mlflow
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "MLflow is not installed: pip install 'xpnn[mlflow]'", name="mlflow"
        ) from error
    return mlflow
