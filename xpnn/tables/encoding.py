"""The features of a table, in the order of a network's inputs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .columns import Table
from .features import Feature, Odd, fit_feature
from .understanding import Understood

__all__ = ["Encoding"]


@dataclass(frozen=True)
class Encoding:
    """How rows of a table become rows of inputs: first all numbers, then plain inputs, codes.

    Attributes
    ----------
    features : tuple of Feature
        What is made of which column.
    """

    features: tuple[Feature, ...]

    @classmethod
    def fit(cls, table: Table, understood: Iterable[Understood]) -> Encoding:
        """Return the encoding that training rows make.

        Parameters
        ----------
        table : Table
            The training rows.
        understood : iterable of Understood
            What its columns are taken for; those that tell nothing are left out.
        """
        fitted = (fit_feature(one, table[one.column]) for one in understood)
        return cls(tuple(feature for feature in fitted if feature is not None))

    @property
    def n_numbers(self) -> int:
        """How many of the inputs, from the first on, are numbers."""
        return sum(feature.widths[0] for feature in self.features)

    @property
    def sizes(self) -> tuple[int, ...]:
        """For each of the last inputs, which are codes, how many codes there are."""
        return tuple(size for feature in self.features for size in feature.widths[2])

    @property
    def n_inputs(self) -> int:
        """The number of inputs."""
        n_plain = sum(feature.widths[1] for feature in self.features)
        return self.n_numbers + n_plain + len(self.sizes)

    def names(self) -> list[str]:
        """Return what each input is, in words, and of each code what its values are."""
        kinds: list[list[str]] = [[], [], []]
        for feature in self.features:
            for kind, names in zip(kinds, feature.names()):
                kind += names
        return [name for names in kinds for name in names]

    def inputs(self, table: Table, odd: Odd | None = None) -> np.ndarray:
        """Return the inputs of a table's rows, float32 of shape (n, n_inputs).

        Parameters
        ----------
        table : Table
            Rows with the columns of `features`, and possibly others.
        odd : Odd, optional
            Where cells are counted that training rows had nothing like.

        Raises
        ------
        ValueError
            If a column is missing; it tells the nearest name.
        """
        odd = Odd() if odd is None else odd
        columns = [(feature, table[feature.column]) for feature in self.features]
        inputs = np.empty((len(table), self.n_inputs), np.float32)
        n_plain = self.n_inputs - self.n_numbers - len(self.sizes)
        ends = [0, self.n_numbers, self.n_numbers + n_plain]  # of each kind, what is filled
        for feature, column in columns:
            for kind, arrays in enumerate(feature.apply(column, odd)):
                for array in arrays:
                    inputs[:, ends[kind]] = array
                    ends[kind] += 1
        return inputs
