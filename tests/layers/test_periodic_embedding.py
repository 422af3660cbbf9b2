"""The periodic embedding, against its formula written out."""

import math

import numpy as np
import pytest
from support import host

import xpnn

rng = np.random.default_rng(8)


@pytest.mark.float64
def test_each_column_becomes_waves_and_what_is_above_0(backend):
    layer = xpnn.PeriodicEmbedding(3, 2, n_outputs=3, n_frequencies=4, scale=0.5)
    model = xpnn.Sequential([layer], seed=1, dtype="float64")
    frequencies, weights, biases = map(host, model.parameters)
    x = rng.standard_normal((5, 3))
    wanted = []
    for row in x:
        e = []
        for c in range(2):
            angles = [2 * math.pi * row[c] * frequency for frequency in frequencies[c, 0]]
            waves = [*map(math.cos, angles), *map(math.sin, angles)]
            for k in range(3):
                sums = [wave * weights[c, f, k] for f, wave in enumerate(waves)]
                e.append(max(sum(sums) + biases[c, 0, k], 0))
        wanted.append([*e, row[2]])
    assert 0 < np.count_nonzero(np.array(wanted)[:, :6]) < 30
    np.testing.assert_allclose(host(model.predict(x)), wanted, rtol=1e-12)


def test_where_it_starts():
    layer = xpnn.PeriodicEmbedding(200, scale=0.1)
    model = xpnn.Sequential([layer], seed=1, dtype="float64", backend="numpy")
    frequencies, weights, biases = model.parameters
    assert frequencies.std() == pytest.approx(0.1, rel=0.1)
    assert abs(weights).max() == pytest.approx(1 / math.sqrt(96), rel=0.01)
    assert abs(biases).max() == pytest.approx(1 / math.sqrt(96), rel=0.02)


def test_a_network_learns_what_goes_up_and_down():
    x = np.linspace(-2, 2, 256)[:, None]
    y = np.sin(9 * x)
    first = xpnn.PeriodicEmbedding(1, scale=1.0)
    model = xpnn.Sequential([first, xpnn.Dense(24, 1)], seed=0, backend="numpy")
    model.compile("mean_squared_error", xpnn.Adam(0.02))
    model.fit(x, y, epochs=200, batch_size=64)
    assert model.evaluate(x, y)["loss"] < 0.01  # of a half, which the line y = 0 has


def test_another_number_of_inputs():
    with pytest.raises(ValueError, match="takes 2 inputs, but gets 3"):
        xpnn.Sequential([xpnn.Dense(2, 3), xpnn.PeriodicEmbedding(2)])
