"""One row at a time: computed as one among many is, and looked at as closely."""

import copy
import warnings
from contextlib import contextmanager

import numpy as np
import pytest
from conftest import SPECS

import xpnn
from xpnn import Dense, ReLU, Sequential, Softmax

rng = np.random.default_rng(0)
ROW = rng.integers(-4, 5, size=(1, 6)) / 2.0
WEIGHTS, BIASES = rng.normal(size=(6, 5)), rng.normal(size=5)
LAST = rng.normal(size=(5, 3))


def network(dtype="float32", **options):
    layers = [Dense(6, 5, weights=WEIGHTS, biases=BIASES), ReLU(), Dense(5, 3, weights=LAST)]
    return Sequential([*layers, Softmax()], dtype=dtype, **options)


def expected(x):
    scores = np.maximum(x.astype(np.float64) @ WEIGHTS + BIASES, 0) @ LAST
    return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)


def read_only(x):
    x.flags.writeable = False
    return x


GUISES = {
    "float32": lambda: ROW.astype(np.float32),
    "float64": lambda: ROW.copy(),
    "float16": lambda: ROW.astype(np.float16),
    "long double": lambda: ROW.astype(np.longdouble),
    "integers": lambda: (2 * ROW).astype(np.int8),
    "truth values": lambda: ROW > 0,
    "foreign byte order": lambda: ROW.astype(">f4"),
    "every second": lambda: np.repeat(ROW, 2, axis=1).astype(np.float32)[:, ::2],
    "backwards": lambda: ROW.astype(np.float32)[:, ::-1],
    "of a table by columns": lambda: np.asfortranarray(np.vstack([ROW, 9 - ROW]))[1:],
    "read-only": lambda: read_only(ROW.astype(np.float32)),
    "list": lambda: ROW.tolist(),
}


