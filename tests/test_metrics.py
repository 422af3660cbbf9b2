"""Metrics beside scikit-learn's, and batches beside the whole."""

import numpy as np
import pytest
import sklearn.metrics as peer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import host

from xpnn import metrics
from xpnn.metrics import METRICS, Metric, as_metric

rng = np.random.default_rng(0)


def close(dtype):
    """Return how near a mean of some dozen numbers is."""
    eps = float(np.finfo(dtype).eps)
    return {"rel": 100 * eps, "abs": 20 * eps}


def scores(n, k, ties=False):
    """Return probabilities of k classes, of which many are equal where there are ties."""
    p = rng.integers(1, 5, (n, k)) / 4 if ties else rng.exponential(size=(n, k))
    return p / p.sum(axis=1, keepdims=True)


def placed(backend, dtype, p, *targets):
    return [backend.asarray(p, dtype), *map(backend.asarray, targets)]


def number(value, backend, dtype):
    """Return an array of shape (), of the backend and the dtype, as a float."""
    assert backend.owns(value)
    assert value.dtype == backend.dtype(dtype)
    assert tuple(value.shape) == ()
    return float(value)


# ------------------------------------------------------------------------------ classes


@pytest.mark.parametrize("ties", [False, True])
def test_accuracy_of_classes(backend, dtype, ties):
    p, y = scores(60, 4, ties), rng.integers(4, size=60)
    x, *targets = placed(backend, dtype, p, y, np.eye(4)[y], y[:, None])
    wanted = peer.accuracy_score(y, host(x).argmax(axis=1))
    for each in targets:
        value = number(metrics.accuracy(x, each), backend, dtype)
        assert value == pytest.approx(wanted, **close(dtype))


@pytest.mark.parametrize("shape", [(50,), (50, 1)])
@pytest.mark.parametrize("kind", [bool, int, float])
def test_accuracy_of_yes_and_no(backend, shape, kind):
    p, y = rng.standard_normal(shape), rng.integers(2, size=shape).astype(kind)
    for threshold in (0.0, 0.5):
        value = metrics.accuracy(backend.asarray(p), backend.asarray(y), threshold=threshold)
        assert float(value) == pytest.approx(np.mean((p > threshold) == y))


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("k", [1, 2, 4])
def test_top_k_accuracy(backend, dtype, ties, k):
    p, y = scores(60, 5, ties), rng.integers(5, size=60)
    x, *targets = placed(backend, dtype, p, y, np.eye(5)[y])
    wanted = peer.top_k_accuracy_score(y, host(x), k=k, labels=np.arange(5))
    for each in targets:
        value = number(metrics.top_k_accuracy(x, each, k), backend, dtype)
        assert value == pytest.approx(wanted, **close(dtype))
    assert float(metrics.top_k_accuracy(x, targets[0], 9)) == 1


def test_top_k_accuracy_of_one_column(backend):
    p, y = placed(backend, "float64", rng.random((40, 1)), rng.integers(2, size=40))
    assert float(metrics.top_k_accuracy(p, y, 1)) == float(metrics.accuracy(p, y))
    assert float(metrics.top_k_accuracy(p, y, 2)) == 1


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


@pytest.mark.parametrize("function", [*COUNTING, metrics.accuracy], ids=lambda f: f.__name__)
def test_thresholds(backend, function):
    p, y = rng.standard_normal(60), rng.integers(2, size=60)
    value = function(backend.asarray(p), backend.asarray(y), threshold=-0.3)
    wanted = {**COUNTING, metrics.accuracy: peer.accuracy_score}[function](y, p > -0.3)
    assert float(value) == pytest.approx(wanted)


