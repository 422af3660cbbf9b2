"""ONNX files: what onnxruntime computes from them is what `predict` does."""

import csv
import json
import os
import sys
from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime
import pytest
from click.testing import CliRunner
from support import host, of_the_core

import xpnn
from xpnn import Dense, Sequential, cli
from xpnn.backend import array_namespace
from xpnn.export import onnx_model
from xpnn.layers import LAYERS
from xpnn.tables import Classes, Feature, Measure, Preparation

NETWORKS = 200
ROWS = 32


def run(model, **inputs):
    """Return the output of a file, or of a model that was made, in onnxruntime."""
    given = str(model) if isinstance(model, os.PathLike) else model.SerializeToString()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # a pool of threads for each of so many is slow
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(given, options)
    (output,) = session.run(None, inputs)
    return output


def random_network(seed, dtype):
    """Return a network of 1 to 6 dense layers of 1 to 64 neurons, as training may leave it."""
    generator = np.random.default_rng(seed)
    activations = [
        xpnn.Linear(), xpnn.ReLU(), xpnn.LeakyReLU(float(generator.uniform(0, 1.5))),
        xpnn.Sigmoid(), xpnn.Tanh(), xpnn.Softmax(), xpnn.Step(),
    ]  # fmt: skip
    layers, size = [], int(generator.integers(1, 65))
    for _ in range(generator.integers(1, 7)):
        width = int(generator.integers(1, 65))
        layers.append(Dense(size, width, weights="he_normal"))
        size = width
        if generator.random() < 0.3:
            layers.append(xpnn.BatchNorm(size, epsilon=10.0 ** generator.integers(-6, -1)))
        if generator.random() < 0.9:
            layers.append(activations[generator.integers(len(activations))])
        if generator.random() < 0.2:
            layers.append(xpnn.Dropout(0.3))
    model = Sequential(layers, seed=seed, dtype=dtype, backend="numpy")
    ranges = {"biases": (-0.5, 0.5), "scale": (0.5, 1.5), "shift": (-0.5, 0.5)}
    ranges |= {"mean": (-1, 1), "variance": (0.2, 3)}
    tensors = {}
    for name, array in model.tensors().items():
        drawn = ranges.get(name.partition(".")[2])
        tensors[name] = array if drawn is None else generator.uniform(*drawn, array.shape)
    model.set_tensors(tensors)
    return model, generator.standard_normal((ROWS, model.n_inputs)).astype(dtype)


def rows_to_compare(model, x):
    """Return which rows no rounding can bring to the other side of a step."""
    rows = np.ones(len(x), dtype=bool)
    x = x.astype(np.float64)
    arrays = [host(array).astype(np.float64) for array in model.arrays]
    for layer, own in zip(model.layers, model.stack.split(arrays)):
        if isinstance(layer, xpnn.Step):
            rows &= ~((np.abs(x) < 1e-4) & (x != 0)).any(axis=1)
        x, _ = layer.forward(own, x)
    return rows


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-13)])
def test_random_architectures(dtype, tolerance):
    seen, compared = set(), 0
    for seed in range(NETWORKS):
        model, x = random_network(seed, dtype)
        seen |= {type(layer).__name__ for layer in model.layers}
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


# ------------------------------------------------------------------------ what is written


def classifier(**options):
    layers = [Dense(3, 8), xpnn.BatchNorm(8), xpnn.Tanh(), Dense(8, 4), xpnn.Softmax()]
    return Sequential(layers, seed=0, **options)


X = np.random.default_rng(0).standard_normal((9, 3))


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


# ------------------------------------------------------------------------ a user's own layer


@dataclass(frozen=True)
class CentredOfTestExport(xpnn.Layer):
    """Subtract what it learns, and multiply by a setting."""

    n: int
    factor: float = 0.3

    def parameters(self):
        return {"centre": xpnn.Parameter((self.n,), 0.7)}

    def forward(self, params, x):
        (centre,) = params
        xp = array_namespace(x)
        dcentre = lambda dy: (-self.factor * xp.sum(dy, axis=0),)  # noqa: E731
        return self.factor * (x - centre), lambda dy: (self.factor * dy, dcentre(dy))

    def to_onnx(self, graph, params, x):
        (centre,) = params
        return graph.node("Mul", graph.node("Sub", x, centre), graph.constant(self.factor))


