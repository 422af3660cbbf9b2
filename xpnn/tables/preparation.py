"""Finding out how a table is learnt from: what its columns are, and what is to be told.

What rows become is an `Encoding`, and what a network's outputs mean is a target; `Prepared` has
the rows themselves beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .columns import Table
from .encoding import Encoding
from .parsing import NumberStyle
from .targets import Classes, Target, find_target
from .understanding import LEFT_OUT, Understood, mark_of, understand

__all__ = ["DROPPED", "Prepared", "prepare"]

DROPPED = "drop"
"""What a column is said to be that shall be left out."""


@dataclass(frozen=True)
class Prepared:
    """A table that can be learnt from.

    Attributes
    ----------
    table : Table
        The rows whose target is known, without the target and what was dropped.
    target : Classes or Measure
        What is to be told of them.
    right : numpy.ndarray of shape (n,)
        The right answers: numbers of classes, int64, or numbers, float64.
    understood : dict of str to Understood
        What the columns are.
    said : tuple of str
        A sentence for each thing that was found.
    """

    table: Table
    target: Target
    right: np.ndarray
    understood: Mapping[str, Understood]
    said: tuple[str, ...]

    def encoding(self, training: np.ndarray) -> Encoding:
        """Return the encoding that some rows make.

        Parameters
        ----------
        training : numpy.ndarray of int
            The rows to learn from: only they decide scales and which categories have inputs.

        Raises
        ------
        ValueError
            If no column tells anything of new rows.
        """
        return Encoding.fit(self.table.take(training), self.understood.values())


def prepare(
    table: Table, target: str, task: str = "auto", columns: Mapping[str, str] | None = None
) -> Prepared:
    """Find out how a table is learnt from.

    Parameters
    ----------
    table : Table
        The rows, as `xpnn.tables.read` returns them.
    target : str
        The column to learn.
    task : {"auto", "classification", "regression"}
        What to learn of it; `xpnn.tables.targets.find_target` says what "auto" takes it for.
    columns : mapping of str to str, optional
        What columns are, where you know better: of `xpnn.tables.understanding.KINDS`, or "drop"
        for one to leave out.

    Raises
    ------
    ValueError
        If a column is not there or can't be what it is said to be, the target can't be learnt,
        or no row has it.
    """
    columns = dict(columns or {})
    for name in columns:
        table[name]
    columns.pop(target, None)
    found, why = find_target(table, target, task)
    right = found.apply(table[target])
    known = right >= 0 if isinstance(found, Classes) else np.isfinite(right)
    dropped = [name for name, kind in columns.items() if kind == DROPPED]
    features = table.without([target, *dropped])
    if not features.columns:
        raise ValueError(f"{table.source} must have a column beside the target {target!r}")
    if not known.all():
        n = int((~known).sum())
        rows = f"{n:,} row{'s' * (n != 1)} without"
        why += (
            f" {rows} a {target} can't be learnt from, and {'are' if n > 1 else 'is'} left out."
        )
        features, right = features.take(np.flatnonzero(known)), right[known]
    if len(right) < 2:
        raise ValueError(f"{table.source} must have two rows with a {target}, got {len(right)}")
    kinds = {name: kind for name, kind in columns.items() if name in features.columns}
    understood = understand(features, kinds, mark_of(table))
    if all(one.kind in LEFT_OUT for one in understood.values()):
        understood = _with_what_there_is(understood, kinds)
    said = (
        *table.said(),
        *map(str, understood.values()),
        why,
    )
    return Prepared(features, found, right, understood, said)


def _with_what_there_is(
    understood: Mapping[str, Understood], asked: Mapping[str, str]
) -> dict[str, Understood]:
    """Take a column that counts the rows for a number: of a series it is the time.

    Names of rows, if there are only these, are texts, which may have something in common.
    """
    other: dict[str, Understood] = {}
    for name, one in understood.items():
        if name not in asked and one.kind == "index":
            reason = "as it counts the rows, and there is nothing else"
            return {**understood, name: Understood(name, "number", reason, NumberStyle())}
        if name not in asked and one.kind == "id" and not other:
            reason = f"{one.reason}, and there is nothing else"
            other = {name: Understood(name, "text", reason)}
    return {**understood, **other}
