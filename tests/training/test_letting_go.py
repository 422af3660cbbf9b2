"""After a training nothing keeps the data that somebody gave."""

import gc
import sys

import numpy as np
import pytest

import xpnn
from xpnn.callbacks import EarlyStopping

rng = np.random.default_rng(5)
LAYERS = [xpnn.Dense(5, 4), xpnn.ReLU(), xpnn.Dense(4, 1)]


def model():
    return xpnn.Sequential(LAYERS, seed=0).compile("mean_squared_error", "adam")


@pytest.mark.parametrize("batch_size", [None, 16])
def test_nothing_keeps_the_data(backend, batch_size):
    network = model()
    for _ in range(2):  # the second fit plays what the first one recorded
        X, y, weight, held = (
            backend.asarray(rng.uniform(0.5, 1, shape), "float32", copy=True)
            for shape in ((40, 5), (40, 1), (40,), (8, 5))
        )
        network.fit(
            X,
            y,
            epochs=20,
            batch_size=batch_size,
            sample_weight=weight,
            validation_data=(held, y[:8, ...]),
            callbacks=[EarlyStopping("val_loss", patience=50)],
        )
        network.fit(X, y, epochs=20, batch_size=batch_size, validation_split=0.2)
        network.evaluate(X, y)
        network.gradients(X, y)
        network.predict(X)
        given, new = [X, y, weight, held], [backend.asarray([1.0], "float32", copy=True)]
        del X, y, weight, held
        gc.collect()
        # not every library's arrays can be referred to weakly
        (of_a_new_one,) = [sys.getrefcount(array) for array in new]
        assert [sys.getrefcount(array) for array in given] == [of_a_new_one] * 4
