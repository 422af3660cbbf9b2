"""Which class is told: the most probable one, or that which a score is best with.

Where a class is rare, its probability is seldom the largest, and telling the most probable
class finds little of it.  So each class's probability is multiplied by a factor before the
largest one is told; of two classes that is a threshold.  Factors are found on answers to rows
that were not learnt from, and probabilities stay what they are.
"""

from __future__ import annotations

import numpy as np

__all__ = ["DECISIONS", "find_factors", "threshold_of"]

DECISIONS = ("accuracy", "balanced_accuracy", "f1")
"""What telling classes may be best at."""

MOST_CLASSES = 50
"""For more classes factors are only what makes them count alike."""

SWEEPS = 2
"""How often each class's factor is found, the others as they are."""

TINY = 1e-12


def find_factors(
    probabilities: np.ndarray,
    right: np.ndarray,
    decides: str = "accuracy",
    weights: np.ndarray | None = None,
) -> tuple[float, ...]:
    """Return what classes' probabilities are multiplied by, so that a score is largest.

    Parameters
    ----------
    probabilities : numpy.ndarray of shape (n, k)
        What a model says of rows that it has not learnt from.
    right : numpy.ndarray of int, shape (n,)
        What they are.
    decides : {"accuracy", "balanced_accuracy", "f1"}
        The score: the part of all rows that is right; the mean of the parts of each class; or
        F1, of the second of two classes, and of more the mean.
    weights : numpy.ndarray of shape (n,), optional
        How much each row counts.

    Returns
    -------
    tuple of float
        A factor for each class; empty where the most probable class is told.
    """
    n_classes = probabilities.shape[1]
    if decides == "accuracy" or len(np.unique(right)) < 2:
        return ()
    weights = np.ones(len(right)) if weights is None else weights / weights.mean()
    counts = np.bincount(right, weights, minlength=n_classes)
    factors = np.ones(n_classes)
    if decides == "balanced_accuracy":
        factors = 1 / np.maximum(counts, 1)
    if n_classes <= MOST_CLASSES:
        varied = range(1, n_classes) if n_classes == 2 else range(n_classes)
        for _ in range(SWEEPS):
            for k in varied:
                if counts[k]:
                    factors[k] = _best(probabilities, right, weights, factors, k, decides)
    return tuple((factors / factors.max()).tolist())


def _best(
    probabilities: np.ndarray,
    right: np.ndarray,
    weights: np.ndarray,
    factors: np.ndarray,
    k: int,
    decides: str,
) -> float:
    """Return the factor of a class with which the score is largest.

    The larger it is, the more rows are told to be of that class: one after the other, in the
    order of how near they are to it.
    """
    others = probabilities * factors  # (n, k)
    others[:, k] = -np.inf
    told, nearness = others.argmax(axis=1), others.max(axis=1)
    nearness = nearness / np.maximum(probabilities[:, k], TINY)
    order = np.argsort(nearness, kind="stable")
    told, nearness, right = told[order], nearness[order], right[order]
    classes, counted = np.arange(probabilities.shape[1]), weights[order, None]
    goes, comes = counted * (told[:, None] == classes), counted * (classes == k)  # (n, k)
    is_it = counted * (right[:, None] == classes)
    hit, new = goes * (is_it > 0), comes * (is_it > 0)
    n_told = _after(goes.sum(axis=0), comes - goes)
    hits = _after(hit.sum(axis=0), new - hit)
    scores = _scores(hits, n_told, is_it.sum(axis=0), decides)  # (n + 1,)
    # between rows that are equally near there is no factor; else it is between both
    ends = np.append(nearness, np.inf)
    begins = np.append(0.0, nearness)
    scores[begins == ends] = -np.inf
    best = int(scores.argmax())
    if best == len(nearness):
        return float(2 * nearness[-1] + TINY)
    return float(np.sqrt(max(begins[best], ends[best] / 4) * ends[best]) + TINY * TINY)


def _after(first: np.ndarray, changes: np.ndarray) -> np.ndarray:
    """Return counts before and after each of some changes, (n + 1, k)."""
    return np.concatenate([first[None, :], first + np.cumsum(changes, axis=0)])


def _scores(hits: np.ndarray, told: np.ndarray, counts: np.ndarray, decides: str) -> np.ndarray:
    """Return the score of each row of counts (m, k), float64 of shape (m,)."""
    there = counts > 0
    if decides == "balanced_accuracy":
        found: np.ndarray = (hits[:, there] / counts[there]).mean(axis=1)
        return found
    f1 = 2 * hits / np.maximum(told + counts, TINY)
    of_one: np.ndarray = f1[:, 1] if len(counts) == 2 else f1[:, there].mean(axis=1)
    return of_one


def threshold_of(factors: tuple[float, ...]) -> float:
    """Return from which probability on the second of two classes is told."""
    return factors[0] / (factors[0] + factors[1]) if factors else 0.5
