"""Reading CSV files, and refusing what is none."""

import pytest

from xpnn.tables import read_table


@pytest.fixture
def write(tmp_path):
    def write(text, name="data.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write


def test_cells_are_read_as_they_are_meant(write):
    path = write('\ufeffa, b c ,"d,e"\r\n1, two ,"x ""y"""\r\n\r\n3,four,"line\r\nbreak"\r\n')
    table = read_table(path)
    assert table.columns == {
        "a": ["1", "3"],
        "b c": ["two", "four"],
        "d,e": ['x "y"', "line\r\nbreak"],
    }
    assert table.lines == [2, 5]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "data.csv is empty"),
        ("\n\n", "data.csv is empty"),
        ("a,b\n", "data.csv has a header but no rows"),
        ("a,b\n1,2\n3\n", "line 3: expected 2 cells, as the header has, got 1"),
        ("a,b\n1,2,3\n", "line 2: expected 2 cells, as the header has, got 3"),
        ("a,b,a\n1,2,3\n", "the header has the column 'a' twice"),
        ("a,,c\n1,2,3\n", "column 2 of the header has no name"),
        ("1.5,2,0\n1,2,3\n", "must begin with a header of names"),
        ("a;b\n1;2\n", "must have commas between its cells, got 'a;b'"),
        ('a,b\n1,"2\n', "line 2: no valid CSV"),
    ],
)
def test_a_file_that_is_no_table_is_refused(write, text, said):
    with pytest.raises(ValueError, match=said):
        read_table(write(text))


def test_a_missing_file_and_another_encoding_are_told(write, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no file .*nowhere\.csv"):
        read_table(tmp_path / "nowhere.csv")
    with pytest.raises(ValueError, match="must be UTF-8 text, but has the byte 0xe9"):
        read_table(write("a,b\ncafé,1\n", encoding="latin-1"))


def test_columns_may_be_counted(write):
    assert list(read_table(write("0,1,2\n5,6,7\n")).columns) == ["0", "1", "2"]
