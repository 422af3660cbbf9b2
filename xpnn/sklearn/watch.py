"""What scikit-learn's estimators note of a training, and when they end it."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ..backend import Array, array_namespace
from ..data.sources import Held, Source
from ..hooks import Callback
from ..network import Network, fuse
from .networks import rate_schedule

__all__ = ["Memory", "Validation", "Watch"]

SMALLEST_RATE = 1e-6
"""The learning rate at which an adaptive one ends the training, as in scikit-learn."""


class Validation:
    """Rows that are held back, on which a network is measured.

    Parameters
    ----------
    model : Network
        The compiled model.
    X, y : array of n rows
        The rows, and the targets as the loss takes them.
    weight : numpy.ndarray of shape (n,), optional
        How much each row counts.
    score : callable
        ``score(outputs)`` measures the network's outputs, on the host.
    """

    def __init__(
        self,
        model: Network,
        X: Array,
        y: Any,
        weight: np.ndarray | None,
        score: Callable[[np.ndarray], float],
    ) -> None:
        self.model, self.score = model, score
        backend = model.backend
        with backend.activate_for(model.dtype):
            self.x = model.place_inputs(X)
            y = model.place_targets(y, self.x)
            self.y = backend.asarray(y.rows) if isinstance(y, Held) else y
            weight = np.ones(self.x.shape[0]) if weight is None else weight
            self.weight = backend.asarray(weight / np.sum(weight), model.dtype)
        self._stack, criterion = fuse(model.layers, model.require_compiled().loss)
        stack, last = self._stack, self._stack.head

        def measure(params: Any, x: Array, y: Array, weight: Array) -> tuple[Array, Array]:
            outputs = stack.predict(params, x)
            losses, _ = criterion.forward(outputs, y)
            loss = array_namespace(losses).sum(losses * weight)
            return loss, outputs if last is None else last.forward((), outputs)[0]

        self._measure = backend.compile(measure)

    def _pieces(self) -> Iterator[tuple[slice, Array]]:
        """Yield which rows, and these: all at once, but for sparse ones that are made dense."""
        n, n_features = self.x.shape
        if isinstance(self.x, Source):
            yield from self.x.pieces(self.model.rows_at_a_time(n_features))
        else:
            yield slice(0, n), self.x

    def __call__(self) -> tuple[float, float]:
        """Return the score and the loss with the parameters that the model now has."""
        model, backend = self.model, self.model.backend
        params, total = model.parameter_arrays, 0.0
        parts: list[np.ndarray] = []
        with backend.activate_for(model.dtype):
            for rows, x in self._pieces():
                data = backend.asarray(x), self.y[rows, ...], self.weight[rows]
                loss, outputs = self._measure(params, *data)
                total = total + loss
                parts.append(backend.to_numpy(outputs))
            value = float(backend.read([self._stack.penalise(params, total)])[0])
        host = np.concatenate(parts)
        if not np.isfinite(host).all():
            return math.nan, value
        return self.score(host), value


@dataclass
class Memory:
    """What a training remembers from one epoch, and from one ``partial_fit``, to the next.

    Attributes
    ----------
    optimizer : Optimizer
        With the learning rate of the next epoch.
    no_improvement_count : int
        How many epochs in a row did not improve.
    weight_seen : float
        The weight of all rows so far.  It is beside `t_`, their number, so that a row of
        weight 2 is the row twice for the learning rate, too.
    best : list of array or None
        The parameters that had the best validation score.
    """

    optimizer: Any
    no_improvement_count: int
    weight_seen: float
    best: list[Array] | None


class Watch(Callback):
    """Writes an estimator's record of each epoch, and ends the training where none improves.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        Whose attributes are written, those that are documented.
    memory : Memory
        What is remembered beside these; it is changed, and the estimator's to keep.
    n_samples : int
        The number of rows that an epoch goes through.
    weight : float
        The sum of their weights.
    validation : Validation or None
        What is measured after each epoch; it then decides what an improvement is.
    incremental : bool
        Whether this is one of many calls of ``partial_fit``, so that nothing ends.
    """

    def __init__(
        self,
        estimator: Any,
        memory: Memory,
        n_samples: int,
        weight: float,
        validation: Validation | None,
        incremental: bool,
    ) -> None:
        self.estimator, self.memory = estimator, memory
        self.n_samples, self.weight = n_samples, weight
        self.validation, self.incremental = validation, incremental

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Note the epoch, set the learning rate of the next one, and maybe end."""
        e, memory = self.estimator, self.memory
        self._note(logs["loss"])
        memory.no_improvement_count = memory.no_improvement_count + 1 if self._stalled() else 0
        if rate_schedule(e) == "invscaling":
            self._set_rate(float(e.learning_rate_init) / (memory.weight_seen + 1) ** e.power_t)
        if memory.no_improvement_count > e.n_iter_no_change and self._ends():
            self.model.stop_training = True
        elif e.n_iter_ == e.max_iter and not self.incremental:
            warnings.warn(
                f"Stochastic Optimizer: Maximum iterations ({e.max_iter}) reached and the "
                "optimization hasn't converged yet.",
                ConvergenceWarning,
                stacklevel=2,
            )

    def diverged(self, reason: Exception) -> None:
        """Note an epoch in which the training diverged; the best parameters stay."""
        e = self.estimator
        self._note(math.nan)
        e.validation_scores_.append(math.nan)
        e.validation_loss_curve_.append(math.nan)
        warnings.warn(
            f"The training diverged and was stopped, with the best parameters: {reason}",
            ConvergenceWarning,
            stacklevel=2,
        )

    def _note(self, loss: float) -> None:
        e = self.estimator
        e.n_iter_ += 1
        e.t_ += self.n_samples
        self.memory.weight_seen += self.weight
        e.loss_ = loss
        e.loss_curve_.append(loss)
        if e.verbose:
            print(f"Iteration {e.n_iter_}, loss = {loss:.8f}")

    def _stalled(self) -> bool:
        """Whether the epoch improved by less than the tolerance; the best is kept."""
        e = self.estimator
        if self.validation is None:
            stalled = bool(e.loss_ > e.best_loss_ - e.tol)
            e.best_loss_ = min(e.best_loss_, e.loss_)
            return stalled
        score, loss = self.validation()
        e.validation_scores_.append(score)
        e.validation_loss_curve_.append(loss)
        if e.verbose:
            print(f"Validation score: {score:f}")
        stalled = bool(score < e.best_validation_score_ + e.tol)
        if score > e.best_validation_score_:
            e.best_validation_score_ = score
            self.memory.best = self.model.parameters
        return stalled

    def _ends(self) -> bool:
        """Whether a training that stalls is at its end, or goes on with smaller steps."""
        e, memory = self.estimator, self.memory
        what = "Training loss" if self.validation is None else "Validation score"
        said = (
            f"{what} did not improve more than tol={e.tol:f} for {e.n_iter_no_change} "
            "consecutive epochs."
        )
        rate, adaptive = memory.optimizer.learning_rate, rate_schedule(e) == "adaptive"
        if adaptive and rate > SMALLEST_RATE:
            self._set_rate(rate / 5)
            memory.no_improvement_count = 0
            said = f"{said} Setting learning rate to {rate / 5:f}"
        elif adaptive:
            said = f"{said} Learning rate too small. Stopping."
        else:
            said = f"{said} Stopping."
        if e.verbose:
            print(said)
        return bool(memory.no_improvement_count)

    def _set_rate(self, rate: float) -> None:
        self.memory.optimizer = replace(self.memory.optimizer, learning_rate=rate)
        self.model.learning_rate = rate
