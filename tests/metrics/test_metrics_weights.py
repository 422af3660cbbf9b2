"""The functions of `xpnn.metrics` with weights of samples, beside scikit-learn's."""

import numpy as np
import pytest
import sklearn.metrics as peer
from metric_cases import close, number, rng, scores
from support import host

from xpnn import metrics

N, K = 50, 4
NAMED = ("precision", "recall", "f1")


def some(backend, dtype, ties=False):
    """Return scores, classes and weights, on the host and on a backend."""
    p = scores(N, K, ties).astype(dtype)
    y = rng.integers(K, size=N)
    w = rng.exponential(size=N).astype(dtype)
    w[::7] = 0
    return (p, y, w), [backend.asarray(a) for a in (p, y, w)]


@pytest.mark.parametrize("average", ["macro", "weighted", "micro", None])
@pytest.mark.parametrize("size", [1, 1e-4])
def test_counts(backend, dtype, average, size):
    (p, y, w), (x, targets, weight) = some(backend, dtype)
    for name in NAMED:
        value = getattr(metrics, name)(x, targets, average=average, sample_weight=size * weight)
        score = getattr(peer, f"{name}_score")
        wanted = score(y, p.argmax(axis=1), average=average, sample_weight=w)
        np.testing.assert_allclose(host(value), wanted, rtol=close(dtype)["rel"])


@pytest.mark.parametrize("average", ["macro", "weighted", "micro", None])
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("size", [1, 1e-4])
def test_roc_auc(backend, dtype, average, ties, size):
    (p, y, w), (x, targets, weight) = some(backend, dtype, ties)
    value = metrics.roc_auc(x, targets, average=average, sample_weight=size * weight)
    wanted = peer.roc_auc_score(np.eye(K)[y], p, average=average, sample_weight=w)
    np.testing.assert_allclose(host(value), wanted, rtol=close(dtype)["rel"])
    yes = backend.asarray((y > 1).astype(dtype))
    value = number(metrics.roc_auc(x[:, 0], yes, sample_weight=weight), backend, dtype)
    wanted = peer.roc_auc_score(y > 1, p[:, 0], sample_weight=w)
    assert value == pytest.approx(wanted, **close(dtype))
    nobody = metrics.roc_auc(x[:, 0], yes, sample_weight=weight * (1 - yes))
    assert np.isnan(host(nobody))  # of samples without weight, as of none, there is no area


def test_means_and_the_confusion_matrix(backend, dtype):
    (p, y, w), (x, targets, weight) = some(backend, dtype)
    called, rows = p.argmax(axis=1), np.eye(K, dtype=dtype)[y]
    value = number(metrics.accuracy(x, targets, sample_weight=weight), backend, dtype)
    wanted = peer.accuracy_score(y, called, sample_weight=w)
    assert value == pytest.approx(wanted, **close(dtype))
    value = number(metrics.top_k_accuracy(x, targets, 2, sample_weight=weight), backend, dtype)
    wanted = peer.top_k_accuracy_score(y, p, k=2, sample_weight=w)
    assert value == pytest.approx(wanted, **close(dtype))
    value = number(metrics.log_loss(x, targets, sample_weight=weight), backend, dtype)
    wanted = peer.log_loss(y, p, sample_weight=w)
    assert value == pytest.approx(wanted, rel=1e-5 if dtype == "float32" else 1e-12)
    value = metrics.confusion_matrix(x, targets, sample_weight=weight)
    assert value.dtype == backend.dtype(dtype)
    wanted = peer.confusion_matrix(y, called, sample_weight=w)
    np.testing.assert_allclose(host(value), wanted, rtol=close(dtype)["rel"])
    for name, score in (
        ("mean_squared_error", peer.mean_squared_error),
        ("mean_absolute_error", peer.mean_absolute_error),
        ("r2", peer.r2_score),
    ):
        function = getattr(metrics, name)
        targets = backend.asarray(rows)
        value = number(function(x, targets, sample_weight=weight), backend, dtype)
        wanted = score(rows, p, sample_weight=w)
        assert value == pytest.approx(wanted, **close(dtype)), name


def test_rows_without_weight_are_no_rows(backend, dtype):
    (p, y, _), (x, targets, _) = some(backend, dtype)
    nothing = backend.asarray(np.zeros(N, dtype))
    for metric in (
        metrics.Accuracy(),
        metrics.F1(),
        metrics.LogLoss(),
        metrics.ConfusionMatrix(),
    ):
        assert metric.takes_weights
        assert np.all(host(metric.measure(x, targets, weight=nothing)) == 0)
    one_hot = backend.asarray(np.eye(K, dtype=dtype)[y])
    measures = host(metrics.R2().measure(x, one_hot, weight=nothing))
    assert np.isfinite(measures).all()
    kept = metrics.R2().measure(x, one_hot, weight=nothing + 1)
    both = np.stack([measures, host(kept)]).astype(float)
    value = metrics.R2().result(both, np.array([0.0, N]))
    wanted = peer.r2_score(np.eye(K)[y], p)
    assert float(value) == pytest.approx(wanted, **close(dtype))


def test_r2_of_one_row_is_none_whatever_it_weighs(backend):
    metric = metrics.R2()
    one = backend.asarray(np.ones((1, 1)))
    measured = host(metric.measure(one, one, weight=backend.asarray(np.array([5.0]))))
    assert np.isnan(metric.result(measured[None], np.array([5.0])))
    two = backend.asarray(np.array([[1.0], [2.0]]))
    measured = host(metric.measure(two, two, weight=backend.asarray(np.array([0.5, 0.5]))))
    assert metric.result(measured[None], np.array([1.0])) == 1.0
