"""Metrics: what a person wants to know of predictions, beside the loss."""

from __future__ import annotations

from collections.abc import Callable

from .backend import Array, array_namespace
from .operations import mean

__all__ = ["METRICS", "accuracy", "mean_absolute_error", "mean_squared_error"]


def accuracy(predictions: Array, targets: Array, *, threshold: float = 0.5) -> Array:
    """Compute the accuracy: which part of the predictions is right.

    Parameters
    ----------
    predictions : array of shape (n, k) or (n,)
        A score for each of k classes, of which the largest is the prediction; with one
        column or none, a number that says yes where it is above `threshold`.
    targets : array of shape (n,) or (n, k)
        Class indices or one-hot rows; for one column, or none, 0 or 1.
    threshold : float
        Where yes begins: 0.5 for probabilities, 0 for logits.

    Returns
    -------
    array of shape ()
        Between 0 and 1.
    """
    xp = array_namespace(predictions)
    if predictions.ndim == 2 and predictions.shape[1] > 1:
        predicted = xp.argmax(predictions, axis=1)
        if targets.ndim == 2 and targets.shape[1] > 1:
            targets = xp.argmax(targets, axis=1)
    else:
        predicted = predictions > threshold
        targets = xp.astype(targets, predictions.dtype) > 0.5
    right = xp.reshape(predicted, (-1,)) == xp.reshape(targets, (-1,))
    dtype = predictions.dtype
    if not xp.isdtype(dtype, "real floating"):
        dtype = xp.float32
    return mean(xp.astype(right, dtype))


def mean_squared_error(predictions: Array, targets: Array) -> Array:
    """Compute the mean of (prediction - target)².

    Parameters
    ----------
    predictions, targets : array of shape (n, k)
        What is, and what should be.

    Returns
    -------
    array of shape ()
    """
    return array_namespace(predictions).mean((predictions - targets) ** 2)


def mean_absolute_error(predictions: Array, targets: Array) -> Array:
    """Compute the mean of abs(prediction - target).

    Parameters
    ----------
    predictions, targets : array of shape (n, k)
        What is, and what should be.

    Returns
    -------
    array of shape ()
    """
    xp = array_namespace(predictions)
    return xp.mean(xp.abs(predictions - targets))


METRICS: dict[str, Callable[[Array, Array], Array]] = {
    "accuracy": accuracy,
    "mean_squared_error": mean_squared_error,
    "mean_absolute_error": mean_absolute_error,
}
