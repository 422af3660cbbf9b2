"""Several heads: beside their losses one by one, and a network of torch's."""

import warnings

import numpy as np
import pytest
from onnx_runs import run
from support import host

import xpnn
from xpnn import Chain, Concatenate, Dense, Heads, Sequential, Softmax, Tanh
from xpnn.export import onnx_model

RNG = np.random.default_rng(0)
X = RNG.standard_normal((60, 4))
KIND, PRICE = RNG.integers(0, 3, 60), RNG.standard_normal((60, 2))
Y = {"kind": KIND, "price": PRICE}
HEADS = {
    "kind": (slice(0, 3), "categorical_cross_entropy"),
    "price": (slice(3, 5), xpnn.MeanSquaredError(), 0.5),
}


def network(heads=HEADS, metrics=("accuracy", "r2"), backend=None, dtype="float64"):
    kind = Chain(Dense(8, 3), Softmax())
    layers = [Dense(4, 8), Tanh(), Concatenate(kind, Dense(8, 2))]
    model = Sequential(layers, seed=0, dtype=dtype, backend=backend)
    return model.compile(Heads(heads), xpnn.Adam(0.02), metrics)


@pytest.mark.float64
def test_what_is_measured(backend):
    model = network(backend=backend)
    history = model.fit(X, Y, epochs=3, batch_size=16, validation_data=(X, Y)).history
    wanted = ["loss", "kind_loss", "kind_accuracy", "price_loss", "price_r2"]
    assert [name for name in history if not name.startswith("val_")] == wanted
    measured = model.evaluate(X, Y)
    assert [*measured] == wanted
    for name, value in measured.items():
        assert history[f"val_{name}"][-1] == pytest.approx(value, rel=1e-12)
    predicted = model.predict(X)
    assert {name: y.shape for name, y in predicted.items()} == {
        "kind": (60, 3),
        "price": (60, 2),
    }
    kind, price = host(predicted["kind"]), host(predicted["price"])
    loss = {
        "kind_loss": -np.mean(np.log(kind[np.arange(60), KIND])),
        "kind_accuracy": np.mean(kind.argmax(axis=1) == KIND),
        "price_loss": np.mean((price - PRICE) ** 2),
    }
    loss["loss"] = loss["kind_loss"] + 0.5 * loss["price_loss"]
    for name, value in loss.items():
        assert measured[name] == pytest.approx(value, rel=1e-9), name


@pytest.mark.float64
def test_gradients_are_the_weighted_sum_of_those_of_each(backend):
    model = network(backend=backend)
    _, grads = model.gradients(X, Y)
    alone = []
    for head, weight in (("kind", 1.0), ("price", 0.5)):
        columns, criterion = HEADS[head][:2]
        one = network({head: (columns, criterion)}, backend=backend)
        alone.append([weight * host(grad) for grad in one.gradients(X, {head: Y[head]})[1]])
    for grad, first, second in zip(grads, *alone, strict=True):
        np.testing.assert_allclose(host(grad), first + second, rtol=1e-10, atol=1e-14)


def test_targets_in_every_form():
    model = network()
    wanted = model.evaluate(X, Y)
    columns = np.concatenate([KIND[:, None], PRICE], axis=1)
    rows = np.concatenate([np.eye(3)[KIND], PRICE], axis=1)
    for y in (columns, rows, {"price": PRICE.tolist(), "kind": np.eye(3)[KIND]}):
        assert model.evaluate(X, y) == wanted
    model.fit(X, columns, epochs=2)
    other = network()
    other.fit(X, Y, epochs=2)
    np.testing.assert_array_equal(model.predict(X)["price"], other.predict(X)["price"])


@pytest.mark.float64
def test_one_run_on_every_backend(backend):
    runs = []
    for place in (backend, "numpy"):
        model = network(backend=place)
        weight = np.linspace(0, 2, 60)
        model.fit(X, Y, epochs=3, batch_size=16, validation_split=0.2, sample_weight=weight)
        runs.append(model.history.history)
    for name, values in runs[1].items():
        np.testing.assert_allclose(runs[0][name], values, rtol=1e-9, err_msg=name)


