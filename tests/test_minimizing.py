"""L-BFGS beside closed forms, SciPy's own use of it in scikit-learn, and gradients of 0."""

import numpy as np
import pytest
from processes import run_python
from sklearn.neural_network import MLPRegressor
from support import host

import xpnn
from xpnn import BatchNorm, Chain, Dense, Dropout, Embedding, Frozen, Select, Sequential, Tanh

RNG = np.random.default_rng(0)
X = RNG.standard_normal((60, 3))
Y = np.sin(2 * X[:, :1]) + X[:, 1:2] * X[:, 2:]


def network(*layers, backend="numpy", dtype="float64", loss="mean_squared_error"):
    layers = layers or (Dense(3, 8), Tanh(), Dense(8, 1))
    model = Sequential(layers, seed=0, dtype=dtype, backend=backend)
    return model.compile(loss, xpnn.Adam(0.01))


@pytest.mark.float64
def test_a_linear_model_ends_at_the_closed_form(backend):
    model = network(Dense(3, 1, l2=0.1), backend=backend)
    history = xpnn.minimize(model, X, Y, tol=1e-10)
    rows = np.column_stack([X, np.ones(60)])
    ridge = 60 * 0.1 * np.diag([1, 1, 1, 0])
    wanted = np.linalg.solve(rows.T @ rows + ridge, rows.T @ Y)
    weights, biases = map(host, model.parameters)
    np.testing.assert_allclose([*weights[:, 0], biases[0]], wanted[:, 0], atol=1e-7)
    assert model.history is history
    assert history.history["loss"][-1] == pytest.approx(model.evaluate(X, Y)["loss"])
    assert (np.diff(history.history["loss"]) <= 0).all()


def test_scikit_learns_from_the_same_start():
    how = {"activation": "tanh", "solver": "lbfgs", "alpha": 0.0, "random_state": 0}
    theirs = MLPRegressor(hidden_layer_sizes=(8,), max_iter=3000, tol=1e-4, **how)
    theirs.fit(X, Y[:, 0])
    model = network()
    xpnn.minimize(model, X, Y, max_iter=3000, tol=1e-4)
    # another start, and so another minimum of many; both fit as well
    assert model.evaluate(X, Y)["loss"] < max(4 * theirs.loss_, 1e-3)
    _, grads = model.gradients(X, Y)
    assert max(np.abs(grad).max() for grad in grads) < 1e-3


@pytest.mark.float64
def test_rows_count_by_their_weights(backend):
    weights = np.arange(60) % 3
    weighed, repeated = network(backend=backend), network(backend=backend)
    xpnn.minimize(weighed, X, Y, sample_weight=weights, max_iter=20)
    xpnn.minimize(repeated, np.repeat(X, weights, 0), np.repeat(Y, weights, 0), max_iter=20)
    for array, wanted in zip(weighed.parameters, repeated.parameters):
        np.testing.assert_allclose(host(array), host(wanted), rtol=1e-6, atol=1e-8)


def test_any_backend_and_dtype(backend, dtype):
    model = network(backend=backend, dtype=dtype)
    start = model.evaluate(X, Y)["loss"]
    xpnn.minimize(model, X, Y, max_iter=40)
    assert model.evaluate(X, Y)["loss"] < start / 20
    assert model.history.epochs <= 40


def test_what_is_held_fixed_stays():
    rows = np.column_stack([RNG.integers(0, 5, 60), X])
    body = Chain(Select(1, 2, 3), Frozen(Dense(3, 6)), BatchNorm(6), Dropout(0.5), Tanh())
    layers = xpnn.Concatenate(body, Chain(Select(0), Embedding(5, 2))), Dense(8, 1)
    model = network(*layers)
    before = model.copy_tensors()
    xpnn.minimize(model, rows, Y, max_iter=30)
    after = model.copy_tensors()
    same = [name for name in after if np.array_equal(after[name], before[name])]
    assert [name.rpartition(".")[2] for name in same] == [
        "weights",
        "biases",
        "mean",
        "variance",
    ]
    twice = network(*layers)
    xpnn.minimize(twice, rows, Y, max_iter=30)
    np.testing.assert_array_equal(twice.predict(rows), model.predict(rows))


def test_what_is_refused():
    model = network()
    before = model.parameters
    with pytest.raises(ValueError, match="max_iter must be an integer >= 1"):
        xpnn.minimize(model, X, Y, max_iter=0)
    with pytest.raises(ValueError, match="tol must be"):
        xpnn.minimize(model, X, Y, tol=0)
    with pytest.raises(ValueError, match="sample_weight must have the shape"):
        xpnn.minimize(model, X, Y, sample_weight=[1.0])
    with pytest.raises(RuntimeError, match="call compile"):
        xpnn.minimize(Sequential([Dense(3, 1)]), X, Y)
    with pytest.raises(ValueError, match="must have a parameter that is trained"):
        xpnn.minimize(network(Frozen(Dense(3, 1))), X, Y)
    with pytest.raises(ValueError, match="y must have as many rows"):
        xpnn.minimize(model, X, Y[:9])
    for array, wanted in zip(model.parameters, before):
        np.testing.assert_array_equal(array, wanted)
    huge = network(dtype="float32")
    huge.set_parameters([1e38 * p for p in huge.parameters])
    with pytest.raises(xpnn.DivergenceError, match="not finite where it begins"):
        xpnn.minimize(huge, X, Y)


def test_scipy_is_imported_when_it_is_used():
    run_python("""
        import sys
        sys.modules["scipy"] = None
        import xpnn
        model = xpnn.Sequential([xpnn.Dense(1, 1)]).compile("mean_squared_error", "sgd")
        try:
            xpnn.minimize(model, [[1.0]], [[1.0]])
        except ModuleNotFoundError as error:
            assert "pip install 'xpnn[scipy]'" in str(error), error
        else:
            raise AssertionError
    """)
