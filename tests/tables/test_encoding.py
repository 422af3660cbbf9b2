"""Columns on their way to inputs, and what later rows may hold."""

import datetime

import numpy as np
import pytest

from xpnn.tables.cells import codes_of
from xpnn.tables.columns import Numbers
from xpnn.tables.encoding import Encoding
from xpnn.tables.features import Odd
from xpnn.tables.scaling import Scale
from xpnn.tables.sources import from_frame
from xpnn.tables.understanding import understand

rng = np.random.default_rng(8)


def encoded(columns, asked=None):
    table = from_frame(columns)
    return Encoding.fit(table, understand(table, asked).values()), table


def test_the_scale_is_the_recipes():
    """By hand: the median 3, quartiles 2 and 4, so 5 becomes 1 and then 1 / sqrt(1 + 1/9)."""
    scale = Scale.of(np.array([1.0, 2, 3, 4, 5, np.nan]))
    assert (scale.center, scale.factor) == (3, 0.5)
    values = np.array([3, 5, np.nan, 1e300, -np.inf])
    wanted = [0, 1 / np.sqrt(1 + 1 / 9), 0, 3, -3]
    np.testing.assert_allclose(scale(values), wanted, rtol=1e-6)


def test_where_the_quartiles_are_one_number():
    assert Scale.of(np.array([0.0] * 9 + [4.0])).factor == 0.5  # 2 over the range
    assert Scale.of(np.array([2.0, 2.0])).factor == 0
    assert Scale.of(np.array([1.0, 1 + 1e-15, 1 - 1e-15])).factor == 0  # no more than rounding
    assert Scale.of(np.array([np.nan])) == Scale(0.0, 0.0)


def test_numbers_first_then_plain_ones_then_codes():
    columns = {
        "town": ["Rome", "Oslo", "Lima", "Rome", "Oslo", "Lima"],
        "age": [1.0, 2, 3, 4, None, 6],
        "smoker": ["yes", "no", "yes", "no", "no", "no"],
    }
    encoding, table = encoded(columns)
    assert (encoding.n_numbers, encoding.sizes, encoding.n_inputs) == (1, (3,), 4)
    inputs = encoding.inputs(table)
    assert inputs.dtype == np.float32
    assert inputs[4, 0] == 0  # a missing number is the median
    assert inputs[:, 1].tolist() == [0, 0, 0, 0, 1, 0]  # and is said to be missing
    assert inputs[:, 2].tolist() == [1, -1, 1, -1, -1, -1]
    assert inputs[:, 3].tolist() == [2, 1, 0, 2, 1, 0]  # Lima, Oslo, Rome


def test_later_rows_may_hold_anything():
    encoding, _ = encoded(
        {
            "town": ["Rome", "Oslo", "Lima"] * 4,
            "age": [float(k % 7) for k in range(12)],
            "smoker": ["yes", "no"] * 6,
            "day": [f"2021-01-{d:02}" for d in range(1, 12)] + ["2021-01-01"],
            "opens": ["9:00", "10:00", "11:30"] * 4,
        }
    )
    later = from_frame(
        {  # in another order, with others, all of texts
            "opens": ["noon", None, "9:00"],
            "new": ["a", "b", "c"],
            "day": ["soon", None, "2021-01-02"],
            "smoker": ["maybe", None, "yes"],
            "age": ["old", None, "1000"],
            "town": ["Paris", None, "Rome"],
        }
    )
    odd = Odd()
    inputs = encoding.inputs(later, odd)
    assert np.isfinite(inputs).all()
    assert inputs[:, -1].tolist() == [-1, -1, 2]  # the code of what was never seen
    unseen = "a value that was not there in training"
    assert odd.cells == {
        "town": {unseen: 1},
        "age": {"no number": 1, "far outside of the training rows": 1},
        "smoker": {unseen: 1},
        "day": {"no date": 1},
        "opens": {"no time": 1},
    }
    assert "'town' has a value that was not there in training in 1 row;" in str(odd)


