"""Reading text files: separators, quotes, encodings, headers, and what is refused."""

import bz2
import csv
import gzip
import io
import lzma
import os
import sys
import threading
import zipfile

import numpy as np
import pytest
import zstandard
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from xpnn.tables.columns import Numbers, Texts, is_missing
from xpnn.tables.sources import batches, read


@pytest.fixture
def write(tmp_path):
    def write(text, name="data.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return write


def cells(table):
    return {name: column.cells().tolist() for name, column in table.columns.items()}


def test_cells_stay_as_they_are_written(write):
    written = ["01", "1", "001", "1.50", "1E2", "Yes", "True", "2021-01-01", "none"]
    table = read(write("a,b\n" + "".join(f" {cell} ,x\n" for cell in written)))
    assert cells(table)["a"] == written
    assert isinstance(table["a"], Texts)
    assert table.notes == ()


def test_quotes_line_breaks_marks_and_empty_lines(write):
    path = write('\ufeffa, b c ,"d,e"\r\n1, two ,"x ""y"""\r\n\r\n3,four,"line\r\nbreak"\r\n')
    table = read(path)
    assert cells(table) == {
        "a": ["1", "3"],
        "b c": ["two", "four"],
        "d,e": ['x "y"', "line\r\nbreak"],
    }
    assert table.source == str(path)


@pytest.mark.parametrize(
    "missing",
    ["", "NA", "N/A", "#N/A", "NaN", "null", "<NA>", "NaT", "?", "-", "--", ".", "..."],
)
def test_missing_cells(write, missing):
    column = read(write(f'a,b\n1,x\n{missing},y\n" {missing} ",z\n'))["a"]
    assert column.cells().tolist() == ["1", None, None]
    np.testing.assert_array_equal(column.numbers(), [1, np.nan, np.nan])


@pytest.mark.parametrize(
    ("separator", "said"),
    [
        (",", []),
        (";", ["read with ';' between cells"]),
        ("\t", ["read with tabs between cells"]),
        ("|", ["read with '|' between cells"]),
        (" ", ["read with spaces between cells"]),
    ],
    ids=["comma", "semicolon", "tab", "pipe", "space"],
)
def test_the_separator_is_found(write, separator, said):
    rows = [["size", "of", "kind"], ["1", "2.5", "a"], ["2", "", "b"], ["3", "4", "c d"]]
    text = "".join(
        separator.join(f'"{c}"' if " " in c or not c else c for c in row) + "\n" for row in rows
    )
    table = read(write(text))
    assert cells(table) == {
        "size": ["1", "2", "3"],
        "of": ["2.5", None, "4"],
        "kind": ["a", "b", "c d"],
    }
    assert list(table.notes) == said


def test_a_decimal_comma_does_not_separate(write):
    assert cells(read(write("a;b\n1,5;2,5\n3,5;x\n"))) == {
        "a": ["1,5", "3,5"],
        "b": ["2,5", "x"],
    }
    assert cells(read(write("a\n1,5\n2,5\n"))) == {"a": ["1,5", "2,5"]}


def test_columns_may_stand_in_line_under_each_other(write):
    table = read(write('  mpg   kg  name\n 18.0   3504 \t"ford torino"\n  9     1\tbmw\n'))
    assert cells(table) == {
        "mpg": ["18.0", "9"],
        "kg": ["3504", "1"],
        "name": ["ford torino", "bmw"],
    }


def test_a_name_in_one_column_is_not_split_at_its_space(write):
    assert cells(read(write("name\nAnna Bell\nJo Doe\n"))) == {"name": ["Anna Bell", "Jo Doe"]}


@pytest.mark.parametrize(
    ("encoding", "note"),
    [("utf-8", None), ("utf-8-sig", None), ("utf-16", "UTF-16"), ("cp1252", "Windows-1252")],
)
def test_the_encoding_is_found(write, encoding, note):
    path = write("name,n\ncafé,1\nŒuvre€,2\n", encoding=encoding)
    table = read(path)
    assert cells(table) == {"name": ["café", "Œuvre€"], "n": ["1", "2"]}
    assert list(table.notes) == ([f"{path} is read as {note}"] if note else [])


def test_what_windows_does_not_know_is_latin_1(write):
    path = write(b"name,n\ncaf\xe9\x81,1\n")
    table = read(path)
    assert cells(table)["name"] == ["café\x81"]
    assert "Latin-1" in table.notes[0]


PACKED = {
    "data.csv.gz": gzip.compress,
    "data.bz2": bz2.compress,
    "data.xz": lzma.compress,
    "without_ending": gzip.compress,
}


@pytest.mark.parametrize("name", PACKED)
def test_compressed_files(write, name):
    path = write(PACKED[name]("a;b\nä;2\n".encode()), name)
    assert cells(read(path)) == {"a": ["ä"], "b": ["2"]}


def test_an_archive_with_one_file(tmp_path):
    path = tmp_path / "data.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("folder/data.csv", "a,b\n1,2\n")
        archive.writestr("__MACOSX/folder/._data.csv", "x")
    assert cells(read(path)) == {"a": ["1"], "b": ["2"]}
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("more.csv", "a,b\n1,2\n")
    with pytest.raises(ValueError, match=r"one file in it, got 2: folder/data\.csv, more\.csv"):
        read(path)


def test_zstd_where_something_reads_it(write, monkeypatch):
    assert cells(read(write(zstandard.compress(b"a,b\n1,2\n"), "d.zst"))) == {
        "a": ["1"],
        "b": ["2"],
    }


def test_zstd_says_what_to_install_where_nothing_reads_it(write, monkeypatch):
    for name in ("compression.zstd", "backports.zstd", "zstandard"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ModuleNotFoundError, match="pip install zstandard"):
        read(write(b"\x28\xb5\x2f\xfd1234", "d.zst"))


def test_a_damaged_file_is_told(write):
    with pytest.raises(ValueError, match=r"data\.gz is damaged"):
        read(write(gzip.compress(b"a,b\n" + b"1,2\n" * 999)[:-12], "data.gz"))


def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a,b\n1,2\n")))
    table = read("-")
    assert (cells(table), table.source) == ({"a": ["1"], "b": ["2"]}, "standard input")
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(FileNotFoundError, match="standard input is closed"):
        read("-")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=[b"a\tb\n1\t2\n"])
    writer.start()
    assert cells(read(pipe)) == {"a": ["1"], "b": ["2"]}
    writer.join()


