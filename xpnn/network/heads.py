"""What is measured of each head of a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..backend import Array
from ..losses import Loss
from ..losses.heads import Heads
from ..metrics import FunctionMetric, Kind, Metric, as_metric
from ..metrics.base import PROBABILITY
from ..metrics.shapes import mean_of_rows
from ..naming import make
from .stack import Stack
from .step import bind

__all__ = ["HeadMetric", "of_heads"]


@dataclass(frozen=True)
class HeadMetric(Metric, registered=False):
    """A metric of one head's outputs, or its loss.

    Parameters
    ----------
    head : str
        The head's name.
    columns : slice
        Its outputs.
    loss : Loss
        Its loss.
    metric : Metric, optional
        What is measured of it; by default the loss.
    """

    head: str
    columns: slice
    loss: Loss
    metric: Metric | None = None

    @property
    def name(self) -> str:
        """The head's name, and what is measured."""
        return f"{self.head}_{'loss' if self.metric is None else self.metric.name}"

    @property
    def of_all(self) -> bool:  # type: ignore[override]
        """As of the metric."""
        return self.metric is not None and self.metric.of_all

    @property
    def is_number(self) -> bool:  # type: ignore[override]
        """As of the metric."""
        return self.metric is None or self.metric.is_number

    @property
    def takes_weights(self) -> bool:
        """As of the metric."""
        return self.metric is None or self.metric.takes_weights

    def for_classes(self, n: int | None) -> Metric:
        """Return the metric of as many classes as the head has outputs."""
        if self.metric is None:
            return self
        size = self.columns.stop - self.columns.start
        chosen = self.metric.for_classes(size if self.loss.threshold is None else 1)
        return replace(self, metric=chosen)

    def measure(
        self,
        predictions: Array,
        targets: Array,
        kind: Kind = PROBABILITY,
        weight: Array | None = None,
    ) -> Array:
        """Measure the head's columns of a batch."""
        predictions, targets = predictions[:, self.columns], targets[:, self.columns]
        if self.metric is None:
            return mean_of_rows(self.loss.forward(predictions, targets)[0], weight)
        weights = {} if weight is None else {"weight": weight}
        return bind(self.metric, Stack(()), self.loss)(predictions, targets, **weights)

    def result(self, measures: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """Join what was measured on batches, as the metric does it."""
        if self.metric is None:
            return super().result(measures, counts)
        return self.metric.result(measures, counts)


def of_heads(loss: Heads, metrics: Any) -> list[Metric]:
    """Return what is measured of each head: its loss, and the metrics that go with it.

    Parameters
    ----------
    loss : Heads
        The heads.
    metrics : sequence, or mapping of str to sequence
        As `Sequential.compile` takes them: for all heads with whose losses they go, or by the
        names of heads.

    Raises
    ------
    TypeError, ValueError
        If a head is not known, or a metric does not go with the loss of its head.
    """
    by_head = dict(metrics) if isinstance(metrics, Mapping) else {}
    names = [head.name for head in loss]
    if unknown := [name for name in by_head if name not in names]:
        raise ValueError(f"metrics must be by the names of heads, {names}, got {unknown}")
    if not isinstance(metrics, Mapping):
        metrics = [_from_file(metric) for metric in _listed(metrics)]
    measured: list[Metric] = []
    for head in loss:
        measured.append(HeadMetric(head.name, head.columns, head.loss))
        chosen = by_head.get(head.name, ()) if isinstance(metrics, Mapping) else metrics
        for metric in map(as_metric, _listed(chosen)):
            if isinstance(metric, HeadMetric):  # as a file has it
                measured += [metric] if metric.head == head.name else []
                continue
            if isinstance(metric, FunctionMetric):
                raise TypeError(
                    f"the metric {metric.name!r} is a function, which is not for heads: make "
                    "it a Metric"
                )
            fits = metric.classifies in (None, head.loss.classifies)
            if fits:
                measured.append(HeadMetric(head.name, head.columns, head.loss, metric))
            elif by_head:
                kinds = ("classes", "numbers") if metric.classifies else ("numbers", "classes")
                raise ValueError(
                    f"the metric {metric.name!r} is for {kinds[0]}, but the head "
                    f"{head.name!r} is for {kinds[1]}"
                )
    return measured


def _from_file(metric: Any) -> Any:
    """Return a head's metric, of its description in a file; others as they are given."""
    described = isinstance(metric, dict) and metric.get("type") == HeadMetric.__name__
    return make(metric, {HeadMetric.__name__: HeadMetric}, "metric") if described else metric


def _listed(metrics: Any) -> Sequence[Any]:
    if isinstance(metrics, str):
        return (metrics,)
    if not isinstance(metrics, Sequence):
        raise TypeError(
            f"metrics must be a list of names or Metric objects for each head, got {metrics!r}"
        )
    return metrics
