"""What the tests of all optimizers share: six steps beside an equation, and settings."""

import dataclasses

import numpy as np
import pytest
from support import host

rng = np.random.default_rng(0)
START = [rng.standard_normal((3, 2)), rng.standard_normal(2)]
GRADS = [[rng.standard_normal(p.shape) for p in START] for _ in range(6)]


def assert_follows(optimizer, equation, backend, dtype):
    """Check steps beside ``equation(p, g, memory, t, optimizer)``, written out in NumPy."""
    params = [backend.asarray(p, dtype, copy=True) for p in START]
    state = optimizer.init(params)
    wanted, memory = START, [{} for _ in START]
    for t, grads in enumerate(GRADS):
        placed = [backend.asarray(g, dtype, copy=True) for g in grads]
        params, state = optimizer.update(params, placed, state)
        wanted = [equation(p, g, s, t, optimizer) for p, g, s in zip(wanted, grads, memory)]
    assert int(state["iterations"]) == len(GRADS)
    for p, q in zip(params, wanted):
        assert p.dtype == backend.dtype(dtype)
        eps = np.finfo(dtype).eps
        np.testing.assert_allclose(host(p), q, rtol=100 * eps, atol=100 * eps)


def assert_settings_are_checked(cls):
    """Check that no setting takes a negative number, NaN, text or None."""
    for field in dataclasses.fields(cls):
        wrong = (-0.1, float("nan"), "0.1", *([] if field.default is None else [None]))
        for value in wrong:
            with pytest.raises((ValueError, TypeError), match=field.name):
                cls(**{field.name: value})
