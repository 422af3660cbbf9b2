"""Encodings and targets as a model file keeps them."""

import copy
import json

import numpy as np
import pytest

from xpnn.tables.encoding import Encoding
from xpnn.tables.plain import encoding_of, target_of, to_plain
from xpnn.tables.sources import from_frame
from xpnn.tables.targets import find_target
from xpnn.tables.understanding import understand
from xpnn.tables.wording import packed

rng = np.random.default_rng(3)
N = 40


def everything():
    """Return a table with a column of each kind."""
    return from_frame(
        {
            "size": np.where(rng.random(N) < 0.2, np.nan, rng.normal(size=N)),
            "price": [f"CHF {p:,}" for p in rng.integers(500, 9000, N)],
            "weight": [f"{p} kg" for p in rng.integers(50, 90, N)],
            "share": [f"{p},5" for p in rng.integers(0, 9, N)],
            "town": rng.choice(["Rome", "Oslo", "Lima", None], N).tolist(),
            "smoker": ["yes", "no"] * (N // 2),
            "day": [f"{d}.{m}.2021" for m, d in rng.integers(1, 13, (N, 2))],
            "opens": [f"{h}:30" for h in rng.integers(6, 11, N)],
            "remark": [" ".join(rng.choice(["ab", "cab", "d", "e"], 6)) for _ in range(N)],
        }
    )


def test_it_comes_back_as_it_was():
    table = everything()
    encoding = Encoding.fit(table, understand(table).values())
    assert {feature.kind for feature in encoding.features} == {
        *("number", "category", "yes/no", "date", "time", "text")
    }
    data = json.loads(json.dumps(to_plain(encoding), allow_nan=False))
    again = encoding_of(data)
    assert again == encoding
    np.testing.assert_array_equal(again.inputs(table), encoding.inputs(table))
    for name in ("price", "town"):
        target, _ = find_target(table, name)
        assert target_of(json.loads(json.dumps(to_plain(target)))) == target


def spoilt():
    """Yield plain data with each value in turn replaced by something wrong."""
    table = everything()
    whole = to_plain(Encoding.fit(table, understand(table).values()))

    def places(value, path):
        yield path
        if isinstance(value, dict | list):
            keys = value if isinstance(value, dict) else range(len(value))
            for key in keys:
                yield from places(value[key], (*path, key))

    for path in [*places(whole, ())][1:]:
        for wrong in (None, [], {}, "x", -1, float("inf"), [1], {"a": 1}):
            data = copy.deepcopy(whole)
            place = data
            for key in path[:-1]:
                place = place[key]
            if type(place[path[-1]]) is not type(wrong):
                place[path[-1]] = wrong
                yield path, data


def test_nothing_else_is_taken():
    """Or what is taken is used without an error of another kind."""
    table, refused = everything(), 0
    for _, data in spoilt():
        try:
            encoding = encoding_of(data)
        except ValueError as error:
            assert str(error).startswith("expected ")  # noqa: PT017 - most are refused
            refused += 1
        else:
            encoding.inputs(table.take(slice(0, 3)))
    assert refused > 500


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "expected features as a list"),
        ([1], "expected feature 0 as an object of the kind"),
        ([{"kind": "magic"}], "of the kind 'number' or 'yes/no'"),
        ([{"kind": "time", "column": "a"}], "an object with column, scale, missing"),
        ([{"kind": "yes/no", "column": "a", "values": ["x"]}] * 2, "different columns"),
    ],
    ids=["list", "object", "kind", "fields", "columns"],
)
def test_what_is_refused(data, words):
    with pytest.raises(ValueError, match=words):
        encoding_of(data)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"grams": []}, "grams of feature 0 as n-grams"),
        ({"grams": ["ab"]}, "as n-grams"),
        ({"grams": ["ABC", "abcd"]}, "as n-grams"),
        ({"weights": "!"}, "numbers for each n-gram"),
        ({"weights": packed(np.array([1.0, 0.0]))}, "a weight is no number > 0"),
        ({"weights": packed(np.ones(1))}, "2 bytes are no 2 rows"),
        ({"weights": packed(np.ones(4))}, "numbers for each n-gram"),
        ({"basis": ""}, "0 bytes are no 2 rows"),
        ({"basis": packed(np.array([1, np.inf]))}, "not finite"),
    ],
    ids=["none", "short", "capitals", "characters", "zero", "few", "many", "empty", "infinite"],
)
def test_what_is_refused_of_a_text(changes, words):
    good = {"kind": "text", "column": "a", "grams": [" ab", "abcd"]}
    good |= {"weights": packed(np.ones(2)), "basis": packed(np.ones((2, 3)))}
    assert encoding_of([good]).n_inputs == 3
    with pytest.raises(ValueError, match=f"expected .*{words}"):
        encoding_of([good | changes])
