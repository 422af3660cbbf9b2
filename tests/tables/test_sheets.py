"""Workbooks whose header is not the first row."""

import openpyxl
import pytest

from xpnn.tables.columns import Numbers
from xpnn.tables.sources import read


@pytest.fixture
def write(tmp_path):
    def write(rows, merged=None):
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        if merged:
            book.active.merge_cells(merged)
        book.save(tmp_path / "a.xlsx")
        return tmp_path / "a.xlsx"

    return write


HEADER, ROWS = ["kind", "size", "price"], [["a", 1.5, 2], ["b", None, 3], ["c", 4, None]]


@pytest.mark.parametrize(
    "before", [[["Report"]], [["Report"], [], ["by Anna"]], [["Report", None, None], []]]
)
@pytest.mark.parametrize("merged", [None, "A1:C1"])
def test_titles_before_the_header_are_left_out(write, before, merged):
    table = read(write([*before, HEADER, *ROWS], merged))
    assert list(table.columns) == HEADER
    assert isinstance(table["price"], Numbers)
    assert table["price"].cells().tolist() == ["2", "3", None]
    assert table.notes == ("what stands before the header is left out: 'Report'",)


@pytest.mark.parametrize("header", [["kind"], ["kind", None, "price"], [None, "size", "price"]])
def test_a_header_is_not_taken_for_a_title(write, header):
    table = read(write([header, *ROWS]))
    assert len(table) == 3
    assert {name for name in header if name} <= set(table.columns)
