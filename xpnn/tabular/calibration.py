"""Probabilities that are as sure as they are right: one temperature for all."""

from __future__ import annotations

import numpy as np

__all__ = ["find_temperature", "with_temperature"]

LEAST, MOST = 0.1, 10.0
"""Between which temperatures the best one is looked for."""

BEFORE = 0.5
"""How far from 0 the logarithm of a temperature usually is."""

TINY = 1e-9
"""A log loss that is smaller by no more than this is no reason to change probabilities."""

SMALLEST = 1e-12
"""Probabilities below are taken for it: what is 0 has no logarithm."""


def with_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Return probabilities p as p^(1 / T), scaled to sum to 1.

    Parameters
    ----------
    probabilities : numpy.ndarray of shape (n, k)
        The probabilities.
    temperature : float
        T > 0: above 1 they become less sure, below 1 surer.  Guo et al. (2017).
    """
    logits = np.log(np.maximum(probabilities, SMALLEST)) / temperature
    logits -= logits.max(axis=1, keepdims=True)
    powers = np.exp(logits)
    scaled: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return scaled


def find_temperature(
    probabilities: np.ndarray, classes: np.ndarray, weights: np.ndarray | None = None
) -> float:
    """Return the most probable temperature after some rows.

    It is that with which their log loss is smallest, where they are many; few rows that are all
    right by chance, which have no loss at a temperature of 0, change it little.

    Parameters
    ----------
    probabilities : numpy.ndarray of shape (n, k)
        What a model says of rows that it has not learnt from.
    classes : numpy.ndarray of int, shape (n,)
        What they are.
    weights : numpy.ndarray of shape (n,), optional
        How much each row counts.

    Notes
    -----
    Before any row log T is normally distributed around 0, with the deviation `BEFORE`, so that
    what is made small is the rows' log loss and (log T)² / (2 BEFORE² n).  It is searched by
    the golden section of log T.
    """
    rows = np.arange(len(classes))

    def loss(log_temperature: float) -> float:
        scaled = with_temperature(probabilities, float(np.exp(log_temperature)))
        losses = -np.log(np.maximum(scaled[rows, classes], SMALLEST))
        before = log_temperature**2 / (2 * BEFORE**2 * len(rows))
        return float(np.average(losses, weights=weights) + before)

    lower, upper = np.log(LEAST), np.log(MOST)
    golden = (np.sqrt(5) - 1) / 2
    inner = [upper - golden * (upper - lower), lower + golden * (upper - lower)]
    losses = [*map(loss, inner)]
    while upper - lower > 1e-3:
        if losses[0] < losses[1]:
            upper, inner[1], losses[1] = inner[1], inner[0], losses[0]
            inner[0] = upper - golden * (upper - lower)
            losses[0] = loss(inner[0])
        else:
            lower, inner[0], losses[0] = inner[0], inner[1], losses[1]
            inner[1] = lower + golden * (upper - lower)
            losses[1] = loss(inner[1])
    best = (lower + upper) / 2
    return float(np.exp(best)) if loss(best) < loss(0.0) - TINY else 1.0
