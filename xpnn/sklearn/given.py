"""What comes beside the rows of a table: what is to be learnt, weights, and a seed."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets

from .adapter import column_or_1d

__all__ = ["read_classes", "read_numbers", "seed_of"]


def read_classes(y: Any, n: int) -> np.ndarray:
    """Return the classes of n rows, of shape (n,).

    Raises
    ------
    ValueError
        If they are not as many, if one is missing, or if they are texts and numbers: these can
        look alike, and have no order.
    """
    labels: np.ndarray = column_or_1d(_as_array(y), warn=True)
    if labels.dtype.kind == "f" and not (finite := np.isfinite(labels)).all():
        row = int(finite.argmin())
        raise ValueError(f"y must have a class in each row, got {labels[row]} in row {row}")
    if labels.dtype == object:
        if (absent := [*map(_is_absent, labels)]).count(True):
            row = absent.index(True)
            raise ValueError(
                f"y must have a class in each row, got {labels[row]!r} in row {row}"
            )
        texts = [isinstance(label, str) for label in labels]
        if any(texts) and not all(texts):
            text, other = labels[texts.index(True)], labels[texts.index(False)]
            raise ValueError(
                "y must hold classes that are all texts, or all numbers, got "
                f"{text!r} and {other!r}"
            )
    check_classification_targets(labels)
    if len(labels) != n:
        raise ValueError(f"X has {n} rows, but y has {len(labels)}")
    return labels


def read_numbers(y: Any, n: int) -> np.ndarray:
    """Return the numbers of n rows, float64 of shape (n,).

    Raises
    ------
    ValueError
        If they are not as many, or one is none, or they are too large for their deviation.
    """
    numbers: np.ndarray = column_or_1d(_as_array(y), warn=True, dtype=np.float64)
    if len(numbers) != n:
        raise ValueError(f"X has {n} rows, but y has {len(numbers)}")
    if not np.isfinite(numbers).all():
        raise ValueError("y must hold finite numbers, got NaN or an infinite one")
    with np.errstate(over="ignore", invalid="ignore"):
        spread = numbers.std()
    if not np.isfinite(spread):
        raise ValueError(f"y has too large numbers, as {np.abs(numbers).max():g}")
    return numbers


def seed_of(random_state: Any) -> np.random.SeedSequence:
    """Return what a random state always draws from; None is NumPy's global one."""
    if isinstance(random_state, int | np.integer):
        return np.random.SeedSequence(int(random_state))
    return np.random.SeedSequence(check_random_state(random_state).randint(2**31 - 1))


def _is_absent(label: Any) -> bool:
    """Whether a label is None, NaN or pandas's NA, of which the last equals nothing."""
    try:
        return label is None or bool(label != label)
    except TypeError:
        return True


def _as_array(y: Any) -> Any:
    """Return a series of any library as an array, and a list that is not all texts as it is."""
    if isinstance(y, list | tuple) and any(isinstance(label, str) for label in y):
        as_they_are = np.array(y, dtype=object)  # NumPy would make texts of all others
        return y if all(isinstance(label, str) for label in y) else as_they_are
    if hasattr(y, "to_pylist"):  # pyarrow's arrays, which `to_numpy` seldom gives
        return np.asarray(y)
    return y.to_numpy() if hasattr(y, "to_numpy") else y
