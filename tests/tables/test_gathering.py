"""Columns gathered from runs of cells: as texts, and as numbers where they are many."""

import numpy as np
import pytest

from xpnn.tables import gathering
from xpnn.tables.columns import Numbers, Texts, is_missing, is_plain_number
from xpnn.tables.gathering import TextGatherer, ValueGatherer
from xpnn.tables.texts import TextCells

PLAIN = [
    "0",
    "-0.5",
    "1e3",
    "+7",
    ".25",
    "3.",
    " 8",
    "9 ",
    "  10",
    "\u00a01",
    "-11",
    "0.125",
    "9007199254740991",
]

ODD = [
    "01",
    "-01",
    "+00",
    " 007",
    "1_0",
    "1_000.5",
    "+-1",
    "--1",
    "-",
    "0x10",
    "inf",
    "nan",
    "x",
    "9007199254740992",
    "1.2.3",
    "1e999",
    "\u0661",
]


def engine_float(text):
    """Return what a lenient engine makes of a text, as DuckDB does."""
    if not text.isascii():
        return np.nan
    try:
        return float(text.replace("_", "").replace("+-", "-"))
    except ValueError:
        return np.nan


def run(texts, floats=True):
    """Lay texts out as the engine does; None is null."""
    encoded = [b"" if text is None else text.encode() for text in texts]
    ends = np.cumsum([0, *map(len, encoded)]).astype(np.int32)
    data = np.frombuffer(b"".join(encoded) + bytes(8), dtype=np.uint8)
    null = np.array([text is None for text in texts], dtype=bool)
    given = np.array([np.nan if text is None else engine_float(text) for text in texts])
    return TextCells(ends[:-1], np.diff(ends), data, null, given if floats else None)


@pytest.fixture(autouse=True)
def _few(monkeypatch):
    monkeypatch.setattr(gathering, "MOST_TEXTS", 8)
    monkeypatch.setattr(gathering, "ROWS_TO_DECIDE", 20)


def gathered(runs, keep=False, may_be_numbers=True):
    """Gather as reading does: once more as texts, if need be."""
    gatherer = TextGatherer(may_be_numbers, keep)
    for cells in runs:
        gatherer.add(cells)
    gatherer.end()
    if gatherer.spoilt:
        return gathered(runs, may_be_numbers=False)
    return gatherer.column()


@pytest.mark.parametrize("floats", [[True] * 4, [False] * 4, [True, False, True, False]])
@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("lengths", [[12, 12, 12, 3], [30, 1, 1, 1], [5, 5, 1, 30]], ids=str)
def test_many_plain_numbers_become_numbers(floats, keep, lengths):
    texts = [*(f"{i}.50" for i in range(sum(lengths) - 3)), None, "NA", *PLAIN[:1]]
    parts = np.split(np.array(texts, dtype=object), np.cumsum(lengths)[:-1])
    column = gathered([run(list(p), f) for p, f in zip(parts, floats)], keep)
    assert isinstance(column, Numbers)
    expected = [np.nan if t in (None, "NA") else float(t) for t in texts]
    np.testing.assert_array_equal(column.values, expected)


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("at", [0, 15, 35])
@pytest.mark.parametrize("odd", ODD)
def test_one_that_may_be_a_label_keeps_all_texts(odd, at, keep):
    texts = [f"{i}.50" for i in range(40)]
    texts[at] = odd
    column = gathered([run(texts[i : i + 12]) for i in range(0, 40, 12)], keep)
    stripped = odd.strip()
    if is_missing(stripped):
        assert isinstance(column, Numbers)
    else:
        assert isinstance(column, Texts)
        assert column.cells().tolist() == [text.strip() for text in texts]


@pytest.mark.parametrize("text", PLAIN)
def test_plain_numbers_are_taken_as_python_takes_them(text):
    texts = [f"{i}.5" for i in range(30)] + [text]
    column = gathered([run(texts)])
    assert isinstance(column, Numbers)
    assert column.values[-1] == float(text)


@pytest.mark.parametrize("text", [*PLAIN, *ODD])
def test_the_engine_is_not_trusted_with_what_it_takes_too_freely(text):
    values = gathering.plain_numbers(run(["1", text, None, "2.5"]))
    stripped = text.strip()
    if is_missing(stripped):
        np.testing.assert_array_equal(values, [1, np.nan, np.nan, 2.5])
    elif is_plain_number(stripped):
        np.testing.assert_array_equal(values, [1, float(text), np.nan, 2.5])
    else:
        assert values is None


def test_few_texts_stay_texts_each_kept_once_in_the_order_they_came():
    texts = ["b", " a", None, "a ", "NA", "b", "ä" * 40, "a", "ä" * 40, "x" * 32, "x" * 33]
    column = gathered([run(texts[:4], False), run(texts[4:], False)])
    assert isinstance(column, Texts)
    assert column.values == ("b", "a", "ä" * 40, "x" * 32, "x" * 33)
    assert column.codes.tolist() == [0, 1, -1, 1, -1, 0, 2, 1, 2, 3, 4]


def test_cells_that_share_a_slot_are_told_apart(monkeypatch):
    monkeypatch.setattr("xpnn.tables.texts.SLOT_BITS", 1)
    texts = [f"text {i % 7}" for i in range(50)] + ["", "a", "a\x00", "a\x00\x00"]
    column = gathered([run(texts, False)])
    assert column.cells().tolist() == [text or None for text in texts]
    assert column.values[:7] == tuple(f"text {i}" for i in range(7))


def test_a_column_given_whole_is_joined_with_others():
    gatherer = TextGatherer(may_be_numbers=False)
    gatherer.add(Texts(np.array([0, -1, 1], dtype=np.int32), ("a", "b")))
    gatherer.add(Texts(np.array([1, 0], dtype=np.int32), ("c", "a")))
    column = gatherer.column()
    assert column.cells().tolist() == ["a", None, "b", "a", "c"]


@pytest.mark.parametrize("kind", ["number", "moment"])
def test_values_are_joined(kind):
    gatherer = ValueGatherer(kind)
    assert len(gatherer.column()) == 0
    dtype = "float64" if kind == "number" else "datetime64[us]"
    for length in (2, 3):
        gatherer.add(np.zeros(length, dtype=dtype))
    assert len(gatherer.column()) == 5


@pytest.mark.parametrize("floats", [True, False], ids=["waits", "decided by"])
def test_cells_that_waited_are_not_added_twice(floats):
    gatherer = TextGatherer(keep=True, most=3)
    for texts in (["1", "2", "3", "4"], ["5", "x"], ["7"]):
        gatherer.add(run(texts))
    gatherer.add(run(["8", None], floats))
    gatherer.add(run(["x", "9"]))
    column = gatherer.column()
    assert column.cells().tolist() == ["1", "2", "3", "4", "5", "x", "7", "8", None, "x", "9"]
    assert not gatherer.spoilt
