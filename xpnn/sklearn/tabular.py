"""TabularClassifier and TabularRegressor: a frame goes in as it is."""

from __future__ import annotations

import warnings
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from ..backend import resolve
from ..data import check_sample_weight
from ..tables.features import Odd
from ..tables.targets import Classes, Measure, Target
from ..tabular import PRESETS, Recipe
from ..tabular.deciding import DECISIONS
from ..tabular.ensemble import Ensemble
from ..tabular.training import encoding_of_rows, fit_ensemble
from .adapter import IntervalOfNumbers, Options, StrOptions, fit_context
from .frames import TakesTables, is_frame
from .given import read_classes, read_numbers, seed_of

__all__ = ["TabularClassifier", "TabularRegressor"]


class Tabular(TakesTables):
    """What both estimators share."""

    ensemble_: Ensemble
    oof_predictions_: np.ndarray

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "preset": [StrOptions(set(PRESETS))],
        "n_members": [IntervalOfNumbers(Integral, 1, None, closed="left"), None],
        "time_budget": [
            IntervalOfNumbers(Real, 0, None, closed="neither"),
            Options(Real, {np.inf}),
            None,
        ],
        "columns": [dict, None],
        "backend": [str, None],
        "random_state": ["random_state"],
        "verbose": ["boolean"],
    }

    def __init__(
        self,
        *,
        preset: str = "default",
        n_members: int | None = None,
        time_budget: float | None = None,
        columns: dict[str, str] | None = None,
        backend: str | None = None,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.preset = preset
        self.n_members = n_members
        self.time_budget = time_budget
        self.columns = columns
        self.backend = backend
        self.random_state = random_state
        self.verbose = verbose

    @fit_context
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Learn from the rows of a table.

        Parameters
        ----------
        X : frame or array_like of shape (n, n_features)
            The rows: a frame of pandas, polars, pyarrow or any other library that narwhals
            knows, as it is; a table that `xpnn.tables.read` returns; or an array.  Infinite
            numbers are missing cells.
        y : array_like of shape (n,)
            What is to be learnt.
        sample_weight : array_like of shape (n,), optional
            How much each row counts.

        Returns
        -------
        self
            The estimator.

        Raises
        ------
        ValueError
            If no column tells anything of new rows, or rows and targets are not as many.
        KeyboardInterrupt, SystemExit
            If the training was ended, after the members that were trained are kept; before
            anything was learnt the estimator stays what it was.

        Warns
        -----
        UserWarning
            If numbers of a frame are left out, as they count the rows or name them; an array
            has no names for its columns, and all its numbers are learnt from.
        """
        table, described = self._rows_to_fit(X)
        y = self._read_target(y, len(table))
        target, right = self._target(y)
        weight = check_sample_weight(sample_weight, len(table))
        counting = table if weight is None else table.take(np.flatnonzero(weight))
        understood = self._understand(counting, is_frame(X))
        fitted = fit_ensemble(
            table,
            encoding_of_rows(counting, understood.values()),
            target,
            right,
            self._recipe(),
            seed_of(self.random_state),
            resolve(self.backend),
            weights=weight,
            class_weight=self._class_weight(y),
            decides=getattr(self, "decides", "accuracy"),
            time_budget=None if self.time_budget == np.inf else self.time_budget,
            verbose=self.verbose,
        )
        self._note(
            **described,
            **self._told_of(y),
            understood_=understood,
            ensemble_=fitted.ensemble,
            oof_predictions_=fitted.answers,
        )
        if fitted.members.interrupted is not None:
            raise fitted.members.interrupted
        return self

    def _class_weight(self, y: np.ndarray) -> Any:
        """Return what classes count, by their numbers."""
        return None

    def _told_of(self, y: np.ndarray) -> dict[str, Any]:
        """Return the attributes that tell of a target."""
        return {}

    def _recipe(self) -> Recipe:
        recipe = PRESETS[self.preset]
        return recipe if self.n_members is None else replace(recipe, n_members=self.n_members)

    def _outputs(self, X: Any) -> np.ndarray:
        check_is_fitted(self, "ensemble_")
        odd = Odd()
        outputs: np.ndarray = self.ensemble_.outputs(self._table(X), odd)
        if odd.cells:
            warnings.warn(str(odd), UserWarning, stacklevel=3)
        return outputs


class TabularClassifier(ClassifierMixin, Tabular):
    """Classes of the rows of a table that goes in as it is: text, dates, missing cells.

    Parameters
    ----------
    preset : {"default", "fast", "best"}
        How much time it takes: five members that are averaged; one small one; eight.
    n_members : int, optional
        How many networks are averaged, each trained without another part of the rows; by
        default as `preset` says.
    time_budget : float, optional
        Seconds that training may take, about: what there is no time for, members and then
        epochs, is left out.  Then one seed may give another result on another machine.
    columns : dict of str to str, optional
        What columns are, where you know better: "number", "category", "date", "id" and so on,
        as `xpnn.tables.understanding.KINDS` has them.
    class_weight : {"balanced"} or dict of class to float, optional
        What rows of a class count; "balanced" lets all classes count alike, however rare.
    decides : {"accuracy", "balanced_accuracy", "f1"}
        What `predict` is best at: by "accuracy" it tells the most probable class; by the others
        rare classes sooner, from thresholds that are best on `oof_predictions_`.
    backend : str, optional
        Where networks are trained: a spec of `xpnn.backend.resolve`.
    random_state : int, RandomState or None
        One number gives one result; None draws from the state that `numpy.random.seed` sets.
    verbose : bool
        Whether a bar shows how far training is, and how long it takes yet.

    Attributes
    ----------
    classes_ : numpy.ndarray
        The classes.
    ensemble_ : xpnn.tabular.Ensemble
        The members, with what makes inputs of rows.
    understood_ : dict of str to Understood
        What each column was taken for, and why.
    oof_predictions_ : numpy.ndarray of shape (n, n_classes)
        The probabilities of training rows by the member that had not seen them; NaN where all
        had, and where the weight is 0.
    temperature_ : float
        What probabilities are set right by.
    n_features_in_, feature_names_in_
        The number of columns, and their names if they had any.
    """

    classes_: np.ndarray

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **Tabular._parameter_constraints,
        "class_weight": [StrOptions({"balanced"}), dict, None],
        "decides": [StrOptions(set(DECISIONS))],
    }

    def __init__(
        self,
        *,
        preset: str = "default",
        n_members: int | None = None,
        time_budget: float | None = None,
        columns: dict[str, str] | None = None,
        class_weight: Any = None,
        decides: str = "accuracy",
        backend: str | None = None,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        super().__init__(
            preset=preset,
            n_members=n_members,
            time_budget=time_budget,
            columns=columns,
            backend=backend,
            random_state=random_state,
            verbose=verbose,
        )
        self.class_weight = class_weight
        self.decides = decides

    def _read_target(self, y: Any, n: int) -> np.ndarray:
        return read_classes(y, n)

    def _target(self, y: np.ndarray) -> tuple[Target, np.ndarray]:
        classes, right = np.unique(y, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(
                f"y must hold at least 2 classes, got 1 class: {classes.tolist()[0]!r}"
            )
        return Classes("", tuple(map(str, classes.tolist()))), right

    def _told_of(self, y: np.ndarray) -> dict[str, Any]:
        return {"classes_": np.unique(y)}

    def _class_weight(self, y: np.ndarray) -> Any:
        if not isinstance(self.class_weight, dict):
            return self.class_weight
        numbers = {label: number for number, label in enumerate(np.unique(y).tolist())}
        if unknown := [label for label in self.class_weight if label not in numbers]:
            raise ValueError(f"class_weight has {unknown[0]!r}, which is no class of y")
        return {numbers[label]: weight for label, weight in self.class_weight.items()}

    @property
    def temperature_(self) -> float:
        """What probabilities are set right by."""
        return self.ensemble_.temperature

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class, of shape (n, n_classes)."""
        return self._outputs(X)

    def predict(self, X: Any) -> np.ndarray:
        """Return the class of each row, of shape (n,): the most probable, or by `decides`."""
        outputs = self._outputs(X)  # which sees first whether it is fitted
        told = self.ensemble_.told(outputs)
        classes: np.ndarray = self.classes_[told]
        return classes


class TabularRegressor(RegressorMixin, Tabular):
    """Numbers for the rows of a table that goes in as it is: text, dates, missing cells.

    Parameters
    ----------
    preset, n_members, time_budget, columns, backend, random_state, verbose
        As of `TabularClassifier`.

    Attributes
    ----------
    ensemble_, understood_, n_features_in_, feature_names_in_
        As of `TabularClassifier`.
    oof_predictions_ : numpy.ndarray of shape (n,)
        The answers to training rows by the member that had not seen them; NaN where all had.
    """

    def _read_target(self, y: Any, n: int) -> np.ndarray:
        return read_numbers(y, n)

    def _target(self, y: np.ndarray) -> tuple[Target, np.ndarray]:
        return Measure(""), y

    def predict(self, X: Any) -> np.ndarray:
        """Return the number of each row, of shape (n,)."""
        return self._outputs(X)
