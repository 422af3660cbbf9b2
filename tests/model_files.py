"""Model files for tests: good ones, those that somebody has made up, and their refusal."""

import hashlib
import json
import os

import numpy as np
import pytest
from safetensors.numpy import save as pack
from support import host

import xpnn
from xpnn import Dense, ModelFileError, Sequential
from xpnn.naming import describe

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


def names(folder):
    return sorted(os.listdir(folder))


def good_file(folder):
    """Return the bytes of a model file, and the model."""
    with xpnn.use_backend("numpy"):
        model = small()
    path = folder / "model.safetensors"
    model.save(path)
    return path.read_bytes(), model


def refuse(path, contents, *words):
    """Check that a file with these contents is refused, with its name and these words."""
    path.write_bytes(contents)
    with pytest.raises(ModelFileError) as caught:
        xpnn.load(path)
    message = str(caught.value)
    assert [word for word in (str(path), *words) if word not in message] == []


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
    packed = pack({name: _plain(t) for name, t in tensors.items()}, {**about, **metadata})
    if any(t.dtype == np.complex64 for t in tensors.values()):
        packed = packed.replace(b'"I64"', b'"C64"')
    return packed


def _plain(array):
    """Return complex numbers as integers: not every version of safetensors writes them."""
    return array.view(np.int64) if array.dtype == np.complex64 else array


DENSE = {"type": "Dense", "n_inputs": 2, "n_outputs": 3}
TENSORS = {"0.weights": np.ones((2, 3), np.float32), "0.biases": np.zeros(3, np.float32)}
ARCHITECTURE = {
    "dtype": "float32", "layers": [DENSE], "loss": {"type": "MeanSquaredError"},
    "optimizer": {"type": "SGD", "learning_rate": 0.5}, "metrics": [], "extra": {},
}  # fmt: skip


def replaced(**parts):
    return {**ARCHITECTURE, **parts}


def layer(**parts):
    return replaced(layers=[{**DENSE, **parts}])


def activation(name, **parts):
    return replaced(layers=[{"type": name, **parts}])
