"""Reading CSV files, and making columns into a network's numbers."""

import json

import numpy as np
import pytest

from xpnn.tables import Classes, Feature, Measure, Preparation, prepare, read_table


@pytest.fixture
def write(tmp_path):
    def write(text, name="data.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write


@pytest.fixture
def table(write):
    """Return a function that reads a table from lines."""
    return lambda *lines: read_table(write("\n".join(lines) + "\n"))


def everything(table):
    return np.arange(len(table))


# ------------------------------------------------------------------------------ reading


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


def test_columns_may_be_counted(table):
    assert list(table("0,1,2", "5,6,7").columns) == ["0", "1", "2"]


def test_a_wrong_name_is_answered_with_the_nearest(table):
    with pytest.raises(
        ValueError, match="target column 'colr'; did you mean 'colour'"
    ) as caught:
        prepare(table("colour,size", "red,1"), "colr", np.arange(1))
    assert "Its columns are: 'colour', 'size'" in str(caught.value)


# -------------------------------------------------------------------- kinds and the task


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


def test_whole_numbers_are_the_same_class_however_they_are_written(table):
    rows = table("x,y", "1,1", "2,1.0", "3,01", "4,2", "5,2e0")
    preparation, _ = prepare(rows, "y", everything(rows), "classification")
    assert preparation.target.labels == ("1", "2")
    np.testing.assert_array_equal(preparation.target.apply(rows, "y"), [0, 0, 0, 1, 1])


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


def test_a_stray_word_among_numbers_is_noted(table):
    rows = table("x,y", "1,a", "2,b", "three,a", "4,b")
    _, said = prepare(rows, "y", everything(rows))
    assert any("1 of 4 cells are no numbers, the first 'three' in line 4" in s for s in said)


def test_an_underscore_makes_no_number(table):
    rows = table("x,y", "1_0,a", "2_0,b")
    preparation, _ = prepare(rows, "y", everything(rows))
    assert preparation.features[0].categories == ("1_0", "2_0")


# ------------------------------------------------------------------------------- inputs


def test_numbers_are_scaled_by_the_training_rows_only(table):
    rows = table("x,y", "1,a", "3,b", "101,a")
    preparation, _ = prepare(rows, "y", np.array([0, 1]))
    # of 1 and 3 the mean is 2 and the standard deviation 1
    X = preparation.inputs(rows, 1)
    np.testing.assert_array_equal(X, np.array([[-1.0], [1.0], [99.0]], dtype=np.float32))
    assert X.dtype == np.float32


def test_categories_become_an_input_each(table):
    rows = table("colour,x,y", "red,0,a", "blue,2,b", "red,4,a")
    preparation, _ = prepare(rows, "y", everything(rows))
    assert preparation.n_inputs == 3
    half = np.sqrt(1.5)
    expected = [[0, 1, -half], [1, 0, 0], [0, 1, half]]
    np.testing.assert_allclose(preparation.inputs(rows, 3), expected, rtol=1e-6)


def test_columns_are_found_by_name_wherever_they_are(table):
    rows = table("colour,x,y", "red,0,a", "blue,2,b")
    preparation, _ = prepare(rows, "y", everything(rows))
    other = table("other,x,colour", "9,2,blue", "9,0,red")
    np.testing.assert_array_equal(
        preparation.inputs(other, 3), preparation.inputs(rows, 3)[::-1]
    )


def test_a_column_that_does_not_vary_stays_finite(table):
    rows = table("x,y", "0.1,a", "0.1,b", "0.1,a")
    preparation, _ = prepare(rows, "y", everything(rows))
    np.testing.assert_allclose(preparation.inputs(rows, 1), 0, atol=1e-6)


def test_a_numeric_target_is_scaled_and_restored(table):
    rows = table("x,y", "1,10.5", "2,20.25", "3,60")
    preparation, _ = prepare(rows, "y", everything(rows), "regression")
    scaled = preparation.target.apply(rows, "y")
    np.testing.assert_allclose([scaled.mean(), scaled.std()], [0, 1], atol=1e-12)
    np.testing.assert_allclose(preparation.target.restore(scaled), [10.5, 20.25, 60])


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["colour", "red"], "must have the feature column 'x'"),
        (
            ["x,colour", "1,red", "2,green"],
            "line 3, column 'colour': 'green' is none of the cat",
        ),
        (["x,colour", "1,red", "2,"], "line 3, column 'colour': the cell is missing"),
        (["x,colour", "one,red"], "line 2, column 'x': expected a finite number, got 'one'"),
        (["x,colour", "inf,red"], "line 2, column 'x': expected a finite number, got 'inf'"),
        (["x,colour", ",red"], "line 2, column 'x': the cell is missing"),
        (["x,colour", "1e300,red"], r"line 2, column 'x': 1e\+300 is too large a number"),
    ],
)
def test_rows_that_the_model_cannot_know_are_refused(table, lines, said):
    rows = table("x,colour,y", "0,red,a", "2,blue,b")
    preparation, _ = prepare(rows, "y", everything(rows))
    with pytest.raises(ValueError, match=said):
        preparation.inputs(table(*lines), 3)


