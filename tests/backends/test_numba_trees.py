"""Random trees of layers, compiled, beside NumPy: the same bits."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from trees import networks
from xpnn.backends import _numba_functions, _numba_player, _recurring

import xpnn

RNG = np.random.default_rng(0)
X = RNG.standard_normal((11, 4))
Y = RNG.standard_normal((11, 2))

COUNT = 12
"""How many there are: each is compiled, which takes some seconds."""


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Compile whatever it costs."""
    monkeypatch.setattr(_recurring, "STEPS_BEFORE_RECORDING", 2)
    monkeypatch.setattr(_numba_player, "COMPILING", (-1.0, 0.0))
    monkeypatch.setattr(_numba_player, "LOOKING", 0.0)
    monkeypatch.setattr(_numba_functions, "CALLS", 1)


def fitted(layers, backend):
    model = xpnn.Sequential(layers, seed=0, dtype="float64", backend=backend)
    model.compile("mean_squared_error", xpnn.Adam(0.01))
    for _ in range(3):
        model.fit(X, Y, epochs=4, batch_size=None)
    return model


@settings(
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=COUNT,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(layers=networks())
def test_one_run(layers):
    ours, wanted = fitted(layers, "numba!"), fitted(layers, "numpy!")
    for a, b in zip(ours.all_arrays, wanted.all_arrays):
        np.testing.assert_array_equal(a, b)
    for _ in range(2):
        for x in (X, X[:1]):
            np.testing.assert_array_equal(ours.predict(x), wanted.predict(x))
        assert ours.evaluate(X, Y) == wanted.evaluate(X, Y)
    assert ours.history.history == wanted.history.history
