"""The confusion matrix: which class was taken for which, and how often."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..backend import Array, array_namespace, device_of, index_dtype_of, row_blocks
from ..operations import join
from .base import PROBABILITY, ClassMetric, Kind
from .shapes import (
    check_same_length,
    class_indices,
    flat_targets,
    float_dtype,
    of_any_library,
    predicted_and_actual,
    says_yes_or_no,
)

COUNTED = 1 << 20
"""About how many numbers are counted at a time: float32 counts to 2**24 without rounding."""


@of_any_library
def confusion_matrix(
    predictions: Array,
    targets: Array,
    *,
    threshold: float = 0.5,
    sample_weight: Array | None = None,
) -> Array:
    """Count how often each class was taken for each.

    Parameters
    ----------
    predictions : array of shape (n, k) or (n,)
        As in `accuracy`; one column, or none, is of the two classes no and yes.
    targets : array of shape (n,) or (n, k)
        Class indices or one-hot rows; for one column, or none, 0 or 1.
    threshold : float
        Where yes begins, for one column.
    sample_weight : array_like of shape (n,), optional
        How much each sample counts, >= 0.

    Returns
    -------
    array of int of shape (k, k)
        In row i and column j the number of samples of class i that were called j; with
        weights, floats: the sum of theirs.

    Raises
    ------
    ValueError
        If the shapes don't go together.
    """
    xp = array_namespace(predictions)
    index = index_dtype_of(predictions)
    yes_or_no = says_yes_or_no(predictions)
    check_same_length(predictions, targets)
    if yes_or_no:
        targets, k = flat_targets(targets, float_dtype(predictions)), 2
    else:
        targets, k = class_indices(predictions, targets), predictions.shape[1]
    dtype = index if sample_weight is None else float_dtype(predictions)
    total = xp.zeros((k, k), dtype=dtype, device=device_of(predictions))
    for i, part in row_blocks(predictions, COUNTED):
        rows = slice(i, i + part.shape[0])
        weight = None if sample_weight is None else sample_weight[rows]
        total += xp.astype(_counts(part, targets[rows, ...], threshold, weight), dtype)
    return total


def _counts(
    predictions: Array, targets: Array, threshold: float, weight: Array | None
) -> Array:
    """Count how often each class was taken for each, as floats: (k, k)."""
    xp = array_namespace(predictions)
    dtype = float_dtype(predictions)
    predicted, actual = predicted_and_actual(predictions, targets, threshold)
    k = 2 if says_yes_or_no(predictions) else predictions.shape[1]
    index = index_dtype_of(predictions)
    columns = xp.arange(k, dtype=index, device=device_of(predictions))
    a, b = (
        xp.astype(xp.astype(c, index)[:, None] == columns, dtype) for c in (predicted, actual)
    )
    if weight is not None:
        b = b * weight[:, None]
    return b.T @ a


@dataclass(frozen=True)
class ConfusionMatrix(ClassMetric):
    """How often each class was taken for each; see `confusion_matrix`.

    It is no number: `Sequential.evaluate` returns it as an array of shape (k, k), and the
    history doesn't have it.
    """

    computes = staticmethod(confusion_matrix)
    is_number: ClassVar[bool] = False

    def measure(
        self,
        predictions: Array,
        targets: Array,
        kind: Kind = PROBABILITY,
        weight: Array | None = None,
    ) -> Array:
        """Count how often each class was taken for each: (k²,), or (k² + 1,) with weights."""
        counts = _counts(predictions, targets, kind.threshold, weight)
        counts = array_namespace(counts).reshape(counts, (-1,))
        return counts if weight is None else join(counts, counts[:1])  # no square: weighted

    def result(self, measures: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """Return the sums of the counts: integers of shape (…, k, k), or floats of weights."""
        total: np.ndarray = np.sum(measures, axis=-2)
        k = math.isqrt(total.shape[-1])
        if total.shape[-1] == k * k:
            total = total.astype(np.int64)
        return total[..., : k * k].reshape(*total.shape[:-1], k, k)
