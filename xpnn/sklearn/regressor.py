"""MLPRegressor: scikit-learn's parameters, xpnn's networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import sklearn.neural_network
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score

from ..backend import Array
from ..losses import Huber, Loss, MeanAbsoluteError, PoissonDeviance
from .adapter import StrOptions
from .losses import HalfSquaredError
from .perceptron import Perceptron, Task

__all__ = ["REGRESSION_LOSSES", "MLPRegressor"]

REGRESSION_LOSSES: dict[str, Loss] = {
    "squared_error": HalfSquaredError(),
    "absolute_error": MeanAbsoluteError(),
    "huber": Huber(),
    "poisson": PoissonDeviance(),
}
"""The losses that have a name."""


@dataclass(eq=False, repr=False)
class MLPRegressor(RegressorMixin, Perceptron):
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
    n_iter_no_change, max_fun, backend
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

    loss: Any = "squared_error"
    hidden_layer_sizes: Any = (100,)
    activation: Any = "relu"

    _numeric = True
    _stock = sklearn.neural_network.MLPRegressor
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **Perceptron._parameter_constraints,
        "loss": [StrOptions(set(REGRESSION_LOSSES)), Loss],
    }

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.array_api_support = True
        tags.input_tags.sparse = True
        tags.target_tags.multi_output = True
        return tags

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
        X : array_like or sparse matrix of shape (n, n_features)
            The rows.

        Returns
        -------
        array of shape (n,) or (n, n_outputs)
            Where `X` is.
        """
        outputs = self._outputs(X, "predict")
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs
