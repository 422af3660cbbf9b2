"""JSON whose records are within an object, or lack keys."""

import json

import pandas
import pytest

from xpnn.tables.columns import Numbers
from xpnn.tables.sources import batches, read

RECORDS = [{"x": 1.5, "y": "a"}, {"x": 2}, {"y": "c", "z": True}]

CELLS = {"x": ["1.5", "2", None], "y": ["a", None, "c"], "z": [None, None, "true"]}


@pytest.fixture
def write(tmp_path):
    def write(document):
        path = tmp_path / "a.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return path

    return write


def cells(table):
    return {name: column.cells().tolist() for name, column in table.columns.items()}


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"status": "ok", "data": RECORDS}, "data"),
        ({"data": RECORDS}, "data"),
        ({"status": "ok", "errors": [], "page": {"next": None}, "rows": RECORDS}, "rows"),
        ({"meta": {"n": 3}, "result": {"items": RECORDS}}, "result.items"),
    ],
    ids=["status", "alone", "lists beside", "deeper"],
)
def test_the_only_list_of_records_in_an_object_is_the_table(write, document, path):
    table = read(write(document))
    assert cells(table) == CELLS
    assert isinstance(table["x"], Numbers)
    assert table.notes == (
        f"the rows are the records in {path!r}; what else there is, is left out",
    )


def test_a_table_of_pandas_with_its_schema(write):
    frame = pandas.DataFrame({"x": [1, 2], "y": ["a", "b"]})
    table = read(write(frame.to_json(orient="table", index=False)))
    assert cells(table) == {"x": ["1", "2"], "y": ["a", "b"]}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"x": 1, "parts": [{"a": 1}]}, {"x": ["1"]}),
        ([{"x": 1, "parts": [{"a": 1}, {"a": 2}]}] * 2, {"x": ["1", "1"]}),
        ({"x": [1, 2], "parts": [{"a": 1}, {"a": 2}]}, {"x": ["1", "2"]}),
        ({"x": 1, "a": RECORDS, "b": RECORDS}, {"x": ["1"]}),
    ],
    ids=["one part", "parts", "column", "two lists"],
)
def test_lists_of_records_that_are_left_out(write, document, expected):
    assert cells(read(write(document))) == expected


@pytest.mark.parametrize("lines", [True, False])
def test_keys_that_single_records_lack_are_missing_cells(write, lines):
    text = "\n".join(map(json.dumps, RECORDS)) if lines else json.dumps(RECORDS)
    table = read(write(text), columns=["z", "y"])
    assert cells(table) == {name: CELLS[name] for name in ("y", "z")}
    first, *_ = batches(write(text), columns=["z"], rows=1)
    assert cells(first) == {"z": [None]}
