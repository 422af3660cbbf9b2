"""What is made of counts for each class: precision, recall, and F1.

All three divide the number of right predictions of a class by how often it was predicted, how
often it occurs, or both together.  Only this differs; all else is written here once.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ..backend import Array, array_namespace
from ..checks import check_number
from ..operations import column_sums, join, one_hot
from .base import AUTO, AVERAGES, PROBABILITY, AveragedMetric, Kind, Metric, check_average
from .shapes import float_dtype, of_any_library, predicted_and_actual, says_yes_or_no

Parts = Callable[[Array, Array, Array], tuple[Array, Array]]
"""Of right predictions, predictions and samples of each class: what is divided by what."""


def _precision_parts(right: Array, predicted: Array, actual: Array) -> tuple[Array, Array]:
    return right, predicted


def _recall_parts(right: Array, predicted: Array, actual: Array) -> tuple[Array, Array]:
    return right, actual


def _f1_parts(right: Array, predicted: Array, actual: Array) -> tuple[Array, Array]:
    return 2 * right, predicted + actual


# -------------------------------------------------------------------------- functions


@of_any_library
def precision(
    predictions: Array,
    targets: Array,
    *,
    average: str | None = AUTO,
    threshold: float = 0.5,
    sample_weight: Array | None = None,
) -> Array:
    """Compute the precision: of the samples that were called a class, the part that is of it.

    It is 0 for a class that was never predicted.

    Parameters
    ----------
    predictions : array of shape (n, k) or (n,)
        A score for each of k classes, of which the largest is the prediction; with one
        column or none, a number that says yes where it is above `threshold`.
    targets : array of shape (n,) or (n, k)
        Class indices or one-hot rows; for one column, or none, 0 or 1.
    average : {"auto", "macro", "weighted", "micro", "binary", None}
        ``"auto"`` is ``"binary"`` for two classes and ``"macro"`` for more.  ``"binary"`` is
        that of class 1 of two, ``"macro"`` the mean over the classes that occur or were
        predicted, ``"weighted"`` weights each by its number of samples, ``"micro"`` counts all
        classes together, and None gives that of each class.  One column, or none, has one
        class, yes, and all of these are that of yes.
    threshold : float
        Where yes begins: 0.5 for probabilities, 0 for logits.
    sample_weight : array_like of shape (n,), optional
        How much each sample counts, >= 0.

    Returns
    -------
    array of shape (), or (k,) where `average` is None
        Between 0 and 1.

    Raises
    ------
    ValueError
        If the shapes don't go together, or `average` is none of the above.
    """
    rest = average, threshold, sample_weight
    return _averaged(_precision_parts, predictions, targets, *rest)


@of_any_library
def recall(
    predictions: Array,
    targets: Array,
    *,
    average: str | None = AUTO,
    threshold: float = 0.5,
    sample_weight: Array | None = None,
) -> Array:
    """Compute the recall: of the samples of a class, the part that was called so.

    It is 0 for a class without samples.

    Parameters
    ----------
    predictions, targets, average, threshold, sample_weight
        As in `precision`, which tells what is raised.

    Returns
    -------
    array of shape (), or (k,) where `average` is None
        Between 0 and 1.
    """
    rest = average, threshold, sample_weight
    return _averaged(_recall_parts, predictions, targets, *rest)


@of_any_library
def f1(
    predictions: Array,
    targets: Array,
    *,
    average: str | None = AUTO,
    threshold: float = 0.5,
    sample_weight: Array | None = None,
) -> Array:
    """Compute F1, the harmonic mean of precision and recall.  van Rijsbergen (1979).

    Parameters
    ----------
    predictions, targets, average, threshold, sample_weight
        As in `precision`, which tells what is raised.

    Returns
    -------
    array of shape (), or (k,) where `average` is None
        Between 0 and 1; of a class, twice the number of right predictions, divided by the
        number of predictions and of samples together.
    """
    rest = average, threshold, sample_weight
    return _averaged(_f1_parts, predictions, targets, *rest)


def _averaged(
    parts: Parts,
    predictions: Array,
    targets: Array,
    average: str | None,
    threshold: float,
    weight: Array | None,
) -> Array:
    """Count, divide and average."""
    counts = _counts(predictions, targets, threshold, weight)
    average = _of_classes(average, counts.shape[1])
    check_average(average, counts.shape[1])
    return _score(parts, counts, average)


def _of_classes(average: str | None, k: int) -> str | None:
    """Return how the numbers of k classes become one, where that is left to their number."""
    if average == AUTO:
        return "binary" if k <= 2 else "macro"
    return average


def _counts(
    predictions: Array, targets: Array, threshold: float, weight: Array | None
) -> Array:
    """Count, for each class, right predictions, predictions, and samples: (3, k).

    One column has one class, yes.  A sample of weight 2 counts twice.
    """
    xp = array_namespace(predictions)
    dtype = float_dtype(predictions)
    predicted, actual = predicted_and_actual(predictions, targets, threshold)
    if says_yes_or_no(predictions):
        a, b = (xp.astype(c, dtype)[:, None] for c in (predicted, actual))  # (n, 1)
    else:
        like = xp.astype(predictions, dtype, copy=False)
        a, b = one_hot(predicted, like), one_hot(actual, like)  # (n, k)
    both = a * b
    if weight is not None:
        both, a, b = (counted * weight[:, None] for counted in (both, a, b))
    return xp.reshape(join(column_sums(both), column_sums(a), column_sums(b)), (3, -1))


def _score(parts: Parts, counts: Array, average: str | None) -> Array:
    """Divide counts and average over the classes: (…, 3, k) -> (…), or (…, k) for None."""
    xp = array_namespace(counts)
    if average == "micro":
        counts = xp.sum(counts, axis=-1, keepdims=True)
    right, predicted, actual = (counts[..., i, :] for i in range(3))
    above, below = parts(right, predicted, actual)
    scores = xp.where(below > 0, above / xp.where(below > 0, below, 1.0), 0.0)  # (…, k)
    if average is None:
        return scores
    if average == "binary" or scores.shape[-1] == 1:
        return scores[..., -1]
    weights = actual
    if average == "macro":
        weights = xp.astype(predicted + actual > 0, scores.dtype)
    total = xp.sum(weights, axis=-1)
    return xp.sum(weights * scores, axis=-1) / xp.where(total > 0, total, 1.0)


# ---------------------------------------------------------------------------- metrics


@dataclass(frozen=True)
class CountingMetric(AveragedMetric, ABC, registered=False):
    """The base class of what is made of counts; a subclass defines `parts`.

    Parameters
    ----------
    average : {"auto", "macro", "weighted", "micro", "binary"}
        How the numbers of the classes become one; see `precision`.
    threshold : float, optional
        From which probability, 0 < threshold < 1, on a single output says yes; by default
        from even odds on.
    """

    average: str = AUTO
    threshold: float | None = None

    averages: ClassVar[tuple[str, ...]] = (AUTO, *AVERAGES)

    @property
    def name(self) -> str:
        """The label, with the average behind it where one was chosen."""
        return self.label if self.average == AUTO else f"{self.label}_{self.average}"

    def for_classes(self, n: int | None) -> Metric:
        """Return the macro mean, which is called so, of more than two classes.

        Of outputs that say yes or no it is that of yes, and not called a mean.
        """
        if n is not None and n > 2 and self.average == AUTO:
            return replace(self, average="macro")
        return replace(self, average=AUTO) if n == 1 and self.average == "macro" else self

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.threshold is not None:
            check_number("threshold", self.threshold, above=0, below=1)

    def measure(
        self,
        predictions: Array,
        targets: Array,
        kind: Kind = PROBABILITY,
        weight: Array | None = None,
    ) -> Array:
        """Count right predictions, predictions and samples of each class: (3 k,)."""
        threshold = kind.threshold
        if self.threshold is not None:
            odds = self.threshold / (1 - self.threshold)
            threshold = math.log(odds) if kind.from_logits else self.threshold
        counts = _counts(predictions, targets, threshold, weight)
        check_average(_of_classes(self.average, counts.shape[1]), counts.shape[1])
        return array_namespace(counts).reshape(counts, (-1,))

    def result(self, measures: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """Divide the sums of the counts, and average over the classes."""
        total = np.sum(measures, axis=-2)
        counted = total.reshape(*total.shape[:-1], 3, -1)
        average = _of_classes(self.average, counted.shape[-1])
        value: np.ndarray = _score(self.parts, counted, average)
        return value

    @staticmethod
    @abstractmethod
    def parts(right: Array, predicted: Array, actual: Array) -> tuple[Array, Array]:
        """Return what is divided by what: for arrays of shape (k,) two of shape (k,)."""


@dataclass(frozen=True)
class Precision(CountingMetric):
    """Of the samples that were called a class, the part that is of it; see `precision`.

    Parameters
    ----------
    average : {"auto", "macro", "weighted", "micro", "binary"}
        How the numbers of the classes become one; by default it is that of class 1 of two
        classes, and of more their mean, which is called ``precision_macro``.
    threshold : float, optional
        From which probability, 0 < threshold < 1, on a single output says yes; by default
        from even odds on.
    """

    computes = staticmethod(precision)
    parts = staticmethod(_precision_parts)
    """Right predictions, divided by predictions."""


@dataclass(frozen=True)
class Recall(CountingMetric):
    """Of the samples of a class, the part that was called so; see `recall`.

    Parameters
    ----------
    average, threshold
        As in `Precision`.
    """

    computes = staticmethod(recall)
    parts = staticmethod(_recall_parts)
    """Right predictions, divided by samples."""


@dataclass(frozen=True)
class F1(CountingMetric):
    """The harmonic mean of precision and recall; see `f1`.

    Parameters
    ----------
    average, threshold
        As in `Precision`.
    """

    computes = staticmethod(f1)
    parts = staticmethod(_f1_parts)
    """Right predictions twice, divided by predictions and samples together."""
