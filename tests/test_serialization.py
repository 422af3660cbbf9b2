"""Model files: what is saved comes back, and what is no model file is refused."""

import dataclasses
import gzip
import hashlib
import json
import os
import pickle
import stat
import struct
import subprocess
import time
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from conftest import SPECS, load
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from processes import command, run_python, surroundings
from safetensors.numpy import save as pack
from support import assert_close, host, of_the_core

import xpnn
from xpnn import Dense, ModelFileError, Sequential
from xpnn.layers import LAYERS
from xpnn.losses import LOSSES
from xpnn.naming import describe
from xpnn.optimizers import OPTIMIZERS

X = np.random.default_rng(0).standard_normal((9, 2))
Y = np.arange(9) % 3


def small(**options):
    """Return a trained classifier."""
    layers = [Dense(2, 4), xpnn.LeakyReLU(0.2), xpnn.Dropout(0.3), Dense(4, 3), xpnn.Softmax()]
    model = Sequential(layers, seed=1, **options)
    model.compile("categorical_cross_entropy", xpnn.AdamW(0.01, beta_1=0.8, weight_decay=0.1))
    model.fit(X, Y, batch_size=4)
    return model


def check_same(loaded, model):
    """Check that a model is another one in all that a file holds."""
    assert [describe(a) for a in loaded.layers] == [describe(a) for a in model.layers]
    assert [type(a) for a in loaded.layers] == [type(a) for a in model.layers]
    assert loaded.dtype == model.dtype
    assert loaded.compiled == model.compiled
    assert len(loaded.parameters) == len(model.parameters)
    for ours, theirs in zip(loaded.parameters, model.parameters):
        np.testing.assert_array_equal(host(ours), host(theirs))
        assert host(ours).dtype == loaded.dtype


# -------------------------------------------------------------------------- round trips

EXAMPLES = {
    "Dense": [Dense(2, 2)],
    "BatchNorm": [xpnn.BatchNorm(2), xpnn.BatchNorm(2, momentum=0.5, epsilon=0.25)],
    "Dropout": [xpnn.Dropout(0.0), xpnn.Dropout(0.125)],
    "LeakyReLU": [xpnn.LeakyReLU(), xpnn.LeakyReLU(0.3)],
    "Linear": [xpnn.Linear()],
    "ReLU": [xpnn.ReLU()],
    "Sigmoid": [xpnn.Sigmoid()],
    "Softmax": [xpnn.Softmax()],
    "Step": [xpnn.Step()],
    "Tanh": [xpnn.Tanh()],
}


def ours(table):
    return {name for name, cls in table.items() if of_the_core(cls)}


def test_examples_are_complete():
    assert set(EXAMPLES) == ours(LAYERS)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_layer(backend, dtype, tmp_path, name):
    for layer in EXAMPLES[name]:
        model = Sequential([Dense(2, 2), layer, Dense(2, 2)], seed=0, dtype=dtype)
        model.save(tmp_path / "model.safetensors")
        loaded = xpnn.load(tmp_path / "model.safetensors")
        check_same(loaded, model)
        assert loaded.compiled is None
        assert loaded.backend is backend
        np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


def test_network_that_learns_nothing(backend, tmp_path):
    model = Sequential([xpnn.ReLU(), xpnn.Softmax()])
    model.save(tmp_path / "model")
    loaded = xpnn.load(tmp_path / "model")
    check_same(loaded, model)
    assert_close(loaded.forward(X), model.forward(X), rtol=0)


@pytest.mark.parametrize("name", sorted(ours(LOSSES)))
def test_every_loss(backend, tmp_path, name):
    cls = LOSSES[name]
    options = {
        f.name: True if isinstance(f.default, bool) else 0.5 for f in dataclasses.fields(cls)
    }
    for loss in (cls(), cls(**options)):
        last = (
            [] if loss.activation is None or loss.from_logits else [LAYERS[loss.activation]()]
        )
        model = Sequential([Dense(2, 3), *last]).compile(loss, "sgd")
        model.save(tmp_path / "model")
        loaded = xpnn.load(tmp_path / "model")
        check_same(loaded, model)
        y = np.eye(3)[Y]
        assert loaded.evaluate(X, y) == model.evaluate(X, y)


