"""Rows on their way into training: batches, splits and weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backend import (
    Array,
    Backend,
    array_namespace,
    device_of,
    index_dtype_of,
    to_host,
)
from ..checks import about, check_number, reject
from ..losses import Loss

if TYPE_CHECKING:
    from ..initializers import Generator

__all__ = [
    "batch_slices",
    "check_class_weight",
    "check_sample_weight",
    "classes_of",
    "split_rows",
    "take_rows",
]


def batch_slices(n: int, batch_size: int | None) -> list[slice]:
    """Return the slices of n rows; the last one may be shorter."""
    size = n if batch_size is None else min(batch_size, n)
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]


def split_rows(
    generator: Generator,
    part: float,
    x: Array,
    y: Array,
    weight: np.ndarray | None,
    take: Callable[[Array, np.ndarray], Array] | None = None,
    whole: tuple[int, int] | None = None,
) -> tuple[tuple[Array, Array, np.ndarray | None], tuple[Array, Array]]:
    """Split rows at random into those to train on and those to measure.

    Parameters
    ----------
    generator : numpy.random.Generator or numpy.random.RandomState
        Where the order comes from.
    part : float
        The part of the rows to measure, 0 < part < 1; at least one row.
    x, y : array of n rows
        Inputs and targets.
    weight : numpy.ndarray of shape (n,), optional
        Their weights.
    take : callable, optional
        What takes rows of an array; by default `take_rows`.
    whole : (int, int), optional
        Where these rows are a part of more, of which the others are elsewhere: where they begin
        in the whole, and how many rows that has.

    Returns
    -------
    train : (x, y, weight)
        The rows to train on, in their old order.
    measure : (x, y)
        The others.

    Raises
    ------
    ValueError
        If no row is left to train on.
    """
    begin, n = whole or (0, x.shape[0])
    count = max(1, round(part * n))
    if count >= n:
        raise ValueError(
            f"validation_split must leave a row to train on; {part:g} of {n} rows takes {count}"
        )
    order = generator.permutation(n)
    held, kept = np.sort(order[:count]), np.sort(order[count:])
    if whole is not None:
        held, kept = (
            rows[(rows >= begin) & (rows < begin + x.shape[0])] - begin for rows in (held, kept)
        )
    take = take or take_rows
    return (
        (take(x, kept), take(y, kept), None if weight is None else weight[kept]),
        (take(x, held), take(y, held)),
    )


def take_rows(array: Array, rows: np.ndarray) -> Array:
    """Return rows of an array of any library, by their numbers on the host."""
    xp = array_namespace(array)
    index = xp.asarray(rows, dtype=index_dtype_of(array), device=device_of(array))
    return xp.take(array, index, axis=0)


def check_sample_weight(
    weight: Any, n: int, name: str = "sample_weight", all_may_be_0: bool = False
) -> np.ndarray | None:
    """Return sample weights on the host, where batches' shares are added up.

    Raises
    ------
    TypeError, ValueError
        If they are not n finite numbers >= 0 with a positive sum, where that must be: there
        may be more samples elsewhere.
    """
    if weight is None:
        return None
    try:
        weights: np.ndarray = to_host(weight).astype(np.float64)
    except (TypeError, ValueError) as error:
        raise about(name, error) from None
    if weights.shape != (n,):
        raise ValueError(f"{name} must have the shape ({n},), got {weights.shape}")
    wrong = ~np.isfinite(weights) | (weights < 0)
    reject(wrong, weights, f"{name} must hold finite numbers >= 0")
    if not all_may_be_0 and not weights.any():
        raise ValueError(f"{name} must hold a number > 0 for some sample, got zeros only")
    return weights


def classes_of(y: Array, loss: Loss, backend: Backend) -> np.ndarray:
    """Return the class of each sample, an integer, on the host; -1 where it counts nothing.

    Raises
    ------
    ValueError
        If targets are no classes.
    """
    if not loss.classifies:
        raise ValueError(f"class_weight is for losses that classify, not for {loss}")
    classes = backend.to_numpy(y)
    if classes.ndim == 2:
        if loss.threshold is not None and classes.shape[1] > 1:
            raise ValueError(
                "class_weight needs one class for each sample, got several outputs"
            )
        classes = classes.argmax(axis=1) if classes.shape[1] > 1 else classes[:, 0] > 0.5
    indices: np.ndarray = classes.astype(np.int64)
    counted = loss.counted(y)
    return indices if counted is None else np.where(backend.to_numpy(counted), indices, -1)


def check_class_weight(
    class_weight: Any,
    weight: np.ndarray | None,
    y: Array,
    n_outputs: int,
    loss: Loss,
    backend: Backend,
    counts: np.ndarray | None = None,
) -> np.ndarray | None:
    """Return sample weights with the weights of the samples' classes multiplied in.

    Parameters
    ----------
    counts : numpy.ndarray of shape (n_classes,), optional
        How many samples each class has, where there are more than these.

    Raises
    ------
    TypeError, ValueError
        If `class_weight` is no dict of class index to number and not "balanced", or the
        loss does not classify.
    """
    if class_weight is None:
        return weight
    classes, is_part = classes_of(y, loss, backend), counts is not None
    if isinstance(class_weight, str) and class_weight == "balanced":
        counts = np.bincount(classes[classes >= 0]) if counts is None else counts
        share = counts.sum() / (np.count_nonzero(counts) * np.maximum(counts, 1))
        factors = share[classes]
    elif isinstance(class_weight, Mapping):
        n_classes = max(n_outputs, 2)
        for key, value in class_weight.items():
            if key not in range(n_classes):
                raise ValueError(
                    f"class_weight must have class indices 0 to {n_classes - 1} as keys, "
                    f"got {key!r}"
                )
            check_number(f"class_weight[{key!r}]", value, at_least=0)
        table = np.ones(n_classes)
        table[[int(key) for key in class_weight]] = list(class_weight.values())
        factors = table[classes]
    else:
        raise TypeError(f"class_weight must be a dict or 'balanced', got {class_weight!r}")
    factors = factors if weight is None else factors * weight
    return check_sample_weight(factors, classes.size, "class_weight", is_part)
