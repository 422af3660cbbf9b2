"""Free text as inputs: what its character n-grams have in common, in a few numbers.

These are latent semantic analysis (Deerwester et al. 1990) of n-grams in place of words: each
cell's counts are weighted by how rare an n-gram is (Salton and Buckley 1988), are made a vector
of length 1, and keep what the first singular vectors of the training rows hold of it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Self

import numpy as np

from .cells import as_texts
from .columns import Column, Texts
from .features import Inputs, Names, Odd
from .grams import TEXTS_AT_ONCE, Counts, Grams, frequent_grams

__all__ = ["TextFeature"]

MOST_GRAMS = 1_000
"""How many n-grams are counted."""

FEWEST_TEXTS = 2
"""In how many training rows an n-gram must be to be counted."""

MOST_PARTS = 30
"""How many inputs there are."""

MOST_CELLS = 10_000
"""How many training rows' cells are looked at."""

LEAST_PART = 1e-6
"""How much of the largest singular value's square another's must be."""

STORED = np.dtype("<f2")
"""How numbers are kept: an input needs no more."""


@dataclass(frozen=True)
class TextFeature:
    """Free text: how much it has of each of some parts that texts of the training had.

    Attributes
    ----------
    column : str
        The column's name.
    grams : tuple of str
        The n-grams that are counted, as `Grams` has them.
    weights : str
        How much each counts: float16 in base64, of shape (len(grams),).
    basis : str
        What each brings to the inputs: as `weights`, of shape (len(grams), k).
    """

    column: str
    grams: tuple[str, ...]
    weights: str
    basis: str

    kind: ClassVar[str] = "text"

    @classmethod
    def fit(cls, name: str, column: Column) -> Self | None:
        """Return the feature that training rows of a column make; None if they are no texts.

        Parameters
        ----------
        name : str
            The column's name.
        column : Column
            Its training rows.
        """
        rows = np.flatnonzero(~column.missing())
        if len(rows) > MOST_CELLS:
            rows = rows[np.linspace(0, len(rows) - 1, MOST_CELLS).round().astype(np.int64)]
        texts = [str(cell) for cell in column.take(rows).cells()]
        grams = Grams(frequent_grams(texts, MOST_GRAMS, FEWEST_TEXTS))
        n = len(grams.grams)
        if not n:
            return None
        found = [(len(some), grams.counts(some)) for some in _in_parts(texts)]
        n_with = sum(np.bincount(counts.grams, minlength=n) for _, counts in found)
        weights = np.log((1 + len(texts)) / (1 + n_with)) + 1
        weights = weights.astype(STORED).astype(np.float64)
        square = np.zeros((n, n))
        for size, counts in found:
            dense = np.zeros((size, n))
            dense[counts.texts, counts.grams] = _unit(counts, weights, size)
            square += dense.T @ dense
        basis = _basis(square, len(texts))
        return cls(name, grams.grams, packed(weights), packed(basis))

    @cached_property
    def counted(self) -> Grams:
        """The n-grams, ready to be counted."""
        return Grams(self.grams)

    @cached_property
    def numbers(self) -> tuple[np.ndarray, np.ndarray]:
        """The weights (n,) and the basis (n, k), both float64."""
        n = len(self.grams)
        return unpacked(self.weights, n, 1)[:, 0], unpacked(self.basis, n)

    @property
    def widths(self) -> tuple[int, int, tuple[int, ...]]:
        """A plain input for each part."""
        return 0, self.numbers[1].shape[1], ()

    def names(self) -> Names:
        """Return the column's name with the number of each part."""
        return [], [f"{self.column} part {k}" for k in range(1, self.widths[1] + 1)], []

    def apply(self, column: Column, odd: Odd) -> Inputs:
        """Return how much there is of each part, 0 in missing cells; as `Feature.apply`."""
        texts = column if isinstance(column, Texts) else as_texts(column)
        used, where = np.unique(texts.codes, return_inverse=True)
        parts = np.zeros((len(used), self.widths[1]), np.float32)
        start = int(np.searchsorted(used, 0))  # behind the missing ones
        values = [texts.values[code] for code in used[start:].tolist()]
        for some in _in_parts(values):
            parts[start : start + len(some)] = self._parts(some)
            start += len(some)
        strange = ~parts.any(axis=1) & (used >= 0)
        odd.count(self.column, "a text unlike all of the training", strange[where])
        return Inputs([], [*parts.T[:, where]], [])

    def _parts(self, texts: Sequence[str]) -> np.ndarray:
        """Return the inputs of some texts, of shape (n, k)."""
        weights, basis = self.numbers
        counts = self.counted.counts(texts)
        parts = np.zeros((len(texts), basis.shape[1]))
        shares = _unit(counts, weights, len(texts))[:, None] * basis[counts.grams]
        which, first = np.unique(counts.texts, return_index=True)
        if len(which):
            parts[which] = np.add.reduceat(shares, first, axis=0)
        return parts


def packed(numbers: np.ndarray) -> str:
    """Return numbers as a text that a model file keeps."""
    return base64.b64encode(numbers.astype(STORED).tobytes()).decode("ascii")


def unpacked(text: str, n: int, k: int | None = None) -> np.ndarray:
    """Return the numbers of a text as float64 of shape (n, k); by default k is what there is.

    Raises
    ------
    ValueError
        If it is no such text.
    """
    stored = base64.b64decode(text, validate=True)
    if not stored or len(stored) % (n * (k or 1) * STORED.itemsize):
        raise ValueError(f"{len(stored)} bytes are no {n} rows of numbers")
    numbers = np.frombuffer(stored, STORED).reshape(n, -1 if k is None else k)
    if not np.isfinite(numbers).all():
        raise ValueError("a number is not finite")
    return numbers.astype(np.float64)


def _in_parts(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(texts), TEXTS_AT_ONCE):
        yield texts[start : start + TEXTS_AT_ONCE]


def _unit(counts: Counts, weights: np.ndarray, n: int) -> np.ndarray:
    """Return the weighted counts of n texts, each text's of length 1 together."""
    shares = counts.counts * weights[counts.grams]
    lengths = np.sqrt(np.bincount(counts.texts, shares**2, minlength=n))
    unit: np.ndarray = shares / lengths[counts.texts]
    return unit


def _basis(square: np.ndarray, n: int) -> np.ndarray:
    """Return the first right singular vectors of n rows, whose products are ``square``.

    They are so long that the mean square of what they make of a row is 1, and point to where
    their largest entry is positive, which depends on no library.
    """
    values, vectors = np.linalg.eigh(square)
    values, vectors = values[::-1][:MOST_PARTS], vectors[:, ::-1][:, :MOST_PARTS]
    kept = values > LEAST_PART * values[0]
    values, vectors = values[kept], vectors[:, kept]
    largest = np.abs(vectors).argmax(axis=0)
    signs = np.sign(vectors[largest, np.arange(len(values))])
    basis: np.ndarray = vectors * signs * np.sqrt(n / values.sum())
    return basis
