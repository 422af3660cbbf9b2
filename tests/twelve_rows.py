"""Twelve rows, with classes and with numbers, and models for them."""

import numpy as np
from support import host

from xpnn import Adam, Dense, Dropout, Sequential, Softmax, Tanh

N = 12
GENERATOR = np.random.default_rng(0)
X = GENERATOR.standard_normal((N, 2)).astype(np.float32)
Y = np.arange(N) % 3
NUMBERS = GENERATOR.standard_normal((N, 2))


def classifier(*, seed=7, dtype="float64", backend=None):
    """Return a model with all that has a state: dropout draws, Adam remembers."""
    layers = [Dense(2, 4), Tanh(), Dropout(0.25), Dense(4, 3), Softmax()]
    model = Sequential(layers, seed=seed, dtype=dtype, backend=backend)
    return model.compile("categorical_cross_entropy", Adam(0.05))


def regressor(*, optimizer="sgd", seed=7, dtype="float64"):
    model = Sequential([Dense(2, 4), Tanh(), Dense(4, 2)], seed=seed, dtype=dtype)
    return model.compile("mean_squared_error", optimizer)


def changed(array, index, value, dtype=None):
    """Return a copy with one entry that is another."""
    array = np.array(array, dtype=dtype)
    array[index] = value
    return array


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


def everything(model):
    """Return all that training can change, on the host."""
    state = {
        key: [host(a).copy() for a in value] if isinstance(value, list) else host(value).copy()
        for key, value in model.train_state.memory.items()
    }
    return {
        "parameters": [host(p).copy() for p in model.parameters],
        "state": state,
        "generator": model.generator.bit_generator.state,
        "history": model.history and {k: list(v) for k, v in model.history.history.items()},
        "compiled": model.compiled,
        "backend": model.backend,
    }
