"""Errors of numbers, and R², beside scikit-learn's."""

import numpy as np
import pytest
import sklearn.metrics as peer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from metric_cases import close, joined, number, rng

from xpnn import metrics


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
    two, wanted = backend.asarray(np.array([1.0, 2.0], dtype)), np.array([1.0, 3.0], dtype)
    assert float(metrics.r2(two, backend.asarray(wanted))) == 0.5


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.integers(1, 20), min_size=1, max_size=5), st.integers(0, 2**32))
def test_r2_of_batches_of_any_sizes_is_scikit_learns(sizes, seed):
    generator = np.random.default_rng(seed)
    n, k = sum(sizes), int(generator.integers(2, 6))
    if n > 1:
        p = generator.random((n, k))
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
