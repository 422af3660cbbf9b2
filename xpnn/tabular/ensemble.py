"""What is trained on a table, and answers rows of others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..backend import to_host
from ..sequential import Sequential
from ..tables.columns import Table
from ..tables.encoding import Encoding
from ..tables.features import Odd
from ..tables.targets import Classes, Target
from .calibration import with_temperature

__all__ = ["Ensemble", "alone"]

MOST_IN_DOUBLE = 10_000
"""How many rows are answered in double precision, which takes three times as long as single."""

ROWS_AT_ONCE = 256
"""How many rows go through a network together: what waves make of them stays in the cache, so
that 40,000 rows take half of the time that they take at once, and the products of up to some
hundred and fifty columns of numbers are small enough for one thread (`Backend.threads_for`),
by which a million rows took as long, and 8 CPU seconds instead of 11 to 15."""


@dataclass(frozen=True)
class Ensemble:
    """Members that are averaged, with what makes inputs of rows and answers of outputs.

    Attributes
    ----------
    encoding : Encoding
        How rows become inputs.
    target : Classes or Measure
        What is told.
    members : tuple of Sequential
        The networks, in single precision.
    temperature : float
        What probabilities are set right by.
    factors : tuple of float
        What a class's probability is multiplied by before the largest is told; none are 1.
    """

    encoding: Encoding
    target: Target
    members: tuple[Sequential, ...]
    temperature: float = 1.0
    factors: tuple[float, ...] = ()

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled and copied: members in double precision are made again."""
        return {name: value for name, value in vars(self).items() if name != "_in_double"}

    def outputs(self, table: Table, odd: Odd | None = None) -> np.ndarray:
        """Return probabilities (n, n_classes), or numbers (n,), float64.

        Parameters
        ----------
        table : Table
            Rows with the columns that were learnt from, and possibly others.
        odd : Odd, optional
            Where cells are counted that training rows had nothing like.
        """
        inputs = self.encoding.inputs(table, odd)
        members = self._in_double if len(table) <= MOST_IN_DOUBLE else self.members
        mean = np.zeros((len(table), self.target.n_outputs))
        for member in members if len(table) else ():
            outputs = member.predict(inputs, batch_size=ROWS_AT_ONCE)
            mean += to_host(outputs) / len(members)
        if isinstance(self.target, Classes):
            return with_temperature(mean, self.temperature)
        return self.target.restore(mean[:, 0])

    def told(self, outputs: np.ndarray) -> np.ndarray:
        """Return the number of the class that is told, int64 of shape (n,).

        Parameters
        ----------
        outputs : numpy.ndarray of shape (n, n_classes)
            Probabilities, as `outputs` returns them.
        """
        told: np.ndarray = self.weighed(outputs).argmax(axis=1)
        return told

    def weighed(self, outputs: np.ndarray) -> np.ndarray:
        """Return probabilities times `factors`, (n, n_classes): the largest is told."""
        return outputs * np.array(self.factors) if self.factors else outputs

    @cached_property
    def _in_double(self) -> tuple[Sequential, ...]:
        """The members in double precision, where their backend has it.

        A row's answer is the same then, to many digits, whichever rows are beside it.
        """
        return tuple(
            alone(member, "float64") if member.backend.has_float64 else member
            for member in self.members
        )


def alone(network: Sequential, dtype: str | None = None) -> Sequential:
    """Return a network that knows nothing of its training, and computes in a dtype."""
    copy = Sequential(network.layers, dtype=dtype or network.dtype, backend=network.backend)
    copy.set_parameters(network.parameters)
    return copy
