"""The leaky rectified linear unit where its two lines meet."""

import numpy as np
from support import host

import xpnn


def test_at_0_the_derivative_is_that_of_below(backend):
    x = backend.asarray(np.array([[-2.0, -0.0, 0.0, 0.5]]))
    y, backward = xpnn.LeakyReLU(0.25).forward((), x)
    assert host(y).tolist() == [[-0.5, 0.0, 0.0, 0.5]]
    assert host(backward(backend.asarray(np.full((1, 4), 8.0)))[0]).tolist() == [[2, 2, 2, 8]]