@pytest.mark.parametrize("name", sorted(ours(OPTIMIZERS)))
def test_every_optimizer(backend, tmp_path, name):
    cls = OPTIMIZERS[name]
    options = {
        f.name: True if isinstance(f.default, bool) else 0.25 for f in dataclasses.fields(cls)
    }
    for optimizer in (cls(), cls(**options)):
        model = Sequential([Dense(2, 3)], seed=0, dtype="float64")
        model.compile("huber", optimizer, ["mean_absolute_error"])
        model.save(tmp_path / "model")
        loaded = xpnn.load(tmp_path / "model")
        check_same(loaded, model)
    y = np.eye(3)[Y]
    runs = [m.fit(X, y, batch_size=None, epochs=3).history for m in (model, loaded)]
    assert runs[0] == runs[1]


def test_file_of_one_backend_on_every_other(backend, dtype, tmp_path):
    path = tmp_path / "model.safetensors"
    model = small(dtype=dtype)
    model.save(path)
    for spec in SPECS:
        other = load(spec)
        loaded = xpnn.load(path, backend=other)
        assert loaded.backend is other
        assert all(other.owns(p) for p in loaded.parameters)
        check_same(loaded, model)
        rtol = 1e-12 if dtype == "float64" else 1e-5
        assert_close(loaded.predict(X), model.predict(X), rtol=rtol)
        loaded.save(tmp_path / "again")
        check_same(xpnn.load(tmp_path / "again", backend=backend), model)


def test_loaded_model_trains_as_a_fresh_one(backend, tmp_path):
    model = small(dtype="float64")
    model.save(tmp_path / "model")
    loaded = xpnn.load(tmp_path / "model")
    # its optimizer starts anew too
    model.compile(model.compiled.loss, model.compiled.optimizer)
    runs = []
    for each in (model, loaded):
        each.generator = np.random.default_rng(5)
        runs.append(each.fit(X, Y, batch_size=4, epochs=2).history)
    assert runs[0] == runs[1]


def test_saving_changes_nothing(backend, tmp_path):
    stayed, saved = small(dtype="float64"), small(dtype="float64")
    saved.save(tmp_path / "model")
    runs = [m.fit(X, Y, batch_size=4, epochs=2).history for m in (stayed, saved)]
    assert runs[0] == runs[1]


def test_what_is_kept_beside_the_model(tmp_path):
    extra = {"classes": ["a", "ü"], "mean": [1.5, -2.0], "nothing": None, "deep": {"x": [True]}}
    xpnn.serialization.save(small(), tmp_path / "model", extra)
    model, found = xpnn.serialization.read(tmp_path / "model")
    assert found == extra
    check_same(model, small())


def test_path_of_any_kind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = small()
    for path in ("model", "modèle ü.safetensors", tmp_path / "a.b.c", Path("x")):
        model.save(path)
        check_same(xpnn.load(path), model)


def test_numbers_of_numpy_as_settings(backend, tmp_path):
    """As in Dense(2, y.max() + 1)."""
    layers = [Dense(np.int64(2), Y.max() + 1), xpnn.Dropout(np.float32(0.5)), xpnn.Softmax()]
    model = Sequential(layers, seed=0)
    model.compile(
        "categorical_cross_entropy", xpnn.SGD(np.float32(0.5), momentum=np.float64(0.5))
    )
    model.save(tmp_path / "model")
    check_same(xpnn.load(tmp_path / "model"), model)


def test_special_numbers_come_back_bit_by_bit(backend, tmp_path):
    values = np.array([[np.nan, np.inf, -0.0, 5e-324], [1e308, -np.inf, 0.1, 2.0**-1022]])
    model = Sequential([Dense(2, 4)], dtype="float64", backend="numpy")
    model.set_parameters([values, np.zeros(4)])
    model.save(tmp_path / "model")
    loaded = xpnn.load(tmp_path / "model", "numpy")
    assert loaded.parameters[0].tobytes() == values.tobytes()


RANDOM_LAYER = st.one_of(
    st.builds(xpnn.Dropout, st.floats(0, 1, exclude_max=True)),
    st.builds(xpnn.LeakyReLU, st.floats(0, 100)),
    st.sampled_from([xpnn.ReLU(), xpnn.Tanh(), xpnn.Sigmoid(), xpnn.Linear(), xpnn.Step()]),
    st.integers(1, 5),  # the outputs of a Dense layer
)


