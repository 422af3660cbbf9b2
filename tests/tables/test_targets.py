"""What is learnt: classes as they are written, or numbers."""

import numpy as np
import pytest

from xpnn.tables.preparation import prepare
from xpnn.tables.sources import from_frame
from xpnn.tables.targets import Classes, Measure, find_target


def target(values, task="auto"):
    return find_target(from_frame({"y": values}), "y", task)


def test_labels_stay_as_they_are_written():
    for labels in (["01", "1", "001"], ["1.50", "x", "1E2"], ["Yes", "No"], ["True", "False"]):
        found, said = target(labels * 5)
        assert set(found.labels) == set(labels)
        numbers = found.apply(from_frame({"y": labels})["y"])
        assert [found.labels[k] for k in numbers] == labels
        assert said.startswith(f"Task: classification of y into {len(labels)} classes")


def test_money_is_a_number():
    found, said = target([f"${k * 1000:,}" for k in range(1, 60)])
    assert isinstance(found, Measure)
    assert found.apply(from_frame({"y": ["$1,234", "?", "ask"]})["y"])[0] == 1234
    assert np.isnan(found.apply(from_frame({"y": ["?", "ask"]})["y"])).all()
    assert "59 different whole numbers" in said


def test_one_row_that_is_far_from_all_others_is_told():
    _, said = target([*np.linspace(0, 1, 99), 1e6])
    assert said.endswith("One row, 1,000,000, has most of the spread: see whether it is right.")
    assert "One row" not in target([*np.linspace(0, 1, 99), 2.0])[1]


def test_what_is_missing_is_no_class():
    found, _ = target(["male", "female", "NA", None] * 5)
    assert found.labels == ("female", "male")
    assert found.apply(from_frame({"y": ["male", "NA", "other"]})["y"]).tolist() == [1, -1, -1]


def test_a_label_is_found_however_its_number_or_truth_is_written():
    for labels, later in [
        (["1.0", "2.0"], ["1", "2.00"]),
        (["true", "false"], ["True", "FALSE"]),
        (["True", "False"], ["true", "false"]),
    ]:
        found, _ = target(labels * 9)
        assert set(found.labels) == set(labels)
        assert [found.labels[k] for k in found.apply(from_frame({"y": later})["y"])] == labels
    found, _ = target([True, False] * 9)
    assert found.apply(from_frame({"y": ["true", "false"]})["y"]).tolist() == [1, 0]


def test_few_whole_numbers_are_classes():
    assert target([0, 1, 2] * 5)[0] == Classes("y", ("0", "1", "2"))
    assert isinstance(target([0, 1, 2, 2.5] * 5)[0], Measure)
    assert isinstance(target([0, 2, 1])[0], Measure)  # with too few rows of each
    assert isinstance(target([0, 1, 2] * 5, "regression")[0], Measure)
    assert target([10, 9, 2] * 5)[0].labels == ("2", "9", "10")
    assert target(["10", "9", "2"] * 5)[0].labels == ("2", "9", "10")
    assert target(range(30), "classification")[0].labels == tuple(map(str, range(30)))


def test_numbers_are_scaled_and_answers_stay_within_what_was_seen():
    found, _ = target([0.5, 1.5, 2.5, 3.5] * 5)
    assert (found.mean, found.low, found.high) == (2.0, 0.5, 3.5)
    assert found.scale == pytest.approx(np.sqrt(1.25))
    assert found.restore(np.array([0.0, 99.0, -99.0])).tolist() == [2.0, 3.5, 0.5]


@pytest.mark.parametrize(
    ("values", "task", "words"),
    [
        (["a"] * 9, "auto", "is constant, as each cell is 'a'"),
        ([None] * 9, "auto", "is constant, as no cell has a value"),
        ([f"A{k}B" for k in range(30)], "auto", "is id, as 100 % of its cells differ"),
        (["a", "b"] * 9, "classify", "task must be one of auto, classification, regression"),
        (["yes", None, ""] * 9, "auto", "no class but 'yes', and cells that are missing"),
        (["a", "b"] * 9, "regression", "must be numbers, got 'a'"),
        ([f"A{k}B" for k in range(1001)], "classification", "too many for classes"),
        ([1e308, -1e308, 3.5] * 9, "auto", "too large numbers"),
    ],
    ids=["constant", "empty", "id", "task", "one class", "words", "many", "large"],
)
def test_what_can_not_be_learnt(values, task, words):
    with pytest.raises(ValueError, match=words):
        target(list(values), task)


def test_what_counts_the_rows_is_time_unless_it_is_called_an_id():
    table = from_frame({"month": list(range(1, 41)), "row_id": list(range(1, 41))})
    found, said = find_target(table, "month")
    assert isinstance(found, Measure)
    assert said.startswith("Task: regression of month")
    with pytest.raises(ValueError, match="'row_id' is index, as it counts the rows"):
        find_target(table, "row_id")


def test_labels_that_differ_in_capitals_alone_are_told_and_stay():
    found, said = target(["Yes", "yes", "no"] * 9)
    assert found.labels == ("Yes", "no", "yes")
    assert said.endswith("'Yes' and 'yes' are two of them: see whether that is right.")
    assert "are two of them" not in target(["yes", "no"] * 9)[1]
    found, said = target(["0", "1", "0.0", "a"] * 9)
    assert (len(found.labels), "'0' and '0.0' are two of them" in said) == (4, True)


def test_other_columns_show_the_mark_of_a_target_that_could_have_either():
    texts = [f"1.{200 + k}" for k in range(30)]
    for area, first in (("21,5", 1200.0), ("21.5", 1.2)):
        table = from_frame({"rent": texts, "area": [area, "22"] * 15})
        found, _ = find_target(table, "rent")
        assert found.apply(table["rent"])[0] == first


def test_a_target_shows_the_mark_of_columns_that_could_have_either():
    rents = [f"1.{200 + k},50" for k in range(30)]
    table = from_frame({"deposit": [f"3.{100 + k}" for k in range(30)], "rent": rents})
    assert prepare(table, "rent").understood["deposit"].style.decimal == ","
