"""How both estimators are fitted, and how they go on: scikit-learn's ways, `Sequential.fit`."""

from __future__ import annotations

import math
import warnings
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
from scipy.sparse import issparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if

from ..backend import Array, to_host
from ..data import take_rows
from ..history import DivergenceError
from ..layers.base import Layer
from ..losses import Loss
from ..minimizing import search
from ..sequential import Sequential
from .adapter import check_same_namespace, fit_context, validate_inputs, validate_weight
from .exchange import Exchange
from .fitted import network_dtype
from .networks import hidden_sizes, make_layers, make_optimizer
from .watch import Memory, Validation, Watch

__all__ = ["Perceptron", "Task"]

NOT_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and "
    "need to be preprocessed. In xpnn's words: "
)

OF_EPOCHS = (
    "loss_curve_",
    "best_loss_",
    "validation_scores_",
    "best_validation_score_",
    "validation_loss_curve_",
    "_no_improvement_count",
)
"""What is noted of epochs, and so not of lbfgs."""


@dataclass(frozen=True)
class Task:
    """What a network shall learn, as `Sequential` takes it.

    Attributes
    ----------
    loss : Loss
        What is made small.
    output : str
        What the network ends in, one of `xpnn.sklearn.networks.OUTPUTS`.
    n_outputs : int
        The number of its outputs.
    targets : array of n rows
        What the outputs should be.
    weight : numpy.ndarray of shape (n,) or None
        How much each row counts.
    stratify : numpy.ndarray of shape (n, 1) or None
        Classes that a split keeps in proportion, as scikit-learn's MLP does for two.
    """

    loss: Loss
    output: str
    n_outputs: int
    targets: Array
    weight: np.ndarray | None
    stratify: np.ndarray | None = None


