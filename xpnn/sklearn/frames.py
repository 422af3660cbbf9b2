"""Rows as they are given: a frame of any library, a table or an array."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from ..tables.columns import Table
from ..tables.sources import from_frame

__all__ = ["TakesTables", "is_frame"]


class TakesTables(BaseEstimator):
    """What takes rows as they are, with text, dates and missing cells."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        # columns are found by their names, in any order and among others, which scikit-learn's
        # validation would refuse
        tags.no_validation = True
        return tags

    def _table(self, X: Any, fits: bool = False) -> Table:
        """Return rows as a table; an array's columns are numbered."""
        if is_frame(X):
            table = from_frame(X)
            names = np.array([*table.columns], dtype=object)
        else:
            X = validate_data(
                self,
                X,
                reset=fits,
                dtype=None,
                ensure_all_finite="allow-nan",
                ensure_min_samples=2 if fits else 0,
            )
            table, names = from_frame(X), None
        if fits:
            if len(table) < 2:
                raise ValueError(f"X must have at least 2 rows, got n_samples={len(table)}")
            self.n_features_in_ = len(table.columns)
            if names is not None:
                self.feature_names_in_ = names
            elif hasattr(self, "feature_names_in_"):
                del self.feature_names_in_
        return table


def is_frame(X: Any) -> bool:
    """Whether something has columns with names, or is no array that scikit-learn reads."""
    if issparse(X):
        return False
    return isinstance(X, Table | Mapping) or any(
        hasattr(X, name) for name in ("columns", "column_names")
    )
