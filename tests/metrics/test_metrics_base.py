"""What all metrics have in common: batches together are the whole, and averages."""

import numpy as np
import pytest
from metric_cases import joined, placed, rng, scores
from support import of_the_core

from xpnn import metrics
from xpnn.metrics import METRICS, Metric

SIZES = [(25, 25, 10), (1,) * 60]
STREAMED = [m for m in METRICS.values() if of_the_core(m) and not m.of_all]


@pytest.mark.parametrize("cls", STREAMED, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("sizes", SIZES, ids=len)
def test_batches_together_are_the_whole(backend, dtype, cls, sizes):
    p, y = scores(60, 4, ties=True), rng.choice([0, 1, 3], 60)
    if not cls.classifies:
        y = rng.standard_normal((60, 4))
    x, t = placed(backend, dtype, p, y)
    wanted = joined(cls(), x, t, (60,), backend)
    np.testing.assert_allclose(
        joined(cls(), x, t, sizes, backend), wanted, rtol=200 * np.finfo(dtype).eps
    )


@pytest.mark.parametrize("k", [2, 4])
def test_results_of_several_epochs_are_those_of_each(k):
    p, y = rng.random((3, 40, k)), rng.integers(k, size=(3, 40))
    for cls in (metrics.Accuracy, metrics.F1, metrics.Recall, metrics.ConfusionMatrix):
        metric, counts = cls(), np.array([20.0, 20.0])
        measures = np.stack(
            [
                [
                    np.reshape(metric.measure(p[e, r], y[e, r]), -1)
                    for r in (slice(20), slice(20, 40))
                ]
                for e in range(3)
            ]
        )
        each = [metric.result(m, counts) for m in measures]
        np.testing.assert_allclose(metric.result(measures, counts), each)


AVERAGED = [metrics.precision, metrics.recall, metrics.f1, metrics.roc_auc]


@pytest.mark.parametrize("function", AVERAGED, ids=lambda f: f.__name__)
def test_averages_at_the_door(function):
    p, y = rng.random((6, 3)), rng.integers(3, size=6)
    with pytest.raises(ValueError, match="or None, got 'mean'"):
        function(p, y, average="mean")
    with pytest.raises(ValueError, match="for 3 classes, got 'binary'"):
        function(p, y, average="binary")


def test_the_base_class_says_what_is_missing():
    class MetricWithoutMeasure(Metric):
        pass

    with pytest.raises(TypeError, match="MetricWithoutMeasure does not define measure"):
        MetricWithoutMeasure().measure(np.ones(2), np.ones(2))
    with pytest.raises(TypeError, match="xpnn has a metric 'F1'"):
        type("F1", (Metric,), {})
    del METRICS["MetricWithoutMeasure"]