class Perceptron(Exchange, ABC):
    """What fits; an estimator says what there is to learn, and how good it is."""

    _numeric: ClassVar[bool]
    """Whether targets are numbers, not classes."""

    @abstractmethod
    def _task(self, X: Array, y: Any, weight: np.ndarray | None, known: bool) -> Task:
        """Return what to learn of targets; `known` says that classes are known already."""

    @abstractmethod
    def _score(self, outputs: np.ndarray, targets: Any, weight: np.ndarray | None) -> float:
        """Return how good outputs are, on the host: what early stopping watches."""

    @fit_context
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit.

        Parameters
        ----------
        X : array_like or sparse matrix of shape (n, n_features)
            The rows.
        y : array_like of shape (n,) or (n, k)
            Of a classifier the class of each row, or 0 or 1 for each of k labels; of a
            regressor the number, or the k numbers, to predict.
        sample_weight : array_like of shape (n,), optional
            How much each row counts.

        Returns
        -------
        MLPClassifier or MLPRegressor
            Itself.

        Raises
        ------
        TypeError, ValueError
            If a parameter or an array is none of these, or the training diverged without
            early stopping.

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            If the training still improves after `max_iter` epochs, or diverged with early
            stopping.
        """
        return self._train(X, y, sample_weight, incremental=False)

    def _can_fit_partially(self) -> bool:
        return self._is_stochastic()

    @available_if(lambda self: self._can_fit_partially())
    @fit_context
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Go on training, with one epoch over these rows.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.

        Returns
        -------
        MLPClassifier or MLPRegressor
            Itself.

        Raises
        ------
        TypeError, ValueError
            As in `fit`.
        """
        return self._train(X, y, sample_weight, incremental=True)

    def _train(self, X: Any, y: Any, sample_weight: Any, *, incremental: bool) -> Self:
        """Fit as scikit-learn's MLP does; the training itself is that of `Sequential.fit`."""
        again = hasattr(self, "coefs_") and bool(self.warm_start or incremental)
        in_epochs = self._is_stochastic()
        early_stopping = bool(self.early_stopping) and in_epochs
        if not in_epochs and np.any(self.dropout):
            raise ValueError(
                f"dropout must be 0 for solver='lbfgs', which draws nothing, got {self.dropout}"
            )
        if early_stopping and incremental:
            raise ValueError("partial_fit does not support early_stopping=True")
        if again:
            method = "partial_fit" if incremental else "fit"
            check_same_namespace(X, self, attribute="_first_coefs", method=method)
        X, y = validate_inputs(self, X, y, reset=not again, numeric=self._numeric)
        task = self._task(X, y, validate_weight(sample_weight, X), again or incremental)
        sizes = [int(X.shape[1]), *hidden_sizes(self), task.n_outputs]
        if not again:
            self._start(task, len(sizes))
        elif sizes != self._sizes():
            raise ValueError(
                f"the layers must keep their sizes {self._sizes()} where training goes on, "
                f"got {sizes}"
            )
        watched = getattr(self, "validation_scores_", None) is not None
        goes_on = again and hasattr(self, "loss_curve_") and watched is early_stopping
        if in_epochs and not goes_on:
            self._start_epochs()
        if not (again and hasattr(self, "_random_state")):
            self._random_state = check_random_state(self.random_state)

        # scikit-learn draws first values before it splits, so the network is made before
        n = int(X.shape[0])
        n_held = math.ceil(self.validation_fraction * n) if early_stopping else 0
        batch_size = self._batch_size(max(1, n - n_held)) if in_epochs else n
        mean_weight = 1.0 if task.weight is None else float(np.mean(task.weight))
        layers = make_layers(self, sizes, task.output, batch_size * mean_weight)
        model = self._network(layers, task.loss, X, again=again, incremental=incremental)
        validation = None
        if early_stopping:
            if not (again and hasattr(self, "_best")):
                self._best = model.parameters
            X, task, validation = self._hold_back(model, X, task)
        if in_epochs:
            ended = self._run(model, X, task, batch_size, validation, incremental)
        else:
            ended = self._search(model, X, task)
        if early_stopping:
            if not math.isfinite(self.best_validation_score_ or 0.0):
                warnings.warn(
                    "The validation score was NaN in each epoch, so that none was the best: "
                    "the parameters are those that the training began with",
                    ConvergenceWarning,
                    stacklevel=4,
                )
            model.set_parameters(self._best)
            if not self.warm_start:
                del self._best
        self._hand_out(model, X)
        if ended is not None:  # whoever saves the estimator before the process ends has all
            raise ended
        return self

    def _start(self, task: Task, n_layers: int) -> None:
        """Begin the record of a training."""
        self.n_iter_ = self.t_ = 0
        self._weight_seen = 0.0
        self.n_layers_, self.n_outputs_ = n_layers, task.n_outputs
        self.out_activation_ = task.output
        for name in OF_EPOCHS:  # of a fit before, with another solver
            self.__dict__.pop(name, None)

    def _start_epochs(self) -> None:
        """Begin the record of epochs."""
        self.loss_curve_: list[float] = []
        self._no_improvement_count = 0
        watched = bool(self.early_stopping)
        self.validation_scores_: list[float] | None = [] if watched else None
        self.validation_loss_curve_: list[float] | None = [] if watched else None
        self.best_validation_score_ = -math.inf if watched else None
        self.best_loss_ = None if watched else math.inf

    def _batch_size(self, n: int) -> int:
        if self.batch_size == "auto":
            return min(200, n)
        if self.batch_size > n:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be "
                "clipped",
                stacklevel=4,
            )
        return min(int(self.batch_size), n)

    def _network(
        self, layers: list[Layer], loss: Loss, X: Array, *, again: bool, incremental: bool
    ) -> Sequential:
        """Return the network to train: a new one, the last one, or one around the arrays."""
        backend = self._where(X)
        last = self._last() if again else None
        goes_on = incremental and again and hasattr(self, "_optimizer")
        if not goes_on:
            self._optimizer = make_optimizer(self)
        if not again:
            dtype = network_dtype(X)
            model = Sequential(layers, seed=self._random_state, dtype=dtype, backend=backend)
        elif (
            last is not None
            and goes_on
            and last.backend is backend
            and (last.layers, last.require_compiled().loss) == (tuple(layers), loss)
        ):
            if self._kept() is None and not self._holds(last):
                last.set_parameters(self._arrays())
            return last
        else:
            model = self._around(layers, backend)
            model.generator = self._random_state
        model.compile(loss, self._optimizer, metrics=())
        if last is not None and goes_on:  # what the optimizer remembers
            model.train_state.memory = last.to(backend).train_state.memory
            if not self._holds(last):
                model.train_state.go_on_from(model)
        return model

    def _hold_back(
        self, model: Sequential, X: Array, task: Task
    ) -> tuple[Array, Task, Validation]:
        """Return the rows and what to learn without some rows, and what measures on these."""
        kept, held = train_test_split(
            np.arange(int(X.shape[0])),
            random_state=self._random_state,
            test_size=self.validation_fraction,
            stratify=task.stratify,
        )
        if len(held) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the "
                "size of your dataset."
            )
        weights = [None if task.weight is None else task.weight[rows] for rows in (kept, held)]
        y_held = take_rows(task.targets, held)
        score = partial(self._score, targets=to_host(y_held), weight=weights[1])
        x_kept, x_held = (
            X[rows] if issparse(X) else take_rows(X, rows) for rows in (kept, held)
        )
        validation = Validation(model, x_held, y_held, weights[1], score)
        task = replace(task, targets=take_rows(task.targets, kept), weight=weights[0])
        return x_kept, task, validation

    def _run(
        self,
        model: Sequential,
        X: Array,
        task: Task,
        batch_size: int,
        validation: Validation | None,
        incremental: bool,
    ) -> SystemExit | None:
        """Train, and say in scikit-learn's words how it ended; return what ends the process."""
        self.n_iter_ = 0
        n = int(X.shape[0])
        total = float(n) if task.weight is None else float(np.sum(task.weight))
        memory = Memory(
            self._optimizer,
            self._no_improvement_count,
            getattr(self, "_weight_seen", 0.0),
            getattr(self, "_best", None),
        )
        watch = Watch(self, memory, n, total, validation, incremental)
        try:
            model.fit(
                X,
                task.targets,
                epochs=1 if incremental else int(self.max_iter),
                batch_size=batch_size,
                shuffle=bool(self.shuffle),
                sample_weight=task.weight,
                callbacks=[watch],
                verbose=False,
            )
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=5)
        except SystemExit as ended:
            return ended
        except DivergenceError as error:
            if validation is None:
                raise ValueError(f"{NOT_FINITE}{error}") from error
            watch.diverged(error)
        finally:
            self._optimizer = memory.optimizer
            self._no_improvement_count = memory.no_improvement_count
            self._weight_seen = memory.weight_seen
            if memory.best is not None:
                self._best = memory.best
        return None

    def _search(self, model: Sequential, X: Array, task: Task) -> SystemExit | None:
        """Train by lbfgs, and say how it ended; return what ends the process."""
        options = {"maxiter": self.max_iter, "maxfun": self.max_fun, "gtol": self.tol}
        self.n_iter_ = 0

        def tell(loss: float) -> None:
            self.n_iter_ += 1
            self.loss_ = loss
            if self.verbose:
                print(f"Iteration {self.n_iter_}, loss = {loss:.8f}")

        try:
            found = search(model, X, task.targets, task.weight, options, tell)
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=5)
            return None
        except SystemExit as ended:
            return ended
        except DivergenceError as error:
            raise ValueError(f"{NOT_FINITE}{error}") from error
        self.n_iter_, self.loss_ = int(found.nit), float(found.fun)
        if found.status:
            warnings.warn(
                f"lbfgs failed to converge after {self.n_iter_} iteration(s) "
                f"(status={found.status}): {found.message}. More of them (max_iter="
                f"{self.max_iter}, max_fun={self.max_fun}) or scaled inputs may help",
                ConvergenceWarning,
                stacklevel=5,
            )
        return None
