"""The sigmoid, where it is almost flat."""

import numpy as np
from support import host

import xpnn


def test_the_slope_of_the_sigmoid_is_even(backend):
    x = backend.asarray([[20.0, -20.0]], "float32")
    _, backward = xpnn.Sigmoid().forward((), x)
    dx = host(backward(backend.asarray([[1.0, 1.0]], "float32"))[0])
    np.testing.assert_allclose(dx, 2.0611537e-9, rtol=1e-5)