def test_an_unknown_class_is_refused(table):
    target = Classes("y", ("a", "b"))
    with pytest.raises(ValueError, match="line 3, column 'y': 'c' is none of the classes"):
        target.apply(table("y", "a", "c"), "y")


def test_without_names_columns_count_in_their_order(table):
    preparation = Preparation((), Classes("", ("0", "1")))
    rows = table("p,answer,q", "1,0,2", "3,1,4")
    np.testing.assert_array_equal(preparation.inputs(rows, 2, "answer"), [[1, 2], [3, 4]])
    with pytest.raises(ValueError, match=r"must have 2 feature columns, .* got 3"):
        preparation.inputs(rows, 2)


# ------------------------------------------------------------------------ as plain data

GOOD = Preparation(
    (Feature("x", 1.0, 2.0), Feature("c", categories=("u", "v"))),
    Classes("y", ("a", "b"), False),
)


@pytest.mark.parametrize("target", [GOOD.target, Measure("y", 3.0, 0.5)])
def test_plain_data_leads_back(target):
    preparation = Preparation(GOOD.features, target)
    assert Preparation.from_json(json.loads(json.dumps(preparation.to_json()))) == preparation


def broken(**changes):
    """Return plain data with values changed; keys are paths with _ between."""
    data = json.loads(json.dumps(GOOD.to_json()))
    for path, value in changes.items():
        *way, last = [int(k) if k.isdecimal() else k for k in path.split("_")]
        place = data
        for key in way:
            place = place[key]
        place[last] = value
    return data


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, "expected a preparation with the fields features, target"),
        ([], "expected a preparation"),
        ({"features": []}, "expected a preparation"),
        (broken(features=3), "expected features of a preparation as list, got 3"),
        (broken(features_0=3), "expected a feature with the fields"),
        (broken(features_0_mean="1"), "expected mean of a feature as float, got '1'"),
        (broken(features_0_mean=float("nan")), "expected mean of a feature as float, got nan"),
        (broken(features_0_scale=0.0), "expected scale of a feature > 0, got 0.0"),
        (broken(features_0_more=1), "expected a feature with the fields"),
        (broken(features_0_column="c"), "expected features of different columns"),
        (broken(features_1_categories=["u", "u"]), "expected categories as different texts"),
        (broken(features_1_categories=[1]), "expected categories as different texts"),
        (broken(target_kind="code"), "expected a target of classes or of numbers, got 'code'"),
        (broken(target_labels="ab"), "expected labels of a target as list, got 'ab'"),
        (broken(target_numeric=1), "expected numeric of a target as bool, got 1"),
        (broken(target={"kind": "number"}), "expected a target with the fields"),
    ],
)
def test_plain_data_is_not_trusted(data, said):
    with pytest.raises(ValueError, match=said):
        Preparation.from_json(data)


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
