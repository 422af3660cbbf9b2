"""Estimators become scikit-learn's own, and scikit-learn's own become these."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..backend import to_host
from ..layers.base import Layer
from .adapter import prepare_to_go_on, record_of
from .fitted import Fitted
from .networks import activation_layers
from .parameters import ACTIVATIONS

__all__ = ["STOCK_VALUES", "Exchange"]

STOCK_VALUES = {"solver": ("lbfgs", "adam", "sgd"), "loss": ("squared_error", "poisson")}
"""The solvers and losses that scikit-learn has, too."""


class Exchange(Fitted):
    """`to_sklearn` and `from_sklearn`."""

    _stock: ClassVar[Any]
    """scikit-learn's own class."""

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
        names = [_stock_name(layer) for layer in activation_layers(self, len(sizes) - 2)]
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
        for name, value in record_of(self).items():
            setattr(stock, name, value)
        stock.coefs_ = [np.array(to_host(a)) for a in self.coefs_]
        stock.intercepts_ = [np.array(to_host(a)) for a in self.intercepts_]
        self._adapt_outputs(stock)
        prepare_to_go_on(stock, self.random_state)
        return stock

    def _adapt_outputs(self, stock: Any) -> None:
        """Change the outputs of scikit-learn's estimator to those that it would have."""

    @classmethod
    def from_sklearn(cls, estimator: Any) -> Self:
        """Return an estimator that has learnt what one of scikit-learn's own has.

        Parameters
        ----------
        estimator : sklearn.neural_network.MLPClassifier or MLPRegressor
            Fitted.

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
        new = cls()
        shared = new.get_params().keys() & estimator.get_params().keys()
        new.set_params(**{name: getattr(estimator, name) for name in shared})
        for name, value in record_of(estimator).items():
            setattr(new, name, value)
        watched = getattr(new, "validation_scores_", None) is not None
        if hasattr(new, "loss_curve_"):
            new.validation_loss_curve_ = [] if watched else None
        new._weight_seen = float(new.t_)
        new.coefs_ = [np.array(a) for a in estimator.coefs_]
        new.intercepts_ = [np.array(a) for a in estimator.intercepts_]
        if watched:
            new._best = [np.array(a) for a in new._arrays()]
        return new


def _stock_name(layer: Layer) -> str | None:
    """Return scikit-learn's name of an activation, or None."""
    names = ("identity", "logistic", "tanh", "relu")
    return next((name for name in names if ACTIVATIONS[name] == layer), None)
