"""Free text as inputs, against scikit-learn's tf-idf and NumPy's whole decomposition."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from xpnn.tables import from_frame, wording
from xpnn.tables.columns import Numbers, Texts
from xpnn.tables.encoding import Encoding
from xpnn.tables.features import Odd
from xpnn.tables.grams import LONGEST
from xpnn.tables.understanding import understand
from xpnn.tables.wording import TextFeature, packed, unpacked

rng = np.random.default_rng(5)
WORDS = ["sunny", "quiet", "lake", "garden", "balcony", "renovated", "bright", "school"]
WORDS += ["station", "größer", "Київ", "a"]
SHARES = 0.7 ** np.arange(len(WORDS))  # so that no two singular values are the same
TEXTS = [
    " ".join(rng.choice(WORDS, rng.integers(3, 9), p=SHARES / SHARES.sum())) for _ in range(700)
]


def column(cells):
    return from_frame({"text": [*cells]})["text"]


def parts(feature, cells):
    given = cells if isinstance(cells, Texts | Numbers) else column(cells)
    inputs = feature.apply(given, Odd())
    assert inputs.numbers == inputs.codes == []
    return np.stack(inputs.plain, axis=1)


def test_it_is_a_decomposition_of_tf_idf(monkeypatch):
    monkeypatch.setattr(wording, "MOST_PARTS", 6)
    rounded = parts(TextFeature.fit("text", column(TEXTS)), TEXTS)
    monkeypatch.setattr(wording, "STORED", np.dtype("<f8"))
    feature = TextFeature.fit("text", column(TEXTS))
    peer = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(3, 4), vocabulary=[*feature.grams], smooth_idf=True
    )
    weighted = peer.fit_transform(TEXTS).toarray()
    _, singular, rows = np.linalg.svd(weighted, full_matrices=False)
    found = parts(feature, TEXTS)
    assert found.shape == (len(TEXTS), 6)
    wanted = weighted @ rows[:6].T * np.sqrt(len(TEXTS) / np.sum(singular[:6] ** 2))
    signs = np.sign(np.sum(wanted * found, axis=0))
    np.testing.assert_allclose(found, wanted * signs, atol=1e-6)
    np.testing.assert_allclose(rounded @ rounded.T, found @ found.T, atol=5e-3)
    assert np.mean(np.sum(found**2, axis=1)) == pytest.approx(1)
    _, basis = feature.numbers
    assert (basis[np.abs(basis).argmax(axis=0), np.arange(6)] > 0).all()


def test_what_is_missing_or_unlike_all_is_zero_and_counted():
    feature = TextFeature.fit("text", column(TEXTS))
    odd = Odd()
    cells = [None, "", "NA", "東京", "quiet lake", "x" * 10**5, "QUIET \t\n Lake ", "a", None]
    inputs = feature.apply(column(cells), odd)
    found = np.stack(inputs.plain, axis=1)
    assert found.dtype == np.float32
    assert found.any(axis=1).tolist() == [c in ("quiet lake", "a", cells[6]) for c in cells]
    np.testing.assert_array_equal(found[4], found[6])
    assert odd.cells == {"text": {"a text unlike all of the training": 2}}
    assert not parts(feature, [None, None]).any()
    assert parts(feature, Texts(np.empty(0, np.int32), ())).shape == (0, len(WORDS))


def test_only_the_beginning_of_a_long_text_counts():
    feature = TextFeature.fit("text", column(TEXTS))
    short = ("quiet lake " * 100)[:LONGEST]
    found = parts(feature, [short, short + " garden balcony" * 1000])
    np.testing.assert_array_equal(found[0], found[1])


def test_rows_get_the_same_whoever_they_come_with(monkeypatch):
    feature = TextFeature.fit("text", column(TEXTS))
    whole = parts(feature, TEXTS)
    order = rng.permutation(len(TEXTS))[:90]
    monkeypatch.setattr(wording, "TEXTS_AT_ONCE", 7)
    np.testing.assert_array_equal(parts(feature, column(TEXTS).take(order)), whole[order])


def test_there_are_as_many_parts_as_are_to_be():
    words = ["".join(rng.choice([*"abcdefgh"], 4)) for _ in range(99)]
    texts = [" ".join(rng.choice(words, 4)) for _ in range(900)]
    feature = TextFeature.fit("text", column(texts))
    assert (len(feature.grams), feature.widths) == (len({*feature.grams}), (0, 30, ()))
    assert len(feature.grams) <= wording.MOST_GRAMS
    again = TextFeature.fit("text", column(texts))
    assert again == feature


def test_many_rows_are_drawn_evenly(monkeypatch):
    monkeypatch.setattr(wording, "MOST_CELLS", 4)
    cells = [None, *("lake" if k in (0, 3, 6, 9) else "garden" for k in range(10)), None]
    feature = TextFeature.fit("text", column(cells))
    assert "lake" in feature.grams
    assert "gard" not in feature.grams


def test_what_has_no_n_gram_twice_is_no_text():
    assert TextFeature.fit("text", column(["one", "two", None])) is None
    assert TextFeature.fit("text", column([None, None])) is None


def test_numbers_may_come_for_texts():
    feature = TextFeature.fit("text", column(["flat 12 34", "flat 12 35"]))
    found = parts(feature, Numbers(np.array([12.0, np.nan, 7.0])))
    assert found.any(axis=1).tolist() == [True, False, False]


def test_a_table_with_free_text():
    table = from_frame({"text": TEXTS, "size": rng.normal(size=len(TEXTS))})
    understood = understand(table)
    assert str(understood["text"]).startswith("text: text, as its cells differ, and have ")
    encoding = Encoding.fit(table, understood.values())
    k = len(WORDS)  # there are no more directions than words
    assert encoding.names() == ["size", *(f"text part {i}" for i in range(1, 1 + k))]
    assert encoding.inputs(table).shape == (len(TEXTS), encoding.n_inputs) == (700, 1 + k)
    out = understand(table, {"text": "id"})
    assert [f.column for f in Encoding.fit(table, out.values()).features] == ["size"]


def test_numbers_as_text_come_back():
    numbers = np.array([[0.5, -3.0], [2.0**-14, 9.0]])
    np.testing.assert_array_equal(unpacked(packed(numbers), 2), numbers)
    for text in ("", "?", packed(numbers)[:-4], packed(np.array([np.nan, 1.0]))):
        with pytest.raises(ValueError):
            unpacked(text, 2)
