"""Files that are there whole or not at all."""

import os
import stat
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from full_disk import full_disk
from model_files import check_same, names, small
from processes import command, surroundings
from support import host

import xpnn
from xpnn import Dense, Sequential
from xpnn.files.atomic import atomic_write, check_writable


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


def test_a_pipe_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="is a pipe or a device"):
        xpnn.Sequential([xpnn.ReLU()]).save(tmp_path / "pipe")


@pytest.mark.parametrize("room", [0, 100])
@pytest.mark.parametrize("method", ["save", "export_onnx"])
def test_a_full_disk_is_told_with_the_name_of_the_file(tmp_path, room, method):
    path = tmp_path / "model"
    model = small()
    model.save(path)
    for name in ("model", "new"):
        write = getattr(Sequential([Dense(20, 30)]), method)
        with full_disk(room), pytest.raises(OSError) as caught:
            write(tmp_path / name)
        assert (caught.value.errno, caught.value.filename) == (27, str(tmp_path / name))
    check_same(xpnn.load(path), model)
    assert names(tmp_path) == ["model"]


def test_what_the_system_says_of_any_file_names_it(tmp_path):
    path = tmp_path / "table.csv"
    with pytest.raises(OSError) as caught, full_disk(), atomic_write(path) as temporary:
        temporary.write_text("a,b")
    assert caught.value.filename == str(path)
    with (
        pytest.raises(OSError, match=r"table\.csv: out of paper"),
        atomic_write(path),
    ):
        raise OSError("out of paper")
    assert names(tmp_path) == []


@pytest.mark.parametrize("name", ["a" * 255, "a" * 243 + ".safetensors", "ü" * 127])
def test_a_name_may_be_as_long_as_the_system_allows(tmp_path, name):
    check_writable(tmp_path / name)
    assert names(tmp_path) == []
    small().save(tmp_path / name)
    assert names(tmp_path) == [name]
    check_same(xpnn.load(tmp_path / name), small())


def test_what_cannot_be_written_is_found_before(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/null")
    for name, error in (
        ("a" * 256, OSError),
        ("nowhere/file", FileNotFoundError),
        ("folder", IsADirectoryError),
        ("pipe", ValueError),
        ("link", ValueError),
        ("pipe/file", FileNotFoundError),
    ):
        before = names(tmp_path)
        with pytest.raises(error) as caught:
            check_writable(tmp_path / name)
        assert name in str(caught.value)
        assert names(tmp_path) == before


def test_a_folder_that_cannot_be_written_to(tmp_path, monkeypatch):
    """Root may write anywhere, so the system's answer is made up."""

    def refused(path, *arguments):
        raise PermissionError(13, "Permission denied", os.fspath(path))

    monkeypatch.setattr(os, "open", refused)
    for write in (check_writable, small().save):
        with pytest.raises(PermissionError) as caught:
            write(tmp_path / "model")
        assert caught.value.filename == str(tmp_path / "model")