@dataclass(frozen=True)
class SilentOfTestExport(xpnn.Layer):
    def forward(self, params, x):
        return -x, lambda dy: (-dy, ())


@dataclass(frozen=True)
class WrongOfTestExport(SilentOfTestExport):
    how: str = "none"

    def to_onnx(self, graph, params, x):
        if self.how == "unknown operator":
            return graph.node("Negative", x)
        if self.how == "unknown name":
            return "nothing"
        if self.how == "shape":
            return graph.node("Reshape", x, graph.constant([-1], "int64"))
        return None


def test_layer_of_the_user(dtype):
    layers = [
        CentredOfTestExport(3),
        Dense(3, 4),
        CentredOfTestExport(4),
        CentredOfTestExport(4),
    ]
    model = Sequential(layers, seed=0, dtype=dtype)
    x = X.astype(dtype)
    output = run(onnx_model(model), inputs=x)
    np.testing.assert_allclose(
        output, model.predict(x), rtol=1e-5 if dtype == "float32" else 1e-14
    )


def test_layer_that_says_nothing():
    model = Sequential([Dense(3, 2), SilentOfTestExport()])
    with pytest.raises(TypeError) as caught:
        onnx_model(model)
    for words in ("layers[1]", "SilentOfTestExport", "to_onnx(self, graph, params, x)"):
        assert words in str(caught.value)


@dataclass(frozen=True)
class SquaredOfTestExport(xpnn.ReLU):
    """What is inherited from ReLU says nothing of what this computes."""

    def forward(self, params, x):
        return x * x, lambda dy: (2 * x * dy, ())


@dataclass(frozen=True)
class RenamedOfTestExport(xpnn.ReLU):
    """This one computes what ReLU does."""


def test_layer_that_extends_another():
    with pytest.raises(
        TypeError, match="SquaredOfTestExport does not say how ONNX computes it"
    ):
        onnx_model(Sequential([SquaredOfTestExport()]))
    output = run(onnx_model(Sequential([RenamedOfTestExport()])), inputs=X.astype("float32"))
    np.testing.assert_array_equal(output, np.maximum(X.astype("float32"), 0))


@pytest.mark.parametrize("how", ["none", "unknown operator", "unknown name", "shape"])
def test_layer_that_says_something_wrong(how):
    model = Sequential([Dense(3, 2), WrongOfTestExport(how)])
    error = TypeError if how == "none" else ValueError
    with pytest.raises(
        error, match="must return the name" if how == "none" else "no valid ONNX"
    ):
        onnx_model(model)


def test_names_in_a_graph_are_all_different():
    made = onnx_model(Sequential([CentredOfTestExport(3)] * 2))
    names = [name for node in made.graph.node for name in node.output]
    names += [tensor.name for tensor in made.graph.initializer]
    assert len(names) == len(set(names))


# ------------------------------------------------------------------------------------ tables


LARGE = 1.6e9  # times in seconds, which float32 can't tell apart


def prepared(categories, target):
    features = [Feature("when", LARGE, 2000.0), Feature("x", 0.5, 3.0)]
    if categories:
        features.insert(1, Feature("colour", categories=("blue", "grün", "red")))
    return Preparation(tuple(features), target)


