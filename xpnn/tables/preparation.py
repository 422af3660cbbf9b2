"""How a table becomes a network's numbers, and its outputs become answers.

A `Preparation` is plain data that is kept in the model file, so that whoever uses the model
gives raw rows and gets the answers in the file's own terms.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from .table import Table

__all__ = ["Classes", "Feature", "Measure", "Preparation"]


@dataclass(frozen=True)
class Feature:
    """How a column becomes inputs.

    Attributes
    ----------
    column : str
        Its name.
    mean, scale : float
        A number x becomes (x - mean) / scale.
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

    def apply(self, table: Table, out: np.ndarray) -> None:
        """Write the inputs of the table's rows to `out`, of shape (n, width)."""
        if self.categories:
            index = _index(table, self.column, self.categories, "categories")
            out[np.arange(len(table)), index] = 1
            return
        values = table.numbers(self.column)
        with np.errstate(over="ignore"):
            out[:, 0] = (values - self.mean) / self.scale
        wrong = np.flatnonzero(~np.isfinite(out[:, 0]))
        if wrong.size:
            place = table.place(int(wrong[0]), self.column)
            raise ValueError(f"{place}: {values[wrong[0]]:g} is too large a number")


@dataclass(frozen=True)
class Classes:
    """A target that is one of several classes.

    Attributes
    ----------
    column : str
        The column that holds it; empty for data that is no table.
    labels : tuple of str
        The classes, in the order of the network's outputs.
    numeric : bool
        Whether they are numbers, so that 1 and 1.0 are the same class.
    """

    column: str
    labels: tuple[str, ...]
    numeric: bool = False

    @property
    def n_outputs(self) -> int:
        """One for each class."""
        return len(self.labels)

    def apply(self, table: Table, column: str) -> np.ndarray:
        """Return the class indices of a column, of shape (n,)."""
        if self.numeric:
            cells = [label_of(value) for value in table.numbers(column)]
            table = replace(table, columns={**table.columns, column: cells})
        return _index(table, column, self.labels, "classes")


@dataclass(frozen=True)
class Measure:
    """A target that is a number.

    Attributes
    ----------
    column : str
        The column that holds it.
    mean, scale : float
        A number y is (y - mean) / scale for the network.
    """

    column: str
    mean: float = 0.0
    scale: float = 1.0

    @property
    def n_outputs(self) -> int:
        """One."""
        return 1

    def apply(self, table: Table, column: str) -> np.ndarray:
        """Return a column's scaled numbers, of shape (n,)."""
        return (table.numbers(column) - self.mean) / self.scale

    def restore(self, outputs: np.ndarray) -> np.ndarray:
        """Return the numbers that the network's outputs, of any shape, stand for."""
        restored: np.ndarray = outputs.astype(np.float64) * self.scale + self.mean
        return restored


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
    target: Classes | Measure

    @property
    def n_inputs(self) -> int:
        """The number of the network's inputs; 0 where the features don't say."""
        return sum(feature.width for feature in self.features)

    def inputs(self, table: Table, n_inputs: int, target: str | None = None) -> np.ndarray:
        """Return the network's inputs, of shape (n, n_inputs), float32.

        Parameters
        ----------
        table : Table
            Rows with the columns of `features`, and possibly others.
        n_inputs : int
            The number of inputs.
        target : str, optional
            A column that is no feature.

        Raises
        ------
        ValueError
            If a column is missing, or a cell no number or an unknown category.
        """
        features = self.features
        if not features:
            names = [name for name in table.columns if name != target]
            if len(names) != n_inputs:
                raise ValueError(
                    f"{table.path} must have {n_inputs} feature columns, in the model's order, "
                    f"got {len(names)}"
                )
            features = tuple(map(Feature, names))
        for feature in features:
            table.column(feature.column, "the feature")
        X = np.zeros((len(table), n_inputs), dtype=np.float32)
        start = 0
        for feature in features:
            feature.apply(table, X[:, start : start + feature.width])
            start += feature.width
        return X

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data, which `from_json` reads."""
        kind = "classes" if isinstance(self.target, Classes) else "number"
        return {
            "features": [asdict(feature) for feature in self.features],
            "target": {"kind": kind, **asdict(self.target)},
        }

    @classmethod
    def from_json(cls, data: Any) -> Preparation:
        """Make it again from plain data, trusting nothing.

        Raises
        ------
        ValueError
            If the data is not of that form.
        """
        data = _object(data, "a preparation", {"features": list, "target": dict})
        features = []
        for entry in data["features"]:
            wanted = {"column": str, "mean": float, "scale": float, "categories": list}
            values = _object(entry, "a feature", wanted)
            values["categories"] = _texts(values["categories"], "categories")
            features.append(Feature(**values))
        if len({feature.column for feature in features}) != len(features):
            raise ValueError("expected features of different columns")
        fields = dict(data["target"])
        kind = fields.pop("kind", None)
        target: Classes | Measure
        if kind == "classes":
            wanted = {"column": str, "labels": list, "numeric": bool}
            values = _object(fields, "a target", wanted)
            values["labels"] = _texts(values["labels"], "labels")
            target = Classes(**values)
        elif kind == "number":
            wanted = {"column": str, "mean": float, "scale": float}
            target = Measure(**_object(fields, "a target", wanted))
        else:
            raise ValueError(f"expected a target of classes or of numbers, got {kind!r}")
        return cls(tuple(features), target)


def _object(data: Any, what: str, fields: dict[str, type]) -> dict[str, Any]:
    """Check that plain data has exactly these fields, of these types; floats are finite."""
    if not isinstance(data, dict) or data.keys() != fields.keys():
        raise ValueError(
            f"expected {what} with the fields {', '.join(fields)}, got {data!r:.80}"
        )
    for name, wanted in fields.items():
        value = data[name]
        odd = isinstance(value, float) and not math.isfinite(value)
        if odd or not isinstance(value, wanted):
            raise ValueError(
                f"expected {name} of {what} as {wanted.__name__}, got {value!r:.80}"
            )
    if not data.get("scale", 1.0) > 0:
        raise ValueError(f"expected scale of {what} > 0, got {data['scale']!r}")
    return dict(data)


def _texts(values: list[Any], what: str) -> tuple[str, ...]:
    if not all(isinstance(v, str) for v in values) or len(set(values)) != len(values):
        raise ValueError(f"expected {what} as different texts, got {values!r:.80}")
    return tuple(values)


def label_of(value: float) -> str:
    """Write a number as a class is named: 1 and 1.0 are "1"."""
    return str(int(value)) if value.is_integer() else repr(float(value))


def _index(table: Table, column: str, known: tuple[str, ...], what: str) -> np.ndarray:
    """Return where each cell of a column is among the known texts, of shape (n,)."""
    numbers = {text: number for number, text in enumerate(known)}
    cells = table.column(column)
    index = np.array([numbers.get(cell, -1) for cell in cells])
    if (index < 0).any():
        row = int(np.argmax(index < 0))
        if not cells[row]:
            raise ValueError(table.missing(row, column))
        shown = ", ".join(map(repr, known[:10])) + ", …" * (len(known) > 10)
        raise ValueError(
            f"{table.place(row, column)}: {cells[row]!r} is none of the {what} that the model "
            f"was trained on: {shown}"
        )
    return index
