"""What people give for an array of numbers: taken, or refused in words that help."""

import re
import warnings
from collections import deque
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from support import host

import xpnn
from xpnn.backend import to_host

rng = np.random.default_rng(0)
X = np.array([[0, 1, 1], [1, 0, 0], [1, 1, 0], [0, 0, 1], [1, 0, 1], [0, 1, 0]])
Y = np.array([0.0, 1, 1, 0, 1, 0])
FRAME = pd.DataFrame(X.astype(float), columns=["a", "b", "c"])
MIXED = FRAME.assign(b=FRAME["b"] > 0, c=FRAME["c"].astype(np.int8))
COLUMNS = MIXED.to_dict("list")

TABLES = {
    "floats": FRAME,
    "mixed": MIXED,
    **{kind: FRAME.astype(kind) for kind in ("Float64", "Float32", "Int64", "UInt8")},
    "boolean": FRAME.astype(bool).astype("boolean"),
    "nullable": MIXED.convert_dtypes(),
    "Arrow in pandas": FRAME.astype("double[pyarrow]"),
    "mixed Arrow in pandas": MIXED.convert_dtypes(dtype_backend="pyarrow"),
    "objects": MIXED.astype(object),
    "of numbers as categories": FRAME.astype({"b": "category"}),
    "mixed, and categories": MIXED.astype({"c": "category"}),
    "names that occur twice": MIXED.set_axis(["a", "a", "c"], axis=1),
    "names on two levels": pd.concat({"x": MIXED}, axis=1),
    "polars": pl.DataFrame(COLUMNS),
    "Arrow": pa.table(COLUMNS),
    "a batch of Arrow": pa.RecordBatch.from_pydict(COLUMNS),
    "decimals": FRAME.map(Decimal),
    "fractions": FRAME.map(Fraction),
}


def model():
    layers = [xpnn.Dense(3, 4), xpnn.Tanh(), xpnn.Dense(4, 1)]
    return xpnn.Sequential(layers, seed=0).compile("mean_squared_error", "sgd", ["r2"])


@pytest.mark.parametrize("name", TABLES)
def test_tables_of_numbers(backend, name):
    table, own, other = TABLES[name], model(), model()
    np.testing.assert_array_equal(to_host(table), X)
    np.testing.assert_array_equal(own.predict(table), other.predict(X.astype(float)))
    logs = own.fit(table, Y, validation_data=(table, Y), epochs=2).history
    assert logs == other.fit(X, Y, validation_data=(X, Y), epochs=2).history
    assert own.evaluate(table, Y) == other.evaluate(X, Y)


TARGETS = {
    **{kind: pd.Series(Y).astype(kind) for kind in ("Int64", "Float32", "object")},
    "boolean": pd.Series(Y > 0, dtype="boolean"),
    "Arrow in pandas": pd.Series(Y).astype("double[pyarrow]"),
    "a table of one column": pd.DataFrame({"y": Y}).astype("Int64"),
    "polars": pl.Series(Y),
    "Arrow": pa.array(Y),
    "chunks": pa.chunked_array([Y[:2], Y[2:]]),
}


@pytest.mark.parametrize("name", TARGETS)
def test_columns_of_numbers(backend, name):
    own, other, y = model(), model(), TARGETS[name]
    weight = y if name != "a table of one column" else None
    logs = own.fit(X, y, sample_weight=weight).history
    assert logs == other.fit(X, Y, sample_weight=None if weight is None else Y).history
    assert own.evaluate(X, y, sample_weight=weight) == other.evaluate(
        X, Y, sample_weight=None if weight is None else Y
    )


with_gap = FRAME.astype("Float64").mask(FRAME.index.to_numpy()[:, None] * [[0, 1, 0]] == 2)
GAPS = {
    "nullable": with_gap,
    "Arrow in pandas": with_gap.astype("double[pyarrow]"),
    "mixed": MIXED.convert_dtypes().assign(b=pd.array([True, False, None] * 2, "boolean")),
    "objects": FRAME.astype(object).assign(b=[0, 1, None, 1, 1, 1]),
    "polars": pl.DataFrame({"a": [1] * 6, "b": [True, True, None] * 2, "c": [0.5] * 6}),
    "Arrow": pa.table({"a": [1] * 6, "b": [True, True, None] * 2, "c": [0.5] * 6}),
}


@pytest.mark.parametrize("name", GAPS)
def test_a_missing_cell_is_told_by_its_place(backend, name):
    with pytest.raises(ValueError, match=r"X must hold finite .*nan in row 2, column 1"):
        model().predict(GAPS[name])
    column = to_host(GAPS[name])[:, 1]
    with pytest.raises(ValueError, match=r"y must hold finite .*nan in row 2"):
        model().fit(X, column)
    with pytest.raises(ValueError, match=r"sample_weight must hold finite .*nan in row 2"):
        model().fit(X, Y, sample_weight=pd.Series(column, dtype="Float64"))


