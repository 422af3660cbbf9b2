"""Loading a model: from any path, to any backend, and with what was kept beside it."""

from pathlib import Path

import pytest
from conftest import SPECS, load
from model_files import X, check_same, good_file, small
from support import assert_close

import xpnn
from xpnn import ModelFileError


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


def test_no_file_and_a_folder(tmp_path):
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(FileNotFoundError, match=path.name):
            xpnn.load(path)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """The bytes of a model file, and the model."""
    return good_file(tmp_path_factory.mktemp("good"))


def test_backend_that_is_none(good, tmp_path):
    """It is not the file's fault."""
    path = tmp_path / "model"
    path.write_bytes(good[0])
    with pytest.raises(ValueError, match="did you mean 'numpy'") as caught:
        xpnn.load(path, backend="nunpy")
    assert not isinstance(caught.value, ModelFileError)
    with pytest.raises(TypeError, match="backend must be"):
        xpnn.load(path, backend=3)