@given(
    parts=st.lists(RANDOM_LAYER, min_size=1, max_size=8),
    seed=st.integers(0, 2**40),
    optimizer=st.builds(
        xpnn.Adam,
        st.floats(1e-300, 1e300),
        beta_1=st.floats(0, 1, exclude_max=True),
        decay=st.floats(0, 1e300),
    ),
)
@settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_random_stacks(backend, tmp_path, parts, seed, optimizer):
    layers, size = [], 2
    for part in parts:
        layers.append(Dense(size, part) if isinstance(part, int) else part)
        size = part if isinstance(part, int) else size
    model = Sequential(layers, seed=seed, dtype="float64")
    model.compile("mean_squared_error", optimizer)
    model.save(tmp_path / "model")
    loaded = xpnn.load(tmp_path / "model")
    check_same(loaded, model)
    assert_close(loaded.forward(X), model.forward(X), rtol=0)


# --------------------------------------------------------------------- a user's own layer

OWN_LAYER = """
from dataclasses import dataclass
import xpnn

@dataclass(frozen=True)
class ScaleOfTestSerialization(xpnn.Layer):
    n_inputs: int
    start: float = 2.0

    def parameters(self):
        return {"factors": xpnn.Parameter((self.n_inputs,), self.start)}

    def forward(self, params, x):
        (factors,) = params
        def backward(dy):
            return dy * factors, ((dy * x).sum(axis=0),)
        return x * factors, backward
"""


def test_layer_of_the_user(tmp_path):
    path = tmp_path / "model"
    save = f"""
import numpy as np
model = xpnn.Sequential([ScaleOfTestSerialization(2, 3.0), xpnn.Dense(2, 1)], seed=0)
model.compile("mean_squared_error", "sgd").fit(np.ones((4, 2)), np.ones(4))
model.save({str(path)!r})
print(model.predict([[1.0, 2.0]]).tobytes().hex())
"""
    use = f"""
model = xpnn.load({str(path)!r})
print(model.predict([[1.0, 2.0]]).tobytes().hex())
assert model.layers[0] == ScaleOfTestSerialization(2, 3.0)
"""
    first = run_python(OWN_LAYER + save)
    second = run_python(OWN_LAYER + use)
    assert first.stdout == second.stdout
    with pytest.raises(ModelFileError) as caught:
        xpnn.load(path)
    for words in (str(path), "unknown layer 'ScaleOfTestSerialization'", "import the module"):
        assert words in str(caught.value)


def test_names_of_ours_cannot_be_taken():
    with pytest.raises(TypeError, match="xpnn has a layer 'Dense'"):
        type("Dense", (xpnn.Layer,), {})
    assert LAYERS["Dense"] is Dense


# ---------------------------------------------------------------------- what is refused


def refuse(path, contents, *words):
    """Check that a file with these contents is refused, with its name and these words."""
    path.write_bytes(contents)
    with pytest.raises(ModelFileError) as caught:
        xpnn.load(path)
    message = str(caught.value)
    assert [word for word in (str(path), *words) if word not in message] == []


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """The bytes of a model file, and the model."""
    with xpnn.use_backend("numpy"):
        model = small()
    path = tmp_path_factory.mktemp("good") / "model.safetensors"
    model.save(path)
    return path.read_bytes(), model


def test_truncated_anywhere(good, tmp_path):
    contents, _ = good
    for length in [*range(64), *range(64, len(contents), 7), len(contents) - 1]:
        refuse(tmp_path / "model", contents[:length])


def test_followed_by_something(good, tmp_path):
    contents, _ = good
    for more in (b"\0", b"more", contents):
        refuse(tmp_path / "model", contents + more)


def test_every_byte_matters(good, tmp_path):
    """A flipped bit is found, or it changes nothing that a model is made of."""
    contents, model = good
    path = tmp_path / "model"
    generator = np.random.default_rng(0)
    accepted = []
    for place in range(len(contents)):
        if place > 200 and generator.random() > 0.4:
            continue
        damaged = bytearray(contents)
        damaged[place] ^= 1 << int(generator.integers(8))
        path.write_bytes(damaged)
        try:
            loaded = xpnn.load(path, "numpy")
        except ModelFileError:
            continue
        check_same(loaded, model)
        accepted.append(place)
    # such as the number of an older version
    assert len(accepted) < 5


