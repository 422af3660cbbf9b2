"""Metrics by name, class and function, and as plain data."""

import pytest
from support import of_the_core

from xpnn import metrics
from xpnn.metrics import METRICS, as_metric

OURS = [cls for cls in METRICS.values() if of_the_core(cls)]


def test_names():
    wanted = [
        *("accuracy", "top_k_accuracy", "precision", "recall", "f1", "confusion_matrix"),
        *("log_loss", "roc_auc", "mean_squared_error", "mean_absolute_error", "r2"),
    ]
    names = [cls().name for cls in OURS]
    assert [name for name in names if name in wanted] == wanted  # a new one needs no line here
    for metric in (
        *(as_metric(name) for name in names),
        metrics.TopKAccuracy(3),
        metrics.F1("weighted"),
        metrics.ROCAUC("micro"),
    ):
        assert as_metric(metric.name) == metric == as_metric(metrics.plain(metric))
        assert metrics.plain(metric) == metric.name
    assert as_metric("precision_binary") == metrics.Precision("binary")
    odd = metrics.F1("weighted", threshold=0.3)
    assert metrics.plain(odd) == {"type": "F1", "average": "weighted", "threshold": 0.3}
    assert as_metric(metrics.plain(odd)) == odd


@pytest.mark.parametrize("cls", OURS, ids=lambda cls: cls.__name__)
def test_a_class_or_its_function_stands_for_the_metric(cls):
    assert as_metric(cls) == as_metric(cls.computes) == cls()
    assert cls.computes is getattr(metrics, cls.label)
    assert {cls.__name__, cls.label} <= set(metrics.__all__)


def test_what_one_derives_from_ours_is_not_taken_for_it():
    class F1OfTestMetricsNames(metrics.F1):
        pass

    assert type(as_metric(metrics.f1)) is metrics.F1
    assert type(as_metric("f1_of_test_metrics_names")) is F1OfTestMetricsNames
    described = {"type": "F1OfTestMetricsNames", "average": "auto", "threshold": None}
    assert metrics.plain(F1OfTestMetricsNames()) == described
    del METRICS["F1OfTestMetricsNames"]


@pytest.mark.parametrize(
    ("wrong", "error", "said"),
    [
        ("acuracy", ValueError, "unknown metric 'acuracy'; did you mean"),
        ("accuracy_macro", ValueError, "'accuracy' has no average"),
        (3, TypeError, "metrics must hold names, Metric objects or fun"),
    ],
)
def test_what_is_no_metric(wrong, error, said):
    with pytest.raises(error, match=said):
        as_metric(wrong)
