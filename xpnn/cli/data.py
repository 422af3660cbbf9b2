"""Built-in data to train on and to measure with.

One seed gives the same rows again, so that 'xpnn evaluate' measures those of the training.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data import split_rows
from ..tables import Classes
from .datasets import DATA_SETS, Pair


@dataclass(frozen=True)
class Data:
    """What to train on and to measure with.

    Attributes
    ----------
    source : dict
        Where the rows are from, as plain data for the model file.
    training, validation : pair of arrays
        Inputs and targets; validation is None where nothing is left to measure.
    target : Classes
        What the targets mean.
    """

    source: dict[str, Any]
    training: Pair
    validation: Pair | None
    target: Classes


def generators(seed: int) -> list[np.random.Generator]:
    """Return a generator for the data and one for the model, which must not share draws."""
    return [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(2)]


def split(generator: np.random.Generator, part: float, n: int) -> tuple[Any, Any]:
    """Return which of n rows to train on, and which to measure."""
    rows = np.arange(n)
    if not part:
        return rows, rows[:0]
    (training, _, _), (validation, _) = split_rows(generator, part, rows, rows, None)
    return training, validation


def built_in(name: str, seed: int, part: float | None) -> Data:
    """Get a built-in data set; one seed and part give the same rows again."""
    known = DATA_SETS[name]
    generator = generators(seed)[0]
    X, y = known.training(generator)
    validation: Pair | None = None
    training = X, y
    if part is None and known.validation is not None:
        validation = known.validation(generator)
    elif part:
        kept, held = split(generator, part, len(y))
        training, validation = (X[kept], y[kept]), (X[held], y[held])
    source = {"name": name, "seed": seed, "validation_split": part}
    return Data(source, training, validation, Classes("", known.labels))
