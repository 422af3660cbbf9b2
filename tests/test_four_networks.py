"""A residual network, a wide and deep one, one with two heads and one with two towers.

Each is trained on every backend, saved, loaded, resumed in the middle of an epoch, exported,
compared and inspected; its gradients are beside automatic differentiation of its formulas.
"""

import json

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from click.testing import CliRunner
from onnx_runs import run
from support import host
from trees import ProductOfTrees, formula

import xpnn
from xpnn import (
    BatchNorm,
    Chain,
    Concatenate,
    Dense,
    Dropout,
    Embedding,
    Heads,
    ReLU,
    Residual,
    Select,
    Softmax,
    Tanh,
    cli,
)  # fmt: skip
from xpnn.callbacks import Callback, Checkpoint
from xpnn.cards import unknown_classes
from xpnn.export import onnx_model
from xpnn.files.model_file import read_file

RNG = np.random.default_rng(0)
CITY, STREET = RNG.integers(0, 9, 50), RNG.integers(0, 30, 50)
X = np.column_stack([CITY, STREET, RNG.standard_normal((50, 4))])
KIND, SIZE = RNG.integers(0, 3, 50), RNG.standard_normal(50)


def residual():
    def block(n):
        return Residual(BatchNorm(n), ReLU(), Dense(n, n), Dropout(0.1))

    layers = [Select(slice(2, 6)), Dense(4, 8), block(8), block(8), Dense(8, 3), Softmax()]
    return layers, "categorical_cross_entropy", KIND


def wide_and_deep():
    codes = Chain(Select(0), Embedding(9, 3)), Chain(Select(1), Embedding(30, 4))
    deep = Concatenate(*codes, Select(slice(2, 6)))
    deep = Chain(deep, Dense(11, 16), ReLU(), Dropout(0.2), Dense(16, 1))
    wide = Chain(Select(2, 3), Dense(2, 1, l2=0.01))
    return [Concatenate(wide, deep), Dense(2, 1)], "mean_squared_error", SIZE


def two_heads():
    heads = {
        "kind": (slice(0, 3), "categorical_cross_entropy"),
        "size": (slice(3, 4), "huber", 0.5),
    }
    ends = Concatenate(Chain(Dense(8, 3), Softmax()), Dense(8, 1))
    body = [Select(2, 3, 4, 5), Dense(4, 8), Tanh(), BatchNorm(8), ends]
    return body, Heads(heads), {"kind": KIND, "size": SIZE}


def two_towers():
    def tower(*layers):
        return Chain(*layers, Dense(6, 8), Tanh(), Dense(8, 5))

    left = tower(Select(0), Embedding(9, 6))
    right = tower(Select(slice(2, 6)), Dense(4, 6), ReLU())
    return [ProductOfTrees(left, right), Dense(5, 1)], "mean_squared_error", SIZE


NETWORKS = [residual, wide_and_deep, two_heads, two_towers]
HOW = {"epochs": 3, "batch_size": 16}


def network(make, backend="numpy", dtype="float64"):
    layers, loss, y = make()
    model = xpnn.Sequential(layers, seed=0, dtype=dtype, backend=backend)
    return model.compile(loss, xpnn.Adam(0.01)), y


def outputs(model):
    """Return what is predicted as one array, of several heads side by side."""
    predicted = model.predict(X)
    return np.hstack([*predicted.values()]) if isinstance(predicted, dict) else predicted


@pytest.mark.parametrize("make", NETWORKS)
def test_one_run_on_every_backend(make, backend):
    runs, dtype = [], "float64" if backend.has_float64 else "float32"
    for place in (backend, "array_api_strict" if backend.name == "numpy" else "numpy"):
        model, y = network(make, place, dtype)
        model.fit(X, y, **HOW)
        runs.append(model)
    close = {"rtol": 1e-7, "atol": 1e-9} if dtype == "float64" else {"rtol": 1e-3, "atol": 1e-4}
    np.testing.assert_allclose(*map(outputs, runs), **close)
    ours, wanted = (one.history.history["loss"] for one in runs)
    np.testing.assert_allclose(ours, wanted, rtol=1e-9 if dtype == "float64" else 1e-4)


