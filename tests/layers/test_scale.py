"""Learnt factors of features."""

import numpy as np
import pytest
from support import host

import xpnn


@pytest.mark.float64
def test_a_line_through_0_for_each_feature(backend):
    x = np.random.default_rng(0).standard_normal((50, 3))
    model = xpnn.Sequential([xpnn.Scale(3)], dtype="float64")
    np.testing.assert_array_equal(host(model.predict(x)), x)  # it begins at 1
    model.compile("mean_squared_error", xpnn.SGD(1.0))
    model.fit(x, x * [2.0, -1.0, 0.0], epochs=100, batch_size=None)
    np.testing.assert_allclose(host(model.parameters[0]), [2, -1, 0], atol=1e-6)


def test_another_number_of_inputs():
    assert xpnn.Scale(3).n_inputs == 3
    with pytest.raises(ValueError, match=r"Scale\(n=3\) takes 3 inputs, but gets 2"):
        xpnn.Sequential([xpnn.Dense(4, 2), xpnn.Scale(3)])
    with pytest.raises(ValueError, match="n must"):
        xpnn.Scale(0)
