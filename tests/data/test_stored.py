"""Rows of dask, HDF5 and Zarr: the training of the same rows in memory."""

import threading

import dask
import dask.array as da
import dask.dataframe as dd
import h5py
import numpy as np
import pandas as pd
import pytest
import zarr
from told_rows import X, Y, assert_same, made, results

from xpnn.data import from_dask
from xpnn.data.stored import InParts

CHUNKS = (200, 300, 13, 250, 250)
FRAME = pd.DataFrame(X, columns=list("abcdef")).assign(label=Y)


def in_order(x, y, **how):
    """Return the results where rows stay in their order, which is not that of memory else."""
    return results(x, y, shuffle=False, **how)


def test_a_dask_array_trains_as_its_rows_do(backend):
    x, y = da.from_array(X, chunks=(CHUNKS, (2, 4))), da.from_array(Y, chunks=400)
    expected = in_order(X, Y, backend=backend)
    assert_same(in_order(x, y, backend=backend), expected)
    assert_same(in_order(x, Y, backend=backend), expected)
    assert_same(in_order(from_dask(x), from_dask(y), backend=backend), expected)


def test_a_few_blocks_are_shuffled_as_in_memory():
    assert_same(results(da.from_array(X, chunks=(300, 6)), Y), results(X, Y))


def test_the_order_of_many_blocks_is_drawn_from_the_seed():
    x = da.from_array(X, chunks=(CHUNKS, 6))
    first = results(x, Y)
    assert_same(results(x, da.from_array(Y, chunks=100), shuffle="parts"), first)
    assert not np.array_equal(first["predicted"], results(x, Y, shuffle=False)["predicted"])


def test_a_dask_dataframe_and_its_columns():
    frame = dd.from_pandas(FRAME, npartitions=6)
    x, y = frame.drop(columns="label"), frame["label"]
    expected = in_order(X, Y)
    assert_same(in_order(x, y), expected)
    assert_same(in_order(frame[list("abcdef")], Y), expected)
    assert from_dask(x).shape == (1013, 6)
    assert sum(from_dask(y).parts) == 1013


def test_blocks_of_unknown_length():
    frame = dd.from_pandas(FRAME, npartitions=6)
    x = frame[list("abcdef")].to_dask_array()
    assert np.isnan(x.shape[0])
    assert_same(in_order(x, Y), in_order(X, Y))


def test_few_blocks_are_in_memory_at_a_time():
    """Of forty that are computed when they are asked for, however often."""
    n, size = 40, 500
    lock, alive, most, made_ = threading.Lock(), set(), [], []

    class Counted(np.ndarray):
        def __array_finalize__(self, other):
            with lock:
                alive.add(id(self))
                most.append(len(alive))

        def __del__(self):
            with lock:
                alive.discard(id(self))

    def block(block_info=None):
        i = block_info[None]["chunk-location"][0]
        made_.append(i)
        return np.random.default_rng(i).standard_normal((size, 6)).view(Counted)

    x = da.map_blocks(block, chunks=((size,) * n, (6,)), dtype=float, meta=np.empty((0, 6)))
    y = (np.arange(n * size) % 3).astype(np.int64)
    model = made(metrics=("accuracy",))
    most.clear(), made_.clear()
    with dask.config.set(scheduler="threads"):
        model.fit(x, y, epochs=2, batch_size=64)
    # once at the door, and once in each epoch
    assert sorted(made_) == sorted([0, *range(n), *range(n)])
    assert max(most) <= 12  # arrays, of which views are some
    made_.clear()
    model.evaluate(x, y)
    model.predict(x)
    assert sorted(made_) == sorted([0, *range(n), 0, *range(n)])
    assert max(most) <= 12


@pytest.mark.parametrize("validation", ["split", "data"])
def test_validation_on_dask(validation):
    x, y = da.from_array(X, chunks=(CHUNKS, 6)), da.from_array(Y, chunks=(CHUNKS,))
    if validation == "split":
        expected = in_order(X, Y, validation_split=0.2)
        assert_same(in_order(x, y, validation_split=0.2), expected)
    else:
        expected = in_order(X, Y, validation_data=(X, Y))
        assert_same(in_order(x, y, validation_data=(x, y)), expected)