def test_a_pattern_reads_files_in_order_by_names(write):
    write("a,b\n1,x\n", "part2.csv")
    write("b;a\ny;2\n", "part10.csv")
    path = write("a,b\n3,z\n", "part3.csv")
    table = read(path.parent / "part*.csv")
    assert cells(table) == {"a": ["2", "1", "3"], "b": ["y", "x", "z"]}
    assert table.source.endswith("part10.csv and 2 more")
    write("a,c\n3,z\n", "part4.csv")
    with pytest.raises(ValueError, match=r"part4\.csv has no column 'b', unlike .*part10\.csv"):
        read(path.parent / "part*.csv")
    with pytest.raises(FileNotFoundError, match="no file is called like"):
        read(path.parent / "other*.csv")


def test_rows_may_be_counted_anew_in_each_of_several_files(write):
    write(",a\n0,x\n1,y\n", "part1.csv")
    path = write(",a\n0,z\n1,x\n", "part2.csv")
    assert cells(read(path.parent / "part*.csv")) == {"a": ["x", "y", "z", "x"]}


def test_a_name_may_look_like_a_pattern(write):
    write("a,b\n9,9\n", "data1.csv")
    assert cells(read(write("a,b\n1,2\n", "data[1].csv"))) == {"a": ["1"], "b": ["2"]}
    assert cells(read(write("a,b\n1,'\n", "it's.csv"))) == {"a": ["1"], "b": ["'"]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"data\.csv is empty"),
        ("\n \n", r"data\.csv is empty"),
        ("a,b\n1,2\n3\n", "line 3: expected 2 cells, as the header has, got 1"),
        ("a,b\n1,2,3\n", "line 2: expected 2 cells, as the header has, got 3"),
        ("\n\na,b\n1,2\n1,2,3\n", "line 5: expected 2 cells, as the header has, got 3"),
        ('a,b\n1,"x\ny"\n1\n', "line 4: expected 2 cells, as the header has, got 1"),
        (
            "1.5,2,0\n1,2,3\n",
            "must begin with a header of names, but its first line is numbers",
        ),
        ("1.5,NA,0\n1,2,3\n", "must begin with a header of names"),
        (",,\n1,2,3\n", "must begin with a header of names, but its first line is empty"),
        ('a,b\n1,"2\n3\n', "line 3: no valid CSV"),
        ("a,b\n1,\x00\n", "is no table, but a binary file"),
        ("%PDF-1.5", "is no table, but a PDF document"),
    ],
)
def test_a_file_that_is_no_table_is_refused(write, text, said):
    with pytest.raises(ValueError, match=said):
        read(write(text))


