"""What is trained on a table, and answers rows of others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..backend import to_host
from ..sequential import Sequential
from ..tables.columns import Table
from ..tables.encoding import Encoding
from ..tables.features import Odd
from ..tables.targets import Classes, Target
from .calibration import with_temperature

__all__ = ["Ensemble", "in_double"]


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
        The networks.
    temperature : float
        What probabilities are set right by.
    """

    encoding: Encoding
    target: Target
    members: tuple[Sequential, ...]
    temperature: float = 1.0

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
        mean = np.zeros((len(table), self.target.n_outputs))
        for member in self.members if len(table) else ():
            mean += to_host(member.predict(inputs)) / len(self.members)
        if isinstance(self.target, Classes):
            return with_temperature(mean, self.temperature)
        return self.target.restore(mean[:, 0])


def in_double(network: Sequential) -> Sequential:
    """Return a network that computes in double precision, where its backend has it.

    A row's answer is the same then, to many digits, whichever rows are beside it.
    """
    if not network.backend.has_float64:
        return network
    double = Sequential(network.layers, dtype="float64", backend=network.backend)
    double.set_parameters(network.parameters)
    return double
