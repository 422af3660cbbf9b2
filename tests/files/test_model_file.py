"""Model files that are damaged or made up: they are refused."""

import hashlib
import json
import os
import struct

import numpy as np
import pytest
from model_files import ARCHITECTURE, TENSORS, check_same, craft, good_file, refuse
from safetensors.numpy import save as pack

import xpnn
from xpnn import ModelFileError


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """The bytes of a model file, and the model."""
    return good_file(tmp_path_factory.mktemp("good"))


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


def test_safetensors_of_another_program(tmp_path):
    tensors = {"0.weights": np.zeros((2, 2), dtype=np.float32)}
    refuse(tmp_path / "model", pack(tensors), "not of xpnn")
    refuse(tmp_path / "model", pack(tensors, {"format": "pt"}), "not of xpnn")
    refuse(tmp_path / "model", pack({}, {"format": "pt"}), "not of xpnn")


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
