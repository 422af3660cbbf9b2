"""Files of other programs: each is named, and what is in it is not run."""

import gzip
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from model_files import good_file, refuse, small

import xpnn
from xpnn import ModelFileError


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """The bytes of a model file, and the model."""
    return good_file(tmp_path_factory.mktemp("good"))


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
