"""The sigmoid linear unit, where it is almost a line."""

import numpy as np
from support import host

import xpnn


def test_far_from_0(backend):
    x = backend.asarray([[-1000.0, -20.0, 20.0, 1000.0]], "float32")
    y, backward = xpnn.SiLU().forward((), x)
    np.testing.assert_allclose(host(y), [[0, -20 * 2.0611537e-9, 20, 1000]], atol=2e-6)
    dx = host(backward(backend.asarray(np.ones((1, 4)), "float32"))[0])
    # s + x s (1 - s) with s = 2.06e-9 at -20
    np.testing.assert_allclose(dx, [[0, (1 - 20) * 2.0611537e-9, 1, 1]], atol=2e-6)
