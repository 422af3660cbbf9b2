"""Accuracies beside scikit-learn's."""

import numpy as np
import pytest
import sklearn.metrics as peer
from metric_cases import close, number, placed, rng, scores
from support import host

from xpnn import metrics


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


def test_the_threshold(backend):
    p, y = rng.standard_normal(60), rng.integers(2, size=60)
    value = metrics.accuracy(backend.asarray(p), backend.asarray(y), threshold=-0.3)
    assert float(value) == pytest.approx(peer.accuracy_score(y, p > -0.3))


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
    w = backend.asarray(rng.random(40))
    told = {"threshold": 0.2, "sample_weight": w}
    wanted = float(metrics.accuracy(p, y, **told))
    assert float(metrics.top_k_accuracy(p, y, 1, **told)) == wanted
    one = metrics.TopKAccuracy(1)
    assert float(one.measure(p, y, metrics.Kind(0.2), w)) == wanted


def test_it_is_of_five_unless_told(backend):
    p = np.tile(np.arange(8.0), (8, 1))
    value = metrics.top_k_accuracy(*placed(backend, "float64", p, np.arange(8)))
    assert float(value) == 5 / 8


def test_names_with_a_number():
    assert metrics.as_metric("top_3_accuracy") == metrics.TopKAccuracy(3)
    assert metrics.as_metric("top_k_accuracy") == metrics.TopKAccuracy(5)
    assert metrics.TopKAccuracy(3).name == "top_3_accuracy"


@pytest.mark.parametrize(
    ("wrong", "error", "said"),
    [
        (lambda: metrics.as_metric("top_0_accuracy"), ValueError, "k must be .*>= 1, got 0"),
        (lambda: metrics.TopKAccuracy(2.5), TypeError, "k must be an integer >= 1, got 2.5"),
        (lambda: metrics.top_k_accuracy(np.eye(2), [0, 1], 0), ValueError, "^k must be an"),
    ],
)
def test_k_is_checked(wrong, error, said):
    with pytest.raises(error, match=said):
        wrong()