def test_confusion_matrix(backend, dtype, monkeypatch):
    monkeypatch.setattr(metrics, "COUNTED", 40)  # so that there are parts
    p, y = scores(50, 4, ties=True), rng.choice([0, 2, 3], 50)
    x, *targets = placed(backend, dtype, p, y, np.eye(4)[y])
    for each in targets:
        matrix = metrics.confusion_matrix(x, each)
        assert backend.xp.isdtype(matrix.dtype, "integral")
        wanted = peer.confusion_matrix(y, host(x).argmax(axis=1), labels=np.arange(4))
        np.testing.assert_array_equal(host(matrix), wanted)
    p, y = rng.standard_normal((90, 1)), rng.integers(2, size=90)
    matrix = metrics.confusion_matrix(*placed(backend, dtype, p, y), threshold=0.2)
    np.testing.assert_array_equal(host(matrix), peer.confusion_matrix(y, p[:, 0] > 0.2))


@pytest.mark.parametrize("classes", [range(4), [1, 3]])
def test_log_loss_of_classes(backend, dtype, classes):
    p, y = scores(40, 4), rng.choice(classes, 40)
    p[:5] = np.eye(4)[0]  # certain, and often wrong
    z = 3 * rng.standard_normal((40, 4))
    softmax = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    p, z = p.astype(dtype), z.astype(dtype)
    x, logits, *targets = map(backend.asarray, (p, z, y, np.eye(4)[y]))
    for each in targets:
        value = number(metrics.log_loss(x, each), backend, dtype)
        wanted = peer.log_loss(y, p, labels=np.arange(4))
        assert value == pytest.approx(wanted, **close(dtype))
        value = number(metrics.log_loss(logits, each, from_logits=True), backend, dtype)
        wanted = peer.log_loss(y, softmax, labels=np.arange(4))
        assert value == pytest.approx(wanted, **close(dtype))


def test_log_loss_of_yes_and_no(backend, dtype):
    p, y = rng.random(40).astype(dtype), rng.integers(2, size=40)
    p[:5] = 0, 0, 1, 1, 1
    z = 3 * rng.standard_normal((40, 1))
    x, logits, targets = map(backend.asarray, (p, z.astype(dtype), y))
    value = number(metrics.log_loss(x, targets), backend, dtype)
    assert value == pytest.approx(peer.log_loss(y, p, labels=[0, 1]), **close(dtype))
    value = number(metrics.log_loss(logits, targets, from_logits=True), backend, dtype)
    assert value == pytest.approx(peer.log_loss(y, 1 / (1 + np.exp(-z))), **close(dtype))
    large = backend.asarray(np.array([-1e4, 1e4], dtype))
    value = metrics.log_loss(large, backend.asarray(np.array([1, 1])), from_logits=True)
    assert float(value) == pytest.approx(5e3)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("average", ["macro", "weighted", "micro", None])
def test_roc_auc_of_classes(backend, dtype, ties, average):
    p, y = scores(60, 4, ties), rng.integers(4, size=60)
    x, *targets = placed(backend, dtype, p, y, np.eye(4)[y])
    wanted = peer.roc_auc_score(np.eye(4)[y], host(x), average=average)
    for each in targets:
        value = metrics.roc_auc(x, each, average=average)
        assert value.dtype == backend.dtype(dtype)
        assert host(value) == pytest.approx(wanted, **close(dtype))


@pytest.mark.parametrize("ties", [False, True])
def test_roc_auc_of_yes_and_no(backend, dtype, ties):
    p = rng.integers(-3, 4, 80) / 2 if ties else rng.standard_normal(80)
    y = rng.integers(2, size=80)
    x, t = placed(backend, dtype, p, y)
    wanted = peer.roc_auc_score(y, host(x))
    xp = backend.xp
    two = xp.stack([-x, x], axis=1)
    for scores_ in (x, xp.reshape(x, (-1, 1)), two):
        value = number(metrics.roc_auc(scores_, t), backend, dtype)
        assert value == pytest.approx(wanted, **close(dtype))
    assert float(metrics.roc_auc(two, t, average="binary")) == pytest.approx(wanted)
    each = host(metrics.roc_auc(two, t, average=None))
    assert each == pytest.approx([wanted, wanted], **close(dtype))


