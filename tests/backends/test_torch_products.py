"""Large products by oneDNN, beside torch's own.  Run where torch is tested."""

import numpy as np
import pytest
import torch
from support import host
from xpnn.backends import _torch_products
from xpnn.backends._torch_products import Products

import xpnn

rng = np.random.default_rng(0)


@pytest.fixture
def asked(monkeypatch):
    """Let small products count as large, and write down those that oneDNN is asked for."""
    calls, product = [], _torch_products._product
    _torch_products.works()  # which asks for products, once in a process

    def write(a, b):
        calls.append((tuple(a.shape), tuple(b.shape)))
        return product(a, b)

    monkeypatch.setattr(_torch_products, "LARGE", 1)
    monkeypatch.setattr(_torch_products, "_product", write)
    return calls


def numbers(*shape):
    return torch.from_numpy(rng.standard_normal(shape, dtype=np.float32))


def test_it_works_here():
    assert _torch_products.works()


@pytest.mark.parametrize(
    ("a", "b", "is_asked"),
    [
        (numbers(9, 5), numbers(5, 7), True),
        (numbers(9, 5), numbers(7, 5).T, True),
        (numbers(9, 5), numbers(10, 14)[::2, ::2], True),
        (numbers(1, 1), numbers(1, 1), True),
        (numbers(5, 9).T, numbers(5, 7), False),
        (numbers(9, 5).double(), numbers(5, 7).double(), False),
        (numbers(2, 9, 5), numbers(2, 5, 7), False),
        (numbers(9, 5), numbers(5), False),
    ],
)
def test_products(asked, a, b, is_asked):
    wanted = host(a).astype(np.float64) @ host(b).astype(np.float64)
    with torch.inference_mode(), Products():
        for product in (a @ b, torch.matmul(a, b), a.matmul(b)):
            assert product.dtype == a.dtype
            np.testing.assert_allclose(host(product), wanted, rtol=1e-5, atol=1e-5)
    assert len(asked) == 3 * is_asked


def test_small_products_are_left_alone():
    assert _torch_products._fits(numbers(1 << 9, 1 << 9), numbers(1 << 9, 1 << 9))
    assert not _torch_products._fits(numbers(1 << 8, 1 << 8), numbers(1 << 8, 1 << 8))


def train(batch_size):
    layers = [xpnn.Dense(6, 8), xpnn.ReLU(), xpnn.Dense(8, 3), xpnn.Softmax()]
    model = xpnn.Sequential(layers, seed=1, backend="torch")
    model.compile("categorical_cross_entropy", xpnn.SGD(0.1, momentum=0.9))
    X, y = host(numbers(30, 6)), rng.integers(0, 3, size=30)
    before = [host(p).copy() for p in model.parameters]
    model.fit(X, y, epochs=4, batch_size=batch_size, verbose=False)
    return before, X, y, model


@pytest.mark.parametrize("batch_size", [None, 10, 8])
def test_a_fit_of_large_batches_asks_it_forwards_and_backwards(asked, batch_size):
    before, X, y, model = train(batch_size)
    steps = 4 * -(-30 // (batch_size or 30))
    assert len(asked) == 3 * steps  # x @ weights twice, and dy @ weights.T of the second
    n = batch_size or 30
    assert asked[:3] == [((n, 6), (6, 8)), ((n, 8), (8, 3)), ((n, 3), (3, 8))]
    layers = [xpnn.Dense(6, 8), xpnn.ReLU(), xpnn.Dense(8, 3), xpnn.Softmax()]
    same = xpnn.Sequential(layers, seed=1, backend="numpy")
    same.set_parameters(before)
    same.compile("categorical_cross_entropy", xpnn.SGD(0.1, momentum=0.9))
    same.fit(X, y, epochs=4, batch_size=batch_size, verbose=False)
    for p, q in zip(model.parameters, same.parameters):
        np.testing.assert_allclose(host(p), host(q), rtol=1e-4, atol=1e-5)


def test_a_fit_of_small_batches_does_not_look(asked, monkeypatch):
    monkeypatch.setattr(_torch_products, "LARGE", 10 * 48 + 1)
    train(10)
    assert asked == []
    train(11)
    assert asked


@pytest.mark.parametrize("failure", ["gone", "wrong"])
def test_where_it_fails_torch_multiplies(monkeypatch, failure):
    def wrong(a, b):
        return a @ b + 1

    def gone(a, b):
        raise AttributeError("there is no such operation")

    monkeypatch.setattr(_torch_products, "_product", {"gone": gone, "wrong": wrong}[failure])
    _torch_products.works.cache_clear()
    try:
        assert not _torch_products.works()
        monkeypatch.setattr(_torch_products, "LARGE", 1)
        *_, model = train(10)
        assert np.isfinite(model.history.history["loss"]).all()
    finally:
        _torch_products.works.cache_clear()