@pytest.mark.parametrize("categories", [False, True])
@pytest.mark.parametrize("kind", ["classes", "number"])
def test_raw_rows_go_in(tmp_path, categories, kind):
    target = Measure("y", 1000.0, 50.0)
    if kind == "classes":
        target = Classes("shape", ("circle", "square"))
    preparation = prepared(categories, target)
    last = [xpnn.Softmax()] if kind == "classes" else []
    model = Sequential([Dense(preparation.n_inputs, 2 if last else 1), *last], seed=0)
    made = onnx_model(model, preparation)
    generator = np.random.default_rng(0)
    when, x = generator.normal(LARGE, 2000, 20), generator.normal(size=20)
    colour = generator.choice(["blue", "grün", "red"], 20)
    columns = [(when - LARGE) / 2000, (x - 0.5) / 3]
    if categories:
        columns[1:1] = [colour == name for name in ("blue", "grün", "red")]
    inputs = np.stack(columns, axis=1).astype("float32")
    if categories:
        rows = {
            "when": when[:, None],
            "x": x[:, None],
            "colour": colour[:, None].astype(object),
        }
    else:
        rows = {"features": np.stack([when, x], axis=1)}
    output, wanted = run(made, **rows), model.predict(inputs)
    name = made.graph.output[0].name
    if kind == "number":
        assert (name, output.dtype) == ("prediction", "float64")
        wanted = wanted.astype("float64") * 50 + 1000
    else:
        assert (name, output.dtype) == ("probabilities", "float32")
    np.testing.assert_allclose(output, wanted, rtol=1e-6)
    about = {entry.key: json.loads(entry.value) for entry in made.metadata_props}
    assert about["features"] == [feature.column for feature in preparation.features]
    assert about.get("labels") == (["circle", "square"] if kind == "classes" else None)
    if categories:  # one that is unknown is an error, as for `xpnn predict`
        rows["colour"][3, 0] = "green"
        with pytest.raises(Exception, match="Unknown Category"):
            run(made, **rows)


def test_columns_may_be_called_anything():
    features = tuple(map(Feature, ("0.weights", "prediction", "Concat", "ü, %", "Cast")))
    preparation = Preparation((*features, Feature("kind", categories=("a", "b"))), Measure("y"))
    model = Sequential([Dense(7, 1)], seed=0)
    made = onnx_model(model, preparation)
    assert [value.name for value in made.graph.input] == [
        f.column for f in preparation.features
    ]
    rows = {f.column: np.full((2, 1), float(i)) for i, f in enumerate(features)}
    output = run(made, **rows, kind=np.array([["a"], ["b"]], dtype=object))
    inputs = [[0, 1, 2, 3, 4, 1, 0], [0, 1, 2, 3, 4, 0, 1]]
    np.testing.assert_allclose(output, model.predict(inputs), rtol=1e-5)


# --------------------------------------------------------------------------------- the command


