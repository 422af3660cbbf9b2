"""By what a model is judged, and beside which constant: what is said is what is judged by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..tables.targets import Classes
from ..tabular import Ensemble

__all__ = ["Judge", "balanced_accuracy", "judge_of"]

ALIKE = 0.05
"""By how much the classes' mean probabilities differ from how frequent they are, at least, if
all classes counted alike in training."""


@dataclass(frozen=True)
class Judge:
    """What a model is judged by.

    Attributes
    ----------
    metric : str
        What is measured: "accuracy", or "balanced_accuracy" where classes were to count alike;
        "mean_absolute_error", or "root_mean_squared_error" where most rows are one number.
    name : str
        What the constant is called among models.
    constant : float
        What is best said always, by that measure: the number of a class, or a number.
    """

    metric: str
    name: str
    constant: float

    @property
    def larger(self) -> bool:
        """Whether more is better."""
        return self.metric.endswith("accuracy")


def judge_of(ensemble: Ensemble, right: np.ndarray, answers: np.ndarray) -> Judge:
    """Return what a model is judged by.

    Parameters
    ----------
    ensemble : Ensemble
        The model.
    right : numpy.ndarray of shape (n,)
        The right answers.
    answers : numpy.ndarray of shape (n, n_classes) or (n,)
        The model's.
    """
    if isinstance(ensemble.target, Classes):
        counts = np.bincount(right, minlength=ensemble.target.n_outputs)
        alike = bool(ensemble.factors) or _count_alike(right, answers)
        metric = "balanced_accuracy" if alike else "accuracy"
        return Judge(metric, "most frequent class", int(counts.argmax()))
    middle = float(np.median(right))
    if middle in (right.min(), right.max()):
        # the mean error is then least for saying what most rows are, and nothing else
        return Judge("root_mean_squared_error", "mean", float(right.mean()))
    return Judge("mean_absolute_error", "middle value", middle)


def _count_alike(right: np.ndarray, answers: np.ndarray) -> bool:
    """Whether all classes seem to have counted alike in training, however frequent.

    A file doesn't tell.  But probabilities are set right for what rows counted: their means
    are how frequent the classes are or, if each class is counted as once, all the same.
    """
    there, right = np.unique(right, return_inverse=True)
    counts = np.bincount(right)
    given = answers[:, there]
    off = np.abs(given.mean(axis=0) - counts / counts.sum()).sum() / 2
    of_classes = np.zeros((len(there), len(there)))
    np.add.at(of_classes, right, given)
    alike = (of_classes / counts[:, None]).mean(axis=0)
    off_alike = np.abs(alike - 1 / len(there)).sum() / 2
    return bool(off > max(ALIKE, 2 * off_alike))


def balanced_accuracy(told: np.ndarray, right: np.ndarray) -> float:
    """Return the mean of the parts of each class that are right."""
    counts = np.bincount(right)
    hits = np.bincount(right[told == right], minlength=len(counts))
    return float((hits[counts > 0] / counts[counts > 0]).mean())
