"""MLPClassifier and MLPRegressor: scikit-learn's parameters, xpnn's networks."""

from __future__ import annotations

import copy
import math
import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import sklearn.neural_network
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import check_random_state
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target, unique_labels
from sklearn.utils.validation import check_is_fitted

from ..backend import (
    Array,
    Backend,
    array_namespace,
    backend_of,
    device_of,
    dtype_name,
    index_dtype_of,
    resolve,
    to_host,
)
from ..data import take_rows
from ..fitting import DivergenceError
from ..layers import Dense, Dropout, LeakyReLU, Linear, ReLU, Sigmoid, Softmax, Tanh
from ..layers.base import Layer
from ..losses import BinaryCrossEntropy, CategoricalCrossEntropy, Huber, Loss, MeanAbsoluteError
from ..model import Sequential
from ..optimizers import SGD, AdaGrad, Adam, Optimizer, RMSProp
from .adapter import (
    Interval,
    Options,
    StrOptions,
    check_same_namespace,
    fit_context,
    labels_on_host,
    validate_inputs,
    validate_rows,
    validate_weight,
    where_arrays_are,
)
from .losses import Exponential, HalfSquaredError, PoissonDeviance, SummedBinaryCrossEntropy
from .watch import Validation, Watch

if TYPE_CHECKING:
    from ..initializers import Generator

__all__ = ["MLPClassifier", "MLPRegressor"]

ACTIVATIONS: dict[str, Layer] = {
    "identity": Linear(),
    "logistic": Sigmoid(),
    "tanh": Tanh(),
    "relu": ReLU(),
    "leaky_relu": LeakyReLU(),
}
"""The activations of hidden layers by name; all but the last are scikit-learn's, too."""

OUTPUTS: dict[str, Layer] = {
    "identity": Linear(),
    "logistic": Sigmoid(),
    "softmax": Softmax(),
    "exp": Exponential(),
}
"""What a network can end in, by scikit-learn's names."""

REGRESSION_LOSSES: dict[str, Loss] = {
    "squared_error": HalfSquaredError(),
    "absolute_error": MeanAbsoluteError(),
    "huber": Huber(),
    "poisson": PoissonDeviance(),
}

STOCK_VALUES = {"solver": ("adam", "sgd"), "loss": ("squared_error", "poisson")}
"""The solvers and losses that scikit-learn has, too."""

RECORD = (
    "n_iter_",
    "n_layers_",
    "n_outputs_",
    "out_activation_",
    "t_",
    "loss_",
    "best_loss_",
    "loss_curve_",
    "validation_scores_",
    "best_validation_score_",
    "_no_improvement_count",
    "classes_",
    "_label_binarizer",
)
"""What scikit-learn's own estimators note, too."""


