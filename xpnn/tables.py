"""Tables of numbers and categories: read from CSV, and made into a network's numbers.

A `Table` is what a CSV file says.  A `Preparation` is how its columns become inputs and
a network's outputs become answers: plain data that is kept in the model file, so that
whoever uses the model gives raw rows and gets the answers in the file's own terms.
"""

from __future__ import annotations

import csv
import difflib
import math
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Classes", "Feature", "Measure", "Preparation", "Table", "prepare", "read_table"]

MOST_CLASSES = 20
"""How many different whole numbers are taken for classes, unless the task is given."""

ROWS_PER_CLASS = 5
"""How many rows each must have on average to be taken so."""

MOST_ODD = 0.1
"""Fewer cells than this part that are no numbers are mistakes, not categories."""

MOST_CATEGORIES = 1000
"""How many categories a column may have: one input each."""

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})
"""What people write where a number is missing; in a column of categories only ""."""


@dataclass(frozen=True)
class Table:
    """What a CSV file says.

    Attributes
    ----------
    path : str
        The file, for messages.
    columns : dict of str to list of str
        The cells of each column by its name, in the file's order.
    lines : list of int
        The line of the file on which each row ends.
    """

    path: str
    columns: dict[str, list[str]]
    lines: list[int]

    def __len__(self) -> int:
        return len(self.lines)

    def place(self, row: int, column: str) -> str:
        """Return where a cell is, in words, for an error message."""
        return f"{self.path}, line {self.lines[row]}, column {column!r}"

    def column(self, name: str, role: str = "a") -> list[str]:
        """Return the cells of a column.

        Raises
        ------
        ValueError
            If there is none of that name; it tells the nearest name and all of them.
        """
        if name not in self.columns:
            near = difflib.get_close_matches(name, self.columns, 1, 0.5)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            names = ", ".join(map(repr, self.columns))
            raise ValueError(
                f"{self.path} must have {role} column {name!r}{hint} Its columns are: {names}"
            )
        return self.columns[name]

    def numbers(self, name: str) -> np.ndarray:
        """Return a column as finite numbers of shape (n,).

        Raises
        ------
        ValueError
            If a cell is none; it names the cell.
        """
        values = _numbers(self.column(name))
        wrong = np.flatnonzero(~np.isfinite(values))
        if wrong.size:
            row = int(wrong[0])
            cell = self.columns[name][row]
            if cell.casefold() in MISSING:
                raise ValueError(self._missing(row, name))
            raise ValueError(f"{self.place(row, name)}: expected a finite number, got {cell!r}")
        return values

    def labels(self, name: str) -> np.ndarray:
        """Return a column as texts of shape (n,).

        Raises
        ------
        ValueError
            If a cell is empty; it names the cell.
        """
        cells = self.column(name)
        if "" in cells:
            raise ValueError(self._missing(cells.index(""), name))
        return np.array(cells, dtype=object)

    def is_numeric(self, name: str) -> bool:
        """Whether every cell of a column is a finite number.

        Raises
        ------
        ValueError
            If all that keeps it from that is missing cells, or few cells that are no
            numbers; it names the first.
        """
        cells = self.columns[name]
        odd = np.flatnonzero(~np.isfinite(_numbers(cells))).tolist()
        if odd and len(odd) < len(cells) and all(cells[i].casefold() in MISSING for i in odd):
            raise ValueError(self._missing(odd[0], name))
        if 0 < len(odd) < MOST_ODD * len(cells):
            raise ValueError(
                f"{self.place(odd[0], name)}: expected a finite number, as in most cells of "
                f"the column, got {cells[odd[0]]!r}; correct it, or remove the row or column"
            )
        return not odd

    def _missing(self, row: int, column: str) -> str:
        cell = self.columns[column][row]
        said = f" ({cell!r})" if cell else ""
        return (
            f"{self.place(row, column)}: the cell is missing{said}; fill it in, or remove the "
            "row or the column"
        )


def _numbers(cells: list[str]) -> np.ndarray:
    """Return cells as numbers, NaN where one is none."""
    return np.array([_number(cell) for cell in cells])


