"""One seed gives one run, on every array library."""

import numpy as np
import pytest
from support import host

import xpnn

rng = np.random.default_rng(7)
X = rng.standard_normal((90, 6))
Y = (X[:, 0] * X[:, 1] > 0).astype(int) + (X[:, 2] > 1)
WEIGHT = rng.uniform(0, 2, size=90)


def train(backend, dtype="float64", **settings):
    layers = [
        xpnn.Dense(6, 16, weights="he_normal"),
        xpnn.ReLU(),
        xpnn.Dropout(0.3),
        xpnn.Dense(16, 8),
        xpnn.Tanh(),
        xpnn.BatchNorm(8),
        xpnn.Dropout(0.1),
        xpnn.Dense(8, 3, l1=1e-4, l2=1e-3),
        xpnn.Softmax(),
    ]
    model = xpnn.Sequential(layers, seed=3, dtype=dtype, backend=backend)
    model.compile(xpnn.CategoricalCrossEntropy(), xpnn.Adam(0.01, decay=1e-3), clip_norm=0.5)
    history = model.fit(X, Y, **{"epochs": 12, "validation_split": 0.2, **settings})
    return model, history.history


@pytest.mark.float64
@pytest.mark.parametrize(
    "settings",
    [{}, {"batch_size": None}, {"sample_weight": WEIGHT, "class_weight": "balanced"}],
    ids=["batches", "full batch", "weights"],
)
def test_every_backend_runs_as_numpy_does(backend, settings):
    model, history = train(backend, **settings)
    wanted_model, wanted = train("numpy", **settings)
    assert history.keys() == wanted.keys() == {"loss", "accuracy", "val_loss", "val_accuracy"}
    for name, values in history.items():
        np.testing.assert_allclose(values, wanted[name], rtol=0, atol=1e-9)
    for p, q in zip(model.parameters, wanted_model.parameters):
        np.testing.assert_allclose(host(p), q, rtol=0, atol=1e-9)
    np.testing.assert_allclose(model.predict(X), wanted_model.predict(X), rtol=0, atol=1e-9)


def test_the_same_seed_gives_the_same_run(backend, dtype):
    first, second = train(backend, dtype, epochs=3), train(backend, dtype, epochs=3)
    assert first[1] == second[1]
    assert np.array_equal(first[0].predict(X), second[0].predict(X))


def test_another_seed_gives_another_run():
    a, b, c = (xpnn.Sequential([xpnn.Dense(4, 4)], seed=s).parameters[0] for s in (0, 1, 0))
    assert np.array_equal(a, c)
    assert not np.array_equal(a, b)


def test_training_in_two_parts_is_one_run(backend):
    whole, _ = train(backend, epochs=4, validation_split=0.0)
    halves, _ = train(backend, epochs=2, validation_split=0.0)
    halves.fit(X, Y, epochs=2)
    for p, q in zip(whole.parameters, halves.parameters):
        assert np.array_equal(host(p), host(q))


def test_global_generators_are_left_alone(backend):
    np.random.seed(5)
    wanted = np.random.RandomState(5).random(3)
    train(backend, epochs=1)
    assert np.array_equal(np.random.random(3), wanted)


def test_dropout_is_for_training_only(backend):
    model, _ = train(backend, epochs=1)
    assert np.array_equal(model.predict(X), model.predict(X))
    kept = model.layers[2].draw(np.random.default_rng(0), (1000, 50))[0]
    assert set(np.unique(kept)) == {0.0, 1 / 0.7}
    assert abs(np.mean(kept == 0) - 0.3) < 0.01
