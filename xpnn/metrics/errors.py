"""How far predicted numbers are from their targets: mean squared and absolute error, and R²."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..backend import Array, array_namespace
from ..operations import as_floats, column_sums, join
from .base import PROBABILITY, Kind, NumberMetric
from .shapes import mean_of_rows, of_any_library, positive


@of_any_library
def mean_squared_error(
    predictions: Array, targets: Array, *, sample_weight: Array | None = None
) -> Array:
    """Compute the mean of (prediction - target)².

    Parameters
    ----------
    predictions, targets : array of shape (n, k) or (n,)
        The numbers that were predicted, and those that are right.
    sample_weight : array_like of shape (n,), optional
        How much each sample counts, >= 0.

    Returns
    -------
    array of shape ()

    Raises
    ------
    ValueError
        If the shapes differ, but for a column that may be flat.
    """
    predictions, targets = _both(predictions, targets)
    return mean_of_rows((predictions - targets) ** 2, sample_weight)


@dataclass(frozen=True)
class MeanSquaredError(NumberMetric):
    """The mean of (prediction - target)²."""

    computes = staticmethod(mean_squared_error)

    def measure(
        self,
        predictions: Array,
        targets: Array,
        kind: Kind = PROBABILITY,
        weight: Array | None = None,
    ) -> Array:
        """Compute the mean squared error of a batch."""
        return mean_squared_error(predictions, targets, sample_weight=weight)


@of_any_library
def mean_absolute_error(
    predictions: Array, targets: Array, *, sample_weight: Array | None = None
) -> Array:
    """Compute the mean of abs(prediction - target).

    Parameters
    ----------
    predictions, targets : array of shape (n, k) or (n,)
        The numbers that were predicted, and those that are right.
    sample_weight : array_like of shape (n,), optional
        How much each sample counts, >= 0.

    Returns
    -------
    array of shape ()

    Raises
    ------
    ValueError
        If the shapes differ, but for a column that may be flat.
    """
    predictions, targets = _both(predictions, targets)
    errors = array_namespace(predictions).abs(predictions - targets)
    return mean_of_rows(errors, sample_weight)


@dataclass(frozen=True)
class MeanAbsoluteError(NumberMetric):
    """The mean of abs(prediction - target)."""

    computes = staticmethod(mean_absolute_error)

    def measure(
        self,
        predictions: Array,
        targets: Array,
        kind: Kind = PROBABILITY,
        weight: Array | None = None,
    ) -> Array:
        """Compute the mean absolute error of a batch."""
        return mean_absolute_error(predictions, targets, sample_weight=weight)


def _both(predictions: Array, targets: Array) -> tuple[Array, Array]:
    """Return both as floats, in the shape of predictions; (n,) and (n, 1) are the same."""
    xp = array_namespace(predictions)
    predictions = as_floats(predictions)
    if not xp.isdtype(targets.dtype, "real floating"):
        targets = xp.astype(targets, predictions.dtype)
    if predictions.shape == targets.shape and predictions.ndim:
        return predictions, targets
    shapes = sorted((predictions.shape, targets.shape), key=len)
    if len(shapes[0]) != 1 or tuple(shapes[1]) != (*shapes[0], 1):
        raise ValueError(
            f"targets must have the shape of predictions, {tuple(predictions.shape)}, got "
            f"{tuple(targets.shape)}"
        )
    return predictions, xp.reshape(targets, predictions.shape)


@of_any_library
def r2(predictions: Array, targets: Array, *, sample_weight: Array | None = None) -> Array:
    """Compute R², the coefficient of determination.

    It is 1 - (the sum of squared errors) / (the sum of squared distances of the targets from
    their mean), and the mean of that over the outputs.

    Parameters
    ----------
    predictions, targets : array of shape (n, k) or (n,)
        The numbers that were predicted, and those that are right.
    sample_weight : array_like of shape (n,), optional
        How much each sample counts, >= 0.

    Returns
    -------
    array of shape ()
        At most 1.  Where the targets of an output are all the same it is 1 if the predictions
        are too, else 0; NaN for one sample.

    Raises
    ------
    ValueError
        If the shapes differ, but for a column that may be flat.
    """
    xp = array_namespace(predictions)
    _, _, spread, squares = _moments(predictions, targets, sample_weight)
    value = xp.mean(_determination(spread, squares))
    return value if predictions.shape[0] > 1 else value + xp.nan


def _moments(
    predictions: Array, targets: Array, weight: Array | None
) -> tuple[Array, Array, Array, Array]:
    """Return what R² is made of, for each output: four arrays of shape (k,).

    They are the first target, the mean of the targets less this, the sum of their squared
    distances from their mean, and the sum of squared errors.  Without the first, which is
    taken away before anything is rounded, the mean of large targets would be too coarse.
    Where samples have weights, means and sums are weighted.
    """
    xp = array_namespace(predictions)
    predictions, targets = _both(predictions, targets)
    errors = predictions - targets
    rows = (errors.shape[0], -1)
    errors, targets = xp.reshape(errors, rows), xp.reshape(targets, rows)
    first = xp.astype(targets[0, ...], errors.dtype, copy=False)
    targets = targets - first  # (n, k)
    if weight is None:
        center = column_sums(targets) / targets.shape[0]
        return first, center, column_sums((targets - center) ** 2), column_sums(errors**2)
    w = weight[:, None]  # (n, 1)
    center = column_sums(w * targets) / positive(xp.sum(weight))
    return first, center, column_sums(w * (targets - center) ** 2), column_sums(w * errors**2)


def _determination(spread: Array, squares: Array) -> Array:
    """Return R² of sums of squares, in their shape."""
    xp = array_namespace(spread)
    constant = xp.astype(squares == 0, squares.dtype)  # what scikit-learn says where 0 / 0 is
    return xp.where(spread > 0, 1 - squares / xp.where(spread > 0, spread, 1.0), constant)


@dataclass(frozen=True)
class R2(NumberMetric):
    """The coefficient of determination; see `r2`."""

    computes = staticmethod(r2)

    def measure(
        self,
        predictions: Array,
        targets: Array,
        kind: Kind = PROBABILITY,
        weight: Array | None = None,
    ) -> Array:
        """Compute means and sums of squares of a batch: (4 k,); with weights, and rows: + 1."""
        moments = _moments(predictions, targets, weight)
        if weight is None:
            return join(*moments)
        xp = array_namespace(weight)
        return join(*moments, xp.sum(xp.ones_like(weight)))

    def result(self, measures: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """Join means and sums of squares.  Chan, Golub and LeVeque (1983)."""
        width = measures.shape[-1]
        rows = np.sum(counts)
        if width % 4:  # the batches' numbers of rows, where `counts` are sums of weights
            rows, measures = np.sum(measures[..., -1]), measures[..., : width - 1]
        parts = measures.reshape(*measures.shape[:-1], 4, -1)  # (…, batches, 4, k)
        first, center, spread, squares = (parts[..., i, :] for i in range(4))
        means = first - first[..., :1, :] + center  # (…, batches, k)
        n, weights = np.sum(counts), counts[:, None]
        mean = np.sum(weights * means, axis=-2, keepdims=True) / n
        spread = np.sum(spread + weights * (means - mean) ** 2, axis=-2)  # (…, k)
        value: np.ndarray = np.mean(_determination(spread, np.sum(squares, axis=-2)), axis=-1)
        return value if rows > 1 else value * np.nan