@pytest.mark.parametrize("guise", GUISES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_row_in_every_guise(backend, dtype, guise):
    model, x = network(dtype), GUISES[guise]()
    before = np.array(x)
    y = model.predict(x)
    assert type(y) is np.ndarray
    assert y.dtype == dtype
    np.testing.assert_allclose(y, expected(before), rtol=1e-5)
    np.testing.assert_allclose(y, model.predict(np.vstack([x, x]))[:1], rtol=1e-5)
    np.testing.assert_array_equal(x, before)


def changed(value, dtype=np.float32):
    x = ROW.astype(dtype)
    x[0, 4] = value
    return x


WRONG = {
    "NaN": (lambda: changed(np.nan), ValueError, "X must hold finite .*nan in row 0, column 4"),
    "infinity": (lambda: changed(-np.inf), ValueError, "finite .*-inf in row 0, column 4"),
    "too large": (lambda: changed(1e300, float), ValueError, "finite .*inf in row 0, column 4"),
    "both infinities": (lambda: ROW / np.zeros(6), ValueError, "X must hold finite numbers"),
    "narrow": (lambda: ROW[:, 1:], ValueError, r"X must have 6 features, .*\(1, 5\)"),
    "wide": (lambda: np.ones((1, 7)), ValueError, r"X must have 6 features, .*\(1, 7\)"),
    "1-D": (lambda: ROW[0], ValueError, r"X must have the shape .*\(6,\); use X.reshape"),
    "3-D": (lambda: ROW[None], ValueError, r"X must have the shape .*\(1, 1, 6\); flatten"),
    "no row": (lambda: ROW[:0], ValueError, r"X must have at least one row, .*\(0, 6\)"),
    "no feature": (lambda: ROW[:, :0], ValueError, r"X must have at least one feature"),
    "complex": (lambda: ROW * 1j, TypeError, "X: expected numbers, .*complex128"),
    "words": (lambda: np.full((1, 6), "a"), TypeError, "X: expected numbers"),
    "objects": (lambda: np.full((1, 6), None), TypeError, "X: expected numbers, .*None in row"),
    "masked": (lambda: np.ma.array(ROW, mask=ROW > 0), TypeError, "X: .* a masked array"),
    "nothing": (lambda: None, TypeError, "X: expected numbers"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_row_that_is_none(backend, name):
    wrong, kind, words = WRONG[name]
    with np.errstate(all="ignore"):
        x = wrong()
    model = network()
    for _ in range(2):  # also when a row has been predicted
        with warnings.catch_warnings(action="error"), pytest.raises(kind, match=words):
            model.predict(x)
        model.predict(ROW)


def test_other_arguments_are_looked_at_before(backend):
    for wrong in ({"batch_size": 0}, {"rows": "mine"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            network().predict(ROW, **wrong)
    np.testing.assert_array_equal(
        network().predict(ROW, batch_size=2, communicator=xpnn.distributed.Communicator()),
        network().predict(ROW),
    )


@pytest.mark.parametrize("size", [1e30, 1e-30])
def test_numbers_whose_squares_no_float_holds(backend, size):
    model = Sequential([Dense(6, 1, weights="ones")], dtype="float32")
    x = np.full((1, 6), size, np.float32)
    with np.errstate(all="raise"):
        np.testing.assert_allclose(model.predict(x), [[6 * size]], rtol=1e-6)


def test_outputs_that_overflow_are_silent(backend):
    model = Sequential([Dense(6, 1, weights=np.full((6, 1), 1e30))], dtype="float32")
    with np.errstate(all="raise"):
        assert model.predict(np.full((1, 6), 1e30, np.float32)) == np.inf
        with pytest.raises(FloatingPointError):  # as it was before
            np.float32(1e30) * np.float32(1e30)


class HandsOnOfTestPredicting(xpnn.Layer):
    """Gives its inputs, of which it knows how many there are."""

    n_inputs = 6

    def output_size(self, n_inputs):
        return 6

    def forward(self, params, x):
        return x, lambda dy: (dy, ())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_outputs_are_not_the_row_itself(backend, dtype):
    x = ROW.astype(np.float32)
    y = Sequential([HandsOnOfTestPredicting()], dtype=dtype).predict(x)
    y *= 0
    np.testing.assert_array_equal(x, ROW)


def test_as_many_features_as_the_layers_let_there_be(backend):
    for n in (1, 3, 1 << 14):
        x = np.ones((1, n), np.float32)
        np.testing.assert_array_equal(Sequential([ReLU()]).predict(x), x)
        wide = Sequential([Dense(n, 1, weights="ones")])
        np.testing.assert_array_equal(wide.predict(x), [[n]])
        with pytest.raises(ValueError, match="finite"):
            wide.predict(x * np.nan)


def test_codes_are_looked_at(backend):
    model = Sequential([xpnn.Embedding(3, 2, vectors=np.arange(6).reshape(3, 2))])
    np.testing.assert_array_equal(model.predict(np.array([[2]], np.float32)), [[4, 5]])
    for wrong in (3, -1, 0.5):
        with pytest.raises(ValueError, match=r"codes of categories .* in row 0, column 0"):
            model.predict(np.array([[wrong]], np.float32))


def test_a_network_that_changes(backend):
    """What was found for the row before holds for that network only."""
    model = network().compile("categorical_cross_entropy", xpnn.SGD(1.0))
    x = ROW.astype(np.float32)
    model.predict(x)
    new = [p * 0 for p in model.parameters]
    model.set_parameters(new)
    np.testing.assert_allclose(model.predict(x), np.full((1, 3), 1 / 3), rtol=1e-6)
    model.fit(x, [2])  # the last biases are -1/3, -1/3 and 2/3
    wanted = np.array([[1, 1, np.e]]) / (2 + np.e)
    np.testing.assert_allclose(model.predict(x), wanted, rtol=1e-5)
    for spec in SPECS:
        model.to(spec)
        np.testing.assert_allclose(model.predict(x), wanted, rtol=1e-5)
    np.testing.assert_allclose(copy.deepcopy(model).predict(x), wanted, rtol=1e-5)


def test_outputs_by_their_heads(backend):
    model, x = Sequential([Dense(6, 3, weights="ones")]), ROW.astype(np.float32)
    np.testing.assert_allclose(model.predict(x), np.full((1, 3), ROW.sum()), rtol=1e-6)
    loss = "mean_squared_error"
    model.compile(xpnn.Heads({"a": (slice(1), loss), "b": (slice(1, 3), loss)}), "sgd")
    y = model.predict(x)
    assert {name: part.shape for name, part in y.items()} == {"a": (1, 1), "b": (1, 2)}
    np.testing.assert_allclose(y["b"], np.full((1, 2), ROW.sum()), rtol=1e-6)


@contextmanager
def unplaced(monkeypatch):
    """Let no rows be placed."""

    def refuse(*args):
        raise AssertionError("rows are placed")

    with monkeypatch.context() as patch:
        patch.setattr("xpnn.network.network.place_inputs", refuse)
        yield


@pytest.mark.parametrize("guise", ["float32", "float64", "integers", "read-only"])
def test_on_numpy_a_row_is_not_placed(monkeypatch, guise):
    model = network(backend="numpy")
    with unplaced(monkeypatch):
        np.testing.assert_allclose(
            model.predict(GUISES[guise]()), expected(np.array(GUISES[guise]())), rtol=1e-5
        )
        with pytest.raises(AssertionError):
            model.predict(np.vstack([ROW, ROW]))


def test_a_backend_that_computes_a_row_in_its_own_way():
    numpy = xpnn.backend.find("numpy")
    asked, within = [], []

    class Quick(type(numpy)):
        def one_row(self, stack, dtype, n_features):
            asked.append((dtype, n_features))
            return lambda arrays, x: stack.predict(arrays, x) if x[0, 0] > 0 else None

        @contextmanager
        def activate(self):
            within.append(None)
            yield

    model = network(backend=Quick("numpy", numpy.xp, "cpu", "1"))
    within.clear()
    x = np.abs(ROW).astype(np.float32) + 1
    for sign, count in ((1, 0), (-1, 1), (1, 1)):
        np.testing.assert_allclose(model.predict(sign * x), expected(sign * x), rtol=1e-5)
        assert len(within) == count
    assert asked == [("float32", 6)]
