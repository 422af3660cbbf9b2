"""What a careful user of the peers does to a frame before their ``fit``: scikit-learn steps.

Each peer's own documentation says what it needs; `peers` puts these steps together for it.
All learn from the training rows alone.
"""

from __future__ import annotations

import re
from typing import Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline

MISSING = "missing"
"""The category of a missing cell, for peers that can't have one."""

DAY = r"\d{4}-\d\d-\d\d"
TIME = r"\d\d:\d\d(:\d\d)?"
MOMENT = re.compile(rf"({DAY})?([T ]?{TIME}Z?)?")


class Dates(TransformerMixin, BaseEstimator):
    """Dates and times of day in numbers, in text too: no peer takes them as they are.

    A column gives what changes within the training rows of year, month, day, day of the week,
    and hour, and the seconds since 1970.
    """

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:
        """See which columns are dates, and which of their parts change."""
        self.parts_ = {
            name: [part for part, values in _parts(column).items() if values.nunique() > 1]
            for name, column in X.items()
            if _is_date(column)
        }
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with the parts at its end, in the place of the dates."""
        found = [X.drop(columns=list(self.parts_))]
        for name, parts in self.parts_.items():
            numbers = _parts(X[name])[parts]
            found.append(numbers.rename(columns={part: f"{name} {part}" for part in parts}))
        return pd.concat(found, axis=1)


def _is_date(column: pd.Series) -> bool:
    if pd.api.types.is_datetime64_any_dtype(column):
        return True
    if pd.api.types.is_numeric_dtype(column):
        return False
    return all(cell and MOMENT.fullmatch(str(cell)) for cell in column.dropna().unique())


def _parts(column: pd.Series) -> pd.DataFrame:
    """Return a date's parts as numbers, missing where it is."""
    if not pd.api.types.is_datetime64_any_dtype(column):
        column = pd.to_datetime(column, errors="coerce", utc=True, format="mixed")
    date = column.dt
    seconds = (column - pd.Timestamp(0, tz=date.tz)).dt.total_seconds()
    return pd.DataFrame(
        {
            "year": date.year,
            "month": date.month,
            "day": date.day,
            "weekday": date.day_of_week,
            "hour": date.hour,
            "seconds": seconds,
        }
    ).astype(float)


def text(X: pd.DataFrame) -> list[str]:
    """Return the names of the columns that are no numbers."""
    return [name for name, column in X.items() if not pd.api.types.is_numeric_dtype(column)]


def numbers(X: pd.DataFrame) -> list[str]:
    """Return the names of the columns that are numbers."""
    return [name for name, column in X.items() if pd.api.types.is_numeric_dtype(column)]


def narrow(most: int) -> _Width:
    """Return what selects the columns of text with up to so many categories."""
    return _Width(most, False)


def wide(most: int) -> _Width:
    """Return what selects the columns of text with more categories than that."""
    return _Width(most, True)


class _Width:
    """Selects text columns by how many categories the training rows have."""

    def __init__(self, most: int, more: bool) -> None:
        self.most, self.more = most, more

    def __call__(self, X: pd.DataFrame) -> list[str]:
        return [name for name in text(X) if (X[name].nunique() > self.most) == self.more]


class Categories(TransformerMixin, BaseEstimator):
    """Text as pandas's categories of the training rows; what is new later becomes missing."""

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:
        """Note the categories."""
        self.names_ = np.asarray(X.columns, dtype=object)
        self.types_ = {
            name: pd.CategoricalDtype(sorted(X[name].dropna().unique())) for name in text(X)
        }
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with categories for text."""
        # the new are named as missing first: pandas is to forbid that it be done silently
        known = {
            name: X[name].where(X[name].isin(t.categories)) for name, t in self.types_.items()
        }
        return X.assign(**known).astype(self.types_)

    def get_feature_names_out(self, names: object = None) -> np.ndarray:
        """Return the names, which stay; `ColumnTransformer` asks for them."""
        return self.names_


class Filled(TransformerMixin, BaseEstimator):
    """Text in which a missing cell is a category of its own."""

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:
        """Note which columns are text."""
        self.text_ = text(X)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with a word for each missing cell of text."""
        return X.assign(
            **{name: X[name].astype(object).fillna(MISSING).astype(str) for name in self.text_}
        )


def imputed() -> Pipeline:
    """Return the steps for peers without missing cells: a median, and a category's word."""
    medians = ColumnTransformer(
        [("numbers", SimpleImputer(strategy="median"), numbers)],
        remainder="passthrough",
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")
    return Pipeline([("dates", Dates()), ("filled", Filled()), ("medians", medians)])