@pytest.mark.parametrize("seed", range(20))
def test_garbage(tmp_path, seed):
    generator = np.random.default_rng(seed)
    garbage = generator.bytes(int(generator.integers(1, 3000)))
    refuse(tmp_path / "model", garbage)
    # with a header length that could be right
    refuse(tmp_path / "model", struct.pack("<Q", len(garbage) // 2) + garbage)


def test_empty_file(tmp_path):
    refuse(tmp_path / "model", b"")


def test_pickle_is_refused_and_not_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return Path.touch, (tmp_path / "it was run",)

    refuse(tmp_path / "model.pkl", pickle.dumps(Trap()), "pickle")
    assert not (tmp_path / "it was run").exists()


# What other programs write, as `kind: (name of the file, how, words of the refusal)`.


class Trap:
    """Whoever loads its pickle runs code that makes a file."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return Path.touch, (self.file,)


def write_npz(path, trap):
    np.savez(path, weights=np.ones(3), code=np.array([trap], dtype=object))


def write_npy(path, trap):
    np.save(path, np.array([trap], dtype=object), allow_pickle=True)


def write_zip(path, trap, member="model/data.pkl"):
    """Write as newer .pt files are: zips, with a pickle in a folder."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, pickle.dumps(trap))


def write_keras(path, trap):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("model.weights.h5", b"\x89HDF\r\n\x1a\n")


def write_hdf5(path, trap):
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(2000))


def write_pickle(protocol):
    return lambda path, trap: path.write_bytes(pickle.dumps(trap, protocol))


def write_onnx(path, trap):
    small().export_onnx(path)


def write_gzip(path, trap):
    path.write_bytes(gzip.compress(pickle.dumps(trap)))


PICKLE = ("a pickle", "can run any code")
OTHERS = {
    **{f"pickle of protocol {p}": ("model.pkl", write_pickle(p), PICKLE) for p in range(6)},
    "pickle of any name": ("model", write_pickle(4), PICKLE),
    "older .pt": ("model.pt", write_pickle(2), PICKLE),
    "newer .pt": ("model.pt", write_zip, ("a zip with a pickle", "can run any code")),
    "joblib": ("model.joblib", write_pickle(4), ("joblib", "can run any code")),
    "compressed joblib": ("model.joblib", write_gzip, ("joblib", "can run any code")),
    "compressed": ("model.gz", write_gzip, ("a compressed file", "may be a pickle")),
    "npz": ("model.npz", write_npz, ("a NumPy .npz file", "no network", "can run any code")),
    "npy": ("model.npy", write_npy, ("a NumPy .npy file", "can run any code")),
    "Keras": ("model.keras", write_keras, ("a Keras file", "layers of xpnn")),
    "HDF5": ("model.h5", write_hdf5, ("an HDF5 file", "layers of xpnn")),
    "ONNX": ("model.onnx", write_onnx, ("an ONNX file", "operations")),
    "ONNX of any name": ("model", write_onnx, ("an ONNX file", "operations")),
    "another zip": ("model.zip", lambda path, trap: write_zip(path, trap, "a.txt"), ("a zip",)),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_files_of_other_programs_are_named_and_not_run(tmp_path, kind):
    name, write, words = OTHERS[kind]
    path, trap = tmp_path / name, tmp_path / "it was run"
    write(path, Trap(trap))
    with pytest.raises(ModelFileError) as caught:
        xpnn.load(path)
    message = str(caught.value)
    assert [word for word in (str(path), "seems to be", *words) if word not in message] == []
    assert "\n" not in message
    assert not trap.exists()
    # the trap is one, and a damaged file is refused as well
    pickle.loads(pickle.dumps(Trap(trap)))
    assert trap.exists()
    contents = path.read_bytes()
    for length in (1, len(contents) // 2, len(contents) - 1):
        path.write_bytes(contents[:length])
        with pytest.raises(ModelFileError):
            xpnn.load(path)


def test_damaged_file_of_ours_is_not_taken_for_a_pickle(good, tmp_path):
    path = tmp_path / "model.pkl"
    path.write_bytes(good[0][:-1])
    with pytest.raises(ModelFileError, match="not a whole safetensors file"):
        xpnn.load(path)


def test_no_file_and_a_folder(tmp_path):
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(FileNotFoundError, match=path.name):
            xpnn.load(path)


def test_safetensors_of_another_program(tmp_path):
    tensors = {"0.weights": np.zeros((2, 2), dtype=np.float32)}
    refuse(tmp_path / "model", pack(tensors), "not of xpnn")
    refuse(tmp_path / "model", pack(tensors, {"format": "pt"}), "not of xpnn")
    refuse(tmp_path / "model", pack({}, {"format": "pt"}), "not of xpnn")


def craft(text=None, tensors=None, **metadata):
    """Return a file whose SHA-256 is right, by somebody who knows the format."""
    tensors = {name: np.asarray(t) for name, t in (tensors or {}).items()}
    if not isinstance(text, str):
        text = json.dumps(text)
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        array = tensors[name]
        digest.update(f"\0{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        digest.update(array.tobytes())
    about = {
        "format": "xpnn", "version": "1", "architecture": text, "sha256": digest.hexdigest(),
    }  # fmt: skip
    return pack(tensors, {**about, **metadata})


DENSE = {"type": "Dense", "n_inputs": 2, "n_outputs": 3}
TENSORS = {"0.weights": np.ones((2, 3), np.float32), "0.biases": np.zeros(3, np.float32)}
ARCHITECTURE = {
    "dtype": "float32", "layers": [DENSE], "loss": {"type": "MeanSquaredError"},
    "optimizer": {"type": "SGD", "learning_rate": 0.5}, "metrics": [], "extra": {},
}  # fmt: skip


def test_the_crafted_file_is_a_good_one(tmp_path):
    (tmp_path / "model").write_bytes(craft(ARCHITECTURE, TENSORS))
    model = xpnn.load(tmp_path / "model")
    np.testing.assert_array_equal(model.predict([[1.0, 2.0]]), [[3.0, 3.0, 3.0]])
    assert model.compiled.optimizer == xpnn.SGD(0.5)


def test_newer_version(tmp_path):
    refuse(
        tmp_path / "model", craft(ARCHITECTURE, TENSORS, version="2"), "version 2", "upgrade"
    )
    refuse(tmp_path / "model", craft({"new": "form"}, {}, version="1000"), "version 1000")
    for version in ("", "x", "-1", "1.5", "٣x", "9" * 5000):
        refuse(tmp_path / "model", craft(ARCHITECTURE, TENSORS, version=version))


def test_other_contents_under_the_old_sum(tmp_path):
    sha = hashlib.sha256(b"something else").hexdigest()
    refuse(tmp_path / "model", craft(ARCHITECTURE, TENSORS, sha256=sha), "damaged", "SHA-256")


def replaced(**parts):
    return {**ARCHITECTURE, **parts}


def layer(**parts):
    return replaced(layers=[{**DENSE, **parts}])


def activation(name, **parts):
    return replaced(layers=[{"type": name, **parts}])


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
    "unknown optimizer": (replaced(optimizer={"type": "Lion"}), ["unknown optimizer 'Lion'"]),
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


@pytest.mark.parametrize("kind", ["BF16", "F8_E4M3", "F16", "U64", "C64", "F4", "XYZ"])
def test_arrays_of_kinds_that_numpy_lacks(tmp_path, kind):
    header = {
        "__metadata__": {
            "format": "xpnn", "version": "1", "sha256": "0", "architecture": "{}",
        },
        "0.biases": {"dtype": kind, "shape": [8], "data_offsets": [0, 16]},
    }  # fmt: skip
    text = json.dumps(header).encode()
    refuse(tmp_path / "model", struct.pack("<Q", len(text)) + text + bytes(16))


HEADERS = {
    "overlap": {"a": ("F32", [2], [0, 8]), "b": ("F32", [2], [4, 12])},
    "gap": {"a": ("F32", [1], [0, 4]), "b": ("F32", [1], [8, 12])},
    "backwards": {"a": ("F32", [1], [4, 0])},
    "beyond the end": {"a": ("F32", [10**9], [0, 4 * 10**9])},
    "overflow": {"a": ("F32", [2**62, 2**62], [0, 12])},
    "shape that does not fit": {"a": ("F32", [7], [0, 12])},
    "negative": {"a": ("F32", [-3], [0, 12])},
}


@pytest.mark.parametrize("name", HEADERS)
def test_headers_that_lie(tmp_path, name):
    header = {
        key: {"dtype": d, "shape": s, "data_offsets": o}
        for key, (d, s, o) in HEADERS[name].items()
    }
    text = json.dumps({"__metadata__": {"format": "xpnn"}, **header}).encode()
    refuse(tmp_path / "model", struct.pack("<Q", len(text)) + text + bytes(12))


def test_refusal_leaves_no_warning_and_no_open_file(good, tmp_path):
    path = tmp_path / "model"
    refuse(path, good[0][:-1])
    path.unlink()  # what is still open can't be removed on every system
    assert os.listdir(tmp_path) == []


def test_backend_that_is_none(good, tmp_path):
    """It is not the file's fault."""
    path = tmp_path / "model"
    path.write_bytes(good[0])
    with pytest.raises(ValueError, match="did you mean 'numpy'") as caught:
        xpnn.load(path, backend="nunpy")
    assert not isinstance(caught.value, ModelFileError)
    with pytest.raises(TypeError, match="backend must be"):
        xpnn.load(path, backend=3)


# ------------------------------------------------------------------------- writing files


def names(folder):
    return sorted(os.listdir(folder))


def test_saving_over_a_file_replaces_it(tmp_path):
    path = tmp_path / "model"
    Sequential([Dense(2, 3)]).save(path)
    model = small()
    model.save(path)
    check_same(xpnn.load(path), model)
    assert names(tmp_path) == ["model"]


class BrokenError(Exception):
    """Something that happens while a file is written."""


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), BrokenError(), KeyboardInterrupt()]
)
def test_failed_saving_keeps_the_old_file(tmp_path, monkeypatch, error):
    path = tmp_path / "model"
    model = small()
    model.save(path)

    def broken(tensors, filename, metadata):
        Path(filename).write_bytes(b"half of it")
        raise error

    monkeypatch.setattr("safetensors.numpy.save_file", broken)
    with pytest.raises(type(error)):
        Sequential([Dense(2, 3)]).save(path)
    check_same(xpnn.load(path), model)
    with pytest.raises(type(error)):
        model.save(tmp_path / "new")
    assert names(tmp_path) == ["model"]


def test_failed_move_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "model"
    model = small()
    model.save(path)

    def broken(*arguments, **options):
        raise OSError("the disk is gone")

    monkeypatch.setattr(Path, "replace", broken)
    monkeypatch.setattr(os, "replace", broken)
    with pytest.raises(OSError, match="the disk is gone"):
        Sequential([Dense(2, 3)]).save(path)
    monkeypatch.undo()
    check_same(xpnn.load(path), model)
    assert names(tmp_path) == ["model"]


def test_what_json_cannot_hold_is_refused_before_anything_is_written(tmp_path):
    for extra, error in (({"x": object()}, TypeError), ({"x": np.nan}, ValueError)):
        with pytest.raises(error):
            xpnn.serialization.save(small(), tmp_path / "model", extra)
    assert names(tmp_path) == []


def test_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        small().save(tmp_path / "nowhere" / "model")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        small().save(tmp_path / "folder")
    assert names(tmp_path) == ["folder"]


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o027, 0o000])
def test_rights_follow_the_umask(tmp_path, mask):
    old = os.umask(mask)
    try:
        small().save(tmp_path / "model")
        assert os.umask(mask) == mask
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "model").stat().st_mode) == 0o666 & ~mask


