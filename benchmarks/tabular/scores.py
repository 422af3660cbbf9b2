"""How good predictions are."""

from __future__ import annotations

import numpy as np

LEAST = 1e-7
"""Probabilities are taken to be at least this, so that no log loss is infinite."""


def of_numbers(predicted: np.ndarray, target: np.ndarray, training: np.ndarray) -> float:
    """Return the RMSE, in standard deviations of the training rows' target."""
    differences = np.asarray(predicted, np.float64) - np.asarray(target, np.float64)
    return float(np.sqrt(np.mean(differences**2)) / np.std(np.asarray(training, np.float64)))


def of_classes(
    predicted: np.ndarray, probabilities: np.ndarray, classes: np.ndarray, target: np.ndarray
) -> dict[str, float]:
    """Return the error rate, the area under the ROC curve and the log loss.

    Parameters
    ----------
    predicted, target : ndarray (n,)
        The classes that were predicted, and the true ones.
    probabilities : ndarray (n, n_classes)
        In the order of `classes`.
    classes : ndarray (n_classes,)
        All that the model knows, which must be all that there are.

    Returns
    -------
    dict
        ``"error"``, ``"auc"`` (of several classes the mean of each against the rest) and
        ``"log_loss"``.
    """
    from sklearn.metrics import roc_auc_score

    target, predicted = np.asarray(target), np.asarray(predicted)
    truth = target[:, None] == np.asarray(classes)[None, :]
    if not (truth.sum(axis=1) == 1).all():
        raise ValueError(f"the model knows {list(classes)}, but there are others")
    P = np.asarray(probabilities, np.float64)
    if P.shape != truth.shape or not np.isfinite(P).all():
        raise ValueError(f"probabilities {P.shape} for {truth.shape}, or not finite")
    if truth.shape[1] == 2:
        area = roc_auc_score(truth[:, 1], P[:, 1])
    else:
        area = np.mean([roc_auc_score(truth[:, k], P[:, k]) for k in range(truth.shape[1])])
    return {
        "error": float(np.mean(predicted != target)),
        "auc": float(area),
        "log_loss": float(-np.log(np.clip(P[truth], LEAST, 1)).mean()),
    }
