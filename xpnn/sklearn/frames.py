"""Rows as they are given: a frame of any library, a table or an array."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_array, validate_data

from ..tables.columns import Table
from ..tables.sources import from_frame

__all__ = ["TakesTables", "is_frame"]


class TakesTables(BaseEstimator):
    """What takes rows as they are, with text, dates and missing cells."""

    _column_names: list[str]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        # columns are found by their names, in any order and among others, which scikit-learn's
        # validation would refuse
        tags.no_validation = True
        return tags

    def _rows_to_fit(self, X: Any) -> tuple[Table, dict[str, Any]]:
        """Return rows to learn from, and the attributes that tell of their columns."""
        if is_frame(X):
            table = from_frame(X)
            if len(table) < 2:
                raise ValueError(f"X must have at least 2 rows, got n_samples={len(table)}")
            names = [*table.columns]
            described = {"n_features_in_": len(names), "_column_names": names}
            if all(isinstance(label, str) for label in _labels(X)):
                described["feature_names_in_"] = np.array(names, dtype=object)
            return table, described
        X = check_array(
            X, dtype=None, ensure_all_finite="allow-nan", ensure_min_samples=2, estimator=self
        )
        n = X.shape[1]
        return from_frame(X), {"n_features_in_": n, "_column_names": [*map(str, range(n))]}

    def _note(self, **attributes: Any) -> None:
        """Set what describes a fit: nothing before all of it is there, and nothing is left."""
        for name in [name for name in vars(self) if name.endswith("_")]:
            delattr(self, name)
        for name, value in attributes.items():
            setattr(self, name, value)

    def _table(self, X: Any) -> Table:
        """Return rows as a table; an array has the columns that were fitted, in their order."""
        if is_frame(X):
            return from_frame(X)
        X = validate_data(
            self,
            X,
            reset=False,
            dtype=None,
            ensure_all_finite="allow-nan",
            ensure_min_samples=0,
        )
        table = from_frame(X)
        columns = {self._column_names[int(k)]: cells for k, cells in table.columns.items()}
        return Table(table.source, columns)


def is_frame(X: Any) -> bool:
    """Whether something has columns with names, or is no array that scikit-learn reads."""
    if issparse(X):
        return False
    return isinstance(X, Table | Mapping) or any(
        hasattr(X, name) for name in ("columns", "column_names")
    )


def _labels(X: Any) -> list[Any]:
    """Return what columns are called, where that may be no text: in pandas, and of a dict."""
    return [*X.keys()] if hasattr(X, "keys") else []