def huber(error):
    size = anp.abs(error)
    return anp.where(size <= 1, error**2 / 2, size - 0.5)


LOSSES = {
    residual: lambda p: -anp.mean(anp.log(p[np.arange(50), KIND])),
    wide_and_deep: lambda p: anp.mean((p[:, 0] - SIZE) ** 2),
    two_towers: lambda p: anp.mean((p[:, 0] - SIZE) ** 2),
    two_heads: lambda p: (
        anp.mean(huber(p[:, 3] - SIZE)) / 2 - anp.mean(anp.log(p[np.arange(50), KIND]))
    ),
}


@pytest.mark.float64
@pytest.mark.parametrize("make", NETWORKS)
def test_gradients_are_those_of_the_formulas(make, backend):
    model, y = network(make, backend)
    model.fit(X, y, **HOW)
    arrays = {name: host(array) for name, array in model.tensors().items()}
    names = [*model.declared_parameters]

    def loss(*params):
        known, p = {**arrays, **dict(zip(names, params))}, X
        for i, layer in enumerate(model.layers):
            p = formula(layer, str(i), known, p)
        penalties = [
            p.l2 * anp.sum(known[name] ** 2) for name, p in model.declared_parameters.items()
        ]
        return LOSSES[make](p) + sum(penalties)

    params = [arrays[name] for name in names]
    wanted = autograd.grad(loss, argnum=tuple(range(len(params))))(*params)
    value, grads = model.gradients(X, y)
    assert value == pytest.approx(float(loss(*params)), rel=1e-12)
    for name, grad, own in zip(names, grads, wanted, strict=True):
        np.testing.assert_allclose(host(grad), own, rtol=1e-10, atol=1e-10, err_msg=name)


class PowerCut(Callback):
    """Ends a run in the middle of its second epoch."""

    def on_batch_end(self, logs):
        self.steps = getattr(self, "steps", 0) + 1
        if self.steps == 6:
            raise SystemExit


@pytest.mark.parametrize("make", NETWORKS)
def test_resumed_in_the_middle_of_an_epoch(make, tmp_path):
    whole, y = network(make)
    whole.fit(X, y, **HOW)
    cut, _ = network(make)
    with pytest.raises(SystemExit):
        cut.fit(X, y, callbacks=[Checkpoint(tmp_path, 1), PowerCut()], **HOW)
    assert cut.history.epochs == 1
    again, _ = network(make)
    again.fit(X, y, resume=tmp_path, **HOW)
    for array, wanted in zip(again.all_arrays, whole.all_arrays, strict=True):
        np.testing.assert_array_equal(array, wanted)


@pytest.mark.parametrize("make", NETWORKS)
def test_files_graphs_comparisons_and_cards(make, tmp_path, capsys):
    model, y = network(make)
    model.fit(X, y, **HOW)
    path = tmp_path / "model.safetensors"
    model.save(path)
    again = xpnn.load(path, backend="numpy")
    assert again.layers == model.layers
    np.testing.assert_array_equal(outputs(again), outputs(model))
    graph = onnx_model(model)
    name = graph.graph.output[0].name
    np.testing.assert_allclose(run(graph, output=name, inputs=X), outputs(model), atol=1e-12)
    compared = xpnn.compare_backends(model, X, y, ["numpy", "array_api_strict"])
    assert compared.first is None
    capsys.readouterr()
    told = CliRunner().invoke(cli.main, ["inspect", str(path)])
    assert told.exit_code == 0, told.output
    assert model.summary().splitlines()[2] in told.output
    assert unknown_classes(read_file(path)[0]) == []
    card = json.loads(json.dumps(model.card()))
    assert card["parameters"] == sum(p.size for p in model.parameters)
