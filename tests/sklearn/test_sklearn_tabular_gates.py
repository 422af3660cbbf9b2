"""What comes into TabularClassifier, TabularRegressor and TablePreparation, and is refused."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from xpnn.sklearn import TablePreparation, TabularClassifier, TabularRegressor
from xpnn.tabular import PRESETS, Recipe

N = 40
rng = np.random.default_rng(4)
X = pd.DataFrame({"a": rng.normal(size=N), "b": rng.choice([*"xyz"], N)})
LABELS = rng.choice(["p", "q"], N).tolist()


@pytest.fixture(autouse=True)
def small(monkeypatch):
    tiny = Recipe(n_members=1, hidden=(4,), dropout=0, epochs=1)
    monkeypatch.setitem(PRESETS, "fast", tiny)


def learn(given=X, y=LABELS, **settings):
    return TabularClassifier(preset="fast", random_state=0, **settings).fit(given, y)


def test_columns_may_be_called_by_numbers():
    codes = rng.integers(0, 4, (N, 2))
    for given in (codes, pd.DataFrame(codes)):
        for key in (1, "1"):
            found = learn(given, columns={key: "category"}).understood_
            assert [one.kind for one in found.values()] == ["number", "category"]


@pytest.mark.parametrize(
    "kind",
    [pa.array, lambda y: pa.array(y).dictionary_encode(), lambda y: pa.chunked_array([y])],
    ids=["array", "dictionary", "chunks"],
)
def test_targets_of_arrow(kind):
    wanted = learn()
    model = learn(y=kind(LABELS))
    assert model.classes_.tolist() == ["p", "q"]
    np.testing.assert_array_equal(model.predict_proba(X), wanted.predict_proba(X))
    flags = learn(y=pa.array([label == "p" for label in LABELS]))
    assert flags.classes_.tolist() == [False, True]
    with pytest.raises(ValueError, match="a class in each row, got None in row 0"):
        learn(y=kind([None, *LABELS[1:]]))


def test_a_batch_of_arrow_and_a_lazy_frame_without_a_warning():
    wanted = learn().predict_proba(X)
    for given in (pa.RecordBatch.from_pandas(X), pl.from_pandas(X).lazy()):
        np.testing.assert_array_equal(learn(given).predict_proba(given), wanted)


def test_infinite_numbers_are_missing_cells():
    odd, absent = X.copy(), X.copy()
    odd.loc[[3, 7], "a"] = np.inf, -np.inf
    absent.loc[[3, 7], "a"] = np.nan
    wanted = learn(absent).predict_proba(absent)
    np.testing.assert_array_equal(learn(odd).predict_proba(odd), wanted)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that there are no names
        for array in (odd.to_numpy(), odd[["a"]].to_numpy()):
            model = learn(absent[["a", "b"][: array.shape[1]]])
            of_absent = model.predict_proba(absent)
            np.testing.assert_array_equal(model.predict_proba(array), of_absent)
    given = TablePreparation().fit_transform(odd[["a"]].to_numpy())
    np.testing.assert_array_equal(np.flatnonzero(given[:, 1]), [3, 7])


@pytest.mark.parametrize("dtype", ["complex64", "object"])
def test_complex_numbers_are_refused(dtype):
    numbers = X["a"].to_numpy() + 1j
    numbers = numbers.astype("complex64").astype(dtype)
    for given in (X.assign(c=numbers), {"a": X["a"], "c": numbers}, numbers[:, None]):
        with pytest.raises(ValueError, match="Complex data not supported"):
            learn(given)
        with pytest.raises(ValueError, match="Complex data not supported"):
            TablePreparation().fit(given)


@pytest.mark.parametrize(
    "kind",
    [list, lambda y: np.array(y, dtype=object), pd.Series],
    ids=["list", "array", "series"],
)
def test_classes_that_look_alike_are_refused(kind):
    with pytest.raises(ValueError, match=r"all texts, or all numbers, got '1' and 1$"):
        learn(y=kind([1, "1"] * (N // 2)))


def test_one_class_is_told_plainly():
    with pytest.raises(ValueError, match=r"got 1 class: 0\.0$"):
        learn(y=np.zeros(N))
    with pytest.raises(ValueError, match=r"got 1 class: 'p'$"):
        learn(y=["p"] * N)


@pytest.mark.parametrize("name", ["n_members", "time_budget"])
def test_flags_are_no_numbers(name):
    with pytest.raises(ValueError, match=f"'{name}' parameter .* Got True instead"):
        learn(**{name: True})


def test_there_may_be_all_the_time():
    endless = learn(time_budget=np.inf)
    np.testing.assert_array_equal(endless.predict_proba(X), learn().predict_proba(X))


def test_too_large_numbers_are_refused():
    model = TabularRegressor(preset="fast")
    with pytest.raises(ValueError, match=r"y has too large numbers, as 2e\+300"):
        model.fit(X, np.linspace(-2e300, 1e300, N))
    assert np.ptp(model.fit(X, X["a"] * 1e150).predict(X)) > 0


@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_classes_that_are_none_are_refused(odd):
    with pytest.raises(ValueError, match=f"a class in each row, got {odd} in row 3"):
        learn(y=[0.0, 1.0, 1.0, odd] * (N // 4))
