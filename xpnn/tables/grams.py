"""Character n-grams: how often each of some texts has each of some.

An n-gram is some characters in a row of a word that has a space before and behind it: " a",
"he f" is none, and " he ", "here" and "ere " are some.  Capital letters are small ones, and all
white space is a space.  So a word is known with another ending or a slip of the pen, and
nothing is to be known of the language.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

__all__ = ["LONGEST", "SIZES", "SPACE", "Counts", "Grams", "folded", "frequent_grams"]

SIZES = (3, 4)
"""How many characters an n-gram has."""

LONGEST = 1_000
"""How many characters of a text are looked at, from its beginning on."""

TEXTS_AT_ONCE = 500
"""How many texts are looked at at once."""

SPACE = " "


class Counts(NamedTuple):
    """How often texts have n-grams, as far as they have any: three arrays of shape (m,).

    Attributes
    ----------
    texts : numpy.ndarray of int64
        The number of a text, rising.
    grams : numpy.ndarray of int64
        The number of an n-gram, rising within a text.
    counts : numpy.ndarray of int64
        How often it is there, from 1 on.
    """

    texts: np.ndarray
    grams: np.ndarray
    counts: np.ndarray


def folded(character: str) -> str:
    """Return what a character counts as: a space, its small letter, or itself."""
    if character.isspace():
        return SPACE
    small = character.lower()
    return small if len(small) == 1 else character


@dataclass(frozen=True)
class Grams:
    """Some n-grams, to be counted in texts.

    Attributes
    ----------
    grams : tuple of str
        Each of one of `SIZES`, of characters as `folded` returns them.
    """

    grams: tuple[str, ...]

    @cached_property
    def alphabet(self) -> dict[str, int]:
        """The number of each of their characters and of the space, from 1 on."""
        return _numbered({SPACE}.union(*self.grams))

    @cached_property
    def _keys(self) -> tuple[np.ndarray, np.ndarray]:
        """The keys of all, rising, and which of them each is."""
        keys = np.empty(len(self.grams), np.int64)
        for size in SIZES:
            which = [k for k, gram in enumerate(self.grams) if len(gram) == size]
            numbers = [[self.alphabet[c] for c in self.grams[k]] for k in which]
            parts = np.array(numbers, np.int64).reshape(-1, size).T
            keys[which] = _key([*parts], len(self.alphabet) + 1)
        order = np.argsort(keys)
        return keys[order], order

    def counts(self, texts: Sequence[str]) -> Counts:
        """Count them in texts, of which there should be some hundred."""
        keys, order = self._keys
        rows, found = _all_grams(texts, self.alphabet)
        at = np.searchsorted(keys, found).clip(max=len(keys) - 1)
        known = keys[at] == found
        cells, counts = np.unique(
            rows[known] * len(keys) + order[at[known]], return_counts=True
        )
        return Counts(*np.divmod(cells, len(keys)), counts)


def frequent_grams(texts: Sequence[str], most: int, at_least: int) -> tuple[str, ...]:
    """Return the n-grams that most texts have, in the order of their characters.

    Parameters
    ----------
    texts : sequence of str
        The texts.
    most : int
        How many there may be.
    at_least : int
        In how many texts each must be.
    """
    different = set(SPACE).union(*(text[:LONGEST] for text in texts))
    alphabet = _numbered(map(folded, different))
    keys, totals = np.empty(0, np.int64), np.empty(0, np.int64)
    for start in range(0, len(texts), TEXTS_AT_ONCE):
        rows, found = _all_grams(texts[start : start + TEXTS_AT_ONCE], alphabet)
        order = np.lexsort((rows, found))
        rows, found = rows[order], found[order]
        again = (np.diff(found, prepend=-1) == 0) & (np.diff(rows, prepend=-1) == 0)
        once = found[~again]  # in each text
        keys, where = np.unique(np.concatenate([keys, once]), return_inverse=True)
        weights = np.concatenate([totals, np.ones(len(once), np.int64)])
        totals = np.bincount(where, weights, minlength=len(keys)).astype(np.int64)
    order = np.argsort(-totals, kind="stable")[:most]
    characters = ["", *alphabet]
    return tuple(
        sorted(_gram(int(keys[k]), characters) for k in order if totals[k] >= at_least)
    )


def _numbered(characters: Iterable[str]) -> dict[str, int]:
    return {character: number for number, character in enumerate(sorted({*characters}), 1)}


def _all_grams(
    texts: Sequence[str], alphabet: Mapping[str, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the n-grams of an alphabet's characters in texts: the text's number, and a key."""
    cut = [text[:LONGEST] for text in texts]
    joined = SPACE.join(["", *cut, ""])
    rows = np.repeat(np.arange(len(cut)), [len(text) + 1 for text in cut])  # with " " before
    points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    different, where = np.unique(points, return_inverse=True)
    numbers = [alphabet.get(folded(chr(point)), 0) for point in different.tolist()]
    codes = np.array(numbers, np.int64)[where]
    inner = (codes > 0) & (codes != alphabet[SPACE])
    texts_of, keys = [], []
    for size in SIZES:
        n = max(len(codes) - size + 1, 0)
        right = (codes[:n] > 0) & (codes[size - 1 :] > 0)[:n]
        for k in range(1, size - 1):
            right &= inner[k : k + n]
        parts = [codes[k : k + n][right] for k in range(size)]
        keys.append(_key(parts, len(alphabet) + 1))
        texts_of.append(rows[:n][right])
    return np.concatenate(texts_of), np.concatenate(keys)


def _key(parts: Sequence[np.ndarray], base: int) -> np.ndarray:
    """Return a number for n-grams, of the numbers of their characters, which are no 0."""
    key = np.zeros(len(parts[0]), np.int64)
    for part in parts:
        key = key * base + part
    return key


def _gram(key: int, characters: Sequence[str]) -> str:
    """Return the n-gram of a key."""
    gram = ""
    while key:
        key, number = divmod(key, len(characters))
        gram = characters[number] + gram
    return gram
