"""Random search and random walk find better parameters, and keep the best."""

import numpy as np
import pytest
from support import host

import xpnn
from xpnn.search import random_search, random_walk

X, y = xpnn.datasets.vertical(30, 3, seed=0)


def network(dtype="float32"):
    layers = [xpnn.Dense(2, 3), xpnn.ReLU(), xpnn.Dense(3, 3), xpnn.Softmax()]
    model = xpnn.Sequential(layers, seed=0, dtype=dtype)
    return model.compile("categorical_cross_entropy", "sgd")


@pytest.mark.parametrize("search", [random_search, random_walk])
def test_the_loss_never_rises_and_the_best_is_kept(backend, search):
    model = network()
    model.set_parameters([0 * host(p) for p in model.parameters])
    start = model.evaluate(X, y)["loss"]
    history = search(model, X, y, iterations=60, scale=0.5, seed=1).history
    assert len(history["loss"]) == len(history["accuracy"]) == 60
    assert all(b <= a for a, b in zip([start, *history["loss"]], history["loss"]))
    assert history["loss"][-1] < start
    measured = model.evaluate(X, y)
    assert measured["loss"] == history["loss"][-1]
    assert measured["accuracy"] == history["accuracy"][-1]


@pytest.mark.float64
@pytest.mark.parametrize("search", [random_search, random_walk])
def test_it_is_the_book_s_loop(backend, search):
    """Written out as chapter 6 does, with the same draws."""
    model = network("float64")
    params = [host(p) for p in model.parameters]

    def loss_of(w1, b1, w2, b2):
        z = np.maximum(X @ w1 + b1, 0) @ w2 + b2
        p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        return -np.log(p[np.arange(len(y)), y]).mean()

    stream = np.random.RandomState(3)
    best, lowest = params, loss_of(*params)
    for _ in range(40):
        new = [0.3 * stream.randn(*p.shape) for p in params]
        if search is random_walk:
            new = [p + step for p, step in zip(best, new)]
        if loss_of(*new) < lowest:
            best, lowest = new, loss_of(*new)
    search(model, X, y, iterations=40, scale=0.3, seed=np.random.RandomState(3))
    for p, q in zip(model.parameters, best):
        np.testing.assert_allclose(host(p), q, rtol=1e-12)


def test_a_walk_gets_further_than_a_search():
    walk = random_walk(network(), X, y, iterations=500, seed=0).history
    search = random_search(network(), X, y, iterations=500, seed=0).history
    assert walk["accuracy"][-1] > 0.85 > search["accuracy"][-1]


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"iterations": 0}, "iterations must be an integer >= 1, got 0"),
        ({"scale": 0.0}, "scale must be a finite number > 0, got 0.0"),
        ({"seed": -1}, "seed must not be negative"),
    ],
)
def test_bad_settings_leave_the_model(settings, error):
    model = network()
    before = model.parameters
    with pytest.raises(ValueError, match=error):
        random_search(model, X, y, **settings)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.parameters))


@pytest.mark.parametrize("search", [random_search, random_walk])
def test_a_search_is_a_training(search):
    """It can't be had beside another one, whose parameters it would set."""
    model = network()

    class Searches(xpnn.callbacks.Callback):
        def on_epoch_end(self, epoch, logs):
            with pytest.raises(RuntimeError, match=rf"{search.__name__}\(\) can't be called"):
                search(model, X, y, iterations=5)

    history = model.fit(X, y, epochs=3, callbacks=[Searches()]).history
    assert history == network().fit(X, y, epochs=3).history
