"""ONNX files: what onnxruntime computes from them is what `predict` does."""

import os
import sys
from itertools import chain

import numpy as np
import onnx
import pytest
from nine_rows import X, classifier
from onnx_runs import run
from support import host, of_the_core

import xpnn
from xpnn import Dense, Sequential
from xpnn.export import onnx_model
from xpnn.layers import LAYERS

NETWORKS = 200
ROWS = 32


def random_network(seed, dtype):
    """Return a network of 1 to 6 dense layers of 1 to 64 neurons, as training may leave it."""
    generator = np.random.default_rng(seed)
    activations = [
        xpnn.Linear(), xpnn.ReLU(), xpnn.LeakyReLU(float(generator.uniform(0, 1.5))),
        xpnn.SiLU(), xpnn.Sigmoid(), xpnn.Tanh(), xpnn.Softmax(), xpnn.Step(),
        xpnn.ELU(float(generator.uniform(0.1, 2))), xpnn.SELU(), xpnn.Mish(), xpnn.Softplus(),
        xpnn.GELU(),
    ]  # fmt: skip
    layers, size = [], int(generator.integers(1, 65))
    for _ in range(generator.integers(1, 7)):
        width = int(generator.integers(1, 65))
        dense = xpnn.NTKDense if generator.random() < 0.2 else Dense
        layers.append(dense(size, width, weights="he_normal"))
        size = width
        if generator.random() < 0.3:
            layers.append(xpnn.BatchNorm(size, epsilon=10.0 ** generator.integers(-6, -1)))
        if generator.random() < 0.2:
            layers.append(xpnn.LayerNorm(size, 10.0 ** generator.integers(-6, -1)))
        if generator.random() < 0.2:
            layers.append(xpnn.Scale(size))
        if generator.random() < 0.9:
            layers.append(activations[generator.integers(len(activations))])
        if generator.random() < 0.2:
            layers.append(xpnn.Dropout(0.3))
        if generator.random() < 0.1:
            layers.append(
                xpnn.NumericEmbedding(size, generator.integers(1, size + 1), scale=0.5)
            )
            size = layers[-1].output_size(size)
        if generator.random() < 0.1:
            n = generator.integers(1, size + 1)
            layers.append(
                xpnn.PeriodicEmbedding(size, n, n_outputs=3, n_frequencies=4, scale=0.2)
            )
            size = layers[-1].output_size(size)
        if generator.random() < 0.1:
            bins = generator.integers(1, 5, generator.integers(1, size + 1))
            edges = [generator.uniform(0.3, 1, n + 1).cumsum() - 1 for n in bins]
            layers.append(xpnn.PiecewiseLinear(size, edges))
            size = layers[-1].output_size(size)
        if generator.random() < 0.1:
            sizes = generator.integers(1, 9, generator.integers(1, size + 1))
            layers += [xpnn.Step(), xpnn.OneHot(size, tuple(sizes.tolist()))]
            size = layers[-1].output_size(size)
        if generator.random() < 0.1:
            code = xpnn.Chain(xpnn.Step(), xpnn.Select(0), xpnn.Embedding(2, 3))
            layers, size = [*layers, xpnn.Concatenate(code, xpnn.Tanh())], size + 3
        if generator.random() < 0.1:
            own, few = (
                xpnn.Select(*generator.integers(0, size, 3).tolist()),
                xpnn.Dense(size, 2),
            )
            side = xpnn.Concatenate(xpnn.Chain(own, xpnn.Dense(3, 4)), xpnn.Frozen(few))
            back = xpnn.Residual(xpnn.Dense(6, 9), xpnn.Chain(xpnn.Tanh(), xpnn.Dense(9, 6)))
            layers += [side, back, xpnn.Select(slice(-5, None, 2))]
            size = 3
    if generator.random() < 0.1:
        layers += [xpnn.Tanh(), xpnn.Exponential()]
    model = Sequential(layers, seed=seed, dtype=dtype, backend="numpy")
    ranges = {"biases": (-0.5, 0.5), "scale": (0.5, 1.5), "shift": (-0.5, 0.5)}
    ranges |= {"mean": (-1, 1), "variance": (0.2, 3)}
    tensors = {}
    for name, array in model.tensors().items():
        drawn = ranges.get(name.rpartition(".")[2])
        tensors[name] = array if drawn is None else generator.uniform(*drawn, array.shape)
    model.set_tensors(tensors)
    return model, generator.standard_normal((ROWS, model.n_inputs)).astype(dtype)


def with_inner_ones(layers):
    """Return layers and all that they hold."""
    inner = (with_inner_ones(layer.inner_layers().values()) for layer in layers)
    return [*layers, *chain.from_iterable(inner)]