def test_an_area_that_is_not_defined_is_nan_and_left_out(backend):
    p, y = scores(60, 4), rng.integers(3, size=60)  # of class 3 there are no samples
    x, t = placed(backend, "float64", p, y)
    each = host(metrics.roc_auc(x, t, average=None))
    wanted = [peer.roc_auc_score(y == i, p[:, i]) for i in range(3)]
    assert each == pytest.approx([*wanted, np.nan], nan_ok=True)
    assert float(metrics.roc_auc(x, t)) == pytest.approx(np.mean(wanted))
    assert np.isnan(float(metrics.roc_auc(x[:, 0], t > 5)))
    assert np.isnan(float(metrics.roc_auc(x, backend.asarray(np.full(60, 2)))))


# ------------------------------------------------------------------------------ numbers


@pytest.mark.parametrize("shape", [(20,), (20, 1), (20, 3)])
def test_errors(backend, dtype, shape):
    p, y = (rng.standard_normal(shape).astype(dtype) for _ in range(2))
    pair = backend.asarray(p), backend.asarray(y)
    value = number(metrics.mean_squared_error(*pair), backend, dtype)
    assert value == pytest.approx(peer.mean_squared_error(y, p), **close(dtype))
    value = number(metrics.mean_absolute_error(*pair), backend, dtype)
    assert value == pytest.approx(peer.mean_absolute_error(y, p), **close(dtype))
    value = number(metrics.r2(*pair), backend, dtype)
    assert value == pytest.approx(peer.r2_score(y, p), **close(dtype))


NUMBERS = [metrics.mean_squared_error, metrics.mean_absolute_error, metrics.r2]


@pytest.mark.parametrize("function", NUMBERS, ids=lambda f: f.__name__)
def test_a_flat_column_is_a_column_and_nothing_is_broadcast(backend, function):
    p, y = rng.standard_normal((20, 1)), rng.standard_normal((20, 1))
    wanted = float(function(backend.asarray(p), backend.asarray(y)))
    for a, b in ((p[:, 0], y), (p, y[:, 0])):
        assert float(function(backend.asarray(a), backend.asarray(b))) == wanted
    whole = backend.asarray(np.arange(20))
    value = number(function(backend.asarray(p, "float32"), whole), backend, "float32")
    assert np.isfinite(value)
    with pytest.raises(ValueError, match=r"shape of predictions, \(20, 3\), got \(20, 1\)"):
        function(backend.asarray(np.tile(p, 3)), backend.asarray(y))


def test_r2_of_what_does_not_vary(backend, dtype):
    # scikit-learn sees 0.5 as constant, but not 0.1, whose sum is rounded
    for constant in (0.5, 0.1):
        y = np.full((10, 2), constant, dtype)
        for p, wanted in ((y, 1.0), (y + np.array([0, 0.5], dtype), 0.5)):
            value = metrics.r2(backend.asarray(p), backend.asarray(y))
            assert float(value) == wanted
            assert constant == 0.1 or peer.r2_score(y, p) == wanted
    assert np.isnan(float(metrics.r2(backend.asarray(y[:1]), backend.asarray(y[:1]))))


# ---------------------------------------------------------------------------- streaming


def joined(metric, p, y, sizes, backend, **told):
    """Measure parts of some sizes, and join them."""
    ends = np.cumsum(sizes)
    measures = [
        host(metric.measure(p[end - size : end, ...], y[end - size : end, ...], **told))
        for size, end in zip(sizes, ends)
    ]
    stacked = np.stack([m.astype(np.float64).reshape(-1) for m in measures])
    return metric.result(stacked, np.asarray(sizes, np.float64))


SIZES = [(60,), (20, 20, 20), (25, 25, 10), (1,) * 60]
STREAMED = [m for m in METRICS.values() if not m.of_all]


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
    if n > 1:
        targets = generator.standard_normal((n, k)) * 10.0 ** generator.integers(-3, 3, k)
        wanted = peer.r2_score(targets, p)
        assert joined(metrics.R2(), p, targets, sizes, None) == pytest.approx(wanted)


