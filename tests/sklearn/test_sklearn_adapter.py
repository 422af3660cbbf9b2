"""What the estimators are given: it is read, or refused, as everywhere in xpnn."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from xpnn.sklearn import MLPClassifier, MLPRegressor

X = np.random.default_rng(0).standard_normal((40, 3)).round(2)
Y = X[:, 0] - X[:, 2]
LABELS = np.where(Y > 0, "yes", "no")
FRAME = pd.DataFrame(X, columns=["a", "b", "c"])
MIXED = FRAME.assign(b=FRAME["b"] > 0)
SETTINGS = {"hidden_layer_sizes": (4,), "max_iter": 3, "tol": 0.0, "random_state": 0}
pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")

TABLES = {
    "mixed": MIXED,
    "nullable": MIXED.convert_dtypes(),
    "Arrow in pandas": MIXED.convert_dtypes(dtype_backend="pyarrow"),
    "objects": MIXED.astype(object),
    "polars": pl.DataFrame(MIXED.to_dict("list")),
    "Arrow": pa.table(MIXED.to_dict("list")),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_of_numbers(name):
    table, plain = TABLES[name], MIXED.to_numpy(float)
    own = MLPRegressor(**SETTINGS).fit(table, pd.Series(Y).astype("Float64"))
    other = MLPRegressor(**SETTINGS).fit(plain, Y)
    np.testing.assert_array_equal(own.predict(table), other.predict(plain))
    labels = MLPClassifier(**SETTINGS).fit(table, pd.Series(LABELS)).predict(table)
    np.testing.assert_array_equal(
        labels, MLPClassifier(**SETTINGS).fit(plain, LABELS).predict(plain)
    )


def with_gap(values):
    return pd.Series(values, dtype="Float64").mask(np.arange(len(values)) == 5)


def test_a_gap_and_a_column_of_words_are_told_by_their_places():
    model = MLPRegressor(**SETTINGS).fit(FRAME, Y)
    for call in (model.predict, lambda X: model.fit(X, Y), lambda X: model.partial_fit(X, Y)):
        with pytest.raises(ValueError, match=r"X must hold finite numbers.*row 5, column 1"):
            call(FRAME.assign(b=with_gap(X[:, 1])))
        with pytest.raises(TypeError, match=r"X: the column 'b': expected numbers.*'yes|no'"):
            call(FRAME.assign(b=LABELS))
        with pytest.raises(TypeError, match=r"X: the column 'b': expected numbers.*datetime64"):
            call(FRAME.assign(b=pd.date_range("2026-01-01", periods=40)))
    with pytest.raises(ValueError, match=r"y must hold finite numbers; got nan in row 5"):
        model.fit(X, with_gap(Y))
    with pytest.raises(TypeError, match="y: the column 'answer': expected numbers"):
        model.fit(X, pd.Series(LABELS, name="answer"))
    with pytest.raises(ValueError, match=r"sample_weight must hold finite numbers.*row 5"):
        model.fit(X, Y, with_gap(np.ones(40)))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (np.ma.array(X, mask=X > 1), "masked"),
        ([*np.ma.array(X, mask=X > 1)], "masked"),
        ((row for row in X), "generator.*collect"),
        (iter(X), "iterator"),
        ({"a": X}, "dict with 'a'"),
        ("rows.csv", "file"),
        (len, "called"),
    ],
)
def test_what_nobody_can_read(wrong, words):
    for estimator in (MLPRegressor(**SETTINGS), MLPClassifier(**SETTINGS)):
        y = Y if isinstance(estimator, MLPRegressor) else LABELS
        with pytest.raises(TypeError, match=f"X: expected numbers, got .*{words}"):
            estimator.fit(wrong, y)
        with pytest.raises(TypeError, match=f"X: expected numbers, got .*{words}"):
            estimator.fit(X, y).predict(wrong)
        with pytest.raises(TypeError, match=f"y: expected numbers, got .*{words}"):
            estimator.fit(X, wrong)
        with pytest.raises(TypeError, match=f"sample_weight: expected numbers, got .*{words}"):
            estimator.fit(X, y, wrong)


def test_keywords_are_hinted_at():
    with pytest.raises(TypeError, match="'epochs'; did you mean 'max_iter'"):
        MLPClassifier(epochs=3)
    with pytest.raises(ValueError, match="Invalid parameter 'epochs'"):  # scikit-learn's own
        MLPRegressor().set_params(epochs=3)
