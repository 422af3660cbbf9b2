"""How the cells of a text file lie."""

import pytest

from xpnn.tables.delimited import layout
from xpnn.tables.files import LocalFile
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


TABLE = "a,b,c,d\n1,2,x,4\n5,6,y,8\n"

READ = {"a": ["1", "5"], "b": ["2", "6"], "c": ["x", "y"], "d": ["4", "8"]}

LEFT_OUT = "the header is line {}; what stands before it is left out"


@pytest.mark.parametrize(
    ("before", "line"),
    [
        ("Report of sales\n", 2),
        ("Report of sales\n\n", 3),
        ("\n\nReport, of sales\nby Anna\n", 5),
        ("Report,,,\n", 2),
        ("Report,,,\nby,Anna,,\n,,,\n", 4),
        (",,,\nReport,,,\n", 3),
    ],
)
@pytest.mark.parametrize("separator", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
def test_titles_before_the_header_are_left_out(write, before, line, separator):
    table = read(write((before + TABLE).replace(",", separator)))
    assert cells(table) == READ
    assert table.notes[-1] == LEFT_OUT.format(line)
    shorter = write((before + TABLE).replace(",", separator) + "1\n")
    with pytest.raises(ValueError, match=f"line {line + 3}: expected 4 cells"):
        read(shorter)


def test_titles_before_years(write):
    years = [str(year) for year in range(1960, 1970)]
    first = '"Source","Bank",\n\n"Country","Code",' + ",".join(years) + ",\n"
    table = read(write(first + "A,B" + ",1" * 10 + ",\n" + "C,D" + "," * 10 + ",\n"))
    assert list(table.columns) == ["Country", "Code", *years]
    assert table.notes == (LEFT_OUT.format(3),)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("x,,\na,1,2\nb,3,4\n", ["x", "column 2", "column 3"]),
        ("x,,\n1,2,3\n4,5,6\n", ["x", "column 2", "column 3"]),
        ("x,,\na,b,c\nd,e,f\n", ["x", "column 2", "column 3"]),
        ("x,\na,b\n1,2\n3,4\n", ["x", "column 2"]),
        ("price\nunknown, yet\n1,5\n2,5\n", ["price"]),
        ("id,text\n1,a;b;c\n2,d;1;f\n3,d;2;g\n", ["id", "text"]),
    ],
)
def test_a_header_is_not_taken_for_a_title(write, text, names):
    assert list(read(write(text)).columns) == names


def test_where_titles_are_not_sure_the_header_is_guessed_in_the_error(write):
    with pytest.raises(ValueError, match="got 3; the header seems to be line 3"):
        read(write("Report\n\nx,y,z\na,b,c\nd,e,f\n"))
    with pytest.raises(ValueError, match=r"has, got 3$"):
        read(write("a,b\n1,x,3\n1,y,4\n"))


ONE = "a,b c\n1,2\n3,4\n"


@pytest.mark.parametrize(
    ("one", "encoding"),
    [
        (ONE, "utf-8"),
        ("\ufeff" + ONE, "utf-8"),
        (ONE.replace("\n", "\r\n"), "utf-8"),
        (ONE.replace("b c", '"b c"').replace(",", ";"), "cp1252"),
        ("\n" + ONE, "utf-8"),
    ],
    ids=["plain", "marks", "windows", "quoted", "empty lines"],
)
def test_files_that_are_one_now_repeat_the_header(write, one, encoding):
    table = read(write(one * 3, encoding))
    assert cells(table)["a"] == ["1", "3"] * 3
    assert "rows that repeat the header are left out: 2" in table.notes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\na\nb\n", {"a": ["a", "b"]}),
        ("0,1\n0,1\n2,3\n", {"0": ["0", "2"], "1": ["1", "3"]}),
        ("a,b\na,bc\na,\n", {"a": ["a", "a"], "b": ["bc", None]}),
        ('a,b\n1,"x\na,b\n"\n', {"a": ["1"], "b": ["x\na,b"]}),
    ],
    ids=["one column", "numbers", "longer", "within quotes"],
)
def test_rows_that_do_not_repeat_the_header(write, text, expected):
    table = read(write(text))
    assert cells(table) == expected
    assert table.notes == ()


def test_a_file_without_a_repeated_header_is_read_as_it_is(write):
    assert not layout(LocalFile(str(write(ONE)), "")).awkward
    assert layout(LocalFile(str(write(ONE + "a,b c")), "")).awkward


FIXED_WIDTH = """\
      id        heduc     years   div
       9   12-15 years   10.546    No
      11    < 12 years   34.943    No
      13      16+ years   2.834   Yes
"""


def test_two_spaces_or_more_separate_where_cells_have_one(tmp_path):
    path = tmp_path / "divorce.dat"
    path.write_text(FIXED_WIDTH)
    table = read(path)
    assert table.notes == ("read with two or more spaces between cells",)
    assert [*table["heduc"].cells()] == ["12-15 years", "< 12 years", "16+ years"]
    assert [*map(str, table["years"].cells())] == ["10.546", "34.943", "2.834"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("item no  town\n0        New York\n1        El Paso\n", {"item no": ["0", "1"]}),
        ("town       people\nNew York     50\nEl Paso      54\n", {"people": ["50", "54"]}),
        ("a b  c\n1 2  3\n4 5  6\n", {"b": ["2", "5"]}),
        ('a   b\n"x  y"   1\n"z"   2\n', {"a": ["x  y", "z"]}),
    ],
)
def test_what_spaces_separate(tmp_path, text, wanted):
    path = tmp_path / "t.txt"
    path.write_text(text)
    found = read(path)
    assert {name: [*map(str, found[name].cells())] for name in wanted} == wanted


def test_sentences_with_wide_gaps_are_one_column(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("what was seen\nTwo birds.  One flew\nNothing\nRain.  Wind.  Fog\n")
    assert [*read(path).columns] == ["what was seen"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark(tmp_path, encoding):
    path = tmp_path / "t.csv"
    names = ["Äpfel", "Āpfel", "一二三", "Бирне"] * 500
    rows = "".join(f"{name};{k}\n" for k, name in enumerate(names))
    path.write_bytes(f"name;größe\n{rows}".encode(encoding))
    table = read(path)
    assert [*table["name"].cells()] == names
    assert "t.csv is read as UTF-16" in str(table.notes)