@dataclass(frozen=True)
class Uniform:
    """First values as scikit-learn's MLP draws them, also for biases.

    Parameters
    ----------
    bound : float
        They are drawn between it and its negative.
    """

    bound: float

    def __call__(self, generator: Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Draw an array of a shape."""
        return generator.uniform(-self.bound, self.bound, shape)


@dataclass(frozen=True)
class Task:
    """What a network shall learn, as `Sequential` takes it.

    Attributes
    ----------
    loss : Loss
        What is made small.
    output : str
        What the network ends in, one of `OUTPUTS`.
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


class _Perceptron(BaseEstimator, ABC):
    """What the two estimators share."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions(set(ACTIVATIONS)), Layer, "array-like"],
        "solver": [StrOptions({"adam", "sgd", "adagrad", "rmsprop"}), Optimizer],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "l1": [Interval(Real, 0, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left"), "array-like"],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="left")],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "n_iter_no_change": [
            Interval(Integral, 1, None, closed="left"),
            Options(Real, {np.inf}),
        ],
        "backend": [str, Backend, None],
    }

    # ------------------------------------------------------------------- description

    def _is_stochastic(self) -> bool:
        return not (isinstance(self.solver, str) and self.solver == "lbfgs")

    def _validate_params(self) -> None:
        if not self._is_stochastic():
            raise ValueError(
                "solver='lbfgs' is not one of xpnn's: it searches along lines with all rows at "
                "once, and has no steps that a device could be given in advance. Use 'adam', "
                f"or scikit-learn's own {type(self).__name__}"
            )
        super()._validate_params()

    @property
    def _schedule(self) -> str:
        """The kind of learning rate; only solver="sgd" has another than a constant one."""
        return str(self.learning_rate) if self.solver == "sgd" else "constant"

    @property
    def _first_coefs(self) -> Array:
        """The array that says where the fitted ones are."""
        return self.coefs_[0]

    def _hidden_sizes(self) -> list[int]:
        sizes = self.hidden_layer_sizes
        sizes = list(sizes) if hasattr(sizes, "__iter__") else [sizes]
        if any(size <= 0 for size in sizes):
            raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
        return [int(size) for size in sizes]

    def _each(self, name: str, count: int) -> list[Any]:
        """Return a parameter that is one for all hidden layers, or a list with one for each."""
        value = getattr(self, name)
        if isinstance(value, str | Real | Layer):
            return [value] * count
        if len(value) != count:
            raise ValueError(
                f"{name} must be one for all hidden layers or a list with one for each of the "
                f"{count}, got {value!r}"
            )
        return [*value]

    def _activations(self, count: int) -> list[Layer]:
        layers = []
        for given in self._each("activation", count):
            layer = ACTIVATIONS.get(given) if isinstance(given, str) else given
            if not isinstance(layer, Layer):
                raise ValueError(
                    f"activation must be one of {', '.join(map(repr, ACTIVATIONS))} or a Layer "
                    f"of xpnn, got {given!r}"
                )
            if layer.parameters() or layer.state():
                raise ValueError(
                    f"activation must not learn: coefs_ and intercepts_ have no place for what "
                    f"{layer} does"
                )
            layers.append(layer)
        return layers

    def _layers(
        self, sizes: Sequence[int], output: str, rows: float | None = None
    ) -> list[Layer]:
        """Return the network's layers.

        Parameters
        ----------
        sizes : sequence of int
            The numbers of features, of neurons and of outputs.
        output : str
            What it ends in, one of `OUTPUTS`.
        rows : float, optional
            By how many rows the penalties are divided, as scikit-learn divides them: the
            weight of a batch.  Without it the network is for use only.
        """
        hidden = self._activations(len(sizes) - 2)
        rates = self._each("dropout", len(hidden))
        factors = [2.0 if isinstance(layer, Sigmoid) else 6.0 for layer in hidden] or [6.0]
        factors.append(factors[-1])
        layers: list[Layer] = []
        for i, (n_inputs, n_outputs) in enumerate(pairwise(sizes)):
            start = Uniform(math.sqrt(factors[i] / (n_inputs + n_outputs)))
            penalties = {}
            if rows is not None:
                penalties = {"l1": float(self.l1) / rows, "l2": float(self.alpha) / (2 * rows)}
            layers.append(Dense(n_inputs, n_outputs, weights=start, biases=start, **penalties))
            if i < len(hidden):
                layers.append(hidden[i])
                if rows is not None and rates[i]:
                    layers.append(Dropout(float(rates[i])))
        return [layer for layer in [*layers, OUTPUTS[output]] if not isinstance(layer, Linear)]

    def _make_optimizer(self) -> Optimizer:
        if isinstance(self.solver, Optimizer):
            return self.solver
        rate, epsilon = float(self.learning_rate_init), float(self.epsilon)
        if self.solver == "sgd":
            momentum = float(self.momentum)
            nesterov = bool(self.nesterovs_momentum) and momentum > 0
            return SGD(rate, momentum=momentum, nesterov=nesterov)
        if self.solver == "adagrad":
            return AdaGrad(rate, epsilon=epsilon)
        if self.solver == "rmsprop":
            return RMSProp(rate, epsilon=epsilon)
        beta_1, beta_2 = float(self.beta_1), float(self.beta_2)
        return Adam(rate, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)

    # ------------------------------------------------------------------------ network

    def _where(self, X: Array) -> Backend:
        """Return where to compute: as asked for, or where the rows are."""
        return backend_of(X) if self.backend is None else resolve(self.backend)

    def _arrays(self) -> list[Array]:
        """Return the fitted arrays in the order in which a network has them."""
        return [a for pair in zip(self.coefs_, self.intercepts_) for a in pair]

    def _sizes(self) -> list[int]:
        """Return the numbers of features, of neurons and of outputs that were fitted."""
        return [int(w.shape[0]) for w in self.coefs_] + [int(self.coefs_[-1].shape[1])]

    def _hand_out(self, model: Sequential, X: Array) -> None:
        """Let the fitted arrays be the network's own, or copies where X is.

        Whoever changes the network's own arrays changes what it predicts.  Copies can't do
        that, so they can't be changed.
        """
        arrays = [model._return_to(X, p) for p in model._params]
        for array, own in zip(arrays, model._params):
            if array is not own and isinstance(array, np.ndarray):
                array.flags.writeable = False
        self.coefs_, self.intercepts_ = arrays[::2], arrays[1::2]
        self._model = model, arrays

    def _kept(self) -> Sequential | None:
        """Return the network of the last fit, if the fitted arrays are still its own."""
        model, handed = getattr(self, "_model", (None, ()))
        arrays = self._arrays()
        same = len(arrays) == len(handed) and all(a is b for a, b in zip(arrays, handed))
        return model if same else None

    def _around(self, layers: Sequence[Layer], backend: Backend) -> Sequential:
        """Return a network around the fitted arrays."""
        arrays = self._arrays()
        single = dtype_name(arrays[0].dtype) == "float32"
        numbers = [i for i, layer in enumerate(layers) if isinstance(layer, Dense)]
        names = [f"{i}.{name}" for i in numbers for name in ("weights", "biases")]
        dtype = "float32" if single else "float64"
        return Sequential._restore(layers, dict(zip(names, arrays)), dtype, backend)

    def _outputs(self, X: Any, method: str) -> Array:
        """Return the network's outputs, of shape (n, n_outputs), where X is."""
        check_is_fitted(self, "coefs_")
        X = validate_rows(self, X, attribute="_first_coefs", method=method)
        model = self._kept()
        if model is None:
            layers = self._layers(self._sizes(), self.out_activation_)
            model = self._around(layers, self._where(X))
        return model.predict(X)

    def __getstate__(self) -> dict[str, Any]:
        # arrays that travel are copies, and no longer the network's own
        state: dict[str, Any] = {**super().__getstate__()}
        if "_model" in state:
            state["_model"] = state["_model"][0], []
        return state

    def __sklearn_array_api_convert__(self, convert: Any) -> Any:
        """Return a copy whose fitted arrays are converted, as scikit-learn asks for it."""
        new = clone(self)
        for name, value in vars(self).items():
            if name in ("coefs_", "intercepts_", "_best"):
                value = [convert(array) for array in value]
            elif name == "classes_" and not _are_names(value):
                value = convert(value)
            if name != "_model":
                setattr(new, name, value)
        return new

    # ---------------------------------------------------------------------------- fit

    @abstractmethod
    def _task(self, X: Array, y: Any, weight: np.ndarray | None, known: bool) -> Task:
        """Return what to learn of targets; `known` says that classes are known already."""

    @abstractmethod
    def _score(self, outputs: np.ndarray, targets: Any, weight: np.ndarray | None) -> float:
        """Return how good outputs are, on the host: what early stopping watches."""

    def _train(self, X: Any, y: Any, sample_weight: Any, *, incremental: bool) -> Any:
        """Fit as scikit-learn's MLP does; the training itself is that of `Sequential.fit`."""
        again = hasattr(self, "coefs_") and bool(self.warm_start or incremental)
        early_stopping = bool(self.early_stopping)
        if early_stopping and incremental:
            raise ValueError("partial_fit does not support early_stopping=True")
        if again:
            method = "partial_fit" if incremental else "fit"
            check_same_namespace(X, self, attribute="_first_coefs", method=method)
        X, y = validate_inputs(self, X, y, reset=not again, numeric=self._numeric)
        task = self._task(X, y, validate_weight(sample_weight, X), again or incremental)
        sizes = [int(X.shape[1]), *self._hidden_sizes(), task.n_outputs]
        if not again:
            self._start(task, len(sizes))
        elif sizes != self._sizes():
            raise ValueError(
                f"the layers must keep their sizes {self._sizes()} where training goes on, "
                f"got {sizes}"
            )
        if not (again and hasattr(self, "_random_state")):
            self._random_state = check_random_state(self.random_state)

        # scikit-learn draws first values before it splits, so the network is made before
        n = int(X.shape[0])
        n_held = math.ceil(self.validation_fraction * n) if early_stopping else 0
        batch_size = self._batch_size(max(1, n - n_held))
        mean_weight = 1.0 if task.weight is None else float(np.mean(task.weight))
        layers = self._layers(sizes, task.output, batch_size * mean_weight)
        model = self._network(layers, task.loss, X, again=again, incremental=incremental)
        targets, weight, validation = task.targets, task.weight, None
        if early_stopping:
            if not again:
                self._best = model.parameters
            kept, held = train_test_split(
                np.arange(n),
                random_state=self._random_state,
                test_size=self.validation_fraction,
                stratify=task.stratify,
            )
            if len(held) < 2:
                raise ValueError(
                    "The validation set is too small. Increase 'validation_fraction' or the "
                    "size of your dataset."
                )
            y_held = take_rows(targets, held)
            held_weight = None if weight is None else weight[held]
            score = partial(self._score, targets=to_host(y_held), weight=held_weight)
            validation = Validation(model, take_rows(X, held), y_held, held_weight, score)
            X, targets = take_rows(X, kept), take_rows(targets, kept)
            weight = None if weight is None else weight[kept]
        self._run(model, X, targets, weight, batch_size, validation, incremental)
        if early_stopping:
            model.set_parameters(self._best)
            if not self.warm_start:
                del self._best
        self._hand_out(model, X)
        return self

    def _start(self, task: Task, n_layers: int) -> None:
        """Begin the record of a training."""
        self.n_iter_ = self.t_ = 0
        self._weight_seen = 0.0
        self.n_layers_, self.n_outputs_ = n_layers, task.n_outputs
        self.out_activation_ = task.output
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
        last: Sequential | None = getattr(self, "_model", (None,))[0] if again else None
        goes_on = incremental and again and hasattr(self, "_optimizer")
        if not goes_on:
            self._optimizer = self._make_optimizer()
        if not again:
            single = dtype_name(X.dtype) == "float32"
            dtype = "float32" if single else "float64"
            model = Sequential(layers, seed=self._random_state, dtype=dtype, backend=backend)
        elif (
            last is not None
            and goes_on
            and last.backend is backend
            and (last.layers, last._loss) == (tuple(layers), loss)
        ):
            if self._kept() is None:
                last.set_parameters(self._arrays())
            return last
        else:
            model = self._around(layers, backend)
            model._generator = self._random_state
        model.compile(loss, self._optimizer, metrics=())
        if last is not None and goes_on:  # what the optimizer remembers
            model._state = last.to(backend)._state
        return model

    def _run(
        self,
        model: Sequential,
        X: Array,
        targets: Array,
        weight: np.ndarray | None,
        batch_size: int,
        validation: Validation | None,
        incremental: bool,
    ) -> None:
        """Train, and say in scikit-learn's words how it ended."""
        self.n_iter_ = 0
        n = int(X.shape[0])
        total = float(n) if weight is None else float(np.sum(weight))
        watch = Watch(self, n, total, validation, incremental)
        try:
            model.fit(
                X,
                targets,
                epochs=1 if incremental else int(self.max_iter),
                batch_size=batch_size,
                shuffle=bool(self.shuffle),
                sample_weight=weight,
                callbacks=[watch],
                verbose=False,
            )
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=5)
        except DivergenceError as error:
            if validation is None:
                raise ValueError(
                    "Solver produced non-finite parameter weights. The input data may contain "
                    f"large values and need to be preprocessed. In xpnn's words: {error}"
                ) from error
            watch.diverged(error)

    # ------------------------------------------------------------------------ exchange

    _stock: ClassVar[Any]

    def to_sklearn(self) -> Any:
        """Return a fitted estimator of scikit-learn's own that predicts the same.

        It holds NumPy arrays, and needs xpnn no more.  Parameters that scikit-learn has not,
        as `dropout` and `class_weight`, say how to train; they and values that it has not are
        left at its defaults.

        Returns
        -------
        sklearn.neural_network.MLPClassifier or sklearn.neural_network.MLPRegressor

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If there is nothing to return yet.
        ValueError
            If scikit-learn's has no such activations, or is too old for counts.
        """
        check_is_fitted(self, "coefs_")
        sizes = self._sizes()
        names = [_stock_name(layer) for layer in self._activations(len(sizes) - 2)]
        if None in names or len(set(names)) > 1:
            raise ValueError(
                f"scikit-learn's {type(self).__name__} has one activation for all hidden "
                "layers, 'identity', 'logistic', 'tanh' or 'relu', so it can't express "
                f"activation={self.activation!r}"
            )
        stock = self._stock(hidden_layer_sizes=tuple(sizes[1:-1]))
        if self.out_activation_ == "exp" and "loss" not in stock.get_params():
            raise ValueError("scikit-learn has networks for counts from version 1.7 on")
        shared = stock.get_params().keys() & self.get_params().keys()
        shared -= {"hidden_layer_sizes", "activation"}
        for name in ("solver", "loss"):
            if getattr(self, name) not in STOCK_VALUES[name]:
                shared.discard(name)
        stock.set_params(**{name: getattr(self, name) for name in shared})
        if names:
            stock.set_params(activation=names[0])
        coefs, intercepts = (
            [np.array(to_host(a)) for a in arrays] for arrays in (self.coefs_, self.intercepts_)
        )
        self._fill(stock, coefs, intercepts)
        return stock

    def _fill(self, stock: Any, coefs: list[np.ndarray], intercepts: list[np.ndarray]) -> None:
        """Give an estimator of scikit-learn's what this one has learnt."""
        names = {*RECORD, "n_features_in_", "feature_names_in_"}
        for name in sorted(names & vars(self).keys()):
            setattr(stock, name, copy.copy(getattr(self, name)))
        stock.coefs_, stock.intercepts_ = coefs, intercepts
        stock._best_coefs = [a.copy() for a in coefs]
        stock._best_intercepts = [a.copy() for a in intercepts]
        stock._random_state = check_random_state(self.random_state)

    @classmethod
    def from_sklearn(cls, estimator: Any) -> Any:
        """Return an estimator that has learnt what one of scikit-learn's own has.

        Parameters
        ----------
        estimator : sklearn.neural_network.MLPClassifier or MLPRegressor
            Fitted.  Where its solver is ``"lbfgs"``, the result has ``"adam"`` for further
            training.

        Returns
        -------
        MLPClassifier or MLPRegressor
            With the same parameters and predictions, in NumPy arrays of its own.

        Raises
        ------
        TypeError
            If `estimator` is not of that class.
        sklearn.exceptions.NotFittedError
            If it is not fitted.
        """
        if not isinstance(estimator, cls._stock):
            raise TypeError(
                f"estimator must be scikit-learn's own {cls.__name__}, got "
                f"{type(estimator).__name__}"
            )
        check_is_fitted(estimator, "coefs_")
        new: Any = cls()
        shared = new.get_params().keys() & estimator.get_params().keys()
        new.set_params(**{name: getattr(estimator, name) for name in shared})
        if new.solver == "lbfgs":
            new.set_params(solver="adam")
        watched = getattr(estimator, "validation_scores_", None) is not None
        unknown = {  # what lbfgs keeps no record of
            "loss_curve_": [],
            "best_loss_": estimator.loss_,
            "validation_scores_": None,
            "best_validation_score_": None,
            "_no_improvement_count": 0,
        }
        for name in ("n_features_in_", "feature_names_in_", *RECORD):
            if hasattr(estimator, name):
                setattr(new, name, copy.copy(getattr(estimator, name)))
            elif name in unknown:
                setattr(new, name, unknown[name])
        new.validation_loss_curve_ = [] if watched else None
        new._weight_seen = float(new.t_)
        new.coefs_ = [np.array(a) for a in estimator.coefs_]
        new.intercepts_ = [np.array(a) for a in estimator.intercepts_]
        if watched:
            new._best = [np.array(a) for a in new._arrays()]
        return new


