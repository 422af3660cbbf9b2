"""Making columns into a network's numbers, and keeping how as plain data."""

import json

import numpy as np
import pytest
from table_files import everything, table_of

from xpnn.tables import Classes, Feature, Measure, Preparation, prepare


@pytest.fixture
def table(tmp_path):
    """Return a function that reads a table from lines."""
    return lambda *lines: table_of(tmp_path, *lines)


def test_whole_numbers_are_the_same_class_however_they_are_written(table):
    rows = table("x,y", "1,1", "2,1.0", "3,01", "4,2", "5,2e0")
    preparation, _ = prepare(rows, "y", everything(rows), "classification")
    assert preparation.target.labels == ("1", "2")
    np.testing.assert_array_equal(preparation.target.apply(rows, "y"), [0, 0, 0, 1, 1])


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