SAVER = """
import sys, xpnn
layers = [xpnn.Dense(64, 256), xpnn.ReLU(), xpnn.Dense(256, 64)]
models = [xpnn.Sequential(layers, seed=seed) for seed in (1, 2)]
while True:
    for model in models:
        model.save(sys.argv[1])
        print("saved", flush=True)
"""


def test_kill_while_saving_never_leaves_half_a_file(tmp_path):
    path = tmp_path / "model"
    layers = [Dense(64, 256), xpnn.ReLU(), Dense(256, 64)]
    possible = [host(Sequential(layers, seed=seed).parameters[0]) for seed in (1, 2)]
    generator = np.random.default_rng(0)
    for _ in range(6):
        with subprocess.Popen(
            [*command(SAVER), str(path)], env=surroundings(), stdout=subprocess.PIPE
        ) as process:
            for _ in range(int(generator.integers(1, 8))):
                process.stdout.readline()
            time.sleep(generator.uniform(0, 0.01))
            process.kill()
        weights = host(xpnn.load(path).parameters[0])
        assert any(np.array_equal(weights, p) for p in possible)


def test_atomic_write_of_anything(tmp_path):
    path = tmp_path / "table.csv"
    with xpnn.serialization.atomic_write(path) as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".csv"
        temporary.write_text("a,b")
        assert not path.exists()
    assert path.read_text() == "a,b"

    def fail():
        with xpnn.serialization.atomic_write(path) as temporary:
            temporary.write_text("something else")
            raise BrokenError

    with pytest.raises(BrokenError):
        fail()
    assert path.read_text() == "a,b"
    assert names(tmp_path) == ["table.csv"]


def test_saving_through_a_link_keeps_the_link(tmp_path):
    model = small()
    (tmp_path / "link").symlink_to(tmp_path / "target")
    model.save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    check_same(xpnn.load(tmp_path / "target"), model)