def _number(cell: str) -> float:
    if "_" in cell:  # for Python 1_000 is a number, for tables it is a name
        return math.nan
    try:
        return float(cell)
    except ValueError:
        return math.nan


def read_table(path: str | os.PathLike[str]) -> Table:
    """Read a CSV file: UTF-8, commas, names in the first line.

    Parameters
    ----------
    path : str or path
        The file.  Spaces around cells don't count, and empty lines are left out.

    Returns
    -------
    Table
        Its columns.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is empty, not UTF-8, has no usable header or a row of another length.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no file {path}")
    rows, lines = [], []
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            header = _header(str(path), next(_rows(reader), []))
            for row in _rows(reader):
                if len(row) != len(header):
                    raise ValueError(
                        f"{path}, line {reader.line_num}: expected {len(header)} cells, as the "
                        f"header has, got {len(row)}"
                    )
                rows.append(row)
                lines.append(reader.line_num)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} must be UTF-8 text, but has the byte 0x{error.object[error.start]:02x}; "
            "save it as CSV in UTF-8"
        ) from None
    except csv.Error as error:
        raise ValueError(f"{path}, line {reader.line_num}: no valid CSV, {error}") from None
    if not rows:
        raise ValueError(f"{path} has a header but no rows")
    cells = ([cell.strip() for cell in column] for column in zip(*rows))
    return Table(str(path), dict(zip(header, cells)), lines)


def _rows(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    """Leave out empty lines."""
    return (row for row in reader if row)


def _header(path: str, cells: list[str]) -> list[str]:
    """Check the names of columns."""
    names = [name.strip() for name in cells]
    if not any(names):
        raise ValueError(f"{path} is empty; expected a header and rows")
    for position, name in enumerate(names):
        if not name:
            raise ValueError(f"{path}: column {position + 1} of the header has no name")
        if name in names[:position]:
            raise ValueError(f"{path}: the header has the column {name!r} twice")
    # one data row would be lost in silence, unless the columns are simply counted
    values = _numbers(names)
    counted = values - values[0] == np.arange(len(names))
    if np.isfinite(values).all() and not counted.all():
        raise ValueError(
            f"{path} must begin with a header of names, but its first line is numbers"
        )
    if len(names) == 1 and (";" in names[0] or "\t" in names[0]):
        raise ValueError(f"{path} must have commas between its cells, got {names[0]!r}")
    return names


# ----------------------------------------------------------------------- preparation


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
            cells = [_label(value) for value in table.numbers(column)]
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


def _label(value: float) -> str:
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
            raise ValueError(table._missing(row, column))
        shown = ", ".join(map(repr, known[:10])) + ", …" * (len(known) > 10)
        raise ValueError(
            f"{table.place(row, column)}: {cells[row]!r} is none of the {what} that the model "
            f"was trained on: {shown}"
        )
    return index


# ------------------------------------------------------------------------- inferring


def prepare(
    table: Table, target: str, training: np.ndarray, task: str = "auto"
) -> tuple[Preparation, list[str]]:
    """Find out how a table's columns become inputs and targets.

    Parameters
    ----------
    table : Table
        The data.
    target : str
        The column to learn.
    training : numpy.ndarray of int
        The rows to train on: only they decide means and scales.  Kinds, classes and
        categories are those of all rows.
    task : {"auto", "classification", "regression"}
        What to learn.  "auto" is classification if the target is not all numbers, or
        is at most 20 different whole numbers with at least 5 rows each on average.

    Returns
    -------
    preparation : Preparation
        What was found.
    said : list of str
        A sentence for each thing that was inferred.

    Raises
    ------
    ValueError
        If the target is not there or can't be learnt, a cell is missing, or there is
        no feature.
    """
    table.column(target, "the target")
    names = [name for name in table.columns if name != target]
    if not names:
        raise ValueError(f"{table.path} must have a column beside the target {target!r}")
    goal, reason = _target(table, target, training, task)
    features = [_feature(table, name, training) for name in names]
    numeric = [feature.column for feature in features if not feature.categories]
    categorical = [feature for feature in features if feature.categories]
    said = [reason]
    if numeric:
        said.append(f"Features that are numbers: {_enumerate(numeric)}.")
    if categorical:
        counts = [f"{f.column} ({len(f.categories)})" for f in categorical]
        said.append(f"Features that are categories: {_enumerate(counts)}.")
    for feature in categorical:
        values = _numbers(table.columns[feature.column])
        odd = np.flatnonzero(~np.isfinite(values))
        if odd.size < len(table) / 2:
            first = int(odd[0])
            said.append(
                f"Note: {feature.column} counts as categories because {odd.size:,} of "
                f"{len(table):,} cells are no numbers, the first "
                f"{table.columns[feature.column][first]!r} in line {table.lines[first]}."
            )
    return Preparation(tuple(features), goal), said


def _enumerate(names: list[str]) -> str:
    shown = ", ".join(names[:8])
    return shown if len(names) <= 8 else f"{shown} and {len(names) - 8} more"


def _feature(table: Table, name: str, training: np.ndarray) -> Feature:
    if table.is_numeric(name):
        return Feature(name, *_mean_and_scale(table, name, training))
    categories = np.unique(table.labels(name)).tolist()
    if len(categories) > MOST_CATEGORIES:
        row = int(np.argmax(~np.isfinite(_numbers(table.columns[name]))))
        raise ValueError(
            f"{table.place(row, name)}: {table.columns[name][row]!r} is no number, and as "
            f"categories the column has {len(categories):,} different ones, more than "
            f"{MOST_CATEGORIES:,}; correct or remove it"
        )
    return Feature(name, categories=tuple(categories))


def _mean_and_scale(table: Table, name: str, training: np.ndarray) -> tuple[float, float]:
    values = table.numbers(name)[training]
    with np.errstate(over="ignore", invalid="ignore"):
        mean, scale = float(np.mean(values)), float(np.std(values))
    if not math.isfinite(scale):
        row = int(training[np.argmax(np.abs(values))])
        largest = table.columns[name][row]
        raise ValueError(f"{table.place(row, name)}: {largest} is too large a number")
    # what does not vary, but for rounding, must not be blown up to noise
    return mean, scale if scale > 1e-12 * abs(mean) else 1.0


def _target(
    table: Table, name: str, training: np.ndarray, task: str
) -> tuple[Classes | Measure, str]:
    try:
        numeric = table.is_numeric(name)
    except ValueError:
        if task != "classification" or "" in table.columns[name]:
            raise
        numeric = False
    labels: list[str]
    if numeric or task == "regression":
        distinct = np.unique(table.numbers(name))
        labels = [_label(value) for value in distinct]
        whole = bool((distinct == np.floor(distinct)).all())
        few = len(labels) <= min(MOST_CLASSES, len(table) // ROWS_PER_CLASS)
    else:
        labels = np.unique(table.labels(name)).tolist()
        whole = few = True
    if len(labels) == 1:
        raise ValueError(
            f"{table.path}: the target {name!r} is {labels[0]!r} in every row, so there is "
            "nothing to learn"
        )
    if task == "regression" or (task == "auto" and not (whole and few)):
        if task == "regression":
            reason = f"Task: regression of {name}, as asked."
        else:
            kind = "whole numbers" if whole else "numbers"
            reason = (
                f"Task: regression, because {name} holds {len(labels):,} different {kind} "
                "(--task classification to take them for classes)."
            )
        return Measure(name, *_mean_and_scale(table, name, training)), reason
    if len(labels) > MOST_CATEGORIES:
        raise ValueError(
            f"{table.path}: the target {name!r} has {len(labels):,} different values, too many "
            f"for classes; at most {MOST_CATEGORIES:,} can be learnt"
        )
    if task == "classification":
        reason = f"Task: classification of {name} into {len(labels)} classes, as asked."
    elif numeric:
        reason = (
            f"Task: classification, because {name} holds only {len(labels)} different whole "
            "numbers (--task regression to take them for numbers)."
        )
    else:
        reason = (
            f"Task: classification, because {name} is not all numbers; it has {len(labels)} "
            "different values."
        )
    return Classes(name, tuple(labels), numeric), reason
