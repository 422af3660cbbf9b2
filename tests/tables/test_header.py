"""Names of columns, made of headers."""

import time

from xpnn.tables.header import chosen, header

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