def test_a_missing_file_and_a_folder_are_told(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no file .*nowhere\.csv"):
        read(tmp_path / "nowhere.csv")
    with pytest.raises(IsADirectoryError, match="is a folder; name a file, or"):
        read(tmp_path)


def test_a_header_without_rows_is_a_table_without_rows(write):
    table = read(write("a,b\n"))
    assert (len(table), list(table.columns)) == (0, ["a", "b"])
    assert [len(batch) for batch in batches(write("a,b\n"))] == [0]


def test_columns_may_be_counted(write):
    assert list(read(write("0,1,2\n5,6,7\n")).columns) == ["0", "1", "2"]
    assert list(read(write("2019,2020\n5,6\n")).columns) == ["2019", "2020"]


@pytest.mark.parametrize(
    "first", [["1", "2", "3"], ["0", "1", "2"], ["7", "8", "9"], ["3", "5", "90"]], ids="".join
)
def test_an_unnamed_first_column_that_counts_the_rows_is_left_out(write, first):
    path = write('"","x"\n' + "".join(f'"{i}",{i}5\n' for i in first))
    table = read(path)
    assert list(table.columns) == ["x"]
    assert table.notes == ("the first column has no name and counts the rows: left out",)
    assert [list(batch.columns) for batch in batches(path, rows=2)] == [["x"], ["x"]]
    assert list(read(path, columns=["row"]).columns) == ["row"]


def test_an_unnamed_first_column_that_names_the_rows_is_kept(write):
    table = read(write('"","1990","2000"\n"Mazda RX4",1,2\n"Fiat 128",3,4\n'))
    assert cells(table)["row"] == ["Mazda RX4", "Fiat 128"]
    assert list(table.columns) == ["row", "1990", "2000"]
    assert table.notes == ("the first column has no name: it is called 'row'",)


def test_names_of_rows_that_the_header_does_not_count(write):
    table = read(write('"x" "y"\n"Mazda RX4" 1 2\n"Fiat 128" 3 4\n'))
    assert cells(table) == {"row": ["Mazda RX4", "Fiat 128"], "x": ["1", "3"], "y": ["2", "4"]}
    assert cells(read(write("x,y\n1,10,20\n2,30,40\n"))) == {
        "x": ["10", "30"],
        "y": ["20", "40"],
    }


def test_names_that_lack_or_come_twice(write):
    table = read(write("x,x,,x_2\n1,2,3,4\n"))
    assert list(table.columns) == ["x", "x_3", "column 3", "x_2"]
    assert table.notes == (
        "two columns are called 'x': the second is 'x_3'",
        "the column without a name is called 'column 3'",
    )


@pytest.mark.parametrize("header", ["a,b", "a,b,"])
def test_a_separator_at_the_end_of_each_line(write, header):
    assert cells(read(write(f"{header}\n1,2,\n3,4,\n"))) == {"a": ["1", "3"], "b": ["2", "4"]}


@pytest.mark.parametrize(
    "text",
    [
        "a,b\r\n1,2\n3,4\r\n",
        "a,b\r1,2\r3,4\r",
        "\n\na,b\n1,2\n3,4\n",
        "a,b\n1,2\n  \n3,4\n",
        "# made today\n# by, me\na,b\n1,2\n3,4\n",
        "a,b\n1,2\n3,4,\n",
        "a,b\n1,2\n3,4\n\x1a",
        "'a','b'\n'1','2'\n'3','4'\n",
    ],
)
def test_files_that_are_not_quite_clean(write, text):
    assert cells(read(write(text))) == {"a": ["1", "3"], "b": ["2", "4"]}


@pytest.mark.parametrize(
    ("text", "cell", "note"),
    [
        ('a,b\n1,"say \\"hi, you\\""\n2,x\n', 'say "hi, you"', []),
        (
            'a,b\n1,"5" pipe\n2,"x"\n',
            "5 pipe",
            ["quotes within cells that aren't doubled are left out"],
        ),
        ('a,b\n1,"5 inches\n2,x\n', '"5 inches', ["quotes are read as letters"]),
        ('a,b\n1,5" pipe\n2,x\n', '5" pipe', []),
    ],
    ids=["backslash", "within", "never closed", "harmless"],
)
def test_odd_quotes_are_understood_where_all_rows_fit(write, text, cell, note):
    table = read(write(text))
    assert cells(table) == {"a": ["1", "2"], "b": [cell, "x"]}
    assert list(table.notes) == note


def test_a_very_long_cell(write):
    long = "x" * 3_000_000
    assert cells(read(write(f"a,b\n1,{long}\n2,y\n"))) == {"a": ["1", "2"], "b": [long, "y"]}


@pytest.mark.parametrize("text", ['a\n1\n\n""\n2\n', 'a\n"1"\n" "\n\n2'])
def test_a_single_column_may_have_empty_cells_but_no_empty_lines(write, text):
    assert cells(read(write(text))) == {"a": ["1", None, "2"]}


def test_only_some_columns(write):
    path = write("a,b,c\n1,2,3\n")
    assert cells(read(path, columns=["c", "a"])) == {"a": ["1"], "c": ["3"]}
    with pytest.raises(ValueError, match="no column 'd'"):
        read(path, columns=["d"])
    with pytest.raises(TypeError, match="list of names"):
        read(path, columns="a")


def many(tmp_path, cell, n=70_000, header="a,b"):
    path = tmp_path / "many.csv"
    path.write_text(header + "\n" + "".join(f"{cell(i)},{i % 7}\n" for i in range(n)))
    return path


def test_many_different_plain_numbers_are_numbers(tmp_path):
    table = read(
        many(tmp_path, lambda i: "NA" if i == 5 else f"{i}.50" if i % 2 else f"-{i}e-3")
    )
    assert isinstance(table["a"], Numbers)
    expected = [float(f"{i}.50" if i % 2 else f"-{i}e-3") for i in range(70_000)]
    expected[5] = np.nan
    np.testing.assert_array_equal(table["a"].values, expected)
    assert isinstance(table["b"], Texts)


@pytest.mark.parametrize(("odd", "row"), [("01", 3), ("1_0", 69_990), (" 007", 149_990)])
def test_one_cell_that_may_be_a_label_keeps_all_of_them_texts(tmp_path, odd, row):
    path = many(tmp_path, lambda i: odd if i == row else f"{i}.0", 150_000)
    column = read(path)["a"]
    assert isinstance(column, Texts)
    expected = [odd.strip() if i == row else f"{i}.0" for i in range(150_000)]
    assert column.cells().tolist() == expected


def test_few_different_numbers_stay_texts_in_many_rows(tmp_path):
    column = read(many(tmp_path, lambda i: f"{i % 10_000}.0", 140_000))["a"]
    assert isinstance(column, Texts)
    assert len(column.values) == 10_000


def test_batches_are_the_same_rows(tmp_path):
    path = many(tmp_path, lambda i: "007" if i == 150_123 else f"{i}.25", 200_000)
    whole = read(path)
    parts = list(batches(path, rows=80_000))
    assert [len(part) for part in parts] == [80_000, 80_000, 40_000]
    assert [type(part["a"]).__name__ for part in parts] == ["Numbers", "Texts", "Numbers"]
    # how a column is written is kept, unless only its numbers count
    (kept, *_), (let_go, *_) = (batches(path, rows=99, numbers=names) for names in ((), ("a",)))
    assert kept["a"].cells()[:2].tolist() == ["0.25", "1.25"]
    assert [type(part["a"]).__name__ for part in (kept, let_go)] == ["Texts", "Numbers"]
    for name in ("a", "b"):
        got = np.concatenate([part[name].numbers() for part in parts])
        np.testing.assert_array_equal(got, whole[name].numbers())
    assert parts[1]["a"].cells()[70_123] == "007"
    with pytest.raises(ValueError, match="rows must be positive"):
        next(batches(path, rows=0))


def test_a_line_that_does_not_fit_is_told_far_into_the_file(tmp_path):
    path = many(tmp_path, lambda i: "1,2" if i == 150_000 else "1", 200_000)
    with pytest.raises(
        ValueError, match="line 150002: expected 2 cells, as the header has, got 3"
    ):
        read(path)


def test_what_the_engine_refuses_late_is_written_anew(tmp_path):
    path = many(tmp_path, lambda i: f"{i}\r" if i == -1 else f"{i}.5", 200_000)
    with open(path, "ab") as file:
        file.write(b"1,2\r\n3,4\n")
    table = read(path)
    assert len(table) == 200_002
    np.testing.assert_array_equal(table["a"].numbers()[:200_000], np.arange(200_000) + 0.5)
    assert sum(len(part) for part in batches(path)) == 200_002


TEXT = st.text(
    st.characters(codec="cp1252", exclude_characters="\x00", exclude_categories=["Cc"])
    | st.sampled_from(" \",;\t|'\n0123456789.-"),
    max_size=12,
)


def means_more(data):
    """Whether bytes are UTF-8 beyond ASCII, too, which then is what they are taken for."""
    try:
        return not data.decode("utf-8").isascii()
    except UnicodeDecodeError:
        return False


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    data=st.data(),
    width=st.integers(2, 5),
    separator=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
)
def test_what_was_written_is_read(tmp_path, data, width, separator, quoting, end, encoding):
    rows = data.draw(st.lists(st.lists(TEXT, min_size=width, max_size=width), min_size=4))
    path = tmp_path / "random.csv"
    names = [f"name{i}" for i in range(width)]
    with open(path, "w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=separator, quoting=quoting, lineterminator=end)
        writer.writerow(names)
        writer.writerows(rows)
    if encoding == "cp1252":  # whose bytes may happen to be UTF-8 that says something else
        assume(not means_more(path.read_bytes()))
    expected = [[None if is_missing(c.strip()) else c.strip() for c in row] for row in rows]
    table = read(path)
    assert list(table.columns) == names
    got = [column.cells().tolist() for column in table.columns.values()]
    assert [list(row) for row in zip(*got)] == expected
