"""Metrics: what a person wants to know of predictions, beside the loss.

Each is a function of predictions and targets, and a `Metric` that `Sequential.compile` takes.
A metric measures one batch at a time, where the arrays are, and joins on the host what it
measured, so that the precision of a large set is that of the whole set and not the mean of its
batches' precisions::

    measure = metric.measure(predictions, targets)        (n, k), (n, …) -> () or (w,)
    values = metric.result(measures, counts)              (…, batches, w), (batches,) -> (…)

The functions look at shapes, never at values, so that nothing waits for a device, and a library
that compiles can compile them; that class indices lie between 0 and k - 1 is taken for granted.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, NamedTuple

import numpy as np

from .backend import Array, array_namespace, device_of, index_dtype_of, row_blocks
from .checks import check_integer, check_number
from .naming import Described, describe, look_up, make, register
from .operations import column_sums, join, mean, one_hot, pick, row_maxima, row_sums

__all__ = [
    "F1",
    "METRICS",
    "R2",
    "ROCAUC",
    "Accuracy",
    "ConfusionMatrix",
    "FunctionMetric",
    "Kind",
    "LogLoss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Metric",
    "Precision",
    "Recall",
    "TopKAccuracy",
    "accuracy",
    "as_metric",
    "confusion_matrix",
    "f1",
    "log_loss",
    "mean_absolute_error",
    "mean_squared_error",
    "precision",
    "r2",
    "recall",
    "roc_auc",
    "top_k_accuracy",
]

METRICS: dict[str, type[Metric]] = {}
"""Every metric class by its name: a model file names its metrics so."""

AVERAGES = ("macro", "weighted", "micro", "binary")
"""How the numbers of the classes become one."""

COUNTED = 1 << 20
"""About how many numbers are counted at a time: float32 counts to 2**24 without rounding."""


# -------------------------------------------------------------------------- functions


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

    Raises
    ------
    ValueError
        If the shapes don't go together.
    """
    predicted, actual = _classes(predictions, targets, threshold)
    return mean(array_namespace(predictions).astype(predicted == actual, _float(predictions)))


