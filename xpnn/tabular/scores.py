"""How good answers to rows of a table are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..metrics import Metric, as_metric
from ..tables.targets import Classes, Target

__all__ = ["USUAL", "measured", "metrics_for"]

USUAL = {"classes": ("log_loss", "accuracy"), "number": ("mean_absolute_error", "r2")}
"""What is measured of each kind of target, unless something else is asked for."""


OF_PROBABILITIES = ("log_loss", "roc_auc", "top_")
"""How metrics' names begin that measure probabilities, and not what is told."""


def metrics_for(target: Target, names: Sequence[str]) -> list[Metric]:
    """Return metrics by their names, each once.

    Parameters
    ----------
    target : Classes or Measure
        What is answered.
    names : sequence of str
        Names of metrics.

    Raises
    ------
    ValueError
        If there is no such metric, it does not suit the target, or is more than one number.
    """
    is_classes = isinstance(target, Classes)
    chosen = []
    for name in dict.fromkeys(names):
        metric = as_metric(name)
        if metric.classifies is not None and metric.classifies != is_classes:
            wanted, kind = (
                ("classes", "a number") if metric.classifies else ("numbers", "classes")
            )
            raise ValueError(f"--metric {name} is for {wanted}, but the target is {kind}")
        if not metric.is_number:
            raise ValueError(
                f"--metric must be one number, but {name} is more: use xpnn.metrics.{name} in "
                "Python"
            )
        chosen.append(metric.for_classes(target.n_outputs) if is_classes else metric)
    return chosen


def measured(
    answers: np.ndarray,
    right: np.ndarray,
    metrics: Sequence[Metric],
    weighed: np.ndarray | None = None,
) -> dict[str, float]:
    """Measure answers.

    Parameters
    ----------
    answers : numpy.ndarray
        Probabilities (n, n_classes), or numbers (n,), as `Ensemble.outputs` returns them.
    right : numpy.ndarray of shape (n,)
        Numbers of classes, or numbers.
    metrics : sequence of Metric
        As `metrics_for` returns them.
    weighed : numpy.ndarray of shape (n, n_classes), optional
        What the largest of is told, if it is not `answers`: as of `Ensemble.weighed`.
    """
    if answers.ndim == 1:
        answers, right = answers[:, None], right[:, None]
    counts = np.array([len(right)])
    found = {}
    for metric in metrics:
        of_labels = weighed is not None and not metric.name.startswith(OF_PROBABILITIES)
        given = weighed if weighed is not None and of_labels else answers
        measures = np.atleast_1d(np.asarray(metric.measure(given, right)))  # (w,)
        found[metric.name] = float(metric.result(measures[None, :], counts))
    return found
