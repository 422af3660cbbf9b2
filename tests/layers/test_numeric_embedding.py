"""The numeric embedding, against its formula written out."""

import math

import numpy as np
import pytest
from support import host

import xpnn

rng = np.random.default_rng(7)


@pytest.mark.float64
def test_each_column_becomes_waves(backend):
    layer = xpnn.NumericEmbedding(3, 2, n_outputs=2, n_frequencies=4)
    model = xpnn.Sequential([layer], seed=1, dtype="float64")
    frequencies, phases, weights, biases = map(host, model.parameters)
    x = rng.standard_normal((5, 3))
    wanted = []
    for row in x:
        e = []
        for c in range(2):
            for k in range(2):
                waves = [
                    math.cos(2 * math.pi * row[c] * frequencies[c, 0, f] + phases[c, 0, f])
                    * weights[c, f, k]
                    for f in range(4)
                ]
                e.append(sum(waves) + biases[c, 0, k])
        wanted.append([*e, *row])
    np.testing.assert_allclose(host(model.predict(x)), wanted, rtol=1e-12)


def test_where_it_starts():
    """Waves of about ten units, phases anywhere, and outputs of about 1."""
    layer = xpnn.NumericEmbedding(200, scale=0.1)
    model = xpnn.Sequential([layer], seed=1, dtype="float64")
    frequencies, phases, weights, biases = model.parameters
    assert frequencies.std() == pytest.approx(0.1, rel=0.1)
    assert abs(phases).max() == pytest.approx(math.pi, rel=0.01)
    assert abs(weights).max() == pytest.approx(0.25, rel=0.01)
    assert abs(biases).max() == pytest.approx(0.25, rel=0.02)
    assert {p.learning_rate for p in layer.parameters().values()} == {0.1}


def test_a_network_learns_what_goes_up_and_down():
    x = np.linspace(-2, 2, 256)[:, None]
    y = np.sin(9 * x)
    errors = []
    for first in ([], [xpnn.NumericEmbedding(1, scale=1.0, learning_rate=1.0)]):
        size = first[0].output_size(1) if first else 1
        layers = [*first, xpnn.Dense(size, 16), xpnn.ReLU(), xpnn.Dense(16, 1)]
        model = xpnn.Sequential(layers, seed=0)
        model.compile("mean_squared_error", xpnn.Adam(0.02))
        model.fit(x, y, epochs=300, batch_size=64, verbose=False)
        errors.append(model.evaluate(x, y)["loss"])
    assert errors[1] < 0.1 * errors[0]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"n_inputs": 0}, "n_inputs must"),
        ({"n_inputs": 2, "n_numbers": 3}, "n_numbers must be at most n_inputs, 2, got 3"),
        ({"n_inputs": 2, "n_numbers": 0}, "n_numbers must"),
        ({"n_inputs": 2, "n_outputs": 0}, "n_outputs must"),
        ({"n_inputs": 2, "n_frequencies": 1.5}, "n_frequencies must"),
        ({"n_inputs": 2, "scale": 0}, "scale must"),
        ({"n_inputs": 2, "learning_rate": -1}, "learning_rate must"),
    ],
    ids=["inputs", "more", "none", "outputs", "frequencies", "scale", "rate"],
)
def test_what_is_refused(settings, words):
    with pytest.raises((TypeError, ValueError), match=words):
        xpnn.NumericEmbedding(**settings)


def test_another_number_of_inputs():
    with pytest.raises(ValueError, match="takes 2 inputs, but gets 3"):
        xpnn.Sequential([xpnn.Dense(2, 3), xpnn.NumericEmbedding(2)])
