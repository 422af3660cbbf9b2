"""Names of columns, made of headers."""

import time

import pytest

from xpnn.tables.header import chosen, header
from xpnn.tables.sources import read

MANY = 20_000


def test_equal_names_are_counted_past_those_that_are_there():
    names = header("a table", ["x", "x_3", "x", "", "x", "", "column 4"]).names
    assert names == ("x", "x_3", "x_2", "column 4_2", "x_4", "column 6", "column 4")


def test_many_columns_take_no_longer_than_their_number():
    start = time.process_time()
    different = header("a table", [f"name {i}" for i in range(MANY)]).names
    equal = header("a table", ["x"] * MANY).names
    assert chosen("a table", different, different[::-1]) == list(different)
    # a fiftieth of what looking at each name for each name takes
    assert time.process_time() - start < 2
    assert equal == ("x", *(f"x_{i}" for i in range(2, MANY + 1)))


IRIS = "5.1,3.5,1.4,0.2,Iris-setosa"


@pytest.mark.parametrize(
    ("first", "refused"),
    [
        (IRIS, True),
        ("a,5.1,b,3.5", True),
        ("3,a,2,b", True),
        ("a,b,c,5.1,3.5", False),  # less than half
        ("a,5.1", False),  # only one
        ("a,1990,2000,2005", False),
        ("a,0.25,0.5,0.75", False),
        ("a,400,300,200", False),
        ("a,9.5,9,8.9,8,7,6,5.5,4", False),
    ],
)
def test_a_row_of_data_is_no_header(first, refused):
    cells = first.split(",")
    numeric = [not cell[0].isalpha() for cell in cells]
    for below in (numeric, (), [False] * len(cells)):
        if refused and below is numeric:
            with pytest.raises(ValueError, match="header of names, but its first line has num"):
                header("a table", cells, numeric=below)
        else:
            assert header("a table", cells, numeric=below).names == tuple(cells)


def test_a_row_of_data_is_no_header_of_a_file(tmp_path):
    path = tmp_path / "iris.data"
    path.write_text(f"{IRIS}\n4.9,3.0,1.4,0.2,Iris-setosa\n7.0,3.2,4.7,1.4,Iris-versicolor\n")
    with pytest.raises(
        ValueError, match=r"iris\.data must begin .* some: 5\.1, 3\.5, 1\.4, 0\.2"
    ):
        read(path)