DATES = pd.date_range("2026-01-01", periods=6)
WORDS = ["red", "blue"] * 3
WRONG_COLUMNS = {
    "words": (WORDS, "'red'"),
    "categories": (pd.Categorical(WORDS), "'red'"),
    "some words": ([1.5, "?", *Y[2:]], "'?' in row 1"),
    "dates": (DATES, "datetime64"),
    "durations": (DATES - DATES[0], "timedelta64"),
    "complex": (Y + 1j, "complex128"),
    "objects": ([object()] * 6, "object"),
    "lists": ([[1.0]] * 6, r"[1.0]"),
}


@pytest.mark.parametrize("name", WRONG_COLUMNS)
def test_what_is_no_number_is_told_by_its_column(name):
    wrong, words = WRONG_COLUMNS[name]
    for given in (FRAME.assign(colour=wrong), pd.DataFrame({"colour": wrong})):
        with pytest.raises(
            TypeError, match=r"^X: the column 'colour': expected numbers"
        ) as caught:
            model().predict(given)
        assert words in str(caught.value)
    with pytest.raises(TypeError, match=r"^y: the column 'colour': expected numbers"):
        model().fit(X, pd.Series(wrong, name="colour"))
    with pytest.raises(TypeError, match=r"^y: expected numbers"):
        model().fit(X, pd.Series(wrong))


@pytest.mark.parametrize("library", [pl.DataFrame, pa.table])
def test_words_in_other_tables(library):
    with pytest.raises(TypeError, match=r"^X: the column 'colour': expected numbers.*'?red|U4"):
        model().predict(library({"a": Y, "colour": WORDS, "c": Y}))


def pairs():
    yield X, Y


class Loader:
    """What gives batches, as torch's DataLoader does."""

    def __iter__(self):
        return pairs()

    def __len__(self):
        return 1


class Pairs:
    """What gives rows by number with their targets, as torch's TensorDataset does."""

    def __getitem__(self, i):
        return X[i], Y[i]

    def __len__(self):
        return len(X)


class Rows(Pairs):
    """What gives rows by number, without targets: NumPy can read it."""

    def __getitem__(self, i):
        return X[i]


REFUSED = {
    "loader": (Loader(), ["Loader", "collect", "fit(X, y, epochs=1)"]),
    "pairs": (Pairs(), ["Pairs", "collect"]),
    "generator": (pairs(), ["generator", "collect", "fit(X, y, epochs=1)"]),
    "iterator": (iter(X.tolist()), ["list_iterator", "collect"]),
    "zip": (zip(X, X), ["zip"]),
    "dict": ({"a": Y, "b": Y}, ["dict", "'a', 'b'"]),
    "set": ({1.0, 2.0}, ["set"]),
    "text": ("rows.csv", ["'rows.csv'", "file"]),
    "path": (Path("rows.csv"), ["rows.csv", "file"]),
    "function": (len, ["called first"]),
    "class": (Loader, ["the class Loader"]),
    "None": (None, ["NoneType"]),
    "words": (X.astype(str), ["<U21", "np.unique"]),
    "dates": (X.astype("M8[D]"), ["datetime64[D]", "timedelta64"]),
    "durations": (X.astype("m8[s]"), ["timedelta64[s]"]),
    "complex": (X + 1j, ["complex128", "real part"]),
    "structured": (np.zeros(6, [("a", float)]), ["structured_to_unstructured"]),
    "objects": (X.astype(object), ["dtype object", "astype"]),
    "a gap": ([[1.0, 2.0, 3.0], [1.0, None, 3.0]], ["None in row 1, column 1", "fill in"]),
    "rows with a mask": (list(np.ma.array(X, mask=X == 0)), ["masked"]),
    "record": (np.zeros(6, [("a", float)]).view(np.recarray), ["dtype"]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_array_is_refused_with_a_way_out(backend, name):
    wrong, words = REFUSED[name]
    for call in (
        model().predict,
        lambda x: model().fit(x, Y),
        lambda x: model().evaluate(x, Y),
    ):
        with pytest.raises(TypeError, match=r"^X: expected numbers, got") as caught:
            call(wrong)
        assert [word for word in words if word not in str(caught.value)] == []
    if wrong is not None:
        with pytest.raises(TypeError, match=r"^sample_weight: expected numbers, got"):
            model().fit(X, Y, sample_weight=wrong)
        with pytest.raises(TypeError, match=r"^y of validation_data: expected numbers, got"):
            model().fit(X, Y, validation_data=(X, wrong))


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([[1, 2, 3], [1, 2]], "row 0 has 3 and row 1 has 2"),
        ([np.ones(3), np.ones(3), np.ones(2)], "row 0 has 3 and row 2 has 2"),
        ([[1, 2, 3], 4], "row 0 has 3 and row 1 is one value"),
        ([[[1], [2, 3]], [[1], [2]]], "rows of equal length"),
    ],
)
def test_ragged_rows(rows, words):
    with pytest.raises(ValueError, match=f"X: expected rows of equal length.*{words}|{words}"):
        model().predict(rows)


