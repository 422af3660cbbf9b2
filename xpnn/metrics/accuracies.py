"""How many predictions are right: accuracy, and top-k accuracy."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..backend import Array, array_namespace, device_of, index_dtype_of
from ..checks import check_integer
from ..operations import pick, row_sums
from .base import PROBABILITY, ClassMetric, Kind, Metric
from .shapes import (
    class_indices,
    float_dtype,
    mean_of_rows,
    of_any_library,
    predicted_and_actual,
    says_yes_or_no,
)


@of_any_library
def accuracy(
    predictions: Array,
    targets: Array,
    *,
    threshold: float = 0.5,
    sample_weight: Array | None = None,
) -> Array:
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
    sample_weight : array_like of shape (n,), optional
        How much each sample counts, >= 0.

    Returns
    -------
    array of shape ()
        Between 0 and 1.

    Raises
    ------
    ValueError
        If the shapes don't go together.
    """
    predicted, actual = predicted_and_actual(predictions, targets, threshold)
    right = predicted == actual  # (n,)
    right = array_namespace(predictions).astype(right, float_dtype(predictions))
    return mean_of_rows(right, sample_weight)


@dataclass(frozen=True)
class Accuracy(ClassMetric):
    """The part of the predictions that is right; see `accuracy`."""

    computes = staticmethod(accuracy)

    def measure(
        self,
        predictions: Array,
        targets: Array,
        kind: Kind = PROBABILITY,
        weight: Array | None = None,
    ) -> Array:
        """Compute the accuracy of a batch."""
        threshold = kind.threshold
        return accuracy(predictions, targets, threshold=threshold, sample_weight=weight)


@of_any_library
def top_k_accuracy(
    predictions: Array,
    targets: Array,
    k: int = 5,
    *,
    threshold: float = 0.5,
    sample_weight: Array | None = None,
) -> Array:
    """Compute which part of the samples has its class among the k with the largest scores.

    Of classes with equal scores, those with larger indices come first, as in scikit-learn.

    Parameters
    ----------
    predictions : array of shape (n, n_classes) or (n,)
        A score for each class; with one column or none, as in `accuracy`, of two classes.
    targets : array of shape (n,) or (n, n_classes)
        Class indices or one-hot rows; for one column, or none, 0 or 1.
    k : int
        How many classes may be named, >= 1.
    threshold : float
        Where yes begins, for one column.
    sample_weight : array_like of shape (n,), optional
        How much each sample counts, >= 0.

    Returns
    -------
    array of shape ()
        Between 0 and 1.

    Raises
    ------
    TypeError, ValueError
        If `k` is none of the above, or the shapes don't go together.
    """
    k = check_integer("k", k, at_least=1)
    xp = array_namespace(predictions)
    if says_yes_or_no(predictions):
        right = accuracy(predictions, targets, threshold=threshold, sample_weight=sample_weight)
        return right if k == 1 else xp.ones_like(right)
    index = index_dtype_of(predictions)
    actual = xp.astype(class_indices(predictions, targets), index, copy=False)
    columns = xp.arange(predictions.shape[1], dtype=index, device=device_of(predictions))
    own = pick(predictions, actual)[:, None]  # (n, 1)
    before = (predictions > own) | ((predictions == own) & (columns > actual[:, None]))
    dtype = float_dtype(predictions)
    rank = row_sums(xp.astype(before, dtype))[:, 0]  # (n,)
    return mean_of_rows(xp.astype(rank < k, dtype), sample_weight)


@dataclass(frozen=True)
class TopKAccuracy(ClassMetric):
    """The part of the samples whose class is among the first k; see `top_k_accuracy`.

    Parameters
    ----------
    k : int
        How many classes may be named, >= 1.
    """

    k: int = 5

    computes = staticmethod(top_k_accuracy)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer("k", self.k, at_least=1)

    @classmethod
    def of_name(cls, name: str) -> Metric | None:
        """Return the metric of a name such as ``"top_3_accuracy"``."""
        number = re.fullmatch(r"top_(\d+)_accuracy", name)
        return cls(int(number[1])) if number else None

    @property
    def name(self) -> str:
        """``"top_k_accuracy"`` for five, else with the number: ``"top_3_accuracy"``."""
        return self.label if self.k == 5 else f"top_{self.k}_accuracy"

    def measure(
        self,
        predictions: Array,
        targets: Array,
        kind: Kind = PROBABILITY,
        weight: Array | None = None,
    ) -> Array:
        """Compute the top-k accuracy of a batch."""
        return top_k_accuracy(
            predictions, targets, self.k, threshold=kind.threshold, sample_weight=weight
        )
