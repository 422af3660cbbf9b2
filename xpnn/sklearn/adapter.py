"""The one place that knows scikit-learn's private names.

scikit-learn keeps its support of the array API standard private
(https://github.com/scikit-learn/scikit-learn/issues/34135), and what validates parameters.
Whatever of that changes from version to version is dealt with here.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._array_api import get_namespace_and_device
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.validation import (
    _check_feature_names_in,
    _check_sample_weight,
    column_or_1d,
    validate_data,
)

from ..backend import Array, to_host
from ..backend.finding import owner, refuse_masked
from ..backend.given import read_other
from ..checks import about, reject
from ..data import check_sample_weight

try:
    from sklearn.utils._array_api import check_same_namespace
except ImportError:  # before scikit-learn 1.9

    def check_same_namespace(X: Any, estimator: Any, *, attribute: str, method: str) -> None:
        """Check that X is of the library and on the device of the fitted arrays."""
        if get_namespace_and_device(X)[1] and (
            get_namespace_and_device(X)[::2]
            != get_namespace_and_device(getattr(estimator, attribute))[::2]
        ):
            raise ValueError(
                f"Inputs passed to {type(estimator).__name__}.{method}() must use the same "
                "namespace and the same device as those passed to fit()."
            )


__all__ = [
    "RECORD",
    "Interval",
    "IntervalOfNumbers",
    "Options",
    "StrOptions",
    "check_names_in",
    "check_same_namespace",
    "column_or_1d",
    "fit_context",
    "labels_on_host",
    "prepare_to_go_on",
    "record_of",
    "validate_inputs",
    "validate_rows",
    "validate_weight",
    "where_arrays_are",
]

RECORD = (
    "n_features_in_",
    "feature_names_in_",
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
"""What scikit-learn's own MLP notes of a training, and ours under the same names."""


class IntervalOfNumbers(Interval):
    """An interval in which True and False are no numbers."""

    def is_satisfied_by(self, val: Any) -> bool:
        """Whether something is in the interval."""
        return not isinstance(val, bool) and bool(super().is_satisfied_by(val))


def fit_context(method: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a method that fits: the parameters are validated first."""
    decorated: Callable[..., Any] = _fit_context(prefer_skip_nested_validation=True)(method)
    return decorated


def where_arrays_are(X: Any) -> tuple[Any, Any]:
    """Return the namespace and device of inputs: NumPy's where dispatch is off."""
    xp, _, device = get_namespace_and_device(X)
    return xp, device


def readable(values: Any, name: str) -> Any:
    """Return what scikit-learn can read, as `to_host` would: the rest is refused as there.

    Lists, NumPy's arrays and tables stay as they are: scikit-learn knows them, and the names
    of a table's columns.

    Raises
    ------
    TypeError
        If nobody can read it, or something is masked.
    """
    try:
        refuse_masked(values)
        if isinstance(values, list | tuple) and values and owner(values[0]) is not None:
            return to_host(values)  # a list of tensors
        if values is None or isinstance(values, np.ndarray | np.generic | list | tuple):
            return values
        backend = owner(values)
        if backend is not None:
            values = backend.plain(values)
            is_taken = get_namespace_and_device(values)[1]  # by scikit-learn, as it is
            return values if is_taken else to_host(values)
        if hasattr(values, "toarray") or hasattr(values, "__array__"):
            return values
        return read_other(values)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from None


@contextmanager
def told_better(**tables: Any) -> Iterator[None]:
    """Say of tables which column or cell scikit-learn refused, where it doesn't.

    Raises
    ------
    TypeError, ValueError
        What was raised, or of what stands in a table another one that tells the place.
    """
    try:
        yield
    except (TypeError, ValueError):
        for name, table in tables.items():
            if table is None or hasattr(table, "toarray"):
                continue
            if isinstance(table, np.ndarray | list | tuple):
                continue
            try:
                cells = to_host(table)
            except (TypeError, ValueError) as error:
                raise about(name, error) from None
            if cells.ndim < 3:
                reject(~np.isfinite(cells), cells, f"{name} must hold finite numbers")
        raise


def validate_inputs(estimator: Any, X: Any, y: Any, *, reset: bool, numeric: bool) -> Any:
    """Return rows and targets, checked; X in single or double precision.

    Raises
    ------
    TypeError, ValueError
        scikit-learn's own, if they are none.
    """
    X, y = readable(X, "X"), readable(y, "y")
    xp, _ = where_arrays_are(X)
    with told_better(X=X, **({"y": y} if numeric else {})):
        X, y = validate_data(
            estimator,
            X,
            y,
            accept_sparse="csr",
            multi_output=True,
            y_numeric=numeric,
            dtype=[xp.float64, xp.float32],
            reset=reset,
        )
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    return X, y


def validate_rows(estimator: Any, X: Any, *, attribute: str, method: str) -> Array:
    """Return rows to predict from, checked to be like those that were fitted."""
    X = readable(X, "X")
    check_same_namespace(X, estimator, attribute=attribute, method=method)
    xp, _ = where_arrays_are(X)
    with told_better(X=X):
        dtypes = [xp.float64, xp.float32]
        return validate_data(estimator, X, accept_sparse="csr", dtype=dtypes, reset=False)


def validate_weight(weight: Any, X: Array) -> np.ndarray | None:
    """Return the samples' weights on the host; they must not be negative, nor all be 0."""
    if weight is None:
        return None
    weight = readable(weight, "sample_weight")
    with told_better(sample_weight=weight):
        weight = _check_sample_weight(weight, X)
    return check_sample_weight(weight, int(X.shape[0]))


def check_names_in(estimator: Any, names: Any) -> list[str] | None:
    """Return what somebody calls the columns that were fitted; None if nobody does.

    Raises
    ------
    ValueError
        If they are other names than those that were fitted, or not as many.
    """
    found = _check_feature_names_in(estimator, names, generate_names=False)
    return None if found is None else [*map(str, found)]


def labels_on_host(y: Any) -> np.ndarray:
    """Return class labels as a NumPy array; numbers may come from any library."""
    if hasattr(y, "toarray"):  # labels of a sparse matrix
        y = y.toarray()
    return y if isinstance(y, np.ndarray) else to_host(y)


def record_of(estimator: Any) -> dict[str, Any]:
    """Return by name what an MLP, ours or scikit-learn's, has noted of its training, copied."""
    noted = {name: getattr(estimator, name) for name in RECORD if hasattr(estimator, name)}
    return {name: copy.copy(value) for name, value in noted.items()}


def prepare_to_go_on(stock: Any, random_state: Any) -> None:
    """Give scikit-learn's MLP, with fitted arrays, what it needs for further training."""
    stock._best_coefs = [a.copy() for a in stock.coefs_]
    stock._best_intercepts = [a.copy() for a in stock.intercepts_]
    stock._random_state = check_random_state(random_state)