def test_files_and_graphs(tmp_path):
    metrics = {"kind": ["f1", "top_2_accuracy"], "price": "mean_absolute_error"}
    model = network(metrics=metrics)
    model.fit(X, Y, epochs=2)
    model.save(tmp_path / "model.safetensors")
    again = xpnn.load(tmp_path / "model.safetensors", backend="numpy")
    assert again.compiled == model.compiled
    assert again.evaluate(X, Y) == model.evaluate(X, Y)
    assert [*model.evaluate(X, Y)] == [
        "loss", "kind_loss", "kind_f1_macro", "kind_top_2_accuracy", "price_loss",
        "price_mean_absolute_error",
    ]  # fmt: skip
    for one in (model, again):
        one.fit(X, Y, epochs=1)
    predicted = again.predict(X)
    for name, y in model.predict(X).items():
        np.testing.assert_array_equal(predicted[name], y)
        got = run(onnx_model(model), output=name, inputs=X)
        np.testing.assert_allclose(got, y, rtol=1e-12, atol=1e-12)
    xpnn.compare_backends(model, X, Y, ["numpy", "array_api_strict"])


def test_columns_that_belong_to_no_head():
    heads = {"last": (slice(4, 5), "mean_squared_error")}
    model = network(heads)
    _, grads = model.gradients(X, PRICE[:, :1])
    assert not np.any(host(grads[2]))  # of the kinds
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, {"last": PRICE[:, 0]}, epochs=2)
    assert model.predict(X)["last"].shape == (60, 1)


@pytest.mark.parametrize(
    ("heads", "error", "words"),
    [
        ({}, TypeError, "heads must be a dict of names"),
        ({"a": slice(0, 2)}, TypeError, r"heads\['a'\] must be \(slice, loss\)"),
        ({"a b": (slice(0, 2), "huber")}, ValueError, "such as variables have"),
        ({"a": (slice(0, 5, 2), "huber")}, TypeError, "must begin with a slice"),
        ({"a": (slice(-2, None), "huber")}, TypeError, "must begin with a slice"),
        ({"a": (slice(2, 2), "huber")}, ValueError, "outputs counted from 0"),
        ({"a": (slice(0, 2), "hubber")}, ValueError, "did you mean"),
        ({"a": (slice(0, 2), "huber", 0)}, ValueError, "weight of heads"),
        ({"a": (slice(0, 2), "huber"), "b": (slice(1, 3), "huber")}, ValueError, "share some"),
        ({"a": (slice(3, 6), "huber")}, ValueError, "but the network has 5"),
        ({"a": (slice(1, 4), "categorical_cross_entropy")}, ValueError,
         r"heads\['a'\]: loss .* takes probabilities"),
        ({"a": (slice(0, 3), xpnn.CategoricalCrossEntropy(ignore_index=-1))}, ValueError,
         "leaves out rows"),
    ],
)  # fmt: skip
def test_heads_that_are_refused(heads, error, words):
    with pytest.raises(error, match=words):
        network(heads)


@pytest.mark.parametrize(
    ("y", "error", "words"),
    [
        ({"kind": KIND}, ValueError, r"y must have the heads \['kind', 'price'\]"),
        ({**Y, "size": KIND}, ValueError, "y must have the heads"),
        ({**Y, "kind": KIND[:9]}, ValueError, r"y\['kind'\] must have as many rows"),
        ({**Y, "kind": KIND + 1}, ValueError, r"y\['kind'\] must .* got 3"),
        ({**Y, "price": PRICE[:, 0]}, ValueError, r"y\['price'\] must have the shape \(n, 2\)"),
        ({**Y, "price": PRICE * np.nan}, ValueError, r"y\['price'\] must hold finite"),
        (PRICE, ValueError, r"shape \(n, 3\), with so many columns of each head"),
    ],
)
def test_targets_that_are_refused(y, error, words):
    with pytest.raises(error, match=words):
        network().fit(X, y)


def test_other_things_that_are_refused():
    with pytest.raises(ValueError, match=r"by the names of heads, \['kind', 'price'\]"):
        network(metrics={"kinds": ["accuracy"]})
    with pytest.raises(ValueError, match="'r2' is for numbers, but the head 'kind'"):
        network(metrics={"kind": ["r2"]})
    with pytest.raises(TypeError, match="is a function, which is not for heads"):
        network(metrics=[lambda p, y: p[0, 0]])
    model = Sequential([Dense(4, 1)]).compile("mean_squared_error", "sgd")
    with pytest.raises(TypeError, match=r"y: expected numbers, got .*dict"):
        model.fit(X, {"price": PRICE[:, :1]})
