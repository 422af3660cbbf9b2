"""Layers with their arrays: how they are put together, and their sizes."""

from dataclasses import dataclass

import numpy as np
import pytest
from stepping import X, Y, network
from support import host

import xpnn
from xpnn import Dense, Dropout, ReLU, Sequential
from xpnn.testing import check_layer


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([], ["layers", "at least one"]),
        ([Dense(2, 4), Dense(5, 3)], ["layers[1]", "Dense(5, 3)", "5 inputs", "4"]),
        ([Dense(2, 4), ReLU(), Dropout(0.1), Dense(3, 4)], ["layers[3]", "3 inputs", "4"]),
        ([Dense(2, 4), ReLU], ["layers[1]", "ReLU", "an instance"]),
        ([Dense(2, 4), "relu"], ["layers[1]", "'relu'"]),
        ([Dense(2, 4), None], ["layers[1]", "None"]),
        (Dense(2, 4), ["layers", "Dense"]),
        (Dense, ["layers", "Dense"]),
        (None, ["layers", "None"]),
        (3, ["layers", "3"]),
    ],
)
def test_stack_that_does_not_meet(layers, words):
    with pytest.raises((TypeError, ValueError)) as caught:
        Sequential(layers)
    assert [word for word in words if word not in str(caught.value)] == []


@pytest.mark.parametrize("seed", ["abc", 1.5, -1, True, [1, 2], np.array([1, 2])])
def test_seed_that_is_none(seed):
    with pytest.raises((TypeError, ValueError), match=r"seed must") as caught:
        Sequential([ReLU()], seed=seed)
    assert str(seed) in str(caught.value) or repr(seed) in str(caught.value)


@pytest.mark.parametrize("dtype", ["float16", "int32", "flaot32", int, 3, np.complex64, None])
def test_dtype_that_is_none(dtype):
    with pytest.raises((TypeError, ValueError), match=r"dtype must") as caught:
        Sequential([ReLU()], dtype=dtype)
    assert repr(dtype) in str(caught.value)


@pytest.mark.float64
def test_dtype_of_any_library(backend):
    for kind in ("float32", "float64"):
        model = Sequential([Dense(2, 3)], dtype=getattr(backend.xp, kind))
        assert model.dtype == kind
        assert all(p.dtype == getattr(backend.xp, kind) for p in model.parameters)


def test_backend_that_is_none():
    with pytest.raises(ValueError, match="did you mean 'numpy'"):
        Sequential([ReLU()], backend="nunpy")
    with pytest.raises(TypeError, match="backend must be"):
        Sequential([ReLU()], backend=3)


@dataclass(frozen=True)
class Twice(xpnn.Layer):
    def output_size(self, n_inputs):
        return None if n_inputs is None else 2 * n_inputs

    def forward(self, params, x):
        from xpnn.backend import array_namespace

        xp = array_namespace(x)
        d = x.shape[1]
        return xp.concat([x, x], axis=1), lambda dy: (dy[:, :d] + dy[:, d:], ())


def test_a_first_layer_that_changes_sizes(backend):
    check_layer(Twice(), (4, 3), backends=[backend])
    model = xpnn.Sequential([Twice(), xpnn.Dense(6, 2)], seed=0)
    assert model.predict(np.ones((5, 3))).shape == (5, 2)
    with pytest.raises(ValueError, match="takes 6 inputs, but gets 8"):
        model.compile("mean_squared_error", "sgd").fit(np.ones((5, 4)), np.ones((5, 2)))


def test_parameters_that_were_handed_out_stay_as_they_are(backend):
    model = network()
    handed = []
    for epochs in (1, 20, 50):
        params = model.parameters
        handed.append((params, [host(p).copy() for p in params]))
        model.fit(X, Y, epochs=epochs, batch_size=5)
    last = [host(p).copy() for p in model.parameters]
    assert not any(np.array_equal(p, q) for p, q in zip(last, handed[0][1]))
    for params, old in handed:
        for p, q in zip(params, old):
            np.testing.assert_array_equal(host(p), q)


def test_first_values_of_an_error_that_is_made_of_more_than_words():
    """As NumPy's of operands that it can't add."""

    def weights(generator, shape):
        return np.zeros(shape) + np.asarray("no number")

    with pytest.raises(TypeError, match=r"weights of layer 0, Dense.*did not contain a loop"):
        Sequential([Dense(2, 3, weights=weights)])
