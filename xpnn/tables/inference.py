"""Finding out what columns are: numbers or categories, classes or a number to learn.

The constants below are where the lines are drawn; what was found is told in sentences.
"""

from __future__ import annotations

import math

import numpy as np

from .preparation import Classes, Feature, Measure, Preparation, label_of
from .table import Table, rows_without_number

__all__ = ["prepare"]

MOST_CLASSES = 20
"""How many different whole numbers are taken for classes, unless the task is given."""

ROWS_PER_CLASS = 5
"""How many rows there must be for each of them, on average."""

MOST_CATEGORIES = 1000
"""How many categories a column may have: one input each."""


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
    features = tuple(_feature(table, name, training) for name in names)
    return Preparation(features, goal), [reason, *_told_features(table, features)]


def _feature(table: Table, name: str, training: np.ndarray) -> Feature:
    """Find out whether a column is numbers, which are scaled, or categories."""
    if table.is_numeric(name):
        return Feature(name, *_mean_and_scale(table, name, training))
    categories = np.unique(table.labels(name)).tolist()
    if len(categories) > MOST_CATEGORIES:
        cells = table.columns[name]
        row = int(rows_without_number(cells)[0])
        raise ValueError(
            f"{table.place(row, name)}: {cells[row]!r} is no number, and as "
            f"categories the column has {len(categories):,} different ones, more than "
            f"{MOST_CATEGORIES:,}; correct or remove it"
        )
    return Feature(name, categories=tuple(categories))


def _mean_and_scale(table: Table, name: str, training: np.ndarray) -> tuple[float, float]:
    """Return the mean and the standard deviation of a column's training rows."""
    values = table.numbers(name)[training]
    with np.errstate(over="ignore", invalid="ignore"):
        mean, scale = float(np.mean(values)), float(np.std(values))
    if not math.isfinite(scale):
        row = int(training[np.argmax(np.abs(values))])
        largest = table.columns[name][row]
        raise ValueError(f"{table.place(row, name)}: {largest} is too large a number")
    # a column that varies by no more than rounding must not be blown up to noise
    return mean, scale if scale > 1e-12 * abs(mean) else 1.0


def _told_features(table: Table, features: tuple[Feature, ...]) -> list[str]:
    """Tell which features are numbers and which categories, and which of these look odd."""
    numeric = [feature.column for feature in features if not feature.categories]
    categorical = [feature for feature in features if feature.categories]
    said = []
    if numeric:
        said.append(f"Features that are numbers: {_enumerate(numeric)}.")
    if categorical:
        counts = [f"{f.column} ({len(f.categories)})" for f in categorical]
        said.append(f"Features that are categories: {_enumerate(counts)}.")
    for feature in categorical:
        cells = table.columns[feature.column]
        odd = rows_without_number(cells)
        if odd.size < len(table) / 2:
            first = int(odd[0])
            said.append(
                f"Note: {feature.column} counts as categories because {odd.size:,} of "
                f"{len(table):,} cells are no numbers, the first "
                f"{cells[first]!r} in line {table.lines[first]}."
            )
    return said


def _enumerate(names: list[str]) -> str:
    """Return at most eight names, and how many more there are."""
    shown = ", ".join(names[:8])
    return shown if len(names) <= 8 else f"{shown} and {len(names) - 8} more"


def _target(
    table: Table, name: str, training: np.ndarray, task: str
) -> tuple[Classes | Measure, str]:
    """Find out whether the target is classes or a number, and why."""
    numeric = _target_is_numeric(table, name, task)
    labels: list[str]
    if numeric or task == "regression":
        distinct = np.unique(table.numbers(name))
        labels = [label_of(value) for value in distinct]
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
        measure = Measure(name, *_mean_and_scale(table, name, training))
        return measure, _why_a_number(name, len(labels), whole, task)
    if len(labels) > MOST_CATEGORIES:
        raise ValueError(
            f"{table.path}: the target {name!r} has {len(labels):,} different values, too many "
            f"for classes; at most {MOST_CATEGORIES:,} can be learnt"
        )
    why = _why_classes(name, len(labels), numeric, task)
    return Classes(name, tuple(labels), numeric), why


def _target_is_numeric(table: Table, name: str, task: str) -> bool:
    """Whether the target is numbers; where classes were asked for, any text is a class."""
    try:
        return table.is_numeric(name)
    except ValueError:
        if task != "classification" or "" in table.columns[name]:
            raise
        return False


def _why_a_number(name: str, n_values: int, whole: bool, task: str) -> str:
    if task == "regression":
        return f"Task: regression of {name}, as asked."
    kind = "whole numbers" if whole else "numbers"
    return (
        f"Task: regression, because {name} holds {n_values:,} different {kind} "
        "(--task classification to take them for classes)."
    )


def _why_classes(name: str, n_values: int, numeric: bool, task: str) -> str:
    if task == "classification":
        return f"Task: classification of {name} into {n_values} classes, as asked."
    if numeric:
        return (
            f"Task: classification, because {name} holds only {n_values} different whole "
            "numbers (--task regression to take them for numbers)."
        )
    return (
        f"Task: classification, because {name} is not all numbers; it has {n_values} "
        "different values."
    )
