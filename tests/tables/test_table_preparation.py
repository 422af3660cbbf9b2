"""Finding out how a table is learnt from."""

import numpy as np
import pytest

from xpnn.tables import from_frame, prepare, read

rng = np.random.default_rng(0)


@pytest.fixture
def table(tmp_path):
    """Return a function that reads a table from lines."""

    def read_lines(*lines):
        path = tmp_path / "data.csv"
        path.write_text("\n".join(lines) + "\n")
        return read(path)

    return read_lines


def test_rows_without_an_answer_are_left_out_and_said(table):
    rows = [f"{k % 7}.5,{'' if k == 3 else 'ab'[k % 2]}" for k in range(20)]
    found = prepare(table("x,y", *rows), "y")
    assert found.said[-1] == (
        "Task: classification of y into 2 classes, because it is yes/no. "
        "1 row without a y can't be learnt from, and is left out."
    )
    assert len(found.table) == 19
    np.testing.assert_array_equal(found.right, [k % 2 for k in range(20) if k != 3])
    assert [*found.table.columns] == ["x"]


def test_labels_stay_as_they_are_written(table):
    rows = [f"{k % 7}.5,{('01', '1', '1.0')[k % 3]}" for k in range(30)]
    found = prepare(table("x,y", *rows), "y")
    assert set(found.target.labels) == {"01", "1", "1.0"}
    assert len(np.unique(found.right)) == 3


def test_money_is_a_number_to_learn(table):
    rows = [f'{k % 7}.5,"$1,{100 + k}.50"' for k in range(60)]
    found = prepare(table("x,y", *rows), "y")
    np.testing.assert_allclose(found.right, [1100.5 + k for k in range(60)])


def test_only_training_rows_decide_how_inputs_are_made():
    frame = {
        "x": [1.0, 3.0, 5.0, 1e6] * 5,
        "c": ["a", "b", "a", "z"] * 5,
        "y": [0, 1, 1, 0] * 5,
    }
    found = prepare(from_frame(frame), "y", "classification")
    training = np.array([k for k in range(20) if k % 4 != 3])
    encoding = found.encoding(training)
    number, category = encoding.features
    assert (number.low, number.high, number.scale.center) == (1.0, 5.0, 3.0)
    assert category.values == ("a", "b")


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"z": "number"}, "no column 'z'"),
        ({"x": "colour"}, "'x' must be one of number, yes/no"),
        ({"x": "drop"}, "must have a column beside the target 'y'"),
    ],
)
def test_what_cannot_be_is_refused(columns, said):
    frame = {"x": rng.normal(size=20), "y": ["a", "b"] * 10}
    with pytest.raises(ValueError, match=said):
        prepare(from_frame(frame), "y", columns=columns)


def test_what_is_said_of_the_target_counts_not():
    frame = {"x": rng.normal(size=20), "y": ["a", "b"] * 10}
    found = prepare(from_frame(frame), "y", columns={"y": "category", "x": "number"})
    assert [*found.understood] == ["x"]


def test_of_a_series_the_count_of_rows_is_the_time(table):
    """R and pandas write it without a name, and beside one column there is nothing else."""
    rows = table('"",value', *(f"{k + 1},{k / 7:.3f}" for k in range(30)))
    assert [*rows.columns] == ["value"]
    assert rows.left_out == ("row",)
    rows = read(rows.source, [*rows.left_out, "value"])
    found = prepare(rows, "value")
    (line,) = (line for line in found.said if "nothing else" in line)
    assert "number, as it counts the rows, and there is nothing else" in line
    (feature,) = found.encoding(np.arange(30)).features
    assert (feature.low, feature.high) == (1.0, 30.0)
    # who says that it is an index, has nothing
    name = feature.column
    assert found.understood[name].kind == "number"
    assert prepare(rows, "value", columns={name: "index"}).understood[name].kind == "index"


def test_names_of_rows_are_texts_where_there_is_nothing_else():
    kinds = ("brick", "roof", "door")
    names = [f"{kinds[k % 3]} {k}{k * 7}" for k in range(60)]
    frame = {"name": names, "same": [1] * 60, "y": [k % 3 / 2 for k in range(60)]}
    found = prepare(from_frame(frame), "y", task="regression")
    assert found.understood["name"].kind == "text"
    assert "name: text, as 100 % of its cells differ, and there is nothing else" in found.said
    (feature,) = found.encoding(np.arange(60)).features
    assert feature.widths[1] > 1
    more = prepare(from_frame({**frame, "x": rng.normal(size=60)}), "y", task="regression")
    assert more.understood["name"].kind == "id"
    asked = prepare(from_frame(frame), "y", task="regression", columns={"name": "id"})
    assert asked.understood["name"].kind == "id"


def test_two_rows_are_needed(table):
    with pytest.raises(ValueError, match="must have two rows with a y, got 1"):
        prepare(table("x,y", "1,a", "2,", "3,"), "y", "classification")
