"""What a network computes of rows: predictions and measures, beside NumPy alone."""

import numpy as np
import pytest
from conftest import SPECS, load
from support import host
from twelve_rows import NUMBERS, N, X, Y, classifier, read_only, regressor

import xpnn
from xpnn import Dense, Dropout, Linear, Sequential, Sigmoid


@pytest.mark.float64
def test_predict_gives_what_x_is_of(backend):
    model = classifier()
    expected = host(model.forward(X))
    for spec in SPECS:
        other = load(spec)
        for kind in ("float32", "float64"):
            x = other.asarray(X, kind)
            y = model.predict(x)
            assert type(y) is type(x)
            assert other.owns(y)
            assert getattr(y, "device", None) == getattr(x, "device", None)
            assert y.dtype == other.xp.float64
            np.testing.assert_allclose(other.to_numpy(y), expected, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_predict_gives_numpy_that_can_be_changed(backend, dtype):
    model = classifier(dtype=dtype)
    for x in (X, X.tolist(), read_only(X)):
        y = model.predict(x)
        assert type(y) is np.ndarray
        assert y.dtype == dtype
        y *= 0
        assert model.predict(x).sum() == pytest.approx(N, rel=1e-5)


def test_predict_is_not_its_own_input(backend):
    """Also where no layer makes a new array."""
    model = Sequential([Linear(), Dropout(0.5)], dtype="float32")
    for x in (X.copy(), read_only(X)):
        y = model.predict(x)
        np.testing.assert_array_equal(y, X)
        y *= 0
        np.testing.assert_array_equal(x, X)


@pytest.mark.float64
@pytest.mark.parametrize("batch_size", [1, 5, 11, 12, 13])
def test_predict_in_pieces(backend, batch_size):
    model = classifier()
    whole = model.predict(X)
    np.testing.assert_allclose(model.predict(X, batch_size=batch_size), whole, rtol=1e-14)


@pytest.mark.float64
def test_predict_and_evaluate_bound_memory(backend, monkeypatch):
    model = classifier()
    whole, measured = model.predict(X), model.evaluate(X, Y)
    monkeypatch.setattr(
        xpnn.network.network, "PREDICT_NUMBERS", 20
    )  # five rows of four at a time
    np.testing.assert_allclose(model.predict(X), whole, rtol=1e-14)
    assert model.evaluate(X, Y) == pytest.approx(measured, rel=1e-14)


def test_dropout_is_for_training_only(backend):
    model = Sequential([Dropout(0.9), Dense(2, 2, weights=np.eye(2))], seed=0, dtype="float64")
    np.testing.assert_array_equal(model.predict(X), X.astype(np.float64))


def by_hand(model, x):
    """Compute the classifier's probabilities with NumPy alone."""
    w1, b1, w2, b2 = (host(p) for p in model.parameters)
    z = np.tanh(x @ w1 + b1) @ w2 + b2
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@pytest.mark.float64
def test_evaluate_by_hand(backend):
    model = classifier()
    p = by_hand(model, X.astype(np.float64))
    assert model.evaluate(X, Y) == {
        "loss": pytest.approx(-np.log(p[np.arange(N), Y]).mean(), rel=1e-12),
        "accuracy": (p.argmax(axis=1) == Y).mean(),
    }
    np.testing.assert_allclose(model.predict(X), p, rtol=1e-12)


@pytest.mark.float64
def test_evaluate_numbers_by_hand(backend):
    model = regressor()
    names = ("accuracy", "mean_absolute_error", "mean_squared_error")
    model.compile(xpnn.Huber(0.5), "sgd", names)
    error = model.predict(X) - NUMBERS
    size = np.abs(error)
    huber = np.where(size < 0.5, error**2 / 2, 0.5 * (size - 0.25))
    assert model.evaluate(X, NUMBERS) == {
        "loss": pytest.approx(huber.mean(), rel=1e-12),
        "mean_absolute_error": pytest.approx(size.mean(), rel=1e-12),
        "mean_squared_error": pytest.approx((error**2).mean(), rel=1e-12),
    }


@pytest.mark.float64
def test_evaluate_yes_or_no_by_hand(backend):
    model = Sequential([Dense(2, 2), Sigmoid()], seed=0, dtype="float64")
    model.compile("binary_cross_entropy", "sgd")
    y = np.stack([Y % 2, Y // 2], axis=1)
    p = model.predict(X)
    loss = -np.where(y == 1, np.log(p), np.log(1 - p)).mean()
    assert model.evaluate(X, y) == {
        "loss": pytest.approx(loss, rel=1e-12),
        "accuracy": pytest.approx(((p > 0.5) == y).mean(), rel=1e-12),
    }