def test_missing_categories_have_a_code_and_rare_ones_share_one():
    towns = ["Rome", "Oslo"] * 5 + ["Bath", None]
    encoding, table = encoded({"town": towns})
    (feature,) = encoding.features
    assert (feature.values, feature.missing, feature.pooled) == (("Oslo", "Rome"), True, True)
    codes = encoding.inputs(table)[:, 0].tolist()
    assert codes == [1, 0] * 5 + [3, 2]
    later = encoding.inputs(from_frame({"town": ["Paris"]}))
    assert later.tolist() == [[3]]


def test_many_categories_are_the_most_frequent_ones():
    towns = [f"town {k}" for k in range(100) for _ in range(2 + k)]
    encoding, _ = encoded({"town": towns})
    (feature,) = encoding.features
    assert set(feature.values) == {f"town {k}" for k in range(60, 100)}
    assert encoding.sizes == (41,)


@pytest.mark.parametrize("kind", ["numbers", "texts"])
def test_a_category_is_the_same_as_text_and_as_number(kind):
    asked = {"grade": "category", "flag": "yes/no"}
    encoding, _ = encoded({"grade": [1, 2, 3] * 4, "flag": [0, 1] * 6}, asked)
    later = {"numbers": ([3.0, 1.0], [1, 0]), "texts": (["3.0", "1"], ["1.0", "0"])}[kind]
    inputs = encoding.inputs(from_frame({"grade": later[0], "flag": later[1]}))
    assert inputs.tolist() == [[1, 2], [-1, 0]]


def test_parts_of_a_date():
    days = [datetime.datetime(2020, 2, 29, 6), datetime.datetime(2021, 12, 5, 18)]
    encoding, table = encoded({"day": np.array(days, dtype="datetime64[us]")})
    (feature,) = encoding.features
    assert [*feature.parts] == [
        "year",
        "month",
        "day",
        "day of the week",
        "hour",
        "days since 1970",
    ]
    centers = {name: scale.center for name, scale in feature.parts.items()}
    # a Saturday and a Sunday, where Monday is 0; medians of two are their means
    assert centers["day of the week"] == 5.5
    assert (centers["year"], centers["month"], centers["day"]) == (2020.5, 7, 17)
    assert centers["hour"] == 12
    seconds = [day.replace(tzinfo=datetime.UTC).timestamp() for day in days]
    assert centers["days since 1970"] == pytest.approx(np.mean(seconds) / 86400)
    inputs = encoding.inputs(table)
    np.testing.assert_allclose(inputs[0], -inputs[1])
    text = from_frame({"day": ["2020-02-29 06:00", "2021-12-05T18:00"]})
    np.testing.assert_array_equal(encoding.inputs(text), inputs)


def test_a_missing_column_is_told_with_the_nearest_name():
    encoding, _ = encoded({"height": rng.normal(size=9)})
    with pytest.raises(ValueError, match=r"no column 'height'; did you mean 'hieght'\?"):
        encoding.inputs(from_frame({"hieght": [1.0]}))


def test_no_rows():
    encoding, table = encoded({"height": rng.normal(size=9), "town": ["a", "b", "c"] * 3})
    assert encoding.inputs(table.take(slice(0, 0))).shape == (0, 2)


def test_numbers_are_found_as_float32_has_them_and_no_others():
    column = Numbers(np.array([0.1, np.float32(0.1), 0.1000001, 1e9, 1e9 + 2, np.nan]))
    assert codes_of(column, ("0.1", "1000000000")).tolist() == [0, 0, -2, 1, -2, -1]
    assert codes_of(Numbers(np.array([1.0, 0.0])), ("False", "True")).tolist() == [1, 0]
    assert codes_of(Numbers(np.array([1.0])), ("a", "b")).tolist() == [-2]
