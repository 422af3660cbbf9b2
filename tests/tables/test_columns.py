"""Columns in memory: what they hold, and what is missing."""

import math

import numpy as np
import pytest

from xpnn.tables.columns import (
    MISSING,
    Moments,
    Numbers,
    Table,
    Texts,
    is_plain_number,
    to_number,
)


def texts(*cells):
    values = tuple(dict.fromkeys(cell for cell in cells if cell is not None))
    codes = [-1 if cell is None else values.index(cell) for cell in cells]
    return Texts(np.array(codes, dtype=np.int32), values)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1.0),
        ("01", 1.0),
        ("-1.50", -1.5),
        ("1E2", 100.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("", None),
        ("1_000", None),
        ("0x1F", None),
        ("inf", None),
        ("-Infinity", None),
        ("nan", None),
        ("1e999", None),
        ("1,5", None),
        ("$1", None),
        ("True", None),
    ],
)
def test_a_number_is_what_python_takes_but_for_underscores_and_infinity(text, number):
    found = to_number(text)
    assert math.isnan(found) if number is None else found == number


@pytest.mark.parametrize(
    "text", ["0", "-0", "0.5", "+1", "12e3", "5.", ".5", "-9007199254740991"]
)
def test_plain_numbers(text):
    assert is_plain_number(text)


@pytest.mark.parametrize(
    "text", ["01", "-01", "00", "00.5", "1_0", "1e999", "nan", "x", "", "9007199254740992", "٣"]
)
def test_what_may_be_a_label_is_no_plain_number(text):
    assert not is_plain_number(text)


def test_texts_give_back_what_was_written_and_numbers_where_there_are_some():
    column = texts("01", None, "1", "x", "01")
    assert column.cells().tolist() == ["01", None, "1", "x", "01"]
    assert column.missing().tolist() == [False, True, False, False, False]
    assert column.counts().tolist() == [2, 1, 1]
    np.testing.assert_array_equal(column.numbers(), [1, np.nan, 1, np.nan, 1])


def test_a_column_without_rows_has_no_cells():
    column = texts()
    assert column.cells().tolist() == column.numbers().tolist() == []


def test_numbers_are_written_as_one_writes_them():
    column = Numbers(np.array([1.0, np.nan, -2.5, 1e20, 0.1]))
    assert column.cells().tolist() == ["1", None, "-2.5", "1e+20", "0.1"]
    assert column.missing().tolist() == [False, True, False, False, False]


def test_moments_are_dates_where_none_has_a_time():
    dates = Moments(np.array(["2021-01-31", "NaT"], dtype="datetime64[us]"))
    assert dates.cells().tolist() == ["2021-01-31", None]
    times = Moments(np.array(["2021-01-31T10:05", "2021-02-01T00:00:00.5"], "datetime64[us]"))
    assert times.cells().tolist() == ["2021-01-31 10:05:00", "2021-02-01 00:00:00.500000"]
    assert dates.missing().tolist() == [False, True]


@pytest.fixture
def table():
    columns = {"size": Numbers(np.arange(4.0)), "kind": texts("a", "b", None, "a")}
    return Table("data.csv", columns, ("a note",))


@pytest.mark.parametrize("rows", [np.array([2, 0]), slice(1, 3), np.array([], dtype=int)])
def test_rows_are_taken_from_all_columns(table, rows):
    taken = table.take(rows)
    assert len(taken) == len(np.arange(4)[rows])
    np.testing.assert_array_equal(taken["size"].values, np.arange(4.0)[rows])
    assert taken["kind"].cells().tolist() == np.array(["a", "b", None, "a"])[rows].tolist()
    assert (taken.source, taken.notes) == ("data.csv", ("a note",))


def test_columns_are_left_out(table):
    assert list(table.without(["size"]).columns) == ["kind"]
    with pytest.raises(ValueError, match=r"no column 'sizes'; did you mean 'size'\?"):
        table.without(["sizes"])


def test_a_column_that_is_not_there_is_told_with_the_nearest(table):
    with pytest.raises(
        ValueError,
        match=r"data\.csv has no column 'kin'; did you mean 'kind'\? .*'size', 'kind'",
    ):
        table["kin"]


def test_at_most_twenty_names_are_shown():
    wide = Table("wide.csv", {f"c{i}": Numbers(np.zeros(1)) for i in range(300)})
    with pytest.raises(ValueError, match=r"and 280 more$") as caught:
        wide["zzz"]
    assert str(caught.value).count("'c") == 20


def test_columns_must_be_equally_long():
    with pytest.raises(ValueError, match="equally long"):
        Table("x", {"a": Numbers(np.zeros(2)), "b": Numbers(np.zeros(3))})
    assert len(Table("x", {})) == 0


def test_none_is_a_category_and_na_is_missing():
    assert "none" not in MISSING
    assert {"", "na", "n/a", "null", "-"} <= MISSING
