"""TablePreparation: a frame as it is becomes numbers, for any estimator."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ..tables.encoding import Encoding
from ..tables.features import Odd
from ..tabular.training import encoding_of_rows
from .adapter import check_names_in, fit_context
from .frames import TakesTables, is_frame

__all__ = ["TablePreparation"]


class TablePreparation(TransformerMixin, TakesTables):
    """Makes numbers of a table that goes in as it is: text, dates, money, missing cells.

    It is what `TabularClassifier` and `TabularRegressor` learn from, for other estimators:
    numbers are scaled robustly, with a column that says where one was missing; dates become
    their parts; a category has a column for each of its values, up to 40, and one for all
    others; free text becomes 30 numbers.  Ids and what never changes are left out; numbers of
    an array are no ids.

    Parameters
    ----------
    columns : dict of str to str, optional
        What columns are, where you know better, as of `TabularClassifier`.

    Attributes
    ----------
    understood_ : dict of str to Understood
        What each column was taken for, and why.
    encoding_ : xpnn.tables.encoding.Encoding
        How columns become numbers.
    n_features_in_, feature_names_in_
        The number of columns, and their names if they had any.
    """

    encoding_: Encoding

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {"columns": [dict, None]}

    def __init__(self, *, columns: dict[str, str] | None = None) -> None:
        self.columns = columns

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # always float32
        return tags

    @fit_context
    def fit(self, X: Any, y: Any = None) -> Self:
        """Find out what the columns of a table are, and how they become numbers.

        Parameters
        ----------
        X : frame or array_like of shape (n, n_features)
            The rows, as of `TabularClassifier.fit`.
        y : None
            Not looked at.

        Returns
        -------
        self
            The transformer.

        Raises
        ------
        ValueError
            If no column tells anything of new rows.

        Warns
        -----
        UserWarning
            If numbers of a frame are left out, as `TabularClassifier.fit` does.
        """
        table, described = self._rows_to_fit(X)
        understood = self._understand(table, is_frame(X))
        encoding = encoding_of_rows(table, understood.values())
        self._note(**described, understood_=understood, encoding_=encoding)
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return a table's rows as numbers, float32 of shape (n, n_outputs).

        Parameters
        ----------
        X : frame or array_like of shape (n, n_features)
            Rows with the columns that were fitted, and possibly others, in any order.

        Raises
        ------
        ValueError
            If a column is missing; it tells the nearest name.

        Warns
        -----
        UserWarning
            If cells are unlike those of the rows that were fitted; it counts them.
        """
        check_is_fitted(self, "encoding_")
        odd = Odd()
        inputs = self.encoding_.inputs(self._table(X), odd)
        if odd.cells:
            warnings.warn(str(odd), UserWarning, stacklevel=2)
        sizes = self.encoding_.sizes
        if not sizes:
            return inputs
        plain, codes = inputs[:, : -len(sizes)], inputs[:, -len(sizes) :]
        of_codes = [
            column[:, None] == np.arange(size) for column, size in zip(codes.T, sizes)
        ]  # (n, size) each
        return np.concatenate([plain, *of_codes], axis=1, dtype=np.float32)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return what the columns that `transform` gives are called, of shape (n_outputs,).

        Parameters
        ----------
        input_features : array_like of str, optional
            What the columns that were fitted are called: of an array they have no names but
            their numbers, and of a frame they can only be those that it had.

        Raises
        ------
        ValueError
            If they are not as many as the columns, or other names than these had.
        """
        check_is_fitted(self, "encoding_")
        given = check_names_in(self, input_features) or self._column_names
        called = dict(zip(self._column_names, given))
        features: list[Any] = [*self.encoding_.features]  # all of which are dataclasses
        renamed = Encoding(tuple(replace(one, column=called[one.column]) for one in features))
        return np.array(_unique(renamed.names()), dtype=object)


def _unique(names: list[str]) -> list[str]:
    """Return names of which none is there twice: later ones have a number behind them."""
    unique: dict[str, None] = {}
    for name in names:
        number, other = 2, name
        while other in unique or (other != name and other in names):
            number, other = number + 1, f"{name} {number}"
        unique[other] = None
    return [*unique]
