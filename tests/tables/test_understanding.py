"""What columns are taken for: the cases of tables that people have."""

import numpy as np
import pytest

from xpnn.tables.sources import from_frame
from xpnn.tables.understanding import understand

rng = np.random.default_rng(12)
N = 60

COLUMNS = {
    "height": (rng.normal(size=N), "number"),
    "count": (rng.integers(0, 9, N), "number"),
    "price": ([f"${p:,}" for p in rng.integers(500, 9000, N)], "number"),
    "share": ([f"{p}%" for p in rng.integers(0, 100, N)], "number"),
    "zip": ([f"0{p}" for p in rng.integers(1000, 1009, N)], "category"),
    "smoker": (["yes", "no"] * (N // 2), "yes/no"),
    "flag": ([0, 1] * (N // 2), "yes/no"),
    "checked": (["x", None] * (N // 2), "yes/no"),
    "town": (["Rome", "Oslo", "Lima"] * (N // 3), "category"),
    "day": ([f"2021-{m:02}-{d:02}" for m, d in rng.integers(1, 13, (N, 2))], "date"),
    "opens": ([f"{h}:30" for h in rng.integers(6, 11, N)], "time"),
    "code": ([f"A{k}X{k * 7}" for k in range(N)], "id"),
    "passengerId": (rng.permutation(N) + 100, "id"),
    "number": (np.arange(1, N + 1), "index"),
    "title": ([f"the {k}th story of the {k} cats" for k in range(N)], "text"),
    "same": (["all"] * N, "constant"),
    "nothing": ([None] * N, "constant"),
    "price_index": (rng.permutation(N) + 100, "number"),
    "tweet": ([str(2**60 + 7 * k) for k in range(N)], "id"),
    "bought": ([f"{k % 9}.{k:03}" for k in range(1, 1 + N)], "number"),
    "year": (np.arange(1960, 1960 + N), "number"),  # which counts, but from no beginning
}


@pytest.mark.parametrize("name", COLUMNS)
def test_what_a_column_is(name):
    values, kind = COLUMNS[name]
    table = from_frame({name: list(values)})
    found = understand(table)[name]
    assert found.kind == kind, found
    line = str(found)
    assert line.startswith(f"{name}: {kind}, ")
    assert line.endswith("; left out") == (kind in ("id", "index", "constant"))


def test_lines_say_why():
    table = from_frame(
        {
            "price": ["$1,200", "$3"] * 49 + ["$7", "$8", "ask"],
            "when": ["1/2/2021", "3/4/2021"] * 49 + ["5/6/2021", "5/6/2021", None],
            "zip": ["01234", "10115", "20095"] * 33 + ["01234"] * 2,
        }
    )
    price, when, zip = understand(table).values()
    assert price.reason == "as 99.01 % of its cells are one; 'ask' and others count as missing"
    assert when.reason == "as cells are such as '1/2/2021', though %d/%m/%Y would fit as well"
    assert zip.reason == "with 3 values, some of which are codes and no numbers"


def test_sentences_stay_short():
    values = ["yes, " * 900, "no"] * 9
    (found,) = understand(from_frame({"agreed": values})).values()
    assert len(str(found)) < 120


def test_the_mark_before_a_fraction_is_that_of_other_columns():
    weights, prices = ["3,371", "1,653", "12,50"], ["1.200", "2.350", "950"]
    weight, price = understand(from_frame({"weight": weights, "price": prices})).values()
    assert (weight.style.decimal, price.style.decimal) == (",", ",")
    assert price.reason == "as cells are such as '1.200', which is 1,200"
    (alone,) = understand(from_frame({"price": prices})).values()
    assert alone.style.decimal == "."


def test_who_knows_better_says_so():
    table = from_frame(
        {
            "zip": ["01234", "10115"] * 10,
            "grade": [1, 2, 3, 4] * 5,
            "number": np.arange(1, 21),
            "note": [f"the {k}th note of many" for k in range(20)],
            "when": ["1/2/2021", "soon"] * 10,
        }
    )
    asked = {
        "zip": "number",
        "grade": "category",
        "number": "number",
        "note": "id",
        "when": "date",
    }
    found = understand(table, asked)
    assert {name: one.kind for name, one in found.items()} == asked
    doubt = ", though %d/%m/%Y would fit as well; 50 % are none, and count as missing"
    assert found.pop("when").reason == f"as asked{doubt}"
    assert all(one.reason == "as asked" for one in found.values())


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (
            {"town": "number"},
            "'town' can't be a number, as most cells are none, such as 'Rome'",
        ),
        ({"town": "date"}, "'town' can't be a date"),
        (
            {"town": "colour"},
            "'town' must be one of number, yes/no, category, .*, got 'colour'",
        ),
        ({"twon": "id"}, "no column 'twon'; did you mean 'town'"),
    ],
    ids=["number", "date", "kind", "name"],
)
def test_what_can_not_be(asked, words):
    with pytest.raises(ValueError, match=words):
        understand(from_frame({"town": ["Rome", "Oslo", "Lima"] * 3}), asked)


@pytest.mark.parametrize(
    ("cells", "kind", "words"),
    [
        (["", ""], "number", "'a' can't be a number, as all cells are empty"),
        (
            ["13/02/2020", "2020-03-04", "4.5.2021"],
            "date",
            "'a' can't be a date, as its cells are not written in one way: '13/02/2020', ",
        ),
    ],
    ids=["empty", "each in another way"],
)
def test_cells_of_which_none_is_wrong_by_itself(cells, kind, words):
    with pytest.raises(ValueError, match=words):
        understand(from_frame({"a": cells}), {"a": kind})


def test_no_rows():
    assert understand(from_frame({"a": []}))["a"].kind == "constant"
