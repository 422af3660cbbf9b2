"""What the tests of metrics share: scores on a backend, and how near a result must be."""

import numpy as np
from support import host

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


def joined(metric, p, y, sizes, backend, **told):
    """Measure batches of some sizes with a metric, and join them."""
    ends = np.cumsum(sizes)
    measures = [
        host(metric.measure(p[end - size : end, ...], y[end - size : end, ...], **told))
        for size, end in zip(sizes, ends)
    ]
    stacked = np.stack([m.astype(np.float64).reshape(-1) for m in measures])
    return metric.result(stacked, np.asarray(sizes, np.float64))