def command(*words, status=0):
    result = CliRunner().invoke(cli.main, [str(word) for word in words])
    assert result.exit_code == status, (result.output, result.exception)
    return result


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a table and a model that was trained on it."""
    monkeypatch.chdir(tmp_path)
    generator = np.random.default_rng(1)
    x, size = generator.normal(size=100), generator.normal(50, 20, size=100)
    colour = generator.choice(["red", "blue"], size=100)
    shape = np.where(x * np.where(colour == "red", 1, -1) > 0, "square", "circle")
    with open("shapes.csv", "w", newline="") as file:
        rows = zip(x, size, colour, shape)
        csv.writer(file).writerows([["x", "size", "colour", "shape"], *rows])
    command("train", "shapes.csv", "--target", "shape", "--epochs", 3)
    return tmp_path


def test_exported_table_model_predicts_as_the_command_does(folder):
    said = command("export", "model.safetensors", "model.onnx").stdout
    assert "wrote model.onnx" in said
    for line in ("takes  x  float64  (n, 1)", "takes  colour  text  (n, 1)"):
        assert line.split() in [line.split() for line in said.splitlines()]
    with open("shapes.csv", newline="") as file:
        table = list(csv.DictReader(file))
    rows = {name: np.array([[float(row[name])] for row in table]) for name in ("x", "size")}
    colour = np.array([[row["colour"]] for row in table], dtype=object)
    output = run(folder / "model.onnx", **rows, colour=colour)
    told = csv.DictReader(
        command("predict", "model.safetensors", "shapes.csv").stdout.splitlines()
    )
    predictions = list(told)
    labels = json.loads(
        next(p.value for p in onnx.load("model.onnx").metadata_props if p.key == "labels")
    )
    assert [labels[best] for best in output.argmax(axis=1)] == [
        row["prediction"] for row in predictions
    ]


def test_command_exports_any_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = classifier(dtype="float64")
    model.save("model")
    said = command("export", "model", "model.onnx").stdout
    assert "probabilities  float64  (n, 4)" in said
    np.testing.assert_allclose(
        run(tmp_path / "model.onnx", inputs=X), model.predict(X), rtol=1e-13
    )


def test_command_refuses_in_a_sentence(folder, monkeypatch):
    def said(*words):
        result = command(*words, status=2)
        assert result.stderr.count("\n") == 1
        return result.stderr

    assert "must not be the model" in said("export", "model.safetensors", "model.safetensors")
    assert "there is no folder 'nowhere'" in said(
        "export", "model.safetensors", "nowhere/a.onnx"
    )
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert "pip install 'xpnn[onnx]'" in said("export", "model.safetensors", "a.onnx")


# ----------------------------------------------------------------------------- model cards


def test_card_is_json_and_tells_all(backend, dtype):
    layers = [Dense(3, 8, l2=0.1), xpnn.BatchNorm(8), xpnn.LeakyReLU(0.2), Dense(8, 4)]
    model = Sequential(layers, seed=0, dtype=dtype)
    bare = model.card()
    assert bare["loss"] is bare["optimizer"] is bare["metrics"] is bare["training"] is None
    loss = xpnn.CategoricalCrossEntropy(from_logits=True)
    model.compile(loss, xpnn.Adam(0.5), clip_norm=2.0)
    model.fit(X, np.arange(9) % 4, epochs=3)
    card = model.card()
    assert json.loads(json.dumps(card, allow_nan=False)) == card
    assert card["layers"][0] == {
        "type": "Dense",
        "settings": {
            "n_inputs": 3, "n_outputs": 8, "l1": 0, "l2": 0.1, "bias_l1": 0, "bias_l2": 0,
        },
        "outputs": 8,
        "parameters": {"weights": [3, 8], "biases": [8]},
        "state": {},
    }  # fmt: skip
    assert card["layers"][1]["state"] == {"mean": [8], "variance": [8]}
    assert card["layers"][2]["settings"] == {"slope": 0.2}
    count = 3 * 8 + 8 + 2 * 8 + 8 * 4 + 4
    assert (card["parameters"], card["bytes"]) == (count, count * np.dtype(dtype).itemsize)
    assert (card["inputs"], card["outputs"]) == (3, 4)
    assert (card["dtype"], card["backend"]) == (dtype, backend.spec)
    assert card["optimizer"]["learning_rate"] == 0.5
    assert (card["clip_norm"], card["clip_value"]) == (2.0, None)
    assert card["metrics"] == ["accuracy"]
    history = model.history.history
    assert card["training"] == {
        "epochs": 3,
        "last": {name: values[-1] for name, values in history.items()},
    }
    assert card["data"] is None


def test_card_of_a_file_of_the_command(folder):
    shown = command("inspect", "model.safetensors").stdout
    for words in ("parameters, ", "trained    3 epochs", "shapes.csv", "x, size, colour"):
        assert words in shown
    card = json.loads(command("inspect", "model.safetensors", "--json").stdout)
    assert card["training"]["epochs"] == 3
    assert set(card["training"]["last"]) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert [feature["column"] for feature in card["data"]["features"]] == [
        "x",
        "size",
        "colour",
    ]
    assert card["data"]["target"]["labels"] == ["circle", "square"]


def test_training_is_remembered_by_a_file_of_any_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = classifier().compile("categorical_cross_entropy", "adam")
    model.save("fresh")
    assert json.loads(command("inspect", "fresh", "--json").stdout)["training"] is None
    model.fit(X, np.arange(9) % 4, epochs=2)
    model.save("trained")
    card = json.loads(command("inspect", "trained", "--json").stdout)
    assert card["training"] == model.card()["training"]
    assert card["data"] is None


@pytest.mark.parametrize(
    "training",
    [3, {"epochs": 1}, {"epochs": "1", "last": {}}, {"epochs": 1, "last": {"a": "b"}}],
)
def test_training_of_no_form(tmp_path, training):
    path = tmp_path / "model"
    xpnn.serialization.save(classifier(), path, {"training": training})
    assert "expected the training" in command("inspect", path, status=2).stderr
