"""Whole files that describe no network, or none that goes with their arrays."""

import json
import tracemalloc

import numpy as np
import pytest
from model_files import ARCHITECTURE, DENSE, TENSORS, activation, craft, layer, refuse, replaced

import xpnn


def test_the_crafted_file_is_a_good_one(tmp_path):
    (tmp_path / "model").write_bytes(craft(ARCHITECTURE, TENSORS))
    model = xpnn.load(tmp_path / "model")
    np.testing.assert_array_equal(model.predict([[1.0, 2.0]]), [[3.0, 3.0, 3.0]])
    assert model.compiled.optimizer == xpnn.SGD(0.5)


NETWORKS = {
    "not JSON": ("{", []),
    "empty": ("", []),
    "a list": ("[]", []),
    "null": ("null", []),
    "a number": ("3", []),
    "a string": ('"layers"', []),
    "deeply nested": ("[" * 100_000 + "]" * 100_000, []),
    "deeply nested in extra": (
        json.dumps(ARCHITECTURE).replace("{}", '{"a":' * 50_000 + "1" + "}" * 50_000),
        [],
    ),
    "a very long number": ('{"layers": ' + "9" * 10_000 + "}", []),
    "without layers": ({k: v for k, v in ARCHITECTURE.items() if k != "layers"}, ["layers"]),
    **{
        f"without {part}": ({k: v for k, v in ARCHITECTURE.items() if k != part}, [part])
        for part in ARCHITECTURE
    },
    "no layers": (replaced(layers=[]), []),
    "layers are a number": (replaced(layers=3), []),
    "layers are null": (replaced(layers=None), []),
    "layers are text": (replaced(layers="Dense"), ["layer"]),
    "a layer is null": (replaced(layers=[None]), ["layer"]),
    "a layer is a list": (replaced(layers=[["Dense", 2, 3]]), ["layer"]),
    "a layer without type": (replaced(layers=[{"n_inputs": 2}]), ["layer", "type"]),
    "type is no text": (layer(type=["Dense"]), ["layer", "type"]),
    "unknown layer": (layer(type="Convolution"), ["unknown layer 'Convolution'", "import"]),
    "the base class": (replaced(layers=[{"type": "Layer"}]), ["unknown layer 'Layer'"]),
    "something that runs": (replaced(layers=[{"type": "os.system"}]), ["unknown layer"]),
    "a loss as layer": (replaced(layers=[{"type": "Huber"}]), ["unknown layer 'Huber'"]),
    "unknown loss": (replaced(loss={"type": "Hinge"}), ["unknown loss 'Hinge'"]),
    "unknown optimizer": (replaced(optimizer={"type": "Bold"}), ["unknown optimizer 'Bold'"]),
    "unknown metric": (replaced(metrics=["acuracy"]), ["unknown metric 'acuracy'"]),
    "metrics are a number": (replaced(metrics=3), []),
    "loss without optimizer": (replaced(optimizer=None), ["optimizer"]),
    "one field too many": (layer(name="x"), ["Dense", "name"]),
    "a field that is not saved": (layer(weights="ones"), ["Dense", "weights"]),
    "a method as field": (layer(forward=1), ["Dense", "forward"]),
    "a field too few": (replaced(layers=[{"type": "Dense", "n_inputs": 2}]), ["n_outputs"]),
    "a field of another type": (layer(n_inputs="2"), ["n_inputs", "'2'"]),
    "a field that is null": (layer(n_inputs=None), ["n_inputs", "None"]),
    "a field that is a list": (layer(n_inputs=[2]), ["n_inputs", "[2]"]),
    "a fraction": (layer(n_inputs=2.0), ["n_inputs", "2.0"]),
    "a negative size": (layer(n_outputs=-3), ["n_outputs", "-3"]),
    "a rate too large": (activation("Dropout", rate=1.5), ["rate", "1.5"]),
    "a rate that is NaN": (activation("Dropout", rate=np.nan), []),
    "an infinite slope": (activation("LeakyReLU", slope=np.inf), []),
    "a rate that no float holds": (activation("Dropout", rate=10**400), ["rate"]),
    "a flag of another type": (
        replaced(loss={"type": "BinaryCrossEntropy", "from_logits": "no"}),
        ["from_logits"],
    ),
    "a setting out of range": (
        replaced(optimizer={"type": "SGD", "learning_rate": -1}), ["learning_rate", "-1"],
    ),
    "sizes that do not meet": (replaced(layers=[DENSE, DENSE]), []),
    "wrong dtype": (replaced(dtype="float16"), ["dtype", "float16"]),
    "dtype of another type": (replaced(dtype=["float32"]), ["dtype"]),
    "dtype is null": (replaced(dtype=None), ["dtype"]),
    "extra is a list": (replaced(extra=[1, 2]), []),
    "NaN in extra": (replaced(extra={"mean": np.nan}), ["NaN"]),
    "other sizes": (layer(n_outputs=4), ["(2, 4)", "(2, 3)"]),
    "enormous sizes": (layer(n_inputs=10**9, n_outputs=10**9), ["1000000000"]),
    "absurd sizes": (layer(n_inputs=10**100, n_outputs=10**100), []),
    "more layers than arrays": (
        replaced(layers=[DENSE, {**DENSE, "n_inputs": 3}]),
        ["1.weights"],
    ),
    "fewer layers than arrays": (replaced(layers=[{"type": "ReLU"}]), ["0.weights"]),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_no_description_of_a_network(tmp_path, name):
    architecture, words = NETWORKS[name]
    refuse(tmp_path / "model", craft(architecture, TENSORS), *words)


@pytest.mark.parametrize("size", [10_000, 10**9])
def test_enormous_sizes_take_no_memory(tmp_path, size):
    contents = craft(layer(n_inputs=size, n_outputs=size), TENSORS)
    tracemalloc.start()
    try:
        refuse(tmp_path / "model", contents, str(size))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20e6  # bytes


ARRAYS = {
    "one missing": {"0.weights": TENSORS["0.weights"]},
    "none": {},
    "one more": {**TENSORS, "1.weights": np.zeros(2, np.float32)},
    "another name": {"0.weights": TENSORS["0.weights"], "0.bias": TENSORS["0.biases"]},
    "transposed": {**TENSORS, "0.weights": np.ones((3, 2), np.float32)},
    "flat": {**TENSORS, "0.weights": np.ones(6, np.float32)},
    "one dimension more": {**TENSORS, "0.biases": np.ones((1, 3), np.float32)},
    "no dimension": {**TENSORS, "0.biases": np.ones((), np.float32)},
    "empty": {**TENSORS, "0.biases": np.ones((0,), np.float32)},
    "empty, two-dimensional": {**TENSORS, "0.weights": np.ones((0, 3), np.float32)},
    "of complex numbers": {**TENSORS, "0.biases": np.ones(3, np.complex64)},
}


@pytest.mark.parametrize("name", ARRAYS)
def test_wrong_arrays(tmp_path, name):
    refuse(tmp_path / "model", craft(ARCHITECTURE, ARRAYS[name]))


def test_what_is_no_path_is_named():
    model = xpnn.Sequential([xpnn.Dense(2, 1)])
    for call in (
        model.save,
        xpnn.load,
        model.export_onnx,
        xpnn.callbacks.CSVLogger,
        xpnn.callbacks.JSONLogger,
    ):
        with pytest.raises(TypeError, match="path must be the path of a file, got 5"):
            call(5)
    with pytest.raises(TypeError, match="directory must be the path of a folder, got 5"):
        xpnn.callbacks.Checkpoint.files(5)
