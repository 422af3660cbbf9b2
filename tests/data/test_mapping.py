"""Arrays in files that are mapped, against what was written."""

import os
import struct
import subprocess
import sys
import textwrap

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import save_file
from told_rows import assert_same, made, results

from xpnn.data import mapped, mapping, sources
from xpnn.data.mapping import MappedRows
from xpnn.data.sources import source_of

rng = np.random.default_rng(0)
X = rng.standard_normal((3000, 7)).astype(np.float32)
Y = np.arange(3000)


def wrote(folder, kind, **arrays):
    path = folder / f"rows.{kind}"
    if kind == "npy":
        np.save(path, arrays["X"])
    elif kind == "npz":
        np.savez(path, **arrays)
    else:
        save_file({name: np.ascontiguousarray(a) for name, a in arrays.items()}, path)
    return path


@pytest.mark.parametrize("kind", ["npz", "safetensors"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int8", "uint16", "bool"])
def test_each_array_of_a_file(tmp_path, kind, dtype):
    arrays = {"X": (10 * X).astype(dtype), "y": Y, "scalars": np.arange(3.0)}
    path = wrote(tmp_path, kind, **arrays)
    for name, array in arrays.items():
        got = mapped(path, name)
        assert isinstance(got, np.memmap)
        assert got.dtype == array.dtype
        np.testing.assert_array_equal(got, array)
        with pytest.raises(ValueError, match="read-only"):
            got[0] = 1


@pytest.mark.parametrize("kind", ["npy", "npz", "safetensors"])
def test_the_only_array_needs_no_name(tmp_path, kind):
    np.testing.assert_array_equal(mapped(wrote(tmp_path, kind, X=X)), X)


@pytest.mark.parametrize("kind", ["npy", "npz"])
def test_columns_that_lie_one_after_the_other(tmp_path, kind):
    x = mapped(wrote(tmp_path, kind, X=np.asfortranarray(X)))
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(MappedRows(x).take(np.array([5, 2])), X[[5, 2]])


NUMBERS = {
    "all": np.arange(3000),
    "in any order": rng.permutation(3000),
    "again and again": rng.integers(0, 3000, 5000),
    "near one another": np.array([7, 3, 3, 5, 4]),
    "far from one another": np.array([2999, 0, 1500]),
    "one": np.array([1]),
    "none": np.array([], dtype=np.int64),
}


@pytest.mark.parametrize("numbers", NUMBERS.values(), ids=NUMBERS)
@pytest.mark.parametrize("mode", ["r", "r+", "c"])
@pytest.mark.parametrize("wide", [False, True])
def test_rows_are_read_by_their_numbers(tmp_path, numbers, mode, wide):
    array = np.tile(X, (1, 150)) if wide else X  # rows of more than a page, and of less
    np.save(tmp_path / "rows.npy", array)
    x = np.load(tmp_path / "rows.npy", mmap_mode=mode)
    np.testing.assert_array_equal(MappedRows(x).take(numbers), array[numbers])
    few = numbers % 100
    np.testing.assert_array_equal(MappedRows(x[50:]).take(few), array[50:][few])
    np.testing.assert_array_equal(MappedRows(x[:, 2:]).take(few), array[few, 2:])
    np.testing.assert_array_equal(MappedRows(x[:, 0]).take(few), array[few, 0])


def test_what_was_written_to_the_map_is_read(tmp_path):
    np.save(tmp_path / "rows.npy", X)
    for mode in ("r+", "c"):
        x = np.load(tmp_path / "rows.npy", mmap_mode=mode)
        x[10] = 3
        assert (MappedRows(x).take(np.array([10])) == 3).all()


def test_another_file_in_its_place_is_not_read(tmp_path):
    np.save(tmp_path / "rows.npy", X)
    x = mapped(tmp_path / "rows.npy")
    np.save(tmp_path / "others.npy", X + 1)
    os.replace(tmp_path / "others.npy", tmp_path / "rows.npy")
    np.testing.assert_array_equal(MappedRows(x).take(np.arange(9)), X[:9])
    (tmp_path / "rows.npy").unlink()
    np.testing.assert_array_equal(MappedRows(x).take(np.arange(9)), X[:9])


def test_a_file_that_became_shorter(tmp_path):
    np.save(tmp_path / "rows.npy", X)
    rows = MappedRows(mapped(tmp_path / "rows.npy"))
    os.truncate(tmp_path / "rows.npy", 1000)
    with pytest.raises(OSError, match="has become shorter"):
        rows.take(np.arange(100, 200))


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A file of more numbers than are read at once, and what is in it."""
    path = tmp_path_factory.mktemp("large") / "rows.npy"
    x = rng.standard_normal((1 << 20, 6), dtype=np.float32)
    np.save(path, x)
    return path, x


def test_a_large_one_is_a_source_and_a_small_one_is_read(tmp_path, large):
    path, _ = large
    assert isinstance(source_of(mapped(path)), MappedRows)
    assert source_of(np.load(path)) is None
    assert source_of(mapped(path) * 2) is None  # which is in memory
    np.save(tmp_path / "rows.npy", X)
    assert source_of(mapped(tmp_path / "rows.npy")) is None


def test_a_mapped_file_trains_as_its_rows_do(backend, tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "MAPPED", 1 << 17)
    monkeypatch.setattr(mapping, "AT_ONCE", 1 << 17)
    x = rng.standard_normal((1 << 15, 6), dtype=np.float32)
    np.save(tmp_path / "rows.npy", x)
    y = (x[:, 0] > 0) + (x[:, 1] > 0.5)
    how = {"epochs": 1, "batch_size": 128, "validation_split": 0.1}
    rows = mapped(tmp_path / "rows.npy")
    assert isinstance(source_of(rows), MappedRows)
    got = results(rows, y, backend, **how)
    # JAX sums the losses of arrays that lie elsewhere in another order
    assert_same(got, results(x, y, backend, **how), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dtype", ["complex64", "M8[s]", "S4"])
def test_a_large_one_of_no_numbers(tmp_path, dtype):
    np.lib.format.open_memmap(tmp_path / "x.npy", "w+", dtype, (1 << 20, 6)).flush()
    with pytest.raises(TypeError, match="X: expected numbers, got an array of dtype"):
        made().fit(mapped(tmp_path / "x.npy"), np.zeros(1 << 20))


WRONG = {
    "another kind": ("rows.csv", None, b"1,2", ValueError, ".npy, .npz or .safetensors file"),
    "a name of one": ("rows.npy", "X", b"", ValueError, "holds one array, which has no name"),
    "no .npy": ("rows.npy", None, b"something", ValueError, "no array that can be mapped"),
    "empty": ("rows.npy", None, b"", ValueError, "no array that can be mapped"),
    "no .npz": ("rows.npz", None, b"something", ValueError, "is no .npz file"),
    "no safetensors": ("rows.safetensors", None, b"x" * 50, ValueError, "is no safetensors"),
    "short": ("rows.safetensors", None, b"\x01", ValueError, "is no safetensors file"),
    "nested": (
        "rows.safetensors",
        None,
        struct.pack("<Q", 2) + b"[]",
        ValueError,
        "is no safetensors file",
    ),
}


@pytest.mark.parametrize(
    ("file", "name", "content", "kind", "message"), WRONG.values(), ids=WRONG
)
def test_a_wrong_file(tmp_path, file, name, content, kind, message):
    (tmp_path / file).write_bytes(content)
    with pytest.raises(kind, match=message):
        mapped(tmp_path / file, name)


def test_what_can_not_be_mapped(tmp_path):
    with pytest.raises(FileNotFoundError):
        mapped(tmp_path / "none.npy")
    np.savez_compressed(tmp_path / "rows.npz", X=X)
    with pytest.raises(ValueError, match=r"is compressed, .*: write it by np.savez"):
        mapped(tmp_path / "rows.npz")
    np.savez(tmp_path / "rows.npz", X=X, y=Y)
    with pytest.raises(ValueError, match=r"name must say which array of .*: X, y"):
        mapped(tmp_path / "rows.npz")
    with pytest.raises(ValueError, match=r"name 'Z' is none of those of .*: X, y"):
        mapped(tmp_path / "rows.npz", "Z")
    np.savez(tmp_path / "rows.npz", **{"d/a": X, "e/a": X + 1})
    np.testing.assert_array_equal(mapped(tmp_path / "rows.npz", "d/a"), X)
    np.save(tmp_path / "rows.npy", np.array([{}, None]))
    with pytest.raises(TypeError, match="holds Python objects"):
        mapped(tmp_path / "rows.npy")
    save_file({"X": X.astype(ml_dtypes.bfloat16)}, tmp_path / "rows.safetensors")
    with pytest.raises(TypeError, match="BF16, which NumPy does not have"):
        mapped(tmp_path / "rows.safetensors")
    (tmp_path / "cut.npy").write_bytes((tmp_path / "rows.npy").read_bytes()[:140])
    np.save(tmp_path / "full.npy", X)
    (tmp_path / "cut.npy").write_bytes((tmp_path / "full.npy").read_bytes()[:-1])
    with pytest.raises(ValueError, match="can't be mapped"):
        mapped(tmp_path / "cut.npy")


def test_a_gigabyte_goes_through_a_third_of_its_memory(tmp_path):
    """An epoch of rows in a new order, and an epoch of windows of parts."""
    file, (n, width) = tmp_path / "rows.npy", (1_000_000, 250)
    x = np.lib.format.open_memmap(file, "w+", np.float32, (n, width))
    chunk = rng.standard_normal((10_000, width), dtype=np.float32)
    for start in range(0, n, len(chunk)):
        x[start : start + len(chunk)] = chunk
    x.flush()
    del x
    code = f"""
        import threading
        import numpy as np
        import xpnn

        def resident():
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1]) * 4096

        x = xpnn.data.mapped({str(file)!r})
        y = np.zeros(len(x), dtype=np.int8)
        y[::2] = 1
        model = xpnn.Sequential([xpnn.Dense({width}, 2), xpnn.Softmax()], seed=0)
        model.compile("categorical_cross_entropy", xpnn.SGD(0.01), metrics=[])
        start, most, done = resident(), [0], threading.Event()

        def watch():
            while not done.wait(0.01):
                most.append(resident() - start)

        watcher = threading.Thread(target=watch)
        watcher.start()
        for shuffle in (True, "parts"):
            model.fit(x, y, batch_size=2048, shuffle=shuffle)
        done.set()
        watcher.join()
        print(max(most), len(most))
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=True,
    )
    grew, looks = map(int, ran.stdout.split())
    assert looks > 20
    assert grew < 300e6
