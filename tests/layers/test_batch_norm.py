"""Running statistics of batches."""

import numpy as np
from support import host

import xpnn


def test_one_row_tells_nothing_of_a_variance(backend):
    rng = np.random.default_rng(0)
    x, losses = rng.standard_normal((65, 4)) * [1, 2, 3, 4], []
    for n in (64, 65):  # the last batch of 65 is one row
        layers = [xpnn.BatchNorm(4), xpnn.Dense(4, 1)]
        model = xpnn.Sequential(layers, seed=0, dtype="float64")
        model.compile("mean_squared_error", xpnn.Adam(0.02))
        model.fit(x[:n], x[:n].sum(axis=1), epochs=60)
        losses.append(model.evaluate(x[:n], x[:n].sum(axis=1))["loss"])
        variance = host(model.tensors()["0.variance"])
        np.testing.assert_allclose(variance, x[:n].var(axis=0), rtol=0.25)
    assert losses[1] < 2 * losses[0] + 0.5
