"""Reading what is no text with separators: Parquet, Arrow, JSON and workbooks."""

import datetime
import json
import sys
from decimal import Decimal

import numpy as np
import openpyxl
import pandas
import pyarrow
import pytest

from xpnn.tables.columns import Moments, Numbers, Texts
from xpnn.tables.sources import batches, read


def cells(table):
    return {name: column.cells().tolist() for name, column in table.columns.items()}


def kinds(table):
    return {name: type(column) for name, column in table.columns.items()}


TYPED = {
    "whole": pyarrow.array([1, None, -3]),
    "small": pyarrow.array([1, 2, None], "uint8"),
    "real": pyarrow.array([0.5, None, float("nan")]),
    "money": pyarrow.array([Decimal("1.25"), Decimal("-3.10"), None]),
    "truth": pyarrow.array([True, None, False]),
    "text": pyarrow.array(["01", " NA ", "naïve"]),
    "category": pyarrow.array(["a", "b", None]).dictionary_encode(),
    "day": pyarrow.array([datetime.date(2021, 2, 3), None, datetime.date(1960, 1, 1)]),
    "moment": pyarrow.array([datetime.datetime(2021, 2, 3, 4, 5, 6), None, None]),
    "berlin": pyarrow.array(
        [datetime.datetime(2021, 7, 1, 10), None, None],
        pyarrow.timestamp("us", "Europe/Berlin"),
    ),
    "clock": pyarrow.array([datetime.time(10, 5), None, datetime.time(23, 59, 59)]),
    "identifier": pyarrow.array([9_007_199_254_740_993, 1, None]),
}

EXPECTED = {
    "whole": ["1", None, "-3"],
    "small": ["1", "2", None],
    "real": ["0.5", None, None],
    "money": ["1.25", "-3.1", None],
    "truth": ["True", None, "False"],
    "text": ["01", None, "naïve"],
    "category": ["a", "b", None],
    "day": ["2021-02-03", None, "1960-01-01"],
    "moment": ["2021-02-03 04:05:06", None, None],
    "berlin": ["2021-07-01 10:00:00", None, None],
    "clock": ["10:05:00", None, "23:59:59"],
    "identifier": ["9007199254740993", "1", None],
}

KINDS = dict.fromkeys(["whole", "small", "real", "money"], Numbers) | dict.fromkeys(
    ["day", "moment", "berlin"], Moments
)


def write_parquet(path, **columns):
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.table(columns), path)
    return path


def write_feather(path, **columns):
    import pyarrow.feather

    pyarrow.feather.write_feather(pyarrow.table(columns), str(path))
    return path


def write_stream(path, **columns):
    table = pyarrow.table(columns)
    with pyarrow.ipc.new_stream(path, table.schema) as out:
        out.write_table(table)
    return path


ARROW = [write_parquet, write_feather, write_stream]


@pytest.mark.parametrize("write", ARROW)
def test_types_are_kept(tmp_path, write):
    table = read(write(tmp_path / "table.data", **TYPED))
    assert cells(table) == EXPECTED
    assert kinds(table) == {name: KINDS.get(name, Texts) for name in EXPECTED}
    assert table.notes == ("the column 'berlin' is converted to UTC",)


@pytest.mark.parametrize("write", ARROW)
def test_what_is_no_cell_is_left_out(tmp_path, write):
    odd = {"list": pyarrow.array([[1], [2]]), "bytes": pyarrow.array([b"1", b"2"])}
    table = read(write(tmp_path / "a", x=pyarrow.array([1, 2]), **odd))
    assert list(table.columns) == ["x"]
    assert len(table.notes) == 2
    assert all(f"the column '{name}' holds" in note for name, note in zip(odd, table.notes))
    with pytest.raises(ValueError, match="no column that could be used"):
        read(write(tmp_path / "b", **odd))


@pytest.mark.parametrize("write", [write for write in ARROW if write is not write_parquet])
def test_durations_are_seconds(tmp_path, write):  # which Parquet has none of
    table = read(write(tmp_path / "a", x=pyarrow.array([datetime.timedelta(minutes=2), None])))
    np.testing.assert_array_equal(table["x"].values, [120, np.nan])


def test_an_index_that_pandas_wrote_counts_the_rows(tmp_path):
    path = tmp_path / "a.parquet"
    frame = pandas.DataFrame({"x": [5, 6]}, index=[3, 7])
    frame.to_parquet(path)
    assert list(read(path).columns) == ["x"]
    frame.set_axis(["one", "two"]).to_parquet(path)
    assert cells(read(path)) == {"row": ["one", "two"], "x": ["5", "6"]}


def test_many_texts_of_a_parquet_file_stay_texts(tmp_path):
    texts = [str(i) for i in range(70_000)]
    path = write_parquet(tmp_path / "a", x=pyarrow.array(texts), y=pyarrow.array(range(70_000)))
    table = read(path)
    assert kinds(table) == {"x": Texts, "y": Numbers}
    assert table["x"].cells().tolist() == texts
    parts = list(batches(path, columns=["y"], rows=30_000))
    assert [len(part) for part in parts] == [30_000, 30_000, 10_000]
    np.testing.assert_array_equal(
        np.concatenate([part["y"].values for part in parts]), np.arange(70_000)
    )