def test_r2_of_numbers_far_from_zero(backend, dtype):
    # the targets vary by some 100 units of float32's last place at a million
    y = (1e6 + 4 * rng.standard_normal((6000, 1))).astype(dtype)
    p = (y + rng.standard_normal((6000, 1))).astype(dtype)
    x, t = backend.asarray(p), backend.asarray(y)
    wanted = peer.r2_score(y.astype(np.float64), p.astype(np.float64))
    assert float(metrics.r2(x, t)) == pytest.approx(wanted, abs=1e-6)
    value = joined(metrics.R2(), x, t, (2000, 2500, 1500), backend)
    assert value == pytest.approx(wanted, abs=1e-6)


def test_results_of_several_epochs_are_those_of_each():
    p, y = rng.random((3, 40, 4)), rng.integers(4, size=(3, 40))
    for cls in (metrics.Accuracy, metrics.F1, metrics.ConfusionMatrix):
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


# --------------------------------------------------------------------------------- doors


def test_names():
    names = [cls().name for cls in METRICS.values() if cls.__module__ == "xpnn.metrics"]
    assert names == [
        *("accuracy", "top_k_accuracy", "precision", "recall", "f1", "confusion_matrix"),
        *("log_loss", "roc_auc", "mean_squared_error", "mean_absolute_error", "r2"),
    ]
    for metric in (
        *(as_metric(name) for name in names),
        metrics.TopKAccuracy(3),
        metrics.F1("weighted"),
        metrics.ROCAUC("micro"),
    ):
        assert as_metric(metric.name) == metric == as_metric(metrics.plain(metric))
    assert as_metric("top_3_accuracy") == metrics.TopKAccuracy(3)
    assert as_metric("precision_binary") == metrics.Precision("binary")
    odd = metrics.F1("weighted", threshold=0.3)
    assert metrics.plain(odd) == {"type": "F1", "average": "weighted", "threshold": 0.3}
    assert as_metric(metrics.plain(odd)) == odd
    assert as_metric(metrics.f1) == as_metric(metrics.F1) == metrics.F1()


@pytest.mark.parametrize(
    ("wrong", "error", "said"),
    [
        (lambda: as_metric("acuracy"), ValueError, "unknown metric 'acuracy'; did you mean"),
        (lambda: as_metric("accuracy_macro"), ValueError, "'accuracy' has no average"),
        (lambda: as_metric(3), TypeError, "metrics must hold names, Metric objects or fun"),
        (lambda: as_metric("top_0_accuracy"), ValueError, "k must be an integer >= 1, got 0"),
        (lambda: metrics.TopKAccuracy(2.5), TypeError, "k must be an integer >= 1, got 2.5"),
        (lambda: metrics.F1("mean"), ValueError, "average must be one of .*got 'mean'"),
        (lambda: metrics.F1(None), ValueError, "average must be one of .*got None"),
        (lambda: metrics.ROCAUC("mean"), ValueError, "average must be one of .*got 'mean'"),
        (lambda: metrics.Recall(threshold=1), ValueError, "threshold must be .* got 1"),
    ],
)
def test_doors(wrong, error, said):
    with pytest.raises(error, match=said):
        wrong()


@pytest.mark.parametrize(
    "function",
    [metrics.accuracy, metrics.f1, metrics.log_loss, metrics.roc_auc, metrics.confusion_matrix],
    ids=lambda f: f.__name__,
)
def test_shapes_that_do_not_go_together(backend, function):
    p, y = placed(backend, "float64", rng.random((6, 3)), rng.integers(3, size=6))
    with pytest.raises(ValueError, match=r"as many rows as predictions, 6, got the shape \(5,"):
        function(p, y[:5])
    with pytest.raises(ValueError, match=r"of the shape \(6, 3\), got the shape \(6, 2\)"):
        function(p, p[:, :2])
    with pytest.raises(ValueError, match=r"\(n, 1\) for predictions of one column, got \(6, 3"):
        function(p[:, 0], p)


@pytest.mark.parametrize("function", [*COUNTING, metrics.roc_auc], ids=lambda f: f.__name__)
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