def top_k_accuracy(
    predictions: Array, targets: Array, k: int = 5, *, threshold: float = 0.5
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

    Returns
    -------
    array of shape ()
        Between 0 and 1.

    Raises
    ------
    TypeError, ValueError
        If `k` is none of the above, or the shapes don't go together.
    """
    check_integer("k", k, at_least=1)
    xp = array_namespace(predictions)
    if _says_yes_or_no(predictions):
        right = accuracy(predictions, targets, threshold=threshold)
        return right if k == 1 else xp.ones_like(right)
    index = index_dtype_of(predictions)
    actual = xp.astype(_indices(predictions, targets), index, copy=False)
    columns = xp.arange(predictions.shape[1], dtype=index, device=device_of(predictions))
    own = pick(predictions, actual)[:, None]  # (n, 1)
    before = (predictions > own) | ((predictions == own) & (columns > actual[:, None]))
    dtype = _float(predictions)
    rank = row_sums(xp.astype(before, dtype))[:, 0]  # (n,)
    return mean(xp.astype(rank < k, dtype))


def precision(
    predictions: Array, targets: Array, *, average: str | None = "macro", threshold: float = 0.5
) -> Array:
    """Compute the precision: which part of those that were called a class are of it.

    It is 0 for a class that was never predicted.

    Parameters
    ----------
    predictions : array of shape (n, k) or (n,)
        A score for each of k classes, of which the largest is the prediction; with one
        column or none, a number that says yes where it is above `threshold`.
    targets : array of shape (n,) or (n, k)
        Class indices or one-hot rows; for one column, or none, 0 or 1.
    average : {"macro", "weighted", "micro", "binary", None}
        ``"macro"`` is the mean over the classes that occur or were predicted,
        ``"weighted"`` weights each by its number of samples, ``"micro"`` counts all classes
        together, ``"binary"`` is that of class 1 of two, and None gives that of each class.
        One column, or none, has one class, yes, and all of these are that of yes.
    threshold : float
        Where yes begins: 0.5 for probabilities, 0 for logits.

    Returns
    -------
    array of shape (), or (k,) where `average` is None
        Between 0 and 1.

    Raises
    ------
    ValueError
        If the shapes don't go together, or `average` is none of the above.
    """
    return _averaged(Precision.parts, predictions, targets, average, threshold)


def recall(
    predictions: Array, targets: Array, *, average: str | None = "macro", threshold: float = 0.5
) -> Array:
    """Compute the recall: which part of a class was called so; 0 for one without samples.

    Parameters
    ----------
    predictions, targets, average, threshold
        As in `precision`, which tells what is raised.

    Returns
    -------
    array of shape (), or (k,) where `average` is None
        Between 0 and 1.
    """
    return _averaged(Recall.parts, predictions, targets, average, threshold)


def f1(
    predictions: Array, targets: Array, *, average: str | None = "macro", threshold: float = 0.5
) -> Array:
    """Compute F1, the harmonic mean of precision and recall.  van Rijsbergen (1979).

    Parameters
    ----------
    predictions, targets, average, threshold
        As in `precision`, which tells what is raised.

    Returns
    -------
    array of shape (), or (k,) where `average` is None
        Between 0 and 1; of a class, twice the number of right predictions, divided by the
        number of predictions and of samples together.
    """
    return _averaged(F1.parts, predictions, targets, average, threshold)


def confusion_matrix(predictions: Array, targets: Array, *, threshold: float = 0.5) -> Array:
    """Count how often each class was taken for each.

    Parameters
    ----------
    predictions : array of shape (n, k) or (n,)
        As in `accuracy`; one column, or none, is of the two classes no and yes.
    targets : array of shape (n,) or (n, k)
        Class indices or one-hot rows; for one column, or none, 0 or 1.
    threshold : float
        Where yes begins, for one column.

    Returns
    -------
    array of int of shape (k, k)
        In row i and column j the number of samples of class i that were called j.

    Raises
    ------
    ValueError
        If the shapes don't go together.
    """
    xp = array_namespace(predictions)
    index = index_dtype_of(predictions)
    _same_length(predictions, targets)
    if _says_yes_or_no(predictions):
        targets, k = _flat(targets, _float(predictions)), 2
    else:
        targets, k = _indices(predictions, targets), predictions.shape[1]
    parts = (
        xp.astype(_confusions(part, targets[i : i + part.shape[0], ...], threshold), index)
        for i, part in row_blocks(predictions, COUNTED)
    )
    return sum(parts, xp.zeros((k, k), dtype=index, device=device_of(predictions)))


def log_loss(predictions: Array, targets: Array, *, from_logits: bool = False) -> Array:
    """Compute the mean of -log p, where p is the probability given to what was the case.

    Parameters
    ----------
    predictions : array of shape (n, k) or (n,)
        The probability of each of k classes; with one column or none, that of yes.
        Probabilities are kept as far from 0 and 1 as their dtype's eps, as in scikit-learn.
    targets : array of shape (n,) or (n, k)
        Class indices or one-hot rows; for one column, or none, 0 or 1, or between.
    from_logits : bool
        Whether predictions are what Softmax, or Sigmoid for one column, is yet to make
        probabilities of.  Then nothing is cut off.

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
    dtype = _float(predictions)
    x = xp.astype(predictions, dtype, copy=False)
    limit = float(xp.finfo(dtype).eps)
    if _says_yes_or_no(x):
        x, y = xp.reshape(x, (-1,)), _flat(targets, dtype)
        _same_length(x, y)
        if from_logits:
            return mean(xp.maximum(x, 0.0) - y * x + xp.log1p(xp.exp(-xp.abs(x))))
        p = xp.minimum(xp.maximum(x, limit), 1 - limit)
        return -mean(y * xp.log(p) + (1 - y) * xp.log(1 - p))
    if from_logits:
        z = x - row_maxima(x)  # (n, k)
        log_p = z - xp.log(row_sums(xp.exp(z)))
    else:
        log_p = xp.log(xp.minimum(xp.maximum(x, limit), 1 - limit))
    if _are_rows(predictions, targets):
        return -mean(row_sums(xp.astype(targets, dtype, copy=False) * log_p)[:, 0])
    return -mean(pick(log_p, _indices(predictions, targets)))


def roc_auc(predictions: Array, targets: Array, *, average: str | None = "macro") -> Array:
    """Compute the area under the receiver operating characteristic curve.

    It is the probability that a sample of a class scores higher than one that is not of it,
    where a tie is half of one.  Hanley and McNeil (1982).

    Parameters
    ----------
    predictions : array of shape (n, k) or (n,)
        The probability of each of k classes; with one column or none, any score for yes.
    targets : array of shape (n,) or (n, k)
        Class indices or one-hot rows; for one column, or none, 0 or 1.
    average : {"macro", "weighted", "micro", "binary", None}
        As in `precision`, of each class against all others ("one versus rest").  Of two
        classes it is that of class 1, however it is averaged.

    Returns
    -------
    array of shape (), or (k,) where `average` is None
        Between 0 and 1.  A class of which there are no samples, or no others, has none: it
        is NaN, and left out of the mean.

    Raises
    ------
    ValueError
        If the shapes don't go together, or `average` is none of the above.
    """
    check_average(average, None)
    xp = array_namespace(predictions)
    dtype = _float(predictions)
    if _says_yes_or_no(predictions):
        scores = xp.reshape(predictions, (-1,))
        _same_length(scores, targets)
        area = _area(scores, xp.astype(_flat(targets, dtype) > 0.5, dtype))
        return area if average else xp.reshape(area, (1,))
    k = predictions.shape[1]
    like = xp.astype(predictions, dtype, copy=False)
    whole = targets if _are_rows(predictions, targets) else _indices(predictions, targets)
    rows = xp.astype(one_hot(whole, like) > 0.5, dtype)  # (n, k)
    if average == "binary" or (average and k == 2):
        check_average("binary", k)
        return _area(predictions[:, 1], rows[:, 1])
    if average == "micro":
        return _area(xp.reshape(predictions, (-1,)), xp.reshape(rows, (-1,)))
    areas = xp.stack([_area(predictions[:, i], rows[:, i]) for i in range(k)])  # (k,)
    if average is None:
        return areas
    weights = xp.ones_like(areas) if average == "macro" else column_sums(rows)
    known = ~xp.isnan(areas)
    weights = xp.where(known, weights, 0.0)
    total = xp.sum(weights)
    area = xp.sum(weights * xp.where(known, areas, 0.0)) / xp.where(total > 0, total, 1.0)
    return xp.where(total > 0, area, xp.nan)


def mean_squared_error(predictions: Array, targets: Array) -> Array:
    """Compute the mean of (prediction - target)².

    Parameters
    ----------
    predictions, targets : array of shape (n, k) or (n,)
        What is, and what should be.

    Returns
    -------
    array of shape ()

    Raises
    ------
    ValueError
        If the shapes differ, but for a column that may be flat.
    """
    return array_namespace(predictions).mean((predictions - _alike(predictions, targets)) ** 2)


def mean_absolute_error(predictions: Array, targets: Array) -> Array:
    """Compute the mean of abs(prediction - target).

    Parameters
    ----------
    predictions, targets : array of shape (n, k) or (n,)
        What is, and what should be.

    Returns
    -------
    array of shape ()

    Raises
    ------
    ValueError
        If the shapes differ, but for a column that may be flat.
    """
    xp = array_namespace(predictions)
    return xp.mean(xp.abs(predictions - _alike(predictions, targets)))


def r2(predictions: Array, targets: Array) -> Array:
    """Compute R², the coefficient of determination.

    It is 1 - (the sum of squared errors) / (the sum of squared distances of the targets from
    their mean), and the mean of that over the outputs.

    Parameters
    ----------
    predictions, targets : array of shape (n, k) or (n,)
        What is, and what should be.

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
    _, _, spread, squares = _moments(predictions, targets)
    value = xp.mean(_determination(spread, squares))
    return value if predictions.shape[0] > 1 else value + xp.nan


# ---------------------------------------------------------------- parts of the functions


def _says_yes_or_no(predictions: Array) -> bool:
    """Whether there is one number for each sample, not one for each class."""
    return not (predictions.ndim == 2 and predictions.shape[1] > 1)


def _are_rows(predictions: Array, targets: Array) -> bool:
    """Whether targets are one-hot rows, not class indices."""
    rows: bool = targets.ndim == 2 and targets.shape[1] > 1
    if rows and targets.shape != predictions.shape:
        raise ValueError(
            f"targets must be class indices, or rows of the shape {tuple(predictions.shape)}, "
            f"got the shape {tuple(targets.shape)}"
        )
    return rows


def _same_length(predictions: Array, targets: Array) -> None:
    if targets.ndim == 0 or targets.shape[0] != predictions.shape[0]:
        raise ValueError(
            f"targets must have as many rows as predictions, {predictions.shape[0]}, got the "
            f"shape {tuple(targets.shape)}"
        )


def _float(predictions: Array) -> Any:
    """Return the dtype of what is measured: that of predictions, if it is a float's."""
    xp = array_namespace(predictions)
    dtype = predictions.dtype
    return dtype if xp.isdtype(dtype, "real floating") else xp.float32


def _flat(targets: Array, dtype: Any) -> Array:
    """Return yes-or-no targets of shape (n,) or (n, 1) as floats of shape (n,)."""
    xp = array_namespace(targets)
    if targets.ndim == 2 and targets.shape[1] > 1:
        raise ValueError(
            "targets must have the shape (n,) or (n, 1) for predictions of one column, got "
            f"{tuple(targets.shape)}"
        )
    return xp.reshape(xp.astype(targets, dtype, copy=False), (-1,))


def _indices(predictions: Array, targets: Array) -> Array:
    """Return class indices of shape (n,), of those or of one-hot rows."""
    xp = array_namespace(predictions)
    _same_length(predictions, targets)
    if _are_rows(predictions, targets):
        return xp.argmax(targets, axis=1)
    return targets if targets.ndim == 1 else xp.reshape(targets, (-1,))


def _classes(predictions: Array, targets: Array, threshold: float) -> tuple[Array, Array]:
    """Return which class was predicted, and which it is; False and True for yes and no."""
    xp = array_namespace(predictions)
    if _says_yes_or_no(predictions):
        predicted = xp.reshape(predictions > threshold, (-1,))
        _same_length(predicted, targets)
        return predicted, _flat(targets, _float(predictions)) > 0.5
    return xp.argmax(predictions, axis=1), _indices(predictions, targets)


def _counts(predictions: Array, targets: Array, threshold: float) -> Array:
    """Count, for each class, right predictions, predictions, and samples: (3, k).

    One column has one class, yes.
    """
    xp = array_namespace(predictions)
    dtype = _float(predictions)
    predicted, actual = _classes(predictions, targets, threshold)
    if _says_yes_or_no(predictions):
        a, b = (xp.astype(c, dtype)[:, None] for c in (predicted, actual))  # (n, 1)
    else:
        like = xp.astype(predictions, dtype, copy=False)
        a, b = one_hot(predicted, like), one_hot(actual, like)  # (n, k)
    return xp.reshape(join(column_sums(a * b), column_sums(a), column_sums(b)), (3, -1))


def _confusions(predictions: Array, targets: Array, threshold: float) -> Array:
    """Count how often each class was taken for each, as floats: (k, k)."""
    xp = array_namespace(predictions)
    dtype = _float(predictions)
    predicted, actual = _classes(predictions, targets, threshold)
    k = 2 if _says_yes_or_no(predictions) else predictions.shape[1]
    index = index_dtype_of(predictions)
    columns = xp.arange(k, dtype=index, device=device_of(predictions))
    a, b = (
        xp.astype(xp.astype(c, index)[:, None] == columns, dtype) for c in (predicted, actual)
    )
    return b.T @ a


def check_average(average: Any, k: int | None) -> None:
    """Check how numbers of k classes are to become one.

    Raises
    ------
    ValueError
        If it is not known, or ``"binary"`` and there are more than two classes.
    """
    if average is not None and average not in AVERAGES:
        raise ValueError(f"average must be one of {AVERAGES} or None, got {average!r}")
    if average == "binary" and k is not None and k > 2:
        raise ValueError(
            f"average must be 'macro', 'weighted', 'micro' or None for {k} classes, got "
            "'binary', which is for two"
        )


Parts = Callable[[Array, Array, Array], tuple[Array, Array]]
"""Of right predictions, predictions and samples, what is divided by what."""


def _averaged(
    parts: Parts, predictions: Array, targets: Array, average: str | None, threshold: float
) -> Array:
    """Count, divide and average."""
    counts = _counts(predictions, targets, threshold)
    check_average(average, counts.shape[1])
    return _average(parts, counts, average)


def _average(parts: Parts, counts: Array, average: str | None) -> Array:
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


def _area(scores: Array, yes: Array) -> Array:
    """Return the area under the curve of scores (n,), yes being 1.0 or 0.0: ().

    For each sample of the class, the part of the others that scores less is counted in the
    sorted scores.
    """
    xp = array_namespace(scores)
    order = xp.argsort(scores)
    scores, yes = xp.take(scores, order), xp.take(yes, order)
    others = xp.astype(yes < 0.5, index_dtype_of(scores))
    before = xp.cumulative_sum(others, include_initial=True)  # (n + 1,)
    lower = xp.take(before, xp.searchsorted(scores, scores, side="left"))
    upper = xp.take(before, xp.searchsorted(scores, scores, side="right"))
    n_others, n = xp.astype(before[-1], yes.dtype), xp.sum(yes)
    defined = (n > 0) & (n_others > 0)
    beaten = xp.astype(lower + upper, yes.dtype) / (2 * xp.where(defined, n_others, 1.0))
    return xp.where(defined, xp.sum(beaten * yes) / xp.where(defined, n, 1.0), xp.nan)


def _alike(predictions: Array, targets: Array) -> Array:
    """Return targets, as floats, in the shape of predictions; (n,) and (n, 1) are the same."""
    xp = array_namespace(predictions)
    if not xp.isdtype(targets.dtype, "real floating"):
        targets = xp.astype(targets, _float(predictions))
    if predictions.shape == targets.shape:
        return targets
    shapes = sorted((predictions.shape, targets.shape), key=len)
    if len(shapes[0]) != 1 or tuple(shapes[1]) != (*shapes[0], 1):
        raise ValueError(
            f"targets must have the shape of predictions, {tuple(predictions.shape)}, got "
            f"{tuple(targets.shape)}"
        )
    return xp.reshape(targets, predictions.shape)


def _moments(predictions: Array, targets: Array) -> tuple[Array, Array, Array, Array]:
    """Return what R² is made of, for each output: four arrays of shape (k,).

    They are the first target, the mean of the targets less this, the sum of their squared
    distances from their mean, and the sum of squared errors.  Without the first, which is
    taken away before anything is rounded, the mean of large targets would be too coarse.
    """
    xp = array_namespace(predictions)
    targets = _alike(predictions, targets)
    errors = predictions - targets
    rows = (errors.shape[0], -1)
    errors, targets = xp.reshape(errors, rows), xp.reshape(targets, rows)
    first = xp.astype(targets[0, ...], errors.dtype, copy=False)
    targets = targets - first  # (n, k)
    center = column_sums(targets) / targets.shape[0]
    return first, center, column_sums((targets - center) ** 2), column_sums(errors**2)


def _determination(spread: Array, squares: Array) -> Array:
    """Return R² of sums of squares, in their shape."""
    xp = array_namespace(spread)
    constant = xp.astype(squares == 0, squares.dtype)  # what scikit-learn says where 0 / 0 is
    return xp.where(spread > 0, 1 - squares / xp.where(spread > 0, spread, 1.0), constant)


# ---------------------------------------------------------------------------- metrics


class Kind(NamedTuple):
    """What the numbers are that a classifier gives, as its loss takes them."""

    threshold: float = 0.5
    """Where an output begins to say yes."""

    from_logits: bool = False
    """Whether they are logits, not probabilities."""


PROBABILITY = Kind()


@dataclass(frozen=True)
class Metric(Described):
    """The base class of metrics, as `Sequential.compile` takes them.

    A subclass defines `measure`, and `result` where the whole is not the mean of its batches.
    """

    classifies: ClassVar[bool | None] = None
    """Whether it is of classes, or of numbers, or None where it is of any outputs.  One of
    classes takes what the loss takes, logits or probabilities, and is told which."""

    of_all: ClassVar[bool] = False
    """Whether it needs all predictions at once, as a rank does.  Then it is measured where
    these can be had, in evaluation and validation, and not while training."""

    is_number: ClassVar[bool] = True
    """Whether the result is one number; what is more is left out of the history."""

    label: ClassVar[str]
    """The class's name as people write it: by itself, the name in snake_case."""

    def __init_subclass__(cls, registered: bool = True) -> None:
        super().__init_subclass__()
        if "label" not in cls.__dict__:
            words = r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])"
            cls.label = re.sub(words, "_", cls.__name__).lower()
        if registered:
            register(cls, METRICS, "metric")

    @property
    def name(self) -> str:
        """What it is called in `History` and by `Sequential.evaluate`."""
        return self.label

    def measure(self, predictions: Array, targets: Array, kind: Kind = PROBABILITY) -> Array:
        """Measure one batch.

        Parameters
        ----------
        predictions : array of shape (n, k) or (n,)
            What the network gives, as `Sequential.predict` returns it.  For a metric that
            `classifies`, what the loss takes; and flat, (n * k,), where each output says yes
            or no on its own.
        targets : array
            As the loss takes them, and flat where predictions are.
        kind : Kind
            What the predictions are; given where the metric `classifies`, so that others
            need not take it.

        Returns
        -------
        array of shape () or (w,)
            In the dtype of the predictions.
        """
        raise TypeError(f"the metric {type(self).__name__} does not define measure")

    def result(self, measures: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """Join what was measured on batches; by default it is their weighted mean.

        Parameters
        ----------
        measures : numpy.ndarray of shape (…, batches, w)
            What `measure` returned, in double precision; w is 1 for the shape ().
        counts : numpy.ndarray of shape (batches,)
            How many samples each batch has.

        Returns
        -------
        numpy.ndarray of shape (…)
            The metric of all samples.
        """
        value: np.ndarray = measures[..., 0] @ counts / np.sum(counts)
        return value


class _ClassMetric(Metric, registered=False):
    classifies: ClassVar[bool | None] = True


class _NumberMetric(Metric, registered=False):
    classifies: ClassVar[bool | None] = False


@dataclass(frozen=True)
class Accuracy(_ClassMetric):
    """The part of the predictions that is right; see `accuracy`."""

    def measure(self, predictions: Array, targets: Array, kind: Kind = PROBABILITY) -> Array:
        """Compute the accuracy of a batch."""
        return accuracy(predictions, targets, threshold=kind.threshold)


@dataclass(frozen=True)
class TopKAccuracy(_ClassMetric):
    """The part of the samples whose class is among the first k; see `top_k_accuracy`.

    Parameters
    ----------
    k : int
        How many classes may be named, >= 1.
    """

    k: int = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer("k", self.k, at_least=1)

    @property
    def name(self) -> str:
        """``"top_k_accuracy"`` for five, else with the number: ``"top_3_accuracy"``."""
        return self.label if self.k == 5 else f"top_{self.k}_accuracy"

    def measure(self, predictions: Array, targets: Array, kind: Kind = PROBABILITY) -> Array:
        """Compute the top-k accuracy of a batch."""
        return top_k_accuracy(predictions, targets, self.k, threshold=kind.threshold)


@dataclass(frozen=True)
class _CountingMetric(_ClassMetric, ABC, registered=False):
    average: str = "macro"
    threshold: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.average not in AVERAGES:
            raise ValueError(f"average must be one of {AVERAGES}, got {self.average!r}")
        if self.threshold is not None:
            check_number("threshold", self.threshold, above=0, below=1)

    @property
    def name(self) -> str:
        """The name, with the average behind it where it is not ``"macro"``."""
        return self.label if self.average == "macro" else f"{self.label}_{self.average}"

    def measure(self, predictions: Array, targets: Array, kind: Kind = PROBABILITY) -> Array:
        """Count right predictions, predictions and samples of each class: (3 k,)."""
        threshold = kind.threshold
        if self.threshold is not None:
            odds = self.threshold / (1 - self.threshold)
            threshold = math.log(odds) if kind.from_logits else self.threshold
        counts = _counts(predictions, targets, threshold)
        check_average(self.average, counts.shape[1])
        return array_namespace(counts).reshape(counts, (-1,))

    def result(self, measures: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """Divide the sums of the counts, and average over the classes."""
        total = np.sum(measures, axis=-2)
        value: np.ndarray = _average(
            self.parts, total.reshape(*total.shape[:-1], 3, -1), self.average
        )
        return value

    @staticmethod
    @abstractmethod
    def parts(right: Array, predicted: Array, actual: Array) -> tuple[Array, Array]:
        """Return what is divided by what: for arrays of shape (k,) two of shape (k,)."""


@dataclass(frozen=True)
class Precision(_CountingMetric):
    """The part of those that were called a class that are of it; see `precision`.

    Parameters
    ----------
    average : {"macro", "weighted", "micro", "binary"}
        How the numbers of the classes become one.
    threshold : float, optional
        From which probability, 0 < threshold < 1, on a single output says yes; by default
        from even odds on.
    """

    @staticmethod
    def parts(right: Array, predicted: Array, actual: Array) -> tuple[Array, Array]:
        """Return right predictions and predictions."""
        return right, predicted


@dataclass(frozen=True)
class Recall(_CountingMetric):
    """The part of a class that was called so; see `recall`.

    Parameters
    ----------
    average, threshold
        As in `Precision`.
    """

    @staticmethod
    def parts(right: Array, predicted: Array, actual: Array) -> tuple[Array, Array]:
        """Return right predictions and samples."""
        return right, actual


@dataclass(frozen=True)
class F1(_CountingMetric):
    """The harmonic mean of precision and recall; see `f1`.

    Parameters
    ----------
    average, threshold
        As in `Precision`.
    """

    @staticmethod
    def parts(right: Array, predicted: Array, actual: Array) -> tuple[Array, Array]:
        """Return right predictions twice, and predictions and samples together."""
        return 2 * right, predicted + actual


@dataclass(frozen=True)
class ConfusionMatrix(_ClassMetric):
    """How often each class was taken for each; see `confusion_matrix`.

    It is no number: `Sequential.evaluate` returns it as an array of shape (k, k), and the
    history doesn't have it.
    """

    is_number: ClassVar[bool] = False

    def measure(self, predictions: Array, targets: Array, kind: Kind = PROBABILITY) -> Array:
        """Count how often each class was taken for each: (k²,)."""
        counts = _confusions(predictions, targets, kind.threshold)
        return array_namespace(counts).reshape(counts, (-1,))

    def result(self, measures: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """Return the sums of the counts: integers of shape (…, k, k)."""
        total: np.ndarray = np.sum(measures, axis=-2).astype(np.int64)
        k = round(total.shape[-1] ** 0.5)
        return total.reshape(*total.shape[:-1], k, k)


@dataclass(frozen=True)
class LogLoss(_ClassMetric):
    """The mean of -log p of what was the case; see `log_loss`."""

    def measure(self, predictions: Array, targets: Array, kind: Kind = PROBABILITY) -> Array:
        """Compute the log-loss of a batch."""
        return log_loss(predictions, targets, from_logits=kind.from_logits)


@dataclass(frozen=True)
class ROCAUC(_ClassMetric):
    """The area under the receiver operating characteristic curve; see `roc_auc`.

    It can't be put together from batches.  So it is measured by `Sequential.evaluate` and
    after each epoch on validation data, from all their predictions, and not in training.

    Parameters
    ----------
    average : {"macro", "weighted", "micro", "binary"}
        How the numbers of the classes become one.
    """

    average: str = "macro"

    of_all: ClassVar[bool] = True
    label: ClassVar[str] = "roc_auc"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.average not in AVERAGES:
            raise ValueError(f"average must be one of {AVERAGES}, got {self.average!r}")

    @property
    def name(self) -> str:
        """``"roc_auc"``, with the average behind it where it is not ``"macro"``."""
        return self.label if self.average == "macro" else f"{self.label}_{self.average}"

    def measure(self, predictions: Array, targets: Array, kind: Kind = PROBABILITY) -> Array:
        """Compute the area of all samples."""
        p = _probabilities(predictions) if kind.from_logits else predictions
        return roc_auc(p, targets, average=self.average)


def _probabilities(logits: Array) -> Array:
    """Return what Softmax makes of logits, or Sigmoid where each says yes or no."""
    xp = array_namespace(logits)
    if _says_yes_or_no(logits):
        e = xp.exp(-xp.abs(logits))
        return xp.where(logits >= 0, 1.0, e) / (1 + e)
    e = xp.exp(logits - row_maxima(logits))
    return e / row_sums(e)


@dataclass(frozen=True)
class MeanSquaredError(_NumberMetric):
    """The mean of (prediction - target)²."""

    def measure(self, predictions: Array, targets: Array, kind: Kind = PROBABILITY) -> Array:
        """Compute the mean squared error of a batch."""
        return mean_squared_error(predictions, targets)


@dataclass(frozen=True)
class MeanAbsoluteError(_NumberMetric):
    """The mean of abs(prediction - target)."""

    def measure(self, predictions: Array, targets: Array, kind: Kind = PROBABILITY) -> Array:
        """Compute the mean absolute error of a batch."""
        return mean_absolute_error(predictions, targets)


@dataclass(frozen=True)
class R2(_NumberMetric):
    """The coefficient of determination; see `r2`."""

    def measure(self, predictions: Array, targets: Array, kind: Kind = PROBABILITY) -> Array:
        """Compute means and sums of squares of a batch: (4 k,)."""
        return join(*_moments(predictions, targets))

    def result(self, measures: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """Join means and sums of squares.  Chan, Golub and LeVeque (1983)."""
        parts = measures.reshape(*measures.shape[:-1], 4, -1)  # (…, batches, 4, k)
        first, center, spread, squares = (parts[..., i, :] for i in range(4))
        means = first - first[..., :1, :] + center  # (…, batches, k)
        n, weights = np.sum(counts), counts[:, None]
        mean = np.sum(weights * means, axis=-2, keepdims=True) / n
        spread = np.sum(spread + weights * (means - mean) ** 2, axis=-2)  # (…, k)
        value: np.ndarray = np.mean(_determination(spread, np.sum(squares, axis=-2)), axis=-1)
        return value if n > 1 else value * np.nan


@dataclass(frozen=True)
class FunctionMetric(Metric, registered=False):
    """A user's own function, averaged over batches by their numbers of samples.

    Parameters
    ----------
    function : callable
        ``function(predictions, targets)`` is an array of shape (), or a number, of arrays of
        the model's backend: the network's outputs, and targets as the loss takes them.
    """

    function: Callable[[Array, Array], Array] = field(metadata={"saved": False})

    @property
    def name(self) -> str:
        """The function's name."""
        return str(getattr(self.function, "__name__", type(self.function).__name__))

    def measure(self, predictions: Array, targets: Array, kind: Kind = PROBABILITY) -> Array:
        """Call the function, and check what it returns."""
        value = self.function(predictions, targets)
        if isinstance(value, np.generic) and not isinstance(predictions, np.ndarray):
            value = value.item()  # by a function that computes on the host
        if isinstance(value, int | float) and not isinstance(value, np.generic):
            xp = array_namespace(predictions)
            return xp.asarray(value, dtype=predictions.dtype, device=device_of(predictions))
        if getattr(value, "shape", None) != ():
            got = getattr(value, "shape", None)
            raise ValueError(
                f"the metric {self.name} must return one number, or an array of shape (), got "
                + (f"the shape {tuple(got)}" if got is not None else repr(value))
            )
        return value


# ------------------------------------------------------------------------------ names

_OF_FUNCTIONS: dict[Any, type[Metric]] = {
    accuracy: Accuracy,
    top_k_accuracy: TopKAccuracy,
    precision: Precision,
    recall: Recall,
    f1: F1,
    confusion_matrix: ConfusionMatrix,
    log_loss: LogLoss,
    roc_auc: ROCAUC,
    mean_squared_error: MeanSquaredError,
    mean_absolute_error: MeanAbsoluteError,
    r2: R2,
}


def as_metric(metric: Any) -> Metric:
    """Return a metric that may have been given in another way.

    Parameters
    ----------
    metric : Metric, str, dict, class or callable
        A metric; a name, such as ``"f1"``, ``"f1_weighted"`` or ``"top_3_accuracy"``; a
        description as `describe` gives it, or a model file; a class, or a function, of this
        module; or a function of the user's own.

    Returns
    -------
    Metric

    Raises
    ------
    TypeError
        If it is none of these.
    ValueError
        If a name or a description is not known.
    """
    if isinstance(metric, Metric):
        return metric
    if isinstance(metric, str):
        return _by_name(metric)
    if isinstance(metric, dict):
        return make(metric, METRICS, "metric")
    if isinstance(metric, type):
        if issubclass(metric, Metric):
            return metric()
    elif callable(metric):
        own = _OF_FUNCTIONS.get(metric)
        return FunctionMetric(metric) if own is None else own()
    raise TypeError(f"metrics must hold names, Metric objects or functions, got {metric!r}")


def plain(metric: Metric) -> str | dict[str, Any]:
    """Return a metric as plain data: its name, or a description where that is not enough."""
    if isinstance(metric, FunctionMetric):
        return metric.name
    ours = type(metric).__module__ == __name__
    return metric.name if ours and _by_name(metric.name) == metric else describe(metric)


def _by_name(name: str) -> Metric:
    """Return the metric of a name that `Metric.name` may have."""
    known = {cls.label: cls for cls in METRICS.values()}
    if top := re.fullmatch(r"top_(\d+)_accuracy", name):
        return TopKAccuracy(int(top[1]))
    stem, _, average = name.rpartition("_")
    if average in AVERAGES:
        cls: Any = look_up(stem, known, "metric")
        if "average" not in {f.name for f in fields(cls)}:
            raise ValueError(f"the metric {stem!r} has no average, got {name!r}")
        return cls(average=average)  # type: ignore[no-any-return]
    return look_up(name, known, "metric")()
