"""What one network in a model file of its own makes of a table: columns in its order.

So it is with networks that learnt a built-in data set, whose inputs have no names, and with
those that 'xpnn train' made of a table before it made ensembles (0.1): a number x became
(x - mean) / scale, and a category one input for each.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .cells import UNKNOWN, codes_of, numbers_of
from .columns import Column, Table
from .features import Odd
from .parsing import NumberStyle
from .readers import flag, number, one_kind_of, positive, reader, text, texts, wrong
from .targets import Classes, Measure, Target

__all__ = ["Feature", "Preparation"]


@dataclass(frozen=True)
class Feature:
    """How a column becomes inputs.

    Attributes
    ----------
    column : str
        Its name.
    mean, scale : float
        A number x becomes (x - mean) / scale; a missing one becomes 0.
    categories : tuple of str
        If it has any, a cell becomes one input for each: 1 for its own, 0 for others.
    """

    column: str
    mean: float = 0.0
    scale: float = 1.0
    categories: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """The number of inputs."""
        return len(self.categories) or 1

    def apply(self, column: Column, odd: Odd) -> np.ndarray:
        """Return the inputs of a column's rows, (n, width), and count what is odd."""
        if self.categories:
            codes = codes_of(column, self.categories)
            odd.count(self.column, "a value that was not there in training", codes == UNKNOWN)
            odd.count(self.column, "no value", codes == -1)
            one_hot: np.ndarray = codes[:, None] == np.arange(self.width)
            return one_hot
        values = numbers_of(column, NumberStyle())
        odd.count(self.column, "no number", np.isnan(values))
        with np.errstate(over="ignore"):
            scaled = (values - self.mean) / self.scale
        limit = float(np.finfo(np.float32).max)
        return np.nan_to_num(scaled, nan=0.0, posinf=limit, neginf=-limit).clip(-limit, limit)[
            :, None
        ]


@dataclass(frozen=True)
class Preparation:
    """How rows become a network's inputs, and its outputs answers.

    Attributes
    ----------
    features : tuple of Feature
        The columns that are used; empty where columns count in their order, as they are.
    target : Classes or Measure
        What is told.
    """

    features: tuple[Feature, ...]
    target: Target

    @property
    def n_inputs(self) -> int:
        """The number of the network's inputs; 0 where the features don't say."""
        return sum(feature.width for feature in self.features)

    def inputs(self, table: Table, n_inputs: int, odd: Odd | None = None) -> np.ndarray:
        """Return the inputs of a table's rows, float32 of shape (n, n_inputs).

        Parameters
        ----------
        table : Table
            Rows with the columns of `features`, and possibly others; where there are no
            features, all its columns are inputs.
        n_inputs : int
            The number of the network's inputs.
        odd : Odd, optional
            Where cells are counted that training rows had nothing like.

        Raises
        ------
        ValueError
            If a column is missing, or there are not as many as inputs.
        """
        odd = Odd() if odd is None else odd
        features = self.features
        if not features:
            if len(table.columns) != n_inputs:
                raise ValueError(
                    f"{table.source} must have {n_inputs} feature columns, in the model's "
                    f"order, got {len(table.columns)}"
                )
            features = tuple(map(Feature, table.columns))
        columns = [(feature, table[feature.column]) for feature in features]
        inputs = np.empty((len(table), n_inputs), np.float32)
        start = 0
        for feature, column in columns:
            stop = start + feature.width
            inputs[:, start:stop] = feature.apply(column, odd)
            start = stop
        return inputs

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data, which `from_json` reads."""
        kind = {"kind": self.target.kind, "column": self.target.column}
        if isinstance(self.target, Classes):
            rest: dict[str, Any] = {"labels": [*self.target.labels], "numeric": False}
        else:
            rest = {"mean": self.target.mean, "scale": self.target.scale}
        return {
            "features": [asdict(feature) for feature in self.features],
            "target": kind | rest,
        }

    @classmethod
    def from_json(cls, data: Any) -> Preparation:
        """Make it again from plain data, trusting nothing.

        Raises
        ------
        ValueError
            If the data is not of that form.
        """
        made: Preparation = _preparation(data, "a preparation")
        if len({feature.column for feature in made.features}) != len(made.features):
            raise ValueError("expected features of different columns")
        return made


_feature = reader(Feature, column=text, mean=number, scale=positive, categories=texts)


def _features(value: Any, name: str) -> tuple[Feature, ...]:
    if not isinstance(value, list):
        raise wrong(name, "a list", value)
    return tuple(_feature(entry, f"feature {k}") for k, entry in enumerate(value))


def _classes(column: str, labels: tuple[str, ...], numeric: bool) -> Classes:
    """Return classes; numbers were 1 and 1.0 alike, as cells that are none of them are now."""
    return Classes(column, labels)


_target = one_kind_of(
    {
        "classes": reader(_classes, column=text, labels=texts, numeric=flag),
        "number": reader(Measure, column=text, mean=number, scale=positive),
    }
)
_preparation = reader(Preparation, features=_features, target=_target)