GUISES = {
    "rows by number": Rows(),
    "deque": deque(X.tolist()),
    "memory": memoryview(X),
    "matrix": X.view(np.matrix),
    "mask of nothing": np.ma.array(X),
    "range of one row": [range(3)],
    "list of rows of a table": [FRAME.loc[i] for i in FRAME.index],
    "list of nullable rows": [FRAME.loc[i].astype("Float64") for i in FRAME.index],
}


@pytest.mark.parametrize("name", GUISES)
def test_what_is_read_in_other_guises(backend, name):
    given = GUISES[name]
    expected = np.asarray([*given]) if "list" in name or "range" in name else X
    np.testing.assert_array_equal(to_host(given), expected.astype(float))
    np.testing.assert_allclose(
        host(model().predict(given)), model().predict(expected.astype(float)), rtol=1e-6
    )


def test_numbers_of_every_dtype(backend):
    import ml_dtypes

    expected = model().predict(X.astype(np.float64))
    for dtype in (ml_dtypes.bfloat16, np.float16, np.uint64, np.longdouble, ">f8", ">i2", bool):
        given = X.astype(dtype)
        np.testing.assert_allclose(host(model().predict(given)), expected, rtol=1e-5)
        assert model().fit(given, Y.astype(dtype), sample_weight=given[:, 0]).epochs == 1


@pytest.mark.parametrize("shape", [(), (3,), (0, 3), (6, 0), (6, 2), (2, 6, 3)])
def test_every_shape_but_one(backend, shape):
    with pytest.raises(ValueError, match=re.escape(str(shape))):
        model().predict(np.ones(shape))
    with pytest.raises(ValueError, match="X must have"):
        xpnn.Sequential([xpnn.ReLU()]).predict(np.ones((3, 0)))


def test_what_the_library_itself_cannot_read(backend):
    """Its arrays that hold no numbers to compute with are refused, and others are read."""
    if backend.name == "torch":
        import torch

        warnings.filterwarnings("ignore", "Sparse CSR tensor support", UserWarning)
        warnings.filterwarnings("ignore", "torch.quantize", UserWarning)
        T = torch.asarray(X, dtype=torch.float32)
        for odd, words in (
            (T.to_sparse(), ".to_dense"),
            (T.to_sparse_csr(), ".to_dense"),
            (T.to("meta"), "meta"),
            (torch.quantize_per_tensor(T, 0.1, 0, torch.qint8), ".dequantize"),
            (T + 1j, "complex"),
        ):
            for call in (
                model().predict,
                lambda x: model().fit(T, x),
                lambda x: backend.asarray(x, copy=True),
                to_host,
            ):
                with pytest.raises(TypeError, match=f"expected numbers, got .*{words}"):
                    call(odd)
        expected = host(model().predict(T))
        for odd in (
            T.bfloat16(), T.clone().requires_grad_(), torch.imag((T * 1j).conj()) * -1,
            torch.imag((-T * 1j).conj()),
        ):  # fmt: skip
            np.testing.assert_allclose(host(model().predict(odd)), expected, rtol=1e-5)
            np.testing.assert_array_equal(to_host(odd), X)
        np.testing.assert_array_equal(to_host(list(T.clone().requires_grad_())), X)
    if backend.name == "jax":
        import jax

        deleted = jax.numpy.asarray(X)
        deleted.delete()
        for call in (model().predict, lambda x: model().fit(X, x), to_host):
            with pytest.raises(TypeError, match=r"expected numbers, got .*deleted"):
                call(deleted)
        np.testing.assert_array_equal(to_host(jax.numpy.asarray(X, "bfloat16")), X)
    with pytest.raises(TypeError, match="complex"):
        backend.asarray(backend.xp.asarray([1j], device=backend.device))


def test_fit_without_targets(backend):
    for method in ("fit", "evaluate", "gradients"):
        with pytest.raises(
            TypeError, match=rf"missing.*'y'.*in pairs: model\.{method}\(X, y\)"
        ):
            getattr(model(), method)(Loader())
        with pytest.raises(TypeError, match=r"^y is missing: expected numbers"):
            getattr(model(), method)(X, None)


@pytest.mark.parametrize("wrong", [5, b"x", ["folder"], 1.5])
def test_resume_is_a_folder(backend, wrong):
    with pytest.raises(
        TypeError, match=r"resume must be the path of a folder of checkpoints, got"
    ):
        model().fit(X, Y, resume=wrong)


@pytest.mark.parametrize("options", [{"batch_size": 2}, {"epochs": 3, "batch_size": None}])
def test_a_rate_that_no_float_holds_is_one_clear_error(backend, options):
    own = model().compile("mean_squared_error", xpnn.SGD(1e300))
    with pytest.raises(xpnn.DivergenceError):
        own.fit(X, Y, **options)
