"""Finding out what the columns of a table are, and saying so."""

import numpy as np
import pytest
from table_files import everything, table_of

from xpnn.tables import Classes, prepare, read_table


@pytest.fixture
def table(tmp_path):
    """Return a function that reads a table from lines."""
    return lambda *lines: table_of(tmp_path, *lines)


def test_a_wrong_name_is_answered_with_the_nearest(table):
    with pytest.raises(
        ValueError, match="target column 'colr'; did you mean 'colour'"
    ) as caught:
        prepare(table("colour,size", "red,1"), "colr", np.arange(1))
    assert "Its columns are: 'colour', 'size'" in str(caught.value)


def numbers(n, k):
    """Return n rows with k different whole numbers as the target."""
    return ["x,y", *(f"{i / 7},{i % k}" for i in range(n))]


@pytest.mark.parametrize(
    ("lines", "task", "classes", "said"),
    [
        (["x,y", "1,yes", "2,no", "3,yes"], "auto", ("no", "yes"), "y is not all numbers"),
        (numbers(100, 3), "auto", ("0", "1", "2"), "only 3 different whole numbers"),
        (numbers(100, 20), "auto", tuple(map(str, range(20))), "only 20 different"),
        (numbers(99, 20), "auto", None, "20 different whole numbers"),
        (numbers(1000, 21), "auto", None, "21 different whole numbers"),
        (["x,y", *["1,0.5", "2,1"] * 50], "auto", None, "2 different numbers"),
        (numbers(100, 3), "regression", None, "as asked"),
        (numbers(8, 3), "classification", ("0", "1", "2"), "as asked"),
        (["x,y", "1,0.5", "2,1.0", "2,1"], "classification", ("0.5", "1"), "2 classes"),
    ],
)
def test_the_task_is_inferred_and_said(table, lines, task, classes, said):
    rows = table(*lines)
    preparation, sentences = prepare(rows, "y", everything(rows), task)
    target = preparation.target
    assert (target.labels if isinstance(target, Classes) else None) == classes
    assert said in sentences[0]


@pytest.mark.parametrize(
    ("lines", "task", "said"),
    [
        (["x,y", "1,a", "2,a"], "auto", "'y' is 'a' in every row"),
        (["y", "a", "b"], "auto", "must have a column beside the target 'y'"),
        (["x,y", "1,a", "2,3"], "regression", "line 2, column 'y': expected a finite number"),
        (["x,y", "1,2", "2,"], "auto", "line 3, column 'y': the cell is missing"),
        (["x,y", "1,a", ",b"], "auto", "line 3, column 'x': the cell is missing"),
        (["x,y", "1,a", "NaN,b"], "auto", r"line 3, column 'x': the cell is missing \('NaN'\)"),
        (["x,z,y", "1,u,a", "2,,b"], "auto", "line 3, column 'z': the cell is missing"),
        (["x,y", "1e308,a", "-1e308,b"], "auto", "line 2, column 'x': 1e308 is too large"),
        (
            ["x,y", *(f"id{i},{i % 2}" for i in range(1001))],
            "auto",
            "line 2, column 'x': 'id0' is no number, and as categories the column has 1,001",
        ),
    ],
)
def test_what_cannot_be_learnt_is_refused(table, lines, task, said):
    rows = table(*lines)
    with pytest.raises(ValueError, match=said):
        prepare(rows, "y", everything(rows), task)


@pytest.mark.parametrize("cell", ["oops", "inf"])
@pytest.mark.parametrize("column", ["x", "y"])
def test_few_cells_that_are_no_numbers_are_mistakes(tmp_path, cell, column):
    rows = [{"x": str(i / 7), "y": str(i * 1.5)} for i in range(60)]
    rows[41][column] = cell
    path = tmp_path / "data.csv"
    path.write_text("x,y\n" + "".join(f"{row['x']},{row['y']}\n" for row in rows))
    table = read_table(path)
    with pytest.raises(ValueError, match=rf"line 43, column '{column}'.*number.*got '{cell}'"):
        prepare(table, "y", np.arange(60), "auto")


def test_a_stray_word_among_numbers_is_noted(table):
    rows = table("x,y", "1,a", "2,b", "three,a", "4,b")
    _, said = prepare(rows, "y", everything(rows))
    assert any("1 of 4 cells are no numbers, the first 'three' in line 4" in s for s in said)


def test_an_underscore_makes_no_number(table):
    rows = table("x,y", "1_0,a", "2_0,b")
    preparation, _ = prepare(rows, "y", everything(rows))
    assert preparation.features[0].categories == ("1_0", "2_0")
