"""The parameters that both estimators have: their defaults, and which values they take.

scikit-learn reads an estimator's parameters from the signature of its ``__init__``, which must
assign each of them and do nothing else.  That is what a dataclass writes of its fields, so each
parameter is named once.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator

from ..backend import Backend
from ..keywords import Helpful
from ..layers import activations
from ..layers.base import Layer
from ..optimizers import Optimizer
from .adapter import Interval, Options, StrOptions

__all__ = ["ACTIVATIONS", "Parameters"]

OTHER_NAMES = {"linear": "identity", "sigmoid": "logistic"}
"""What scikit-learn calls activations, where it does not as xpnn does."""

ACTIVATIONS: dict[str, Layer] = {
    OTHER_NAMES.get(name, name): layer for name, layer in activations.ACTIVATIONS.items()
}
"""The activations of hidden layers by name."""


@dataclass(eq=False, repr=False, kw_only=True)
class Parameters(BaseEstimator, Helpful):
    """The parameters of both estimators; `MLPClassifier` says what each means.

    An estimator is a dataclass, too.  It declares its own parameters, and again those of these
    that are positional there.  Positional parameters have the order that they have here.  Each
    estimator has a default of its own for `loss`.
    """

    loss: Any = None
    hidden_layer_sizes: Any = (100,)
    activation: Any = "relu"
    solver: Any = "adam"
    alpha: float = 0.0001
    l1: float = 0.0
    dropout: Any = 0.0
    batch_size: Any = "auto"
    learning_rate: str = "constant"
    learning_rate_init: float = 0.001
    power_t: float = 0.5
    max_iter: int = 200
    shuffle: bool = True
    random_state: Any = None
    tol: float = 1e-4
    verbose: Any = False
    warm_start: bool = False
    momentum: float = 0.9
    nesterovs_momentum: bool = True
    early_stopping: bool = False
    validation_fraction: float = 0.1
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    n_iter_no_change: Any = 10
    max_fun: int = 15000
    backend: Any = None

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions(set(ACTIVATIONS)), Layer, "array-like"],
        "solver": [StrOptions({"lbfgs", "adam", "sgd", "adagrad", "rmsprop"}), Optimizer],
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
        "max_fun": [Interval(Integral, 1, None, closed="left")],
        "backend": [str, Backend, None],
    }

    def _is_stochastic(self) -> bool:
        """Whether it is trained by steps of batches."""
        return not (isinstance(self.solver, str) and self.solver == "lbfgs")
