"""Metrics: what a person wants to know of predictions, beside the loss.

Each is a function of predictions and targets, and a `Metric` that `Sequential.compile` takes;
the two stand together in one file, a small family in each.  A metric measures one batch at a
time, where the arrays are, and joins on the host what it measured, so that the precision of a
large set is that of the whole set and not the mean of its batches' precisions::

    measure = metric.measure(predictions, targets)        (n, k), (n, …) -> () or (w,)
    values = metric.result(measures, counts)              (…, batches, w), (batches,) -> (…)

The functions look at shapes, never at values, so that nothing waits for a device, and a library
that compiles can compile them; that class indices lie between 0 and k - 1 is taken for granted.
Targets and weights may be lists, frames, or arrays of another library than the predictions';
what is no numbers is a TypeError that names it, and a weight for no sample a ValueError.
"""

# isort: off
# Classes register themselves in this order: what is known best comes first in METRICS.
from .base import AVERAGES as AVERAGES
from .base import METRICS, Kind, Metric
from .base import PROBABILITY as PROBABILITY
from .base import check_average as check_average
from .accuracies import Accuracy, TopKAccuracy, accuracy, top_k_accuracy
from .counting import F1, Precision, Recall, f1, precision, recall
from .confusion import ConfusionMatrix, confusion_matrix
from .probabilities import ROCAUC, LogLoss, log_loss, roc_auc
from .errors import R2, MeanAbsoluteError, MeanSquaredError
from .errors import mean_absolute_error, mean_squared_error, r2
from .names import FunctionMetric, as_metric
from .names import plain as plain  # for those who write files; not a public name
# isort: on

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
