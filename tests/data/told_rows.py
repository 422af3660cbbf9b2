"""Rows for tests of sources, and a source that tells what it was asked for."""

import threading

import numpy as np

import xpnn
from xpnn.layers import BatchNorm, Dense, Dropout, ReLU, Softmax

rng = np.random.default_rng(0)
X = rng.standard_normal((1013, 6)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.int64) + (X[:, 1] > 0.5)
WEIGHT = rng.uniform(0, 2, len(X))


class Told:
    """A source of the rows of an array."""

    def __init__(self, array, parts=None):
        self.array, self.shape, self.asked, self.threads = array, array.shape, [], set()
        if parts is not None:
            self.parts = parts

    def take(self, numbers):
        assert numbers.dtype == np.int64
        assert numbers.ndim == 1
        self.asked.append(numbers)
        self.threads.add(threading.get_ident())
        return self.array[numbers]


def made(backend="numpy", metrics=("accuracy", "roc_auc"), **how):
    """Return a compiled classifier that draws, and knows its batches."""
    layers = [Dense(6, 8), BatchNorm(8), ReLU(), Dropout(0.2), Dense(8, 3), Softmax()]
    model = xpnn.Sequential(layers, seed=4, backend=backend, **how)
    return model.compile("categorical_cross_entropy", "adam", metrics)


def results(x, y, backend="numpy", **how):
    """Return what a training gives: parameters, history, measures, predictions."""
    model = made(backend)
    history = model.fit(x, y, **{"epochs": 3, "batch_size": 32, **how}).history
    measured = model.evaluate(x, y)
    arrays = {name: xpnn.backend.to_host(a) for name, a in model.tensors().items()}
    arrays |= {f"history of {name}": np.array(values) for name, values in history.items()}
    arrays |= {f"evaluated {name}": np.array(value) for name, value in measured.items()}
    return arrays | {"predicted": xpnn.backend.to_host(model.predict(x))}


def assert_same(got, expected, **near):
    """Check that results are the same, to the bit or nearly.

    Nearly but for the bias before the batch normalisation, whose gradient is 0 but for
    rounding, which Adam makes whole steps of, and the running mean that it adds to.
    """
    assert got.keys() == expected.keys()
    for name, value in expected.items():
        if near and name in ("0.biases", "1.mean"):
            continue
        if near:
            np.testing.assert_allclose(got[name], value, **near, err_msg=name)
        else:
            np.testing.assert_array_equal(got[name], value, err_msg=name)
