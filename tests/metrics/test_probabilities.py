"""Log-loss and ROC AUC beside scikit-learn's."""

import numpy as np
import pytest
import sklearn.metrics as peer
from metric_cases import close, number, placed, rng, scores
from support import host

from xpnn import metrics


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


def test_the_average_is_checked():
    with pytest.raises(ValueError, match=r"average must be one of .*got 'mean'"):
        metrics.ROCAUC("mean")


def test_probabilities_of_one_are_cut_off_as_those_of_zero_are(backend, dtype):
    eps = float(np.finfo(dtype).eps)
    sure, y = placed(backend, dtype, np.eye(3), np.arange(3))
    assert float(metrics.log_loss(sure, y)) == pytest.approx(eps, rel=1e-3)
    assert float(metrics.log_loss(sure, 0 * y)) == pytest.approx(-2 / 3 * np.log(eps), rel=1e-6)


def test_large_logits(backend, dtype):
    logits, y = placed(backend, dtype, [[1e4, 0.0, 0.0], [0.0, -1e4, -1e4]], np.array([1, 0]))
    assert float(metrics.log_loss(logits, y, from_logits=True)) == pytest.approx(5e3)
    kind = metrics.Kind(from_logits=True)
    assert float(metrics.ROCAUC().measure(logits, y, kind)) == 0.5  # ties


def test_the_area_of_one_sample_against_others(backend, dtype):
    """A class of one has an area, and so has one that all but one are of."""
    x, y = placed(backend, dtype, [0.1, 0.4, 0.3, 0.8, 0.2], np.array([0, 1, 0, 0, 0]))
    assert float(metrics.roc_auc(x, y)) == 0.75
    assert float(metrics.roc_auc(-x, 1 - y)) == 0.75
    assert host(metrics.roc_auc(x, y, average=None)).tolist() == [0.75]
    few = backend.asarray(np.full(5, 1e-3), dtype)
    assert float(metrics.roc_auc(x, y, sample_weight=few)) == pytest.approx(0.75)


@pytest.mark.float64
@pytest.mark.parametrize("average", ["macro", "weighted", "micro", None])
def test_rows_of_several_labels(backend, average):
    p, rows = rng.random((40, 3)), rng.integers(2, size=(40, 3))
    value = metrics.roc_auc(*placed(backend, "float64", p, rows), average=average)
    wanted = peer.roc_auc_score(rows, p, average=average)
    np.testing.assert_allclose(host(value), wanted, rtol=1e-12)


@pytest.mark.float64
def test_of_two_columns_the_second_counts(backend):
    p, y, w = rng.random((40, 2)), rng.integers(2, size=40), rng.exponential(size=40)
    x, t, weight = placed(backend, "float64", p, y, w)
    for average in ("macro", "weighted", "micro", "binary"):
        value = metrics.roc_auc(x, t, average=average, sample_weight=weight)
        wanted = peer.roc_auc_score(y, p[:, 1], sample_weight=w)
        assert float(value) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.float64
def test_the_metric_averages_as_it_says(backend):
    p, y = scores(60, 4), rng.integers(4, size=60)
    x, t = placed(backend, "float64", p, y)
    for average in ("macro", "weighted", "micro"):
        wanted = peer.roc_auc_score(np.eye(4)[y], p, average=average)
        assert float(metrics.ROCAUC(average).measure(x, t)) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.float64
def test_many_small_weights_are_added_precisely(backend):
    p, y = rng.random(200_000).astype("float32"), rng.integers(2, size=200_000)
    w = rng.random(200_000).astype("float32")
    x, t, weight = map(backend.asarray, (p, y, w))
    wanted = peer.roc_auc_score(y, p, sample_weight=w)
    value = float(metrics.roc_auc(x, t, sample_weight=weight))
    assert value == pytest.approx(wanted, abs=1e-7)
