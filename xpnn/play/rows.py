"""The rows of a session, and the Python that makes them, side by side in each function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .. import datasets
from ..tables import Classes, Measure, Table, prepare
from ..tables.parsing import NumberStyle
from ..tables.understanding import Understood, mark_of, understand
from .choices import MOST_CLASSES, TABLE, Choices
from .writing import called, written

__all__ = ["OwnTable", "Rows", "rows_of"]

MOST_ROWS = 2000
"""How many rows of a table are used; more are drawn from."""

MOST_COLUMNS = 200
"""How many columns of a table one can choose from."""


@dataclass(frozen=True)
class Rows:
    """What is trained on, and what is only measured.

    Attributes
    ----------
    X, X_test : numpy.ndarray of shape (n, 1) or (n, 2), float32
        The inputs.
    y, y_test : numpy.ndarray of shape (n,) or (n, 1)
        The targets: numbers of classes, or numbers.
    labels : tuple of str
        The classes; empty where numbers are learnt.
    names : tuple of str
        What the inputs are called.
    code : tuple of str
        The lines that make X, y, X_test and y_test, of a generator ``draws``.
    said : str
        What there is to know of them.
    """

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    labels: tuple[str, ...]
    names: tuple[str, ...]
    code: tuple[str, ...]
    said: str = ""

    @property
    def n_outputs(self) -> int:
        """How many outputs a network for them has."""
        return len(self.labels) or 1


class OwnTable:
    """A table of one's own, of which two columns of numbers are learnt from.

    Parameters
    ----------
    path : str
        Where it was read from.
    table : Table
        Its rows.
    target : str
        The column to learn, where that is known; else its last one.
    """

    def __init__(self, path: str, table: Table, target: str = "") -> None:
        if target:
            table[target]
        self.path, self.table = path, table
        self.target = target or ([*table.columns] or [""])[-1]
        self.understood: Mapping[str, Understood] = understand(table, decimal=mark_of(table))

    @property
    def columns(self) -> list[str]:
        """The columns that one can choose as target."""
        return [*self.table.columns][:MOST_COLUMNS]

    @property
    def numbers(self) -> list[str]:
        """The columns that one can learn from."""
        found = [name for name, one in self.understood.items() if one.kind == "number"]
        return found[:MOST_COLUMNS]

    def chosen(self, choices: Choices) -> tuple[str, str, str]:
        """Return the target and two columns: as chosen, or the first that will do.

        Raises
        ------
        ValueError
            If there are none, or one is not there.
        """
        target = choices.target or self.target
        self.table[target]
        there = [name for name in self.numbers if name != target]
        if len(there) < 2:
            raise ValueError(
                f"{self.path} must have two columns of numbers beside {target!r}, but it has "
                + (f"only {there[0]!r}" if there else "none")
            )
        across = choices.across or next(name for name in there if name != choices.up)
        up = choices.up or next(name for name in there if name != across)
        for name in (across, up):
            self.table[name]
            if name not in there:
                kind = "what is to be learnt" if name == target else self.understood[name].kind
                raise ValueError(f"{name!r} must be a column of numbers, but it is {kind}")
        if across == up:
            raise ValueError(f"two different columns must be chosen, got {up!r} twice")
        return target, across, up


def rows_of(choices: Choices, draws: np.random.Generator, own: OwnTable | None) -> Rows:
    """Return the rows that were chosen.

    Parameters
    ----------
    choices : Choices
        What was chosen.
    draws : numpy.random.Generator
        Where all that is random comes from, in the order of the code.
    own : OwnTable, optional
        The table of one's own.

    Raises
    ------
    ValueError
        If the table has no such rows.
    """
    if choices.data == TABLE:
        if own is None:
            raise ValueError("there is no table: start with 'xpnn play FILE'")
        return _of_table(choices, draws, own)
    return _sine(choices, draws) if choices.data == "sine" else _plane(choices, draws)


def _plane(choices: Choices, draws: np.random.Generator) -> Rows:
    make, noise = getattr(datasets, choices.data), choices.noise
    (X, y), (X_test, y_test) = (
        make(choices.samples, choices.classes, seed=draws) for _ in range(2)
    )
    call = f"xpnn.datasets.{choices.data}({choices.samples}, {choices.classes}, seed=draws)"
    code = [f"X, y = {call}", f"X_test, y_test = {call}"]
    if noise:
        for name, points in (("X", X), ("X_test", X_test)):
            points += noise * draws.standard_normal(points.shape, dtype="float32")
            code.append(
                f'{name} += {noise!r} * draws.standard_normal({name}.shape, dtype="float32")'
            )
    labels = tuple(str(label) for label in range(choices.classes))
    return Rows(X, y, X_test, y_test, labels, ("x1", "x2"), tuple(code))


def _sine(choices: Choices, draws: np.random.Generator) -> Rows:
    (X, y), (X_test, y_test) = datasets.sine(choices.samples), datasets.sine()
    code = [
        f"X, y = xpnn.datasets.sine({choices.samples})",
        "X_test, y_test = xpnn.datasets.sine()",
    ]
    if noise := choices.noise:
        y += noise * draws.standard_normal(y.shape, dtype="float32")
        code.append(f'y += {noise!r} * draws.standard_normal(y.shape, dtype="float32")')
    return Rows(X, y, X_test, y_test, (), ("x",), tuple(code))


def _of_table(choices: Choices, draws: np.random.Generator, own: OwnTable) -> Rows:
    """Return two columns, scaled, in a random order, of which a fifth is only measured."""
    target, across, up = own.chosen(choices)
    prepared = prepare(own.table, target)
    labels = prepared.target.labels if isinstance(prepared.target, Classes) else ()
    if len(labels) > MOST_CLASSES:
        raise ValueError(
            f"{target!r} has {len(labels)} classes, and a page can show up to {MOST_CLASSES}"
        )

    def numbers(name: str) -> np.ndarray:
        style = prepared.understood[name].style
        assert isinstance(style, NumberStyle)
        return Measure(name, style=style).apply(prepared.table[name])

    X, y = np.stack([numbers(across), numbers(up)], axis=1), prepared.right
    rows = draws.permutation(np.flatnonzero(np.isfinite(X).all(axis=1)))[:MOST_ROWS]
    if len(rows) < 5:
        raise ValueError(
            f"{own.path} must have 5 rows with {across!r}, {up!r} and {target!r}, but it has "
            f"{len(rows)}"
        )
    X, y = X[rows], y[rows]
    with np.errstate(all="ignore"):
        X = ((X - X.mean(axis=0)) / X.std(axis=0)).astype("float32")
        if not labels:
            y = ((y - y.mean()) / y.std()).astype("float32")
    for name, values in ((across, X[:, 0]), (up, X[:, 1]), (target, y)):
        if not np.isfinite(values).all():
            raise ValueError(f"{name!r} has one value in all rows, or too large ones")
    n = len(X) // 5
    read = called("xpnn.tables.read", own.path)
    code = [
        f"prepared = xpnn.tables.prepare({read}, {written(target)})",
        "",
        "",
        "def numbers(name):",
        "    style = prepared.understood[name].style",
        "    return xpnn.tables.Measure(name, style=style).apply(prepared.table[name])",
        "",
        "",
        f"X = np.stack([numbers({written(across)}), numbers({written(up)})], axis=1)",
        f"rows = draws.permutation(np.flatnonzero(np.isfinite(X).all(axis=1)))[:{MOST_ROWS}]",
        "X, y = X[rows], prepared.right[rows]",
        'X = ((X - X.mean(axis=0)) / X.std(axis=0)).astype("float32")',
        *([] if labels else ['y = ((y - y.mean()) / y.std()).astype("float32")']),
        f"X_test, y_test, X, y = X[:{n}], y[:{n}], X[{n}:], y[{n}:]",
    ]
    left = len(own.table) - len(rows)
    said = f"{len(rows):,} rows" + (f", {left:,} left out" if left else "")
    return Rows(X[n:], y[n:], X[:n], y[:n], labels, (across, up), tuple(code), said)
