"""Metrics as people give them: by name, by class, by function; and as plain data in files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from ..backend import Array, array_namespace, device_of
from ..naming import describe, look_up, make
from .base import AVERAGES, METRICS, PROBABILITY, Kind, Metric


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


def as_metric(metric: Any) -> Metric:
    """Return a metric that may have been given in another way.

    Parameters
    ----------
    metric : Metric, str, dict, class or callable
        A metric; a name, such as ``"f1"``, ``"f1_weighted"`` or ``"top_3_accuracy"``; a
        description, as `describe` gives it and a model file holds it; a class; a function of
        `xpnn.metrics`; or a function of the user's own.

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
        # the first: a subclass of one's own, registered later, inherits what its base computes
        own = next((cls for cls in METRICS.values() if cls.computes is metric), None)
        return FunctionMetric(metric) if own is None else own()
    raise TypeError(f"metrics must hold names, Metric objects or functions, got {metric!r}")


def plain(metric: Metric) -> str | dict[str, Any]:
    """Return a metric as plain data: its name, or a description where that is not enough."""
    if isinstance(metric, FunctionMetric):
        return metric.name
    ours = type(metric).__module__.startswith(f"{__package__}.")
    return metric.name if ours and _by_name(metric.name) == metric else describe(metric)


def _by_name(name: str) -> Metric:
    """Return the metric of a name that `Metric.name` may have."""
    for cls in METRICS.values():
        if (metric := cls.of_name(name)) is not None:
            return metric
    known = {cls.label: cls for cls in METRICS.values()}
    stem, _, average = name.rpartition("_")
    if average in AVERAGES:
        averaged: Any = look_up(stem, known, "metric")
        if "average" not in {f.name for f in fields(averaged)}:
            raise ValueError(f"the metric {stem!r} has no average, got {name!r}")
        return averaged(average=average)  # type: ignore[no-any-return]
    return look_up(name, known, "metric")()
