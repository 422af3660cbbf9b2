"""How the cells of a text file lie."""

import pytest

from xpnn.tables.sources import read


@pytest.fixture
def write(tmp_path):
    def write(text, encoding="utf-8"):
        path = tmp_path / "data.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


def cells(table):
    return {name: column.cells().tolist() for name, column in table.columns.items()}


@pytest.mark.parametrize(
    ("first", "separator", "said"),
    [
        ("sep=;", ";", "';'"),
        ("SEP=,", ",", None),
        ('"sep=\t"', "\t", "tabs"),
        ("sep=^", "^", "'^'"),
        ("\nsep=;", ";", "';'"),
    ],
    ids=["semicolon", "comma", "tab", "caret", "second line"],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["unix", "windows"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_the_first_line_may_tell_the_separator(write, first, separator, said, end, encoding):
    rows = [first, *(separator.join(row) for row in ("ab", "12", "3é"))]
    path = write(end.join(rows) + end, encoding)
    table = read(path)
    assert cells(table) == {"a": ["1", "3"], "b": ["2", "é"]}
    notes = [note for note in table.notes if "UTF-16" not in note]
    assert notes == ([f"read with {said} between cells"] if said else [])


def test_lines_are_counted_from_the_one_that_tells_the_separator(write):
    with pytest.raises(ValueError, match="line 4: expected 2 cells, as the header has, got 3"):
        read(write("sep=;\na;b\n1;2\n1;2;3\n"))
    assert cells(read(write("sep=;\na;b,c\n1;2,3\n"))) == {"a": ["1"], "b,c": ["2,3"]}
    assert list(read(write("sep=,x\n1,2\n")).columns) == ["sep=", "x"]