def _are_names(labels: Array) -> bool:
    """Whether labels are no numbers, so that only NumPy can hold them."""
    return isinstance(labels, np.ndarray) and labels.dtype.kind not in "biuf"


def _stock_name(layer: Layer) -> str | None:
    """Return scikit-learn's name of an activation, or None."""
    names = ("identity", "logistic", "tanh", "relu")
    return next((name for name in names if ACTIVATIONS[name] == layer), None)


class MLPClassifier(ClassifierMixin, _Perceptron):
    """A network that classifies: scikit-learn's `MLPClassifier`, and what that refuses.

    Parameters that scikit-learn's has mean the same here and have its defaults.  Rows may be
    arrays of any library that xpnn has a backend for, where scikit-learn's dispatch is on
    (``sklearn.set_config(array_api_dispatch=True)``); what is fitted and predicted then is of
    the same library, on the same device and of the same dtype.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int
        The number of neurons in each hidden layer.
    activation : str, Layer or list of these
        Of the hidden layers: ``"identity"``, ``"logistic"``, ``"tanh"``, ``"relu"``,
        ``"leaky_relu"``, or a layer of xpnn without parameters; a list has one for each.
    loss : "log_loss" or Loss
        What is made small: the cross-entropy, or a loss of xpnn or one's own.  One that
        belongs to Softmax gives the network as many outputs as there are classes.
    solver : {"adam", "sgd", "adagrad", "rmsprop"} or Optimizer
        How; an optimizer of xpnn brings its own learning rate.
    alpha : float
        The strength of the L2 penalty: ``alpha / 2 * sum(w**2)`` of all weights, divided by the
        rows of a batch (by their weight, where they have weights), is added to the loss.
    l1 : float
        The strength of the L1 penalty: ``l1 * sum(abs(w))``, divided likewise.
    dropout : float or list of float
        Which part of a hidden layer's outputs is dropped in training; a list has one for each.
    class_weight : dict, list of dict, "balanced" or None
        How much each class counts, as in `sklearn.utils.class_weight.compute_sample_weight`.
    batch_size : int or "auto"
        The rows of a step; ``"auto"`` is ``min(200, n_samples)``.
    learning_rate : {"constant", "invscaling", "adaptive"}
        How the rate of ``solver="sgd"`` changes: not at all; to ``learning_rate_init /
        (t + 1) ** power_t`` after rows of the weight t; or to a fifth where the loss stalls.
    learning_rate_init : float
        The first learning rate of a solver that is given by name.
    power_t : float
        The exponent of ``"invscaling"``.
    max_iter : int
        The number of epochs at most.
    shuffle : bool
        Whether each epoch goes through the rows in a new order.
    random_state : int, RandomState or None
        Where first values, the split for early stopping, the order of rows and dropout come
        from.  First values and the split are scikit-learn's own for the same seed.
    tol, n_iter_no_change : float, int
        Training ends when in more than `n_iter_no_change` epochs in a row the loss, or the
        score of early stopping, did not improve by `tol`.
    verbose : bool or int
        Whether to print each epoch.
    warm_start : bool
        Whether `fit` goes on from what was fitted before.
    momentum, nesterovs_momentum : float, bool
        Of ``solver="sgd"``; ``0 <= momentum < 1``.
    early_stopping : bool
        Whether to hold back rows, to end when the score on them stalls, and to return to the
        parameters that had the best.
    validation_fraction : float
        Which part of the rows is held back; for two classes in proportion.
    beta_1, beta_2 : float
        Of ``solver="adam"``.
    epsilon : float
        Of ``"adam"``, ``"adagrad"`` and ``"rmsprop"``.
    backend : str, Backend or None
        Where to compute, as in `xpnn.set_backend`; by default where the rows are.  What is
        fitted and predicted is where the rows are in either case.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        The class labels.
    coefs_, intercepts_ : list of array
        The weights, of shape (n_inputs, n_outputs), and biases of each layer.
    n_iter_, t_ : int
        The number of epochs of the last fit, and of rows that were gone through.
    n_layers_, n_outputs_ : int
        The number of layers, the rows and the outputs counted, and of outputs.
    out_activation_ : str
        ``"softmax"`` or ``"logistic"``.
    loss_, loss_curve_, best_loss_ : float, list of float, float or None
        The loss of the last epoch, of each, and the lowest (None with early stopping).
    validation_scores_, best_validation_score_ : list of float, float; or None
        The accuracy on the rows that were held back, after each epoch, and the best.
    validation_loss_curve_ : list of float or None
        The loss on these rows, penalties included as in `loss_curve_`.
    n_features_in_, feature_names_in_ : int, array of str
        As in scikit-learn.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from xpnn.sklearn import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier(learning_rate_init=0.01, class_weight="balanced", random_state=0)
    >>> bool(model.fit(X, y).score(X, y) > 0.95)
    True
    """

    _numeric = False
    _stock = sklearn.neural_network.MLPClassifier
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **_Perceptron._parameter_constraints,
        "loss": [StrOptions({"log_loss"}), Loss],
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        loss: Any = "log_loss",
        solver: Any = "adam",
        alpha: float = 0.0001,
        l1: float = 0.0,
        dropout: Any = 0.0,
        class_weight: Any = None,
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: Any = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: Any = 10,
        backend: Any = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.loss = loss
        self.solver = solver
        self.alpha = alpha
        self.l1 = l1
        self.dropout = dropout
        self.class_weight = class_weight
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.backend = backend

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.array_api_support = True
        softmax = isinstance(self.loss, Loss) and self.loss.activation == "Softmax"
        tags.classifier_tags.multi_label = not softmax
        return tags

    @property
    def _multilabel(self) -> bool:
        return bool(self._label_binarizer.y_type_.startswith("multilabel"))

    @fit_context
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPClassifier:
        """Fit.

        Parameters
        ----------
        X : array_like of shape (n, n_features)
            The rows.
        y : array_like of shape (n,) or (n, n_labels)
            The class of each, or 0 or 1 for each of several labels.
        sample_weight : array_like of shape (n,), optional
            How much each row counts.

        Returns
        -------
        MLPClassifier
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
        self._train(X, y, sample_weight, incremental=False)
        return self

    def _can_fit_partially(self) -> bool:
        if isinstance(self.class_weight, str):
            raise AttributeError(
                "class_weight='balanced' needs all rows at once, so there is no partial_fit: "
                "give the weights as a dict"
            )
        return self._is_stochastic()

    @available_if(lambda self: self._can_fit_partially())
    @fit_context
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None
    ) -> MLPClassifier:
        """Go on training, with one epoch over these rows.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.
        classes : array_like of shape (n_classes,), optional
            All classes that there will be; needed in the first call.

        Returns
        -------
        MLPClassifier
            Itself.

        Raises
        ------
        TypeError, ValueError
            As in `fit`; also if classes are missing, or others than before.
        AttributeError
            If ``class_weight="balanced"``, which needs all rows at once.
        """
        self._note_classes(y, classes)
        self._train(X, y, sample_weight, incremental=True)
        return self

    def _note_classes(self, y: Any, classes: Any) -> None:
        known = getattr(self, "_label_binarizer", None)
        if known is None and classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        if classes is not None:
            classes = unique_labels(labels_on_host(np.asarray(classes)))
            if known is not None and not np.array_equal(classes, known.classes_):
                raise ValueError(
                    f"`classes={classes!r}` is not the same as on last call to partial_fit, "
                    f"was: {known.classes_!r}"
                )
        if known is None:
            labels = y if type_of_target(y).startswith("multilabel") else classes
            self._label_binarizer = LabelBinarizer().fit(labels)

    def _task(self, X: Array, y: Any, weight: np.ndarray | None, known: bool) -> Task:
        y = labels_on_host(y)
        if not (known and hasattr(self, "_label_binarizer")):
            self._label_binarizer = LabelBinarizer().fit(y)
        binarizer = self._label_binarizer
        labels: np.ndarray = binarizer.classes_
        found = unique_labels(y)
        if known and self.warm_start and {*found} != {*labels}:
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous "
                f"call to fit. Previously got {labels}, `y` has {found}"
            )
        if len(np.setdiff1d(found, labels, assume_unique=True)):
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {labels}. "
                f"'y' has {found}."
            )
        xp, device = where_arrays_are(X)
        self.classes_ = labels if _are_names(labels) else xp.asarray(labels, device=device)
        if self.class_weight is not None:
            weight = self._with_class_weight(y, weight)

        several = binarizer.y_type_ == "multiclass"
        loss: Any = self.loss
        if isinstance(loss, str):
            if several:
                indices = np.searchsorted(labels, y)
                loss = CategoricalCrossEntropy()
                return Task(loss, "softmax", labels.size, indices, weight)
            loss = SummedBinaryCrossEntropy() if self._multilabel else BinaryCrossEntropy()
        elif loss.activation == "Softmax" and not self._multilabel:
            several = True
        elif loss.activation not in (None, "Softmax" if several else "Sigmoid"):
            kind = "several labels" if self._multilabel else f"{labels.size} classes"
            raise ValueError(f"the loss {loss} does not fit {kind}, of which its outputs are")
        if several:
            n_outputs = max(2, labels.size)  # of one, softmax is 1 whatever is learnt
            rows = np.searchsorted(labels, y)[:, None] == np.arange(n_outputs)
            return Task(loss, "softmax", n_outputs, rows.astype(float), weight)
        rows = binarizer.transform(y)
        stratify = None if self._multilabel else rows.astype(bool)
        return Task(loss, "logistic", rows.shape[1], rows.astype(float), weight, stratify)

    def _with_class_weight(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Return the rows' weights with those of their classes multiplied in."""
        ones: np.ndarray = np.ones(y.shape[0]) if weight is None else weight
        of_rows: np.ndarray
        if not isinstance(self.class_weight, str) or self._multilabel:
            of_rows = ones * compute_sample_weight(self.class_weight, y)
            return of_rows
        # balanced as scikit-learn does it, but a row of weight 2 counts as the row twice
        indices = np.searchsorted(self._label_binarizer.classes_, y)
        sums = np.bincount(indices, ones)
        shares: np.ndarray = np.sum(sums) / (
            np.count_nonzero(sums) * np.where(sums > 0, sums, 1)
        )
        of_rows = ones * shares[indices]
        return of_rows

    def _score(self, outputs: np.ndarray, targets: Any, weight: np.ndarray | None) -> float:
        if self.out_activation_ == "softmax":
            wanted = targets if targets.ndim == 1 else targets.argmax(axis=1)
            right = outputs.argmax(axis=1) == wanted
        else:
            right = ((outputs > 0.5) == (targets > 0.5)).all(axis=1)
        return float(np.average(right, weights=weight))

    def predict(self, X: Any) -> Array:
        """Return the class of each row, or which of several labels it has.

        Parameters
        ----------
        X : array_like of shape (n, n_features)
            The rows.

        Returns
        -------
        array of shape (n,) or (n, n_labels)
            Where `X` is; labels that are no numbers are NumPy's.
        """
        outputs = self._outputs(X, "predict")
        xp, device = array_namespace(outputs), device_of(outputs)
        integers = index_dtype_of(outputs)
        if self._multilabel:
            return xp.astype(outputs > 0.5, integers)
        if self.classes_.shape[0] == 1:
            indices = xp.zeros(outputs.shape[0], dtype=integers, device=device)
        elif outputs.shape[1] == 1:
            indices = xp.astype(outputs[:, 0] > 0.5, integers)
        else:
            indices = xp.argmax(outputs, axis=1)
        classes = self.classes_
        if isinstance(classes, np.ndarray):
            indices = to_host(indices)
        return array_namespace(indices).take(classes, indices, axis=0)

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class, or of each of several labels.

        Parameters
        ----------
        X : array_like of shape (n, n_features)
            The rows.

        Returns
        -------
        array of shape (n, n_classes)
            Where `X` is, in the order of `classes_`.
        """
        return self._probabilities(X, "predict_proba")

    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithms of `predict_proba`.

        Parameters
        ----------
        X : array_like of shape (n, n_features)
            The rows.

        Returns
        -------
        array of shape (n, n_classes)
            Where `X` is.
        """
        probabilities = self._probabilities(X, "predict_log_proba")
        with np.errstate(divide="ignore"):  # a probability of 0
            return array_namespace(probabilities).log(probabilities)

    def _probabilities(self, X: Any, method: str) -> Array:
        p = self._outputs(X, method)
        xp = array_namespace(p)
        if self.classes_.shape[0] == 1 and not self._multilabel:
            return xp.ones_like(p[:, :1])
        if p.shape[1] == 1 and not self._multilabel:
            return xp.concat([1 - p, p], axis=1)
        return p

    def _fill(self, stock: Any, coefs: list[np.ndarray], intercepts: list[np.ndarray]) -> None:
        super()._fill(stock, coefs, intercepts)
        stock.classes_ = self._label_binarizer.classes_
        if self.out_activation_ == "softmax" and stock.classes_.size == 2:
            # of two outputs, softmax is the logistic function of their difference
            stock.coefs_[-1] = coefs[-1][:, 1:] - coefs[-1][:, :1]
            stock.intercepts_[-1] = intercepts[-1][1:] - intercepts[-1][:1]
            stock.out_activation_, stock.n_outputs_ = "logistic", 1


