"""Character n-grams against scikit-learn's, and against a loop over words."""

from collections import Counter

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from xpnn.tables import grams
from xpnn.tables.grams import LONGEST, SIZES, Grams, folded, frequent_grams

rng = np.random.default_rng(1)
WORDS = ["Balcony", "balconies", "a", "SUNNY", "sun's", "by", "lake-side,", "größer", "ÉTÉ"]
WORDS += ["über", "3", "rooms!", "東京都", "Київ", "मुंबई"]
TEXTS = [" ".join(rng.choice(WORDS, rng.integers(0, 7))) for _ in range(60)]
ODD = [
    "",
    " ",
    "a",
    "\tthe  sun\n",
    "sun\u2003sun sun\u00a0",
    "x" * 3000,
    "ΣΊΣΥΦΟΣ İ",
    "🎉🎉🎉",
]
ODD += ["lake " * 1000, "\ud800 sun", "a\x00sun"]


def by_hand(text):
    """Return how often a text has each n-gram, word by word."""
    text = "".join(map(folded, text[:LONGEST]))
    words = [f" {word} " for word in text.split(" ") if word]
    sizes = [(word, size) for word in words for size in SIZES]
    return Counter(w[k : k + s] for w, s in sizes for k in range(len(w) - s + 1))


def dense(counts, shape):
    made = np.zeros(shape, np.int64)
    np.add.at(made, (counts.texts, counts.grams), counts.counts)
    return made


def test_counts_are_those_of_a_loop_over_words():
    texts = TEXTS + ODD
    some = tuple(sorted({gram for text in texts[::2] for gram in by_hand(text)}))
    counts = Grams(some).counts(texts)
    wanted = [[by_hand(text)[gram] for gram in some] for text in texts]
    np.testing.assert_array_equal(dense(counts, (len(texts), len(some))), wanted)
    cells = counts.texts * len(some) + counts.grams
    assert (np.diff(cells) > 0).all()
    assert (counts.counts > 0).all()


@pytest.mark.parametrize("at_once", [1, 7, 500])
def test_the_most_frequent_are_those_of_scikit_learn(monkeypatch, at_once):
    monkeypatch.setattr(grams, "TEXTS_AT_ONCE", at_once)
    peer = CountVectorizer(analyzer="char_wb", ngram_range=(3, 4))
    found = (peer.fit_transform(TEXTS) > 0).sum(axis=0)
    texts_with = dict(zip(peer.get_feature_names_out(), np.asarray(found).ravel().tolist()))
    everything = frequent_grams(TEXTS, 10_000, 1)
    assert everything == tuple(sorted(texts_with))
    few = frequent_grams(TEXTS, 50, 2)
    assert len(few) == 50
    assert min(texts_with[gram] for gram in few) >= max(
        n for gram, n in texts_with.items() if gram not in few
    )
    often = frequent_grams(TEXTS, 10_000, 12)
    assert often == tuple(sorted(gram for gram, n in texts_with.items() if n >= 12))


def test_there_may_be_none():
    assert frequent_grams([], 10, 1) == frequent_grams(["", "  "], 10, 1) == ()
    counts = Grams((" a ",)).counts(["", "東京"])
    assert not len(counts.texts)


@pytest.mark.parametrize(
    ("character", "counts_as"),
    [
        ("A", "a"),
        ("é", "é"),
        ("É", "é"),
        ("\n", " "),
        ("\u3000", " "),
        ("İ", "İ"),
        ("東", "東"),
    ],
)
def test_what_a_character_counts_as(character, counts_as):
    assert folded(character) == counts_as
