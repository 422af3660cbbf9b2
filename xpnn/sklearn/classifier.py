"""MLPClassifier: scikit-learn's parameters, xpnn's networks."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, Self

import numpy as np
import sklearn.neural_network
from sklearn.base import ClassifierMixin
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target, unique_labels

from ..backend import Array, array_namespace, device_of, index_dtype_of, to_host
from ..losses import BinaryCrossEntropy, CategoricalCrossEntropy, Loss
from .adapter import StrOptions, fit_context, labels_on_host, where_arrays_are
from .fitted import are_names
from .losses import SummedBinaryCrossEntropy
from .perceptron import Perceptron, Task

__all__ = ["MLPClassifier"]


@dataclass(eq=False, repr=False)
class MLPClassifier(ClassifierMixin, Perceptron):
    """A network that classifies: scikit-learn's `MLPClassifier`, and what that refuses.

    Parameters that scikit-learn's has mean the same here and have its defaults.  Rows may be
    arrays of any library that xpnn has a backend for, where scikit-learn's dispatch is on
    (``sklearn.set_config(array_api_dispatch=True)``); what is fitted and predicted then is of
    the same library, on the same device and of the same dtype.  Or they are sparse, of SciPy.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int
        The number of neurons in each hidden layer.
    activation : str, Layer or list of these
        Of the hidden layers: ``"identity"``, ``"logistic"``, ``"tanh"``, ``"relu"``,
        ``"leaky_relu"``, ``"elu"``, ``"selu"``, ``"gelu"``, ``"silu"``, ``"mish"``,
        ``"softplus"``, or a layer of xpnn without parameters; a list has one for each.
    loss : "log_loss" or Loss
        What is made small: the cross-entropy, or a loss of xpnn or one's own.  One that
        belongs to Softmax gives the network as many outputs as there are classes.
    solver : {"lbfgs", "adam", "sgd", "adagrad", "rmsprop"} or Optimizer
        How; an optimizer of xpnn brings its own learning rate.  ``"lbfgs"`` takes all rows at
        once, as `xpnn.minimize` does: `max_iter`, `max_fun`, `tol` and penalties are its own,
        and what is about epochs, batches, learning rates and early stopping says nothing.
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
        The number of epochs at most; of ``"lbfgs"`` that of iterations.
    shuffle : bool
        Whether each epoch goes through the rows in a new order.
    random_state : int, RandomState or None
        Where first values, the split for early stopping, the order of rows and dropout come
        from.  First values and the split are scikit-learn's own for the same seed.
    tol, n_iter_no_change : float, int
        Training ends when in more than `n_iter_no_change` epochs in a row the loss, or the
        score of early stopping, did not improve by `tol`.  ``"lbfgs"`` ends where no entry of
        the gradient is larger than `tol`.
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
    max_fun : int
        How often ``"lbfgs"`` computes the loss at most.
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
        The number of epochs (of ``"lbfgs"`` iterations) of the last fit, and of rows that were
        gone through in epochs.
    n_layers_, n_outputs_ : int
        The number of layers, the rows and the outputs counted, and of outputs.
    out_activation_ : str
        ``"softmax"`` or ``"logistic"``.
    loss_, loss_curve_, best_loss_ : float, list of float, float or None
        The loss of the last epoch, of each, and the lowest (None with early stopping).  Of
        ``"lbfgs"`` there is `loss_` alone, in the end.
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

    hidden_layer_sizes: Any = (100,)
    activation: Any = "relu"
    _: KW_ONLY
    loss: Any = "log_loss"
    class_weight: Any = None

    _numeric = False
    _stock = sklearn.neural_network.MLPClassifier
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **Perceptron._parameter_constraints,
        "loss": [StrOptions({"log_loss"}), Loss],
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
    }

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.array_api_support = True
        tags.input_tags.sparse = True
        softmax = isinstance(self.loss, Loss) and self.loss.activation == "Softmax"
        tags.classifier_tags.multi_label = not softmax
        return tags

    @property
    def _multilabel(self) -> bool:
        return bool(self._label_binarizer.y_type_.startswith("multilabel"))

    def _can_fit_partially(self) -> bool:
        if isinstance(self.class_weight, str):
            raise AttributeError(
                "class_weight='balanced' needs all rows at once, so there is no partial_fit: "
                "give the weights as a dict"
            )
        return super()._can_fit_partially()

    @available_if(lambda self: self._can_fit_partially())
    @fit_context
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None
    ) -> Self:
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
        return self._train(X, y, sample_weight, incremental=True)

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
        self.classes_ = labels if are_names(labels) else xp.asarray(labels, device=device)
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
        X : array_like or sparse matrix of shape (n, n_features)
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
        X : array_like or sparse matrix of shape (n, n_features)
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
        X : array_like or sparse matrix of shape (n, n_features)
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

    def _adapt_outputs(self, stock: Any) -> None:
        stock.classes_ = self._label_binarizer.classes_
        if self.out_activation_ == "softmax" and stock.classes_.size == 2:
            # of two outputs, softmax is the logistic function of their difference
            w, b = stock.coefs_[-1], stock.intercepts_[-1]
            stock.coefs_[-1], stock.intercepts_[-1] = w[:, 1:] - w[:, :1], b[1:] - b[:1]
            stock.out_activation_, stock.n_outputs_ = "logistic", 1
