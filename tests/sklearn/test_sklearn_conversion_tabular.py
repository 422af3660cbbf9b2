"""TabularClassifier and TabularRegressor that skl2onnx makes into ONNX, run by onnxruntime."""

import numpy as np
import pandas as pd
import pytest
from converted import agrees, run
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline

from xpnn import tabular
from xpnn.sklearn import TabularClassifier, TabularRegressor

N = 120


@pytest.fixture(autouse=True)
def small(monkeypatch):
    tiny = tabular.Recipe(n_members=2, hidden=(8,), epochs=3, steps=6, batch_size=32)
    monkeypatch.setitem(tabular.PRESETS, "fast", tiny)


def numbers(dtype="float64"):
    """Return rows with all that numbers can be taken for."""
    rng = np.random.default_rng(2)
    missing = rng.random((N, 6)) < 0.2
    missing[:, 3] = False
    X = np.stack(
        [
            1e3 * rng.normal(size=N),
            rng.integers(1, 9, N) / 4,
            rng.choice([0.5, 2.0], N),
            rng.choice([0, 1], N),  # yes or no
            np.full(N, 7),  # yes where it is not missing
            rng.choice([0, 1, 2.25, 1e9, 1e9 + 1], N),  # float32 has no such numbers
        ],
        axis=1,
    )
    return np.where(missing, np.nan, X).astype(dtype), X[:, 0] + 500 * X[:, 3]


def frame():
    """Return a frame with numbers, texts and missing texts."""
    rng = np.random.default_rng(3)
    towns = rng.choice(["Rome", "Oslo", "Zürich", ""], N)
    return pd.DataFrame(
        {
            "size of it": np.where(rng.random(N) < 0.2, np.nan, rng.normal(size=N)),
            "town": towns.astype(object),
            "smoker": rng.choice(["yes", "no"], N).astype(object),
            "rooms": rng.integers(1, 9, N),
            "floor": rng.integers(0, 4, N),
        }
    ), rng.choice([3, 5, 8], N)


def fitted(X, y, **settings):
    return TabularClassifier(preset="fast", random_state=0, **settings).fit(X, y)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("labels", ["text", "integers"])
def test_an_array(labels, dtype):
    X, value = numbers(dtype)
    y = np.digitize(value, np.quantile(value, [0.3, 0.6]))
    y = np.array(["low", "middle", "high"])[y] if labels == "text" else 2 * y - 1
    model = fitted(X, y, columns={"5": "category"})
    kinds = [feature.kind for feature in model.ensemble_.encoding.features]
    assert kinds == ["number", "number", "category", "yes/no", "yes/no", "category"]
    assert agrees(model, X)["probabilities"].dtype == dtype
    nothing = np.full_like(X, np.nan)
    agrees(model, nothing)


def test_numbers_that_were_not_there():
    X, value = numbers()
    model = fitted(X, value > 0, columns={"5": "category", "1": "category"})
    odd = np.array([[1e300, 0.3, 1, 2, 6, 1e9 + 2], [-1e300, 1.0, 0.5, 0, 7, 2.25]])
    found = run(model, odd, zipmap=False)["probabilities"]
    with pytest.warns(UserWarning, match="unlike those of the training"):
        np.testing.assert_allclose(found, model.predict_proba(odd), atol=1e-5)


def test_no_category_has_a_code_of_its_own():
    X, value = numbers()
    X[:, 5] = 1.5 * np.arange(N)  # each is there once
    model = fitted(X, value > 0, columns={"5": "category"})
    assert model.ensemble_.encoding.features[-1].values == ()
    agrees(model, X)


def test_a_number():
    X, value = numbers()
    model = TabularRegressor(preset="fast", random_state=0).fit(X, value)
    for rows in (X, X.astype("float32")):
        found = run(model, rows)["variable"]
        assert found.dtype == rows.dtype
        assert found.shape == (N, 1)
        near = 1e-6 * np.abs(value).max()  # sums of such numbers in single precision
        np.testing.assert_allclose(found[:, 0], model.predict(rows), rtol=1e-5, atol=near)


def test_a_frame():
    """Columns are found by their names, as `predict` does."""
    X, y = frame()
    model = fitted(X, y, columns={"floor": "category"}, decides="f1")
    agrees(model, X)
    agrees(model, X[["floor", "town", "rooms", "smoker", "size of it"]].assign(other=1.0))
    model = TabularRegressor(preset="fast", random_state=0).fit(X, y)
    np.testing.assert_allclose(run(model, X)["variable"][:, 0], model.predict(X), rtol=1e-5)


@pytest.mark.parametrize("columns", [["rooms", "size of it"], ["town", "smoker"]], ids=str)
def test_behind_a_column_transformer(columns):
    X, y = frame()
    chosen = ColumnTransformer([("chosen", "passthrough", columns)])
    model = make_pipeline(chosen, TabularClassifier(preset="fast", random_state=0))
    X["rooms"] = X["rooms"].astype(float)
    agrees(model.fit(X, y), X)


def test_what_is_refused():
    X, y = frame()
    X["day"] = pd.date_range("2020-01-01", periods=N).strftime("%d.%m.%Y").astype(object)
    X["price"] = [f"${n % 50 + 1},500" for n in range(N)]
    takes_raw = r"xpnn\.tabular\.onnx\.export_onnx"
    for column, kind in (("day", "date"), ("price", "number")):
        rows = X[["rooms", column]]
        with pytest.raises(
            ValueError, match=f"'{column}' was a {kind} and .* text.*{takes_raw}"
        ):
            run(fitted(rows, y), rows, zipmap=False)
    model = fitted(X[["rooms", "town"]], y)
    with pytest.raises(ValueError, match=f"'town' was a category and .* numbers.*{takes_raw}"):
        run(model, np.ones((3, 2)), zipmap=False)
    with pytest.raises(ValueError, match="the 2 columns that were fitted, got an array of 3"):
        run(model, np.ones((3, 3)), zipmap=False)
    with pytest.raises(ValueError, match="must have the column 'town', got rooms, floor"):
        run(model, X[["rooms", "floor"]], zipmap=False)
