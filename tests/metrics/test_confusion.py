"""The confusion matrix beside scikit-learn's."""

import numpy as np
import sklearn.metrics as peer
from metric_cases import joined, placed, rng, scores
from support import host

from xpnn import metrics


def test_confusion_matrix(backend, dtype, monkeypatch):
    monkeypatch.setattr(metrics.confusion, "COUNTED", 40)  # so that there are parts
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
    halves = metrics.confusion_matrix(*placed(backend, dtype, [0.4, 0.5, 0.6], np.ones(3)))
    np.testing.assert_array_equal(host(halves), [[0, 0], [2, 1]])


def test_batches_are_counted_in_integers_and_weights_in_floats(backend):
    p, y = placed(backend, "float32", scores(50, 3), rng.integers(3, size=50))
    metric, whole = metrics.ConfusionMatrix(), host(metrics.confusion_matrix(p, y))
    matrix = joined(metric, p, y, (20, 20, 10), backend)
    assert matrix.dtype == np.int64
    np.testing.assert_array_equal(matrix, whole)
    ones = backend.asarray(np.ones(50), "float32")
    measures = host(metric.measure(p, y, weight=ones))
    matrix = metric.result(measures[None].astype(float), np.array([50.0]))
    assert matrix.dtype == np.float64
    np.testing.assert_array_equal(matrix, whole)
