"""What is asked of the probabilities themselves, not of the classes: log-loss and ROC AUC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..backend import Array, array_namespace, device_of, index_dtype_of
from ..operations import column_sums, one_hot, pick, row_maxima, row_sums
from .base import PROBABILITY, AveragedMetric, ClassMetric, Kind, check_average
from .shapes import (
    are_rows,
    check_same_length,
    class_indices,
    flat_targets,
    float_dtype,
    mean_of_rows,
    of_any_library,
    of_each_output,
    says_yes_or_no,
)


@of_any_library
def log_loss(
    predictions: Array,
    targets: Array,
    *,
    from_logits: bool = False,
    sample_weight: Array | None = None,
) -> Array:
    """Compute the mean of -log p, where p is the probability given to what was the case.

    Parameters
    ----------
    predictions : array of shape (n, k) or (n,)
        The probability of each of k classes; with one column or none, that of yes.
        Probabilities are kept as far from 0 and 1 as their dtype's eps, as in scikit-learn.
    targets : array of shape (n,) or (n, k)
        Class indices or one-hot rows; for one column, or none, 0 or 1, or between.
    from_logits : bool
        Whether predictions are logits: what goes into Softmax, or into Sigmoid for one column.
        Then nothing is cut off.
    sample_weight : array_like of shape (n,), optional
        How much each sample counts, >= 0.

    Returns
    -------
    array of shape ()
        0 or more.

    Raises
    ------
    ValueError
        If the shapes don't go together.
    """
    xp = array_namespace(predictions)
    dtype = float_dtype(predictions)
    x = xp.astype(predictions, dtype, copy=False)
    limit = float(xp.finfo(dtype).eps)
    if says_yes_or_no(x):
        x, y = xp.reshape(x, (-1,)), flat_targets(targets, dtype)
        check_same_length(x, y)
        if from_logits:
            losses = xp.maximum(x, 0.0) - y * x + xp.log1p(xp.exp(-xp.abs(x)))
            return mean_of_rows(losses, sample_weight)
        p = xp.minimum(xp.maximum(x, limit), 1 - limit)
        return -mean_of_rows(y * xp.log(p) + (1 - y) * xp.log(1 - p), sample_weight)
    if from_logits:
        z = x - row_maxima(x)  # (n, k)
        log_p = z - xp.log(row_sums(xp.exp(z)))
    else:
        log_p = xp.log(xp.minimum(xp.maximum(x, limit), 1 - limit))
    if are_rows(predictions, targets):
        log_p_y = row_sums(xp.astype(targets, dtype, copy=False) * log_p)[:, 0]
    else:
        log_p_y = pick(log_p, class_indices(predictions, targets))
    return -mean_of_rows(log_p_y, sample_weight)


@dataclass(frozen=True)
class LogLoss(ClassMetric):
    """The mean of -log p of what was the case; see `log_loss`."""

    computes = staticmethod(log_loss)

    def measure(
        self,
        predictions: Array,
        targets: Array,
        kind: Kind = PROBABILITY,
        weight: Array | None = None,
    ) -> Array:
        """Compute the log-loss of a batch."""
        from_logits = kind.from_logits
        return log_loss(predictions, targets, from_logits=from_logits, sample_weight=weight)


@of_any_library
def roc_auc(
    predictions: Array,
    targets: Array,
    *,
    average: str | None = "macro",
    sample_weight: Array | None = None,
) -> Array:
    """Compute the area under the receiver operating characteristic curve.

    It is the probability that a sample of a class scores higher than one that is not of it,
    where a tie counts half.  Hanley and McNeil (1982).

    Parameters
    ----------
    predictions : array of shape (n, k) or (n,)
        The probability of each of k classes; with one column or none, any score for yes.
    targets : array of shape (n,) or (n, k)
        Class indices or one-hot rows; for one column, or none, 0 or 1.
    average : {"macro", "weighted", "micro", "binary", None}
        As in `precision`, of each class against all others ("one versus rest").  Of two
        classes it is that of class 1, however it is averaged.
    sample_weight : array_like of shape (n,), optional
        How much each sample counts, >= 0.

    Returns
    -------
    array of shape (), or (k,) where `average` is None
        Between 0 and 1.  A class without samples, or without samples of other classes, has no
        area: it is NaN, and left out of the mean.

    Raises
    ------
    ValueError
        If the shapes don't go together, or `average` is none of the above.
    """
    check_average(average, None)
    xp = array_namespace(predictions)
    dtype = float_dtype(predictions)
    if says_yes_or_no(predictions):
        scores = xp.reshape(predictions, (-1,))
        check_same_length(scores, targets)
        yes = xp.astype(flat_targets(targets, dtype) > 0.5, dtype)
        area = _area(scores, yes, sample_weight)
        return area if average else xp.reshape(area, (1,))
    k = predictions.shape[1]
    like = xp.astype(predictions, dtype, copy=False)
    whole = targets if are_rows(predictions, targets) else class_indices(predictions, targets)
    rows = xp.astype(one_hot(whole, like) > 0.5, dtype)  # (n, k)
    if average == "binary" or (average and k == 2):
        check_average("binary", k)
        return _area(predictions[:, 1], rows[:, 1], sample_weight)
    if average == "micro":
        weight = None if sample_weight is None else of_each_output(sample_weight, k)
        return _area(xp.reshape(predictions, (-1,)), xp.reshape(rows, (-1,)), weight)
    columns = (_area(predictions[:, i], rows[:, i], sample_weight) for i in range(k))
    areas = xp.stack([*columns])  # (k,)
    if average is None:
        return areas
    if sample_weight is not None:
        rows = rows * sample_weight[:, None]
    weights = xp.ones_like(areas) if average == "macro" else column_sums(rows)
    known = ~xp.isnan(areas)
    weights = xp.where(known, weights, 0.0)
    total = xp.sum(weights)
    area = xp.sum(weights * xp.where(known, areas, 0.0)) / xp.where(total > 0, total, 1.0)
    return xp.where(total > 0, area, xp.nan)


def _area(scores: Array, yes: Array, weight: Array | None) -> Array:
    """Return the area under the curve of scores (n,), yes being 1.0 or 0.0: ().

    For each sample of the class, the part of the others that scores less is counted in the
    sorted scores.  Weights are added in double precision, where there is any.
    """
    xp = array_namespace(scores)
    order = xp.argsort(scores)
    scores, yes = xp.take(scores, order), xp.take(yes, order)
    dtype, of_class = yes.dtype, yes
    others = xp.astype(yes < 0.5, index_dtype_of(scores))
    if weight is not None:
        floats = xp.__array_namespace_info__().dtypes(
            device=device_of(yes), kind="real floating"
        )
        weight = xp.astype(xp.take(weight, order), floats.get("float64", dtype))
        yes = xp.astype(yes, weight.dtype)
        of_class, others = weight * yes, weight * (1 - yes)
    before = xp.cumulative_sum(others, include_initial=True)  # (n + 1,)
    lower = xp.take(before, xp.searchsorted(scores, scores, side="left"))
    upper = xp.take(before, xp.searchsorted(scores, scores, side="right"))
    n_others, n = xp.astype(before[-1], yes.dtype), xp.sum(of_class)
    defined = (n > 0) & (n_others > 0)
    beaten = xp.astype(lower + upper, yes.dtype) / (2 * xp.where(defined, n_others, 1.0))
    area = xp.sum(beaten * of_class) / xp.where(defined, n, 1.0)
    return xp.astype(xp.where(defined, area, xp.nan), dtype, copy=False)


@dataclass(frozen=True)
class ROCAUC(AveragedMetric):
    """The area under the receiver operating characteristic curve; see `roc_auc`.

    It can't be put together from batches.  So it is measured by `Sequential.evaluate` and
    after each epoch on validation data, from all their predictions, and not in training.

    Parameters
    ----------
    average : {"macro", "weighted", "micro", "binary"}
        How the numbers of the classes become one.
    """

    computes = staticmethod(roc_auc)
    label: ClassVar[str] = "roc_auc"
    of_all: ClassVar[bool] = True

    def measure(
        self,
        predictions: Array,
        targets: Array,
        kind: Kind = PROBABILITY,
        weight: Array | None = None,
    ) -> Array:
        """Compute the area of all samples."""
        p = _probabilities(predictions) if kind.from_logits else predictions
        return roc_auc(p, targets, average=self.average, sample_weight=weight)


def _probabilities(logits: Array) -> Array:
    """Return what Softmax makes of logits, or Sigmoid where each says yes or no."""
    xp = array_namespace(logits)
    if says_yes_or_no(logits):
        e = xp.exp(-xp.abs(logits))
        return xp.where(logits >= 0, 1.0, e) / (1 + e)
    e = xp.exp(logits - row_maxima(logits))
    return e / row_sums(e)
