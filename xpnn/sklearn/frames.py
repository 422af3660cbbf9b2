"""Rows as they are given: a frame of any library, a table or an array."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from inspect import getattr_static
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_array, validate_data

from ..tables.columns import Column, Numbers, Table, Texts, is_plain_number
from ..tables.sources import from_frame
from ..tables.understanding import Understood, understand

__all__ = ["TakesTables", "is_frame"]


class TakesTables(BaseEstimator):
    """What takes rows as they are, with text, dates and missing cells."""

    columns: dict[Any, str] | None
    n_features_in_: int
    _column_names: list[str]

    def __sklearn_tags__(self) -> Any:
        # not `no_validation`, which would leave out scikit-learn's checks of what is refused:
        # only that frames have the same columns, in one order, is not asked for
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags

    def _rows_to_fit(self, X: Any) -> tuple[Table, dict[str, Any]]:
        """Return rows to learn from, and the attributes that tell of their columns."""
        if is_frame(X):
            table = _frame_as_table(X)
            if len(table) < 2:
                raise ValueError(f"X must have at least 2 rows, got n_samples={len(table)}")
            counts = () if isinstance(X, Table) else table.left_out  # rows, and comes first
            names = [*counts, *table.columns]
            described = {"n_features_in_": len(names), "_column_names": names}
            if all(isinstance(label, str) for label in _labels(X)):
                described["feature_names_in_"] = np.array(names, dtype=object)
            return table, described
        X = check_array(
            X, dtype=None, ensure_all_finite=False, ensure_min_samples=2, estimator=self
        )
        n = X.shape[1]
        if X.dtype.kind in "iu":  # large ones would be kept as texts
            X = X.astype(np.float64)
        return _array_as_table(X), {"n_features_in_": n, "_column_names": [*map(str, range(n))]}

    def _understand(self, table: Table, has_names: bool) -> dict[str, Understood]:
        """Find out what columns are; numbers of an array, which nobody named, are numbers.

        Warns
        -----
        UserWarning
            If numbers of a frame are left out as an index or ids, which may be wrong.
        """
        asked = {str(label): kind for label, kind in (self.columns or {}).items()}
        found = understand(table, asked)
        left_out = [
            name
            for name, one in found.items()
            if name not in asked and _names_rows_by_numbers(one, table[name])
        ]
        if has_names and left_out:
            warnings.warn(
                f"the numbers of {', '.join(map(repr, left_out))} are left out, as they count "
                "the rows or name them; if they tell something, "
                f"columns={{{left_out[0]!r}: 'number'}} has them learnt from",
                UserWarning,
                stacklevel=4,
            )
        elif left_out:
            numbers = understand(table, asked | dict.fromkeys(left_out, "number"))
            said = "as numbers of an array are, which has no names"
            found |= {name: replace(numbers[name], reason=said) for name in left_out}
        return found

    def _note(self, **attributes: Any) -> None:
        """Set what describes a fit, once all of it is there."""
        self.__dict__.pop("feature_names_in_", None)  # which an earlier one may have had
        self.__dict__.update(attributes)

    def _table(self, X: Any) -> Table:
        """Return rows as a table with the columns that were fitted.

        Those of an array are in their order; and so are those of a frame, if it is an array
        that was fitted, but for a warning, as scikit-learn warns of either.
        """
        if is_frame(X):
            table = _frame_as_table(X)
            had_none = self._column_names == [*map(str, range(self.n_features_in_))]
            is_called_so = set(self._column_names) <= set(table.columns)
            if is_called_so or not had_none or len(table.columns) != self.n_features_in_:
                return table
            warnings.warn(
                f"X has feature names, but {type(self).__name__} was fitted without: its "
                "columns are taken in their order",
                UserWarning,
                stacklevel=3,
            )
            columns = dict(zip(self._column_names, table.columns.values()))
            return Table(table.source, columns)
        X = validate_data(
            self,
            X,
            reset=False,
            dtype=None,
            ensure_all_finite=False,  # what is infinite counts as missing
            ensure_min_samples=0,
        )
        table = _array_as_table(X)
        columns = {self._column_names[int(k)]: cells for k, cells in table.columns.items()}
        return Table(table.source, columns)


def is_frame(X: Any) -> bool:
    """Whether something has columns with names, or is no array that scikit-learn reads."""
    if issparse(X):
        return False
    # without asking for them: frames that are lazy warn of that
    return isinstance(X, Table | Mapping) or any(
        getattr_static(X, name, None) is not None for name in ("columns", "column_names")
    )


def _frame_as_table(X: Any) -> Table:
    """Return a frame as a table, in which what is infinite is missing."""
    _refuse_complex({label: X[label] for label in _labels(X)})
    if type(X).__name__ == "RecordBatch":  # of pyarrow, which narwhals knows tables of
        import pyarrow

        X = pyarrow.Table.from_batches([X])
    return _without_infinite(from_frame(X))


def _array_as_table(X: np.ndarray) -> Table:
    """Return an array as a table, so too; its columns are numbered."""
    if X.dtype == object:
        _refuse_complex(dict(enumerate(X.T)))
    return _without_infinite(from_frame(X))


def _labels(X: Any) -> list[Any]:
    """Return what columns are called, where that may be no text: in pandas, and of a dict."""
    return [*X.keys()] if hasattr(X, "keys") else []


def _refuse_complex(columns: dict[Any, Any]) -> None:
    """Refuse complex numbers, which would be taken for texts."""
    for label, cells in columns.items():
        kind = getattr(getattr(cells, "dtype", None), "kind", "O")
        if kind == "c" or (
            kind == "O"
            and any(isinstance(cell, complex | np.complexfloating) for cell in cells)
        ):
            raise ValueError(
                f"Complex data not supported: X must hold no complex numbers, as those of its "
                f"column {label!r} are"
            )


def _without_infinite(table: Table) -> Table:
    """Return a table with missing cells where there were infinite numbers."""
    columns = {
        name: Numbers(np.where(np.isinf(column.values), np.nan, column.values))
        if isinstance(column, Numbers) and np.isinf(column.values).any()
        else column
        for name, column in table.columns.items()
    }
    return replace(table, columns=columns)


def _names_rows_by_numbers(understood: Understood, column: Column) -> bool:
    """Whether a column is left out that holds numbers, and not codes or words."""
    if understood.kind != "id" or isinstance(column, Numbers):
        return understood.kind in ("id", "index")
    return isinstance(column, Texts) and all(map(is_plain_number, column.present()[0]))