def rows_to_compare(model, x):
    """Return which rows no rounding can bring to the other side of a step."""
    rows = np.ones(len(x), dtype=bool)
    x = x.astype(np.float64)
    arrays = [host(array).astype(np.float64) for array in model.all_arrays]
    for layer, own in zip(model.stack.layers, model.stack.split(arrays)):
        if isinstance(layer, xpnn.Step):
            rows &= ~((np.abs(x) < 1e-4) & (x != 0)).any(axis=1)
        x, _ = layer.forward(own, x)
    return rows


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-13)])
def test_random_architectures(dtype, tolerance):
    seen, compared = set(), 0
    for seed in range(NETWORKS):
        model, x = random_network(seed, dtype)
        seen |= {type(layer).__name__ for layer in with_inner_ones(model.layers)}
        output, wanted = run(onnx_model(model), inputs=x), model.predict(x)
        assert output.dtype == dtype
        assert output.shape == wanted.shape
        rows = rows_to_compare(model, x)
        compared += int(rows.sum())
        limit = tolerance * max(1.0, float(np.abs(wanted).max()))
        apart = np.abs(output - wanted)[rows]
        assert apart.max(initial=0.0) <= limit, (seed, apart.max(), model)
    assert seen == {name for name, c in LAYERS.items() if of_the_core(c)}
    assert compared > 0.95 * NETWORKS * ROWS


def test_any_backend_and_number_of_rows(backend, dtype, tmp_path):
    model = classifier(dtype=dtype).compile("categorical_cross_entropy", "adam")
    model.fit(X, np.arange(9) % 4, epochs=2, batch_size=4)
    model.export_onnx(tmp_path / "model.onnx")
    for n in (1, 9):
        inputs = X[:n].astype(dtype)
        output = run(tmp_path / "model.onnx", inputs=inputs)
        tolerance = 1e-6 if dtype == "float32" else 1e-14
        np.testing.assert_allclose(output, model.predict(inputs), atol=tolerance)
    assert os.listdir(tmp_path) == ["model.onnx"]


def test_what_the_file_says(tmp_path):
    path = tmp_path / "model.onnx"
    classifier().export_onnx(path)
    made = onnx.load(path)
    assert (made.producer_name, made.producer_version) == ("xpnn", xpnn.__version__)
    # what onnxruntime 1.12 of 2022 reads
    assert [(entry.domain, entry.version) for entry in made.opset_import] == [("", 17)]
    assert made.ir_version == 8
    names = {tensor.name for tensor in made.graph.initializer}
    assert {"0.weights", "0.biases", "1.scale", "1.mean", "1.variance"} <= names
    assert [value.name for value in made.graph.input] == ["inputs"]
    rows, columns = made.graph.input[0].type.tensor_type.shape.dim
    assert (rows.dim_param, columns.dim_value) == ("n", 3)
    onnx.checker.check_model(made, full_check=True)


def test_outputs_are_called_what_they_are():
    def name(last, loss=None):
        model = Sequential([Dense(3, 2), *last])
        if loss is not None:
            model.compile(loss, "sgd")
        return onnx_model(model).graph.output[0].name

    assert name([xpnn.Softmax()]) == "probabilities"
    assert name([xpnn.Softmax()], "categorical_cross_entropy") == "probabilities"
    assert name([xpnn.Sigmoid()], "binary_cross_entropy") == "probabilities"
    assert name([xpnn.Sigmoid()], "mean_squared_error") == "outputs"
    assert name([], xpnn.CategoricalCrossEntropy(from_logits=True)) == "logits"
    assert name([], "huber") == "outputs"
    assert name([]) == "outputs"


@pytest.mark.parametrize(
    "layers",
    [[xpnn.Linear()], [xpnn.Dropout(0.5), xpnn.Linear()], [xpnn.ReLU(), xpnn.Softmax()]],
)
def test_networks_that_learn_nothing(layers):
    model = Sequential(layers)
    output = run(onnx_model(model), inputs=X.astype("float32"))
    np.testing.assert_allclose(output, model.predict(X), rtol=1e-6)


def test_export_leaves_the_model_as_it_is(tmp_path):
    model, stayed = classifier(dtype="float64"), classifier(dtype="float64")
    for each in (model, stayed):
        each.compile("categorical_cross_entropy", "adam").fit(X, np.arange(9) % 4)
    model.export_onnx(tmp_path / "model.onnx")
    runs = [each.fit(X, np.arange(9) % 4, epochs=2).history for each in (model, stayed)]
    assert runs[0] == runs[1]


def test_failed_export_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"old")
    monkeypatch.setattr("os.fsync", lambda descriptor: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        classifier().export_onnx(path)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["model.onnx"]


def test_without_the_package(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'xpnn\[onnx\]'"):
        classifier().export_onnx(tmp_path / "model.onnx")
    assert os.listdir(tmp_path) == []


def test_parameters_that_no_file_can_hold(monkeypatch, tmp_path):
    monkeypatch.setattr("xpnn.export.LARGEST", 100)
    with pytest.raises(ValueError, match="at most 1e-07 GB"):
        classifier().export_onnx(tmp_path / "model.onnx")
