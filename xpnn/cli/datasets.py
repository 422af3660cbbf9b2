"""The built-in data sets: how to get each, what its classes are, how to learn it well."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from .. import datasets
from ..naming import look_up
from .settings import Settings

Pair = tuple[np.ndarray, np.ndarray]
"""Rows and their targets."""

Draw = Callable[[np.random.Generator], Pair]
"""What gets or draws rows, with a generator where they are random."""


@dataclass(frozen=True)
class DataSet:
    """A built-in data set.

    Attributes
    ----------
    training, validation : callable
        They return the rows; None where validation rows are taken from the training rows.
    labels : tuple of str
        Its classes.
    settings : Settings
        How to learn it well; `validation_split` is None where there is `validation`.
    """

    training: Draw
    validation: Draw | None
    labels: tuple[str, ...]
    settings: Settings


BOOK = Settings(
    hidden=(64,),
    optimizer="sgd",
    optimizer_settings={"learning_rate": 1.0, "decay": 1e-3, "momentum": 0.9},
    epochs=10_000,
    batch_size=None,
    validation_split=None,
)
"""The settings of the book for points in the plane."""

# functions, so that nothing is drawn or read before it is asked for
DATA_SETS = {
    "digits": DataSet(
        training=lambda generator: datasets.digits(),
        validation=None,
        labels=tuple("0123456789"),
        settings=Settings(
            hidden=(256,), optimizer_settings={"learning_rate": 0.002}, epochs=60, dropout=0.3
        ),
    ),
    "spiral": DataSet(
        training=lambda generator: datasets.spiral(seed=generator),
        validation=lambda generator: datasets.spiral(seed=generator),
        labels=tuple("012"),
        settings=BOOK,
    ),
    "vertical": DataSet(
        training=lambda generator: datasets.vertical(seed=generator),
        validation=lambda generator: datasets.vertical(seed=generator),
        labels=tuple("012"),
        settings=replace(BOOK, epochs=1000),
    ),
    "fashion-mnist": DataSet(
        training=lambda generator: datasets.fashion_mnist("train"),
        validation=lambda generator: datasets.fashion_mnist("test"),
        labels=datasets.FASHION_CLASSES,
        settings=Settings(
            hidden=(256, 128),
            optimizer_settings={"learning_rate": 0.002, "decay": 0.002},
            epochs=10,
            batch_size=128,
            validation_split=None,
        ),
    ),
}


TABLE = re.compile(
    r"-|.*\.(csv|tsv|tab|txt|dat|json|jsonl|ndjson|parquet|pq|feather|arrow|"
    r"xlsx|xlsm|xlsb|xls|ods|zip)(\.(gz|bz2|xz|zst))?|.*[*?[].*",
    re.IGNORECASE | re.DOTALL,
)
"""What tables are called: -, the endings of files, and patterns."""


def data_name(data: str) -> str:
    """Return the name of a built-in data set as we write it, the path of a table, or -.

    Raises
    ------
    ValueError
        If it is neither; it tells the nearest name.
    """
    if data in DATA_SETS or os.path.exists(data) or TABLE.fullmatch(data):
        return data
    return look_up(data, {**dict(zip(DATA_SETS, DATA_SETS)), "FILE.csv": data}, "data")