def test_what_dask_can_not_give():
    with pytest.raises(ValueError, match=r"X: expected a dask array of 1 or 2 dimensions"):
        made().fit(da.zeros((9, 2, 3)), Y[:9])
    with pytest.raises(TypeError, match="X: expected a dask array, dataframe or series"):
        made().fit(dask.delayed(len)(X), Y)
    with pytest.raises(TypeError, match="expected a dask array, dataframe or series, got"):
        from_dask(X)
    words = dd.from_pandas(FRAME.assign(a="word"), npartitions=2)
    with pytest.raises(TypeError, match=r"X: the column 'a': .*word"):
        made().fit(words[list("abcdef")], Y)
    with pytest.raises(ValueError, match="y must have as many rows as the inputs"):
        made().fit(da.from_array(X, chunks=100), da.from_array(Y[:-1], chunks=100))


def test_who_could_be_of_dask_but_is_in_memory():
    """As an array of xarray's, which has what dask asks for, and None where nothing is lazy."""

    class Labelled:
        shape, dtype, chunks, nbytes = X.shape, X.dtype, None, X.nbytes
        __dask_graph__ = None

        def __array__(self, dtype=None, copy=None):
            return X

        def to_numpy(self):
            return X

    assert_same(results(Labelled(), Y), results(X, Y))


# ------------------------------------------------------------------------- HDF5, and Zarr


@pytest.mark.parametrize("chunks", [None, (100, 6), (64, 2)])
def test_hdf5(tmp_path, chunks):
    with h5py.File(tmp_path / "rows.h5", "w") as file:
        x, y = (
            file.create_dataset("x", data=X, chunks=chunks),
            file.create_dataset("y", data=Y, chunks=chunks and chunks[:1]),
        )
        assert_same(in_order(x, y), in_order(X, Y))
        assert_same(results(x, y), results(X, Y))  # which is one part


def test_what_has_no_rows(tmp_path):
    with h5py.File(tmp_path / "rows.h5", "w") as file:
        scalar = file.create_dataset("x", data=3.0)
        with pytest.raises(ValueError, match=r"X must have the shape .*, got \(\)"):
            made().fit(scalar, Y)


def test_zarr(tmp_path):
    x = zarr.create_array(tmp_path / "x.zarr", shape=X.shape, chunks=(90, 4), dtype="float32")
    y = zarr.create_array(tmp_path / "y.zarr", shape=Y.shape, chunks=(200,), dtype="int64")
    x[:], y[:] = X, Y
    assert_same(in_order(x, y), in_order(X, Y))


def test_a_data_set_is_read_in_parts_of_whole_chunks(tmp_path):
    with h5py.File(tmp_path / "rows.h5", "w") as file:
        x = file.create_dataset("x", shape=(1 << 20, 6), chunks=(1000, 6), dtype="float32")
        x[:] = np.arange(1 << 20, dtype="float32")[:, None] % 3 == 0
        y = np.zeros(1 << 20, dtype=np.int64)
        from xpnn.data.stored import Stored

        stored = Stored(x)
        assert all(count % 1000 == 0 for count in stored.parts[:-1])
        assert len(stored.parts) == 6
        model = made(metrics=("accuracy",))
        model.fit(x, y, batch_size=8192)
        assert model.evaluate(x, y)["accuracy"] == 1.0


# ------------------------------------------------------------------------ parts of one's own


def test_parts_of_different_dtypes():
    class Parts(InParts):
        def read(self, part):
            return [np.arange(3, dtype=np.int8), [3.5, 4.5], np.array([5.0, 6, 7], np.float32)][
                part
            ]

    rows = Parts([3, 2, 3], ())
    np.testing.assert_array_equal(
        rows.take(np.array([7, 0, 4, 4, 3, 5])), [7, 0, 4.5, 4.5, 3.5, 5]
    )
    assert len(rows.take(np.array([], dtype=int))) == 0