class MLPRegressor(RegressorMixin, _Perceptron):
    """A network that predicts numbers: scikit-learn's `MLPRegressor`, and what that refuses.

    Parameters that scikit-learn's has mean the same here and have its defaults.  Rows may be
    arrays of any library, as in `MLPClassifier`, which documents the parameters that both have.

    Parameters
    ----------
    loss : {"squared_error", "poisson", "absolute_error", "huber"} or Loss
        What is made small: half the squared error; half the Poisson deviance of counts, with
        the exponential function at the end of the network; the absolute error; Huber's loss
        with a delta of 1; or a loss of xpnn or one's own.  The first two are sums over a row's
        outputs.
    hidden_layer_sizes, activation, solver, alpha, l1, dropout, batch_size, learning_rate
        As in `MLPClassifier`.
    learning_rate_init, power_t, max_iter, shuffle, random_state, tol, verbose, warm_start
        As in `MLPClassifier`.
    momentum, nesterovs_momentum, early_stopping, validation_fraction, beta_1, beta_2, epsilon
        As in `MLPClassifier`.
    n_iter_no_change, backend
        As in `MLPClassifier`.

    Attributes
    ----------
    coefs_, intercepts_, n_iter_, t_, n_layers_, n_outputs_, loss_, loss_curve_, best_loss_
        As in `MLPClassifier`.
    validation_scores_, best_validation_score_ : list of float, float; or None
        R² on the rows that were held back, after each epoch, and the best.
    validation_loss_curve_, n_features_in_, feature_names_in_
        As in `MLPClassifier`.
    out_activation_ : str
        ``"identity"`` or ``"exp"``.

    Examples
    --------
    >>> import numpy as np
    >>> from xpnn.sklearn import MLPRegressor
    >>> X = np.linspace(-1, 1, 100)[:, None]
    >>> model = MLPRegressor(loss="huber", learning_rate_init=0.01, random_state=0)
    >>> bool(model.fit(X, 3 * X[:, 0]).score(X, 3 * X[:, 0]) > 0.99)
    True
    """

    _numeric = True
    _stock = sklearn.neural_network.MLPRegressor
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **_Perceptron._parameter_constraints,
        "loss": [StrOptions(set(REGRESSION_LOSSES)), Loss],
    }

    def __init__(
        self,
        loss: Any = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: Any = "adam",
        alpha: float = 0.0001,
        l1: float = 0.0,
        dropout: Any = 0.0,
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: Any = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: Any = 10,
        backend: Any = None,
    ) -> None:
        self.loss = loss
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.l1 = l1
        self.dropout = dropout
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.backend = backend

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.array_api_support = True
        tags.target_tags.multi_output = True
        return tags

    @fit_context
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Fit.

        Parameters
        ----------
        X : array_like of shape (n, n_features)
            The rows.
        y : array_like of shape (n,) or (n, n_outputs)
            The numbers to predict.
        sample_weight : array_like of shape (n,), optional
            How much each row counts.

        Returns
        -------
        MLPRegressor
            Itself.

        Raises
        ------
        TypeError, ValueError
            As in `MLPClassifier.fit`.

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            As in `MLPClassifier.fit`.
        """
        self._train(X, y, sample_weight, incremental=False)
        return self

    @available_if(lambda self: self._is_stochastic())
    @fit_context
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Go on training, with one epoch over these rows.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.

        Returns
        -------
        MLPRegressor
            Itself.

        Raises
        ------
        TypeError, ValueError
            As in `fit`.
        """
        self._train(X, y, sample_weight, incremental=True)
        return self

    def _task(self, X: Array, y: Any, weight: np.ndarray | None, known: bool) -> Task:
        loss = REGRESSION_LOSSES[self.loss] if isinstance(self.loss, str) else self.loss
        if loss.activation not in (None, "Exponential"):
            raise ValueError(f"the loss {loss} is for classes, not for numbers")
        output = "identity" if loss.activation is None else "exp"
        return Task(loss, output, 1 if y.ndim == 1 else int(y.shape[1]), y, weight)

    def _score(self, outputs: np.ndarray, targets: Any, weight: np.ndarray | None) -> float:
        return float(r2_score(targets, outputs, sample_weight=weight))

    def predict(self, X: Any) -> Array:
        """Return the numbers of each row.

        Parameters
        ----------
        X : array_like of shape (n, n_features)
            The rows.

        Returns
        -------
        array of shape (n,) or (n, n_outputs)
            Where `X` is.
        """
        outputs = self._outputs(X, "predict")
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs
