"""The book's accuracies: how large a part of predictions is right."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import to_host

__all__ = ["Accuracy", "Accuracy_Categorical", "Accuracy_Regression"]


class Accuracy:
    """Chapter 18: the part of predictions that a subclass's `compare` says are right.

    Attributes
    ----------
    accumulated_sum, accumulated_count : number
        How many were right since `new_pass`, and of how many rows.
    """

    accumulated_sum: Any = 0
    accumulated_count: int = 0

    def init(self, y: Any, reinit: bool = False) -> None:
        """Look at all targets, before training; here at nothing."""

    def compare(self, predictions: Any, y: Any) -> np.ndarray:
        """Return which predictions are right, an array of bool of their shape."""
        raise TypeError(f"{type(self).__name__} does not define compare")

    def calculate(self, predictions: Any, y: Any) -> np.floating[Any]:
        """Return the part that is right, as a NumPy number."""
        comparisons = self.compare(predictions, y)
        self.accumulated_sum += np.sum(comparisons)
        self.accumulated_count += len(comparisons)
        part: np.floating[Any] = np.mean(comparisons)
        return part

    def calculate_accumulated(self) -> np.floating[Any]:
        """Return how many were right since `new_pass` over the number of rows.

        Raises
        ------
        ValueError
            If there was none.
        """
        if not self.accumulated_count:
            raise ValueError("there is no accuracy since new_pass: call calculate first")
        part: np.floating[Any] = self.accumulated_sum / self.accumulated_count
        return part

    def new_pass(self) -> None:
        """Forget the comparisons so far."""
        self.accumulated_sum, self.accumulated_count = 0, 0


class Accuracy_Categorical(Accuracy):
    """Chapter 18: predictions are right that are the targets.

    Parameters
    ----------
    binary : bool
        Whether there are yes and no for each output, rather than one class for each row.
    """

    def __init__(self, *, binary: bool = False) -> None:
        self.binary = binary

    def compare(self, predictions: Any, y: Any) -> np.ndarray:
        """Compare classes with indices (n,) or one-hot rows (n, k); of yes and no, each."""
        wanted = to_host(y)
        if not self.binary and wanted.ndim == 2:
            wanted = np.argmax(wanted, axis=1)
        right: np.ndarray = _beside(predictions, wanted) == wanted
        return right


class Accuracy_Regression(Accuracy):
    """Chapter 18: predictions are right that are near the targets.

    Attributes
    ----------
    precision : float or None
        How near: a 250th of the targets' standard deviation, which `init` takes.
    """

    precision: float | None = None

    def init(self, y: Any, reinit: bool = False) -> None:
        """Take `precision` from all targets, where there is none or `reinit` says so."""
        if self.precision is None or reinit:
            self.precision = float(np.std(to_host(y)) / 250)

    def compare(self, predictions: Any, y: Any) -> np.ndarray:
        """Compare numbers with targets.

        Raises
        ------
        ValueError
            If there is no `precision` yet.
        """
        if self.precision is None:
            raise ValueError("there is no precision yet: call init(y) with all targets first")
        wanted = to_host(y)
        near: np.ndarray = np.abs(_beside(predictions, wanted) - wanted) < self.precision
        return near


def _beside(predictions: Any, wanted: np.ndarray) -> np.ndarray:
    """Return predictions on the host in the targets' shape, which (n, 1) and (n,) are both."""
    given = to_host(predictions)
    if given.size != wanted.size or given.shape[:1] != wanted.shape[:1]:
        raise ValueError(
            "predictions and y must have the same shape, got the shapes "
            f"{given.shape} and {wanted.shape}"
        )
    return given.reshape(wanted.shape)
