"""Precision, recall and F1 beside scikit-learn's, of the whole and of its batches."""

import numpy as np
import pytest
import sklearn.metrics as peer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from metric_cases import close, joined, number, placed, rng, scores
from support import host

from xpnn import metrics

COUNTING = {
    metrics.precision: peer.precision_score,
    metrics.recall: peer.recall_score,
    metrics.f1: peer.f1_score,
}


@pytest.mark.parametrize("average", ["macro", "weighted", "micro", None])
@pytest.mark.parametrize("function", COUNTING, ids=lambda f: f.__name__)
@pytest.mark.parametrize("classes", [range(5), [0, 3]], ids=["all", "missing"])
def test_counting_metrics_of_classes(backend, dtype, average, function, classes):
    y = rng.choice(classes, 40)
    p = scores(40, 5, ties=True)
    p[:, 4] = 0  # never predicted
    x, *targets = placed(backend, dtype, p, y, np.eye(5)[y])
    wanted = COUNTING[function](
        y,
        host(x).argmax(axis=1),
        average=average,
        zero_division=0,
        labels=None if average else np.arange(5),
    )
    for each in targets:
        value = function(x, each, average=average)
        assert value.dtype == backend.dtype(dtype)
        assert host(value) == pytest.approx(wanted, **close(dtype))


@pytest.mark.parametrize("function", COUNTING, ids=lambda f: f.__name__)
@pytest.mark.parametrize("y", [rng.integers(2, size=40), np.zeros(40), np.ones(40)])
def test_counting_metrics_of_yes_and_no(backend, dtype, function, y):
    for p in (rng.random(40), np.zeros(40), np.ones(40)):
        x, t, columns = placed(backend, dtype, p, y, np.stack([1 - p, p], axis=1))
        two = backend.asarray(columns, dtype)
        wanted = COUNTING[function](y > 0.5, host(x) > 0.5, zero_division=0)
        xp = backend.xp
        for average in ("macro", "weighted", "micro", "binary"):
            value = number(function(x, t, average=average), backend, dtype)
            assert value == pytest.approx(wanted, **close(dtype))
        column = function(xp.reshape(x, (-1, 1)), xp.reshape(t, (-1, 1)), average=None)
        assert host(column) == pytest.approx(wanted, **close(dtype))
        value = number(function(two, t, average="binary"), backend, dtype)
        assert value == pytest.approx(wanted, **close(dtype))
        for average in ("macro", "weighted", "micro"):
            value = number(function(two, t, average=average), backend, dtype)
            wanted = COUNTING[function](
                y > 0.5, host(x) > 0.5, average=average, zero_division=0
            )
            assert value == pytest.approx(wanted, **close(dtype))


@pytest.mark.parametrize("function", COUNTING, ids=lambda f: f.__name__)
def test_the_threshold(backend, function):
    p, y = rng.standard_normal(60), rng.integers(2, size=60)
    value = function(backend.asarray(p), backend.asarray(y), threshold=-0.3)
    assert float(value) == pytest.approx(COUNTING[function](y, p > -0.3))


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.integers(1, 20), min_size=1, max_size=5),
    st.sampled_from(["macro", "weighted", "micro"]),
    st.integers(0, 2**32),
)
def test_batches_of_any_sizes_give_scikit_learns_numbers(sizes, average, seed):
    generator = np.random.default_rng(seed)
    n, k = sum(sizes), int(generator.integers(2, 6))
    p, y = generator.random((n, k)), generator.integers(k, size=n)
    for cls, function in zip(
        (metrics.Precision, metrics.Recall, metrics.F1), COUNTING.values()
    ):
        wanted = function(y, p.argmax(axis=1), average=average, zero_division=0)
        assert joined(cls(average), p, y, sizes, None) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: metrics.F1("mean"), "average must be one of .*got 'mean'"),
        (lambda: metrics.F1(None), "average must be one of .*got None"),
        (lambda: metrics.Recall(threshold=1), "threshold must be .* got 1"),
    ],
)
def test_settings_are_checked(wrong, said):
    with pytest.raises(ValueError, match=said):
        wrong()


@pytest.mark.parametrize("function", COUNTING, ids=lambda f: f.__name__)
def test_two_classes_are_measured_by_the_second(backend, dtype, function):
    """As everywhere else; of more classes it is their mean."""
    y = (rng.random(80) < 0.1).astype(int)
    for k in (2, 3):
        y = y if k == 2 else rng.integers(k, size=80)
        p = scores(80, k, ties=True)
        x, *targets = placed(backend, dtype, p, y, np.eye(k)[y])
        average = "binary" if k == 2 else "macro"
        wanted = COUNTING[function](y, host(x).argmax(axis=1), average=average, zero_division=0)
        for each in targets:
            assert float(function(x, each)) == pytest.approx(wanted, **close(dtype))
        metric = metrics.as_metric(function)
        sizes = [30, 30, 20]
        assert joined(metric, x, targets[0], sizes, backend) == pytest.approx(
            wanted, **close(dtype)
        )


def test_what_is_a_mean_is_called_so():
    assert metrics.Recall().name == metrics.Recall().for_classes(2).name == "recall"
    assert metrics.Recall().for_classes(3) == metrics.Recall("macro")
    assert metrics.Recall("macro").name == "recall_macro"
    assert metrics.Recall("macro").for_classes(2) == metrics.Recall("macro")
    assert metrics.Recall("macro").for_classes(1) == metrics.Recall()  # which is that of yes
    assert metrics.Recall(threshold=0.3).for_classes(None).name == "recall"
    assert metrics.Accuracy().for_classes(3) == metrics.Accuracy()
    assert metrics.ROCAUC().for_classes(3).name == "roc_auc"
