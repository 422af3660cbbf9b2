"""Vectors for codes: beside one-hot rows, and codes that are none."""

import numpy as np
import pytest
from support import host

import xpnn
from xpnn import Chain, Concatenate, Dense, Embedding, Frozen, Residual, Select, Sequential
from xpnn.testing import check_layer

RNG = np.random.default_rng(0)
CODES = RNG.integers(0, 7, 40)
X = np.stack([RNG.standard_normal(40), CODES, RNG.standard_normal(40)], axis=1)
Y = RNG.standard_normal((40, 2))


def network(*layers, dtype="float64", backend=None):
    model = Sequential(layers, seed=0, dtype=dtype, backend=backend)
    return model.compile("mean_squared_error", xpnn.Adam(0.05))


def test_it_is_the_product_with_one_hot_rows(backend):
    side = Concatenate(Chain(Select(1), Embedding(7, 3)), Select(0, 2))
    model = network(side, Dense(5, 2), backend=backend)
    rows = np.concatenate([np.eye(7)[CODES], X[:, [0, 2]]], axis=1)
    vectors, weights, biases = map(host, model.parameters)
    both = Concatenate(Chain(Select(slice(0, 7)), Dense(7, 3, weights=vectors)), Select(-2, -1))
    other = network(both, Dense(5, 2, weights=weights, biases=biases), backend=backend)
    for name in ("0.branches.0.inner.1.biases",):
        assert name in other.tensors()  # which it learns beside them
    np.testing.assert_allclose(model.predict(X), other.predict(rows), rtol=1e-12)
    loss, (dvectors, dweights, _) = model.gradients(X, Y)
    other_loss, (wanted, _, other_dweights, _) = other.gradients(rows, Y)
    assert loss == pytest.approx(other_loss)
    np.testing.assert_allclose(host(dvectors), host(wanted), rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(host(dweights), host(other_dweights), rtol=1e-10, atol=1e-13)


def test_one_run_on_every_backend(backend, dtype):
    runs = []
    for place in (backend, "numpy"):
        side = Concatenate(Chain(Select(1), Embedding(7, 3)), Select(0, 2))
        model = network(side, Dense(5, 2), dtype=dtype, backend=place)
        model.fit(X, Y, epochs=3, batch_size=16)
        runs.append(model.predict(X))
    np.testing.assert_allclose(*runs, rtol=1e-9 if dtype == "float64" else 1e-4, atol=1e-5)


@pytest.mark.parametrize("layer", [Embedding(4, 3), Chain(Embedding(4, 2), xpnn.Tanh())])
def test_the_contract(layer, backend):
    codes = np.array([[0.0], [3.0], [1.0], [3.0], [0.0]])
    check_layer(layer, (5, 1), inputs=codes, backends=["numpy", backend])
    check_layer(layer, (6, 1), backends=["numpy"])


@pytest.mark.parametrize(
    "layer",
    [
        Chain(Select(1), Embedding(7, 2)),
        Concatenate(Select(0), Chain(Select(2, 1), Chain(Select(1), Embedding(7, 2)))),
        Chain(Chain(), Frozen(Select(0, 1)), xpnn.Linear(), Chain(Select(1)), Embedding(7, 2)),
        Chain(Concatenate(Chain(Frozen(Select(1))), xpnn.Tanh()), Select(0), Embedding(7, 2)),
        Chain(Select(slice(1, 3)), Frozen(Chain(Select(-2), Embedding(7, 2)))),
        Residual(Concatenate(*(Chain(Select(1), Embedding(k, 2)) for k in (9, 7))), Dense(4, 3))
    ],
)  # fmt: skip
@pytest.mark.parametrize("code", [7, -1, 2.5])
def test_a_code_that_is_none(layer, code, backend):
    size = layer.output_size(3)
    model = network(layer, Dense(size, 2), backend=backend)
    wrong = X.copy()
    wrong[17, 1] = code
    words = rf"integers 0 to 6; got {code:g} in row 17, column 1"
    with pytest.raises(ValueError, match=rf"^X must hold codes .* column 1, the {words}"):
        model.fit(wrong, Y)
    with pytest.raises(ValueError, match=words):
        model.predict(wrong)
    with pytest.raises(ValueError, match=rf"X of validation_data .*{words}"):
        model.fit(X, Y, validation_data=(wrong, Y))
    model.fit(X, Y)


def test_a_code_that_is_none_in_rows_that_come():
    class Rows:
        shape = X.shape

        def take(self, numbers):
            return np.where(np.asarray(numbers)[:, None] == 33, 7.0, X[numbers])

    model = network(Chain(Select(1), Embedding(7, 2)), Dense(2, 2))
    with pytest.raises(ValueError, match="got 7 in row 33, column 1"):
        model.fit(Rows(), Y)


def test_what_is_refused():
    with pytest.raises(ValueError, match=r"takes one input.* put Select\(column\) before it"):
        Sequential([Dense(2, 2), Embedding(3, 2)])
    with pytest.raises(ValueError, match="n_categories must be at most 16777216"):
        Embedding(2**24 + 1, 2)
    with pytest.raises(ValueError, match="n_categories must be an integer >= 1"):
        Embedding(0, 2)
