"""Frames of other libraries, arrays and dictionaries, as tables."""

import datetime
import sys
from decimal import Decimal

import duckdb
import numpy as np
import pandas
import polars
import pyarrow
import pytest

from xpnn.tables.columns import Moments, Numbers, Table, Texts
from xpnn.tables.sources import from_frame

DAY = datetime.date(2021, 2, 3)
MOMENT = datetime.datetime(2021, 2, 3, 4, 5)

DATA = {
    "whole": [1, 2, 3],
    "gaps": [0.5, None, 2.0],
    "truth": [True, False, True],
    "text": ["01", " x ", None],
    "moment": [MOMENT, MOMENT, None],
}

CELLS = {
    "whole": ["1", "2", "3"],
    "gaps": ["0.5", None, "2"],
    "truth": ["True", "False", "True"],
    "text": ["01", "x", None],
    "moment": ["2021-02-03 04:05:00", "2021-02-03 04:05:00", None],
}

KINDS = {"whole": Numbers, "gaps": Numbers, "truth": Texts, "text": Texts, "moment": Moments}


def cells(table):
    return {name: column.cells().tolist() for name, column in table.columns.items()}


def as_duckdb(data):
    return duckdb.connect().from_arrow(pyarrow.table(data))


def as_nullable(data):
    return pandas.DataFrame(data).convert_dtypes()


FRAMES = {
    "pandas": lambda data: pandas.DataFrame(data),
    "pandas, nullable": lambda data: pandas.DataFrame(data).convert_dtypes(),
    "polars": lambda data: polars.DataFrame(data),
    "polars, lazy": lambda data: polars.LazyFrame(data),
    "pyarrow": lambda data: pyarrow.table(data),
    "duckdb": as_duckdb,
    "dictionary": dict,
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_frames_of_all_libraries_are_the_same_table(frame):
    table = from_frame(frame(DATA))
    assert cells(table) == CELLS
    assert {name: type(column) for name, column in table.columns.items()} == KINDS


@pytest.mark.parametrize("name", ["pandas", "polars", "pyarrow", "duckdb", "dictionary"])
def test_other_types(name):
    data = {
        "day": [DAY, None],
        "clock": [datetime.time(10, 5), None],
        "money": [Decimal("1.25"), None],
        "long": [2**60 + 1, 1],
        "list": [[1], [2, 3]],
        "span": [datetime.timedelta(minutes=2), None],
    }
    table = from_frame(FRAMES[name](data))
    assert cells(table) == {
        "day": ["2021-02-03", None],
        "clock": ["10:05:00", None],
        "money": ["1.25", None],
        "long": [str(2**60 + 1), "1"],
        "span": ["120", None],
    }
    assert isinstance(table["day"], Moments)
    assert any(note.startswith("the column 'list' holds") for note in table.notes)


def test_moments_with_a_time_zone_are_in_utc():
    berlin = pandas.Series(pandas.to_datetime(["2021-07-01 12:00"])).dt.tz_localize(
        "Europe/Berlin"
    )
    for frame in (berlin.to_frame("x"), polars.DataFrame({"x": berlin.to_list()})):
        table = from_frame(frame)
        assert cells(table) == {"x": ["2021-07-01 10:00:00"]}
        assert table.notes == ("the column 'x' is converted to UTC",)
    zoned = datetime.datetime(
        2021, 7, 1, 12, tzinfo=datetime.timezone(datetime.timedelta(hours=2))
    )
    assert cells(from_frame({"x": [zoned]})) == {"x": ["2021-07-01 10:00:00"]}


def test_columns_of_objects_are_looked_at():
    frame = pandas.DataFrame(
        {
            "truth": [True, None, False],
            "number": [1, None, 2.5],
            "mixed": ["a", 1.0, pandas.NA],
            "day": [DAY, None, pandas.NaT],
            "nested": [{"a": 1}, None, None],
        },
        dtype=object,
    )
    table = from_frame(frame)
    assert cells(table) == {
        "truth": ["True", None, "False"],
        "number": ["1", None, "2.5"],
        "mixed": ["a", "1", None],
        "day": ["2021-02-03", None, None],
    }
    assert isinstance(table["number"], Numbers)
    assert isinstance(table["day"], Moments)


def test_categories_are_texts():
    frame = pandas.DataFrame(
        {"a": pandas.Categorical(["x", None, "y"]), "b": pandas.Categorical([3, 1, 3])}
    )
    assert cells(from_frame(frame)) == {"a": ["x", None, "y"], "b": ["3", "1", "3"]}
    series = polars.Series("a", ["x", None, "y"])
    for form in (polars.Categorical, polars.Enum(["y", "x"])):
        assert cells(from_frame(series.cast(form).to_frame())) == {"a": ["x", None, "y"]}


def test_pandas_names_and_an_index_written_before():
    assert list(from_frame(pandas.DataFrame({0: [1], 7: [2]})).columns) == ["0", "7"]
    table = from_frame(pandas.DataFrame({"Unnamed: 0": [0, 1], "x": [5, 6]}))
    assert list(table.columns) == ["x"]
    twice = pandas.DataFrame([[1, 2]], columns=["x", "x"])
    with pytest.raises(ValueError, match="names of a frame's columns must differ"):
        from_frame(twice)


def test_a_frame_without_rows():
    table = from_frame(pandas.DataFrame({"x": np.zeros(0), "y": np.array([], dtype=object)}))
    assert (len(table), list(table.columns)) == (0, ["x", "y"])


def test_arrays():
    array = np.array([[1.5, 2], [np.nan, 4]])
    table = from_frame(array)
    assert cells(table) == {"0": ["1.5", None], "1": ["2", "4"]}
    assert cells(from_frame(np.array([["a", 1], ["", 2]], dtype=object))) == {
        "0": ["a", None],
        "1": ["1", "2"],
    }
    assert cells(from_frame(np.array([["a", "b"]]))) == {"0": ["a"], "1": ["b"]}
    named = np.array([(1, "x")], dtype=[("n", "i4"), ("t", "U3")])
    assert cells(from_frame(named)) == {"n": ["1"], "t": ["x"]}
    with pytest.raises(ValueError, match=r"two dimensions, got shape \(3,\)"):
        from_frame(np.zeros(3))


def test_a_dictionary_of_arrays():
    data = {
        "day": np.array(["2021-02-03", "NaT"], dtype="datetime64[D]"),
        "truth": np.array([True, False]),
        "n": np.array([1, 2], dtype="uint8"),
        "long": np.array([2**63, 1], dtype="uint64"),
    }
    assert cells(from_frame(data)) == {
        "day": ["2021-02-03", None],
        "truth": ["True", "False"],
        "n": ["1", "2"],
        "long": [str(2**63), "1"],
    }
    with pytest.raises(ValueError, match="equally long"):
        from_frame({"a": [1], "b": [1, 2]})
    with pytest.raises(ValueError, match=r"'a' must have one dimension, got shape \(2, 2\)"):
        from_frame({"a": np.zeros((2, 2))})


def test_a_table_is_given_back():
    table = Table("x", {"a": Numbers(np.zeros(2))})
    assert from_frame(table) is table


@pytest.mark.parametrize("thing", [3, "data.csv", [1, 2], None], ids=str)
def test_what_is_no_table_is_refused(thing):
    with pytest.raises(TypeError, match="expected a table: a frame"):
        from_frame(thing)


def test_without_narwhals_it_is_told_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "narwhals", None)
    with pytest.raises(ModuleNotFoundError, match="narwhals, which is not installed"):
        from_frame(object())