def test_files_of_different_kinds_are_not_joined(tmp_path):
    write_parquet(tmp_path / "a.parquet", x=pyarrow.array([1]))
    write_parquet(tmp_path / "b.parquet", x=pyarrow.array(["1"]))
    with pytest.raises(ValueError, match=r"b\.parquet has texts in column 'x', where"):
        read(tmp_path / "*.parquet")
    write_parquet(tmp_path / "b.parquet", x=pyarrow.array([2.5]))
    assert cells(read(tmp_path / "*.parquet")) == {"x": ["1", "2.5"]}


@pytest.mark.parametrize("start", [b"PAR1", b"ARROW1", b"PK\x03\x04", b"\xd0\xcf\x11\xe0"])
def test_a_broken_file_is_told(tmp_path, start):
    path = tmp_path / "broken"
    path.write_bytes(start + bytes(range(200)))
    with pytest.raises(ValueError, match=r"broken (can't be|is no workbook)"):
        read(path)


@pytest.mark.parametrize("package", ["duckdb", "nanoarrow", "pyarrow", "python_calamine"])
def test_what_is_not_installed_is_told(tmp_path, monkeypatch, package):
    path = tmp_path / "a"
    path.write_bytes(
        {"pyarrow": b"ARROW1\0\0", "python_calamine": b"\xd0\xcf\x11\xe0"}.get(
            package, b"a,b\n1,2\n"
        )
    )
    monkeypatch.setitem(sys.modules, package, None)
    install = "pyarrow" if package == "pyarrow" else "'xpnn.tables.'"
    with pytest.raises(ModuleNotFoundError, match=f"not installed: pip install {install}"):
        read(path)


RECORDS = [
    {"n": 1, "t": "01", "b": True, "x": 1.5, "it's": None},
    {"n": 2, "t": 'a "b"\n', "b": False, "x": None, "it's": "é"},
    {"n": None, "t": "", "x": 1e-3, "extra": [1]},
]

RECORD_CELLS = {
    "n": ["1", "2", None],
    "t": ["01", 'a "b"', None],
    "b": ["true", "false", None],
    "x": ["1.5", None, "0.001"],
    "it's": [None, "é", None],
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("indent", [None, 2])
def test_records_of_json(tmp_path, encoding, indent):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(RECORDS, ensure_ascii=False, indent=indent), encoding=encoding)
    table = read(path)
    assert cells(table) == RECORD_CELLS
    assert "the column 'extra' holds lists or objects: left out" in table.notes


def test_json_lines(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in RECORDS) + "\n")
    assert cells(read(path)) == RECORD_CELLS
    assert [len(part) for part in batches(path, rows=2)] == [2, 1]


@pytest.mark.parametrize("orient", ["records", "columns", "split", "list"])
def test_json_as_pandas_arranges_it(tmp_path, orient):
    frame = pandas.DataFrame({"a": [1, 2], "b": ["x", None]})
    path = tmp_path / "a.json"
    if orient == "list":
        path.write_text(json.dumps({"a": [1, 2], "b": ["x", None]}))
    else:
        frame.to_json(path, orient=orient)
    assert cells(read(path)) == {"a": ["1", "2"], "b": ["x", None]}


def test_keys_that_differ_in_case_are_two_columns(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('[{"a": 1, "A": 2}, {"a": 3, "A": 4}]')
    assert cells(read(path)) == {"a": ["1", "3"], "A": ["2", "4"]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "must be JSON of an array of records"),
        ("[[1, 2], [3, 4]]", "must be JSON of an array of records"),
        ('{"a": {"b": 1}, "c": {"d": 2}}', "must be JSON of an array of records"),
        ('[{"a": 1 "b": 2}]', "is no valid JSON"),
        ('{"a": 1}\n{"a": \n', "is no valid JSON"),
    ],
)
def test_json_that_is_no_table(tmp_path, text, said):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=said):
        read(path)


def write_workbook(path, *sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, rows in enumerate(sheets):
        sheet = book.create_sheet(f"sheet{number}")
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_a_workbook(tmp_path):
    day, moment = datetime.date(2021, 2, 3), datetime.datetime(2021, 2, 3, 4, 5)
    path = write_workbook(
        tmp_path / "a.xlsx",
        [
            [],
            [None, "n", "t", "day", "when", "clock", "truth", "mixed", 2020],
            [None, 1, "01", day, moment, datetime.time(10, 5), True, 1, 7],
            [None, None, "x", None, None, None, None, "a", 8],
            [],
            [None, 2.5, "NA", day, moment, None, False, day, 9],
        ],
        [["other"]],
    )
    table = read(path)
    assert cells(table) == {
        "n": ["1", None, "2.5"],
        "t": ["01", "x", None],
        "day": ["2021-02-03", None, "2021-02-03"],
        "when": ["2021-02-03 04:05:00", None, "2021-02-03 04:05:00"],
        "clock": ["10:05:00", None, None],
        "truth": ["True", None, "False"],
        "mixed": ["1", "a", "2021-02-03"],
        "2020": ["7", "8", "9"],
    }
    assert kinds(table)["n"] is Numbers
    assert kinds(table)["day"] is kinds(table)["when"] is Moments
    assert table.notes == ("of 2 sheets the first, 'sheet0', is read; not 'sheet1'",)


@pytest.mark.parametrize(
    ("rows", "said"),
    [([[]], "is empty; expected a header"), ([[1.5, 2], [3, 4]], "its first line is numbers")],
)
def test_a_workbook_without_a_table(tmp_path, rows, said):
    with pytest.raises(ValueError, match=said):
        read(write_workbook(tmp_path / "a.xlsx", rows))
