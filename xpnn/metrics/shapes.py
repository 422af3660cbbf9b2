"""How predictions and targets are read, in all the shapes that they may have.

Predictions are of shape (n, k), a number for each of k classes, or of shape (n, 1) or (n,), a
number for each sample that says yes or no.  Targets are class indices of shape (n,) or (n, 1),
or one-hot rows of shape (n, k); where predictions say yes or no, they are 0 or 1, of shape
(n,) or (n, 1).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from ..backend import Array, array_namespace
from ..checks import beside
from ..operations import as_floats, mean

Function = TypeVar("Function", bound=Callable[..., Any])


def of_any_library(function: Function) -> Function:
    """Let a function have all that it compares as arrays of the predictions' library.

    Predictions that are no array, as lists or frames, are taken as NumPy's.
    """

    @wraps(function)
    def measured(predictions: Any, targets: Any, *how: Any, **settings: Any) -> Any:
        predictions = beside("predictions", predictions)
        weight = settings.get("sample_weight")
        if weight is not None:
            weight = beside("sample_weight", weight, predictions)
            if tuple(weight.shape) != tuple(predictions.shape[:1]):
                raise ValueError(
                    f"sample_weight must have the shape {tuple(predictions.shape[:1])}, got "
                    f"{tuple(weight.shape)}"
                )
            xp, dtype = array_namespace(predictions), float_dtype(predictions)
            settings["sample_weight"] = xp.astype(weight, dtype, copy=False)
        targets = beside("targets", targets, predictions)
        return function(predictions, targets, *how, **settings)

    return cast(Function, measured)


def says_yes_or_no(predictions: Array) -> bool:
    """Whether there is one number for each sample, not one for each class.

    Raises
    ------
    ValueError
        If predictions are neither a row nor a table of numbers.
    """
    if predictions.ndim not in (1, 2):
        raise ValueError(
            f"predictions must have the shape (n, k) or (n,), got {tuple(predictions.shape)}"
        )
    return not (predictions.ndim == 2 and predictions.shape[1] > 1)


def are_rows(predictions: Array, targets: Array) -> bool:
    """Whether targets are one-hot rows, not class indices.

    Raises
    ------
    ValueError
        If they are rows of another shape than that of the predictions.
    """
    rows: bool = targets.ndim > 1 and tuple(targets.shape[1:]) != (1,)
    if rows and targets.shape != predictions.shape:
        raise ValueError(
            f"targets must be class indices, or rows of the shape {tuple(predictions.shape)}, "
            f"got the shape {tuple(targets.shape)}"
        )
    return rows


def check_same_length(predictions: Array, targets: Array) -> None:
    """Check that there is a target for each prediction.

    Raises
    ------
    ValueError
        If there are more, or fewer.
    """
    if targets.ndim == 0 or targets.shape[0] != predictions.shape[0]:
        raise ValueError(
            f"targets must have as many rows as predictions, {predictions.shape[0]}, got the "
            f"shape {tuple(targets.shape)}"
        )


def float_dtype(predictions: Array) -> Any:
    """Return the dtype of what is measured: that of predictions, if it is a float's."""
    xp = array_namespace(predictions)
    dtype = predictions.dtype
    return dtype if xp.isdtype(dtype, "real floating") else xp.float32


def flat_targets(targets: Array, dtype: Any) -> Array:
    """Return yes-or-no targets of shape (n,) or (n, 1) as floats of shape (n,).

    Raises
    ------
    ValueError
        If they have more than one column.
    """
    xp = array_namespace(targets)
    if targets.ndim > 1 and tuple(targets.shape[1:]) != (1,):
        raise ValueError(
            "targets must have the shape (n,) or (n, 1) for predictions of one column, got "
            f"{tuple(targets.shape)}"
        )
    return xp.reshape(xp.astype(targets, dtype, copy=False), (-1,))


def class_indices(predictions: Array, targets: Array) -> Array:
    """Return class indices of shape (n,), of those or of one-hot rows.

    Raises
    ------
    ValueError
        If the shapes don't go together.
    """
    xp = array_namespace(predictions)
    check_same_length(predictions, targets)
    if are_rows(predictions, targets):
        return xp.argmax(targets, axis=1)
    return targets if targets.ndim == 1 else xp.reshape(targets, (-1,))


def mean_of_rows(values: Array, sample_weight: Array | None) -> Array:
    """Return the mean of a number for each row, (n,) or (n, k), as rows count: an array of ().

    A batch may hold rows of weight 0 only: their mean is 0, and counts nothing either.
    """
    if sample_weight is None:
        return mean(values) if values.ndim == 1 else array_namespace(values).mean(values)
    xp = array_namespace(values)
    if values.ndim > 1:
        values = xp.mean(values, axis=1)
    return xp.sum(values * sample_weight) / positive(xp.sum(sample_weight))


def of_each_output(sample_weight: Array, k: int) -> Array:
    """Return the weights of samples as those of their k outputs, flat: (n,) -> (n k,)."""
    xp = array_namespace(sample_weight)
    n = sample_weight.shape[0]
    return xp.reshape(xp.broadcast_to(sample_weight[:, None], (n, k)), (-1,))


def positive(total: Array) -> Array:
    """Return a sum of weights, >= 0, as a number that one can divide by."""
    xp = array_namespace(total)
    return xp.maximum(total, float(xp.finfo(total.dtype).smallest_normal))


def predicted_and_actual(
    predictions: Array, targets: Array, threshold: float
) -> tuple[Array, Array]:
    """Return which class was predicted, and which it is: two arrays of shape (n,).

    They are class indices, or False and True for no and yes.

    Raises
    ------
    ValueError
        If the shapes don't go together.
    """
    xp = array_namespace(predictions)
    if says_yes_or_no(predictions):
        predicted = xp.reshape(as_floats(predictions) > threshold, (-1,))
        check_same_length(predicted, targets)
        return predicted, flat_targets(targets, float_dtype(predictions)) > 0.5
    return xp.argmax(predictions, axis=1), class_indices(predictions, targets)
