"""The sides: each makes an unfitted model that takes the raw frame, at its own defaults.

A peer's preparation is what its documentation advises for such a frame.  Its library is
imported by the function that makes it.  All have the same seed and one thread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, Self

import numpy as np
import pandas as pd

SEED = 0


class Model(Protocol):
    """What is measured."""

    def fit(self, X: pd.DataFrame, y: pd.Series) -> Self:
        """Learn from a raw frame."""

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return numbers, or the more probable classes."""


class UnavailableError(Exception):
    """The side's library is not there."""


def _hgb(classes: bool) -> Model:
    """Return HistGradientBoosting, with categories as its user guide has them.

    Beyond 255 categories it refuses them, and the guide of `TargetEncoder` shows that instead.
    """
    from sklearn import ensemble
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import TargetEncoder

    from . import preparation as prep

    kind = "Classifier" if classes else "Regressor"
    model = getattr(ensemble, f"HistGradientBoosting{kind}")(
        categorical_features="from_dtype", random_state=SEED
    )
    # it would take whole numbers for classes, and make a column for each
    encoder = TargetEncoder(target_type="auto" if classes else "continuous", random_state=SEED)
    columns = ColumnTransformer(
        [
            ("narrow", prep.Categories(), prep.narrow(255)),
            ("wide", encoder, prep.wide(255)),
        ],
        remainder="passthrough",
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")
    return make_pipeline(prep.Dates(), columns, model)


def _rf(classes: bool) -> Model:
    """Return a random forest: medians, one-hot up to 40 categories, and numbers beyond."""
    from sklearn import ensemble
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

    from . import preparation as prep

    kind = "Classifier" if classes else "Regressor"
    model = getattr(ensemble, f"RandomForest{kind}")(random_state=SEED, n_jobs=1)
    ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    columns = ColumnTransformer(
        [
            ("narrow", OneHotEncoder(handle_unknown="ignore"), prep.narrow(40)),
            ("wide", ordinal, prep.wide(40)),
        ],
        remainder="passthrough",
    )
    return make_pipeline(prep.imputed(), columns, model)


def _lgbm(classes: bool) -> Model:
    """Return LightGBM, with pandas's categories, which it takes as they are."""
    import lightgbm
    from sklearn.pipeline import make_pipeline

    from . import preparation as prep

    kind = lightgbm.LGBMClassifier if classes else lightgbm.LGBMRegressor
    model = kind(random_state=SEED, n_jobs=1, verbose=-1)
    return make_pipeline(prep.Dates(), prep.Categories(), model)


def _mlp(classes: bool) -> Model:
    """Return scikit-learn's MLP: medians, standard scores, one-hot, and a scaled target."""
    from sklearn import neural_network
    from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    from . import preparation as prep

    columns = ColumnTransformer(
        [
            ("numbers", StandardScaler(), prep.numbers),
            ("text", OneHotEncoder(handle_unknown="ignore"), prep.text),
        ]
    )
    model: Any
    if classes:
        model = neural_network.MLPClassifier(random_state=SEED)
    else:
        model = TransformedTargetRegressor(
            neural_network.MLPRegressor(random_state=SEED), transformer=StandardScaler()
        )
    return make_pipeline(prep.imputed(), columns, model)


class _CatBoost:
    """CatBoost, which is told which columns are categories, and wants text in them."""

    def __init__(self, classes: bool) -> None:
        import catboost

        from . import preparation as prep

        kind = catboost.CatBoostClassifier if classes else catboost.CatBoostRegressor
        self.steps = [prep.Dates(), prep.Filled()]
        self.model = kind(
            random_seed=SEED, thread_count=1, verbose=False, allow_writing_files=False
        )

    def _prepared(self, X: pd.DataFrame) -> pd.DataFrame:
        for step in self.steps:
            X = step.transform(X)
        return X

    def fit(self, X: pd.DataFrame, y: pd.Series) -> Self:
        rows = X
        for step in self.steps:
            rows = step.fit_transform(rows)
        self.model.fit(rows, np.asarray(y), cat_features=self.steps[-1].text_)
        self.classes_ = getattr(self.model, "classes_", None)
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        # classes come as a column
        return np.ravel(self.model.predict(self._prepared(X)))

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        return self.model.predict_proba(self._prepared(X))


def _pytabkit(name: str) -> Callable[[bool], Model]:
    """Return what makes a model of pytabkit, which refuses missing numbers."""

    def make(classes: bool) -> Model:
        import pytabkit
        from sklearn.pipeline import make_pipeline

        from . import preparation as prep

        kind = "Classifier" if classes else "Regressor"
        model = getattr(pytabkit, f"{name}_{kind}")(
            device="cpu", random_state=SEED, n_threads=1
        )
        return make_pipeline(prep.imputed(), prep.Categories(), model)

    return make


def _ours(**settings: Any) -> Callable[[bool], Model]:
    """Return what makes an estimator of xpnn, which is given the frame as it lies."""

    def make(classes: bool) -> Model:
        import xpnn.sklearn

        kind = "TabularClassifier" if classes else "TabularRegressor"
        return getattr(xpnn.sklearn, kind)(random_state=SEED, **settings)

    return make


SIDES: dict[str, Callable[[bool], Model]] = {
    "xpnn": _ours(),
    "xpnn-1": _ours(n_members=1),
    "xpnn-fast": _ours(preset="fast"),
    "hgb": _hgb,
    "rf": _rf,
    "lgbm": _lgbm,
    "mlp": _mlp,
    "catboost": _CatBoost,
    "realmlp": _pytabkit("RealMLP_TD"),
    "tabm": _pytabkit("TabM_D"),
}
REFERENCE = "hgb"


def make(name: str, classes: bool) -> Model:
    """Return a side's unfitted model.

    Parameters
    ----------
    name : str
        One of `SIDES`.
    classes : bool
        Whether it is to tell classes; numbers if not.

    Raises
    ------
    UnavailableError
        If its library is not there.
    """
    try:
        return SIDES[name](classes)
    except ModuleNotFoundError as error:
        raise UnavailableError(f"{error.name} is not there") from error
