"""Metrics beside plain NumPy."""

import numpy as np
import pytest

from xpnn import metrics

rng = np.random.default_rng(0)


def test_accuracy_of_classes(backend, dtype):
    scores, y = rng.random((50, 4)), rng.integers(4, size=50)
    wanted = np.mean(scores.argmax(axis=1) == y)
    placed = backend.asarray(scores, dtype)
    for targets in (y, np.eye(4)[y]):
        value = metrics.accuracy(placed, backend.asarray(targets))
        assert value.dtype == backend.dtype(dtype)
        assert float(value) == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("shape", [(50,), (50, 1)])
def test_accuracy_of_yes_and_no(backend, shape):
    scores, y = rng.standard_normal(shape), rng.integers(2, size=shape)
    for threshold in (0.0, 0.5):
        value = metrics.accuracy(
            backend.asarray(scores), backend.asarray(y), threshold=threshold
        )
        assert float(value) == pytest.approx(np.mean((scores > threshold) == y))


def test_errors(backend):
    p, y = rng.standard_normal((20, 3)), rng.standard_normal((20, 3))
    placed = backend.asarray(p), backend.asarray(y)
    assert float(metrics.mean_squared_error(*placed)) == pytest.approx(np.mean((p - y) ** 2))
    assert float(metrics.mean_absolute_error(*placed)) == pytest.approx(np.mean(abs(p - y)))
