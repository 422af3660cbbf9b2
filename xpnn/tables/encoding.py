"""The features of a table, in the order of a network's inputs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .cells import PARTS, counted, moments_of, numbers_of, read_cells
from .columns import Column, Table
from .dating import DateStyle, TimeStyle
from .features import (
    CategoryFeature,
    DateFeature,
    Feature,
    NumberFeature,
    Odd,
    TimeFeature,
    YesNoFeature,
)
from .parsing import NumberStyle
from .scaling import Scale
from .understanding import Understood
from .wording import TextFeature

__all__ = ["Encoding", "fit_feature"]

MOST_CATEGORIES = 40
"""How many categories of a column have an input of their own; the rest share one."""

FEWEST_OF_EACH = 2
"""In how many training rows a category must be to have one."""


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


def fit_feature(understood: Understood, column: Column) -> Feature | None:
    """Return the feature that training rows of a column make; None for what tells nothing.

    Parameters
    ----------
    understood : Understood
        What the column was taken for.
    column : Column
        Its training rows.
    """
    name, kind, style = understood.column, understood.kind, understood.style
    missing = bool(column.missing().any())
    if kind == "number":
        assert isinstance(style, NumberStyle)
        values = numbers_of(column, style)
        present = values[np.isfinite(values)]
        low, high = (present.min(), present.max()) if present.size else (0.0, 0.0)
        missing |= len(present) < len(values)
        return NumberFeature(name, style, Scale.of(values), missing, float(low), float(high))
    if kind == "date":
        assert style is None or isinstance(style, DateStyle)
        style = style or DateStyle()
        moments = moments_of(column, style)
        present = moments[~np.isnat(moments)]
        parts = {part: of(present) for part, of in PARTS.items()}
        varied = {p: Scale.of(v) for p, v in parts.items() if v.size and np.ptp(v) > 0}
        return DateFeature(name, style, varied, len(present) < len(moments))
    if kind == "time":
        seconds = read_cells(column, TimeStyle())
        return TimeFeature(name, Scale.of(seconds), bool(np.isnan(seconds).any()))
    if kind in ("yes/no", "category"):
        known, counts = counted(column)
        if len(known) + missing <= 2 and known:
            return YesNoFeature(name, tuple(sorted(known)))
        order = np.argsort(-counts, kind="stable")
        kept = [known[k] for k in order if counts[k] >= FEWEST_OF_EACH][:MOST_CATEGORIES]
        return CategoryFeature(name, tuple(sorted(kept)), missing, len(kept) < len(known))
    return TextFeature.fit(name, column) if kind == "text" else None
