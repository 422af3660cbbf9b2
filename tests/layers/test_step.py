"""The step: 0 or 1, with no way back."""

import numpy as np
from support import host

import xpnn


def test_it_steps_behind_0(backend, dtype):
    x = backend.asarray(np.array([[-1.0, -0.0, 0.0, 1e-6, 0.5, 2.0]]), dtype)
    y, backward = xpnn.Step().forward((), x)
    assert y.dtype == backend.dtype(dtype)
    assert host(y).tolist() == [[0, 0, 0, 1, 1, 1]]
    assert not host(backward(y)[0]).any()
