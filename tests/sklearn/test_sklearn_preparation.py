"""TablePreparation: numbers of a frame, for other estimators."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from xpnn.sklearn import TablePreparation

rng = np.random.default_rng(0)
N = 120
FRAME = pd.DataFrame(
    {
        "size": np.where(rng.random(N) < 0.2, np.nan, rng.normal(size=N)),
        "price": [f"CHF {p:,}" for p in rng.integers(500, 9000, N)],
        "town": rng.choice(["Rome", "Oslo", "Lima", None], N),
        "smoker": rng.choice(["yes", "no"], N),
        "when": pd.to_datetime("2021-01-01") + pd.to_timedelta(rng.integers(0, 700, N), "D"),
        "id": [f"A{k}B" for k in range(N)],
    }
)


@parametrize_with_checks([TablePreparation()])
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_transformer_get_feature_names_out,
        estimator_checks.check_transformer_get_feature_names_out_pandas,
        estimator_checks.check_set_output_transform_pandas,
        estimator_checks.check_set_output_transform_polars,
        estimator_checks.check_global_output_transform_pandas,
    ],
    ids=lambda check: check.__name__,
)
@pytest.mark.filterwarnings("ignore:X (has|does not have valid) feature names")
def test_scikit_learns_checks_of_its_own_transformers(check):
    check("TablePreparation", TablePreparation())


def test_each_column_of_the_result_has_a_name_that_says_what_it_is():
    preparation = TablePreparation().fit(FRAME)
    names = preparation.get_feature_names_out().tolist()
    found = pd.DataFrame(preparation.transform(FRAME), columns=names)
    assert len(set(names)) == len(names)
    np.testing.assert_array_equal(found["size missing"], FRAME["size"].isna())
    for town in ("Rome", "Oslo", "Lima"):
        np.testing.assert_array_equal(found[f"town={town}"], FRAME["town"] == town)
    np.testing.assert_array_equal(found["town missing"], FRAME["town"].isna())
    np.testing.assert_array_equal(
        found["smoker=yes"], np.where(FRAME["smoker"] == "yes", 1, -1)
    )
    order = FRAME["when"].dt.year.to_numpy()
    assert np.corrcoef(order, found["when year"])[0, 1] > 0.999
    prices = FRAME["price"].str.removeprefix("CHF ").str.replace(",", "").astype(float)
    assert (prices.rank() == found["price"].rank()).all()
    assert not any(name.startswith("id") for name in names)


def test_rows_may_come_in_another_order_with_what_was_not_there():
    preparation = TablePreparation().fit(FRAME)
    other = FRAME[::-1][[*FRAME.columns[::-1]]].assign(more=1)
    np.testing.assert_array_equal(
        preparation.transform(other), preparation.transform(FRAME)[::-1]
    )
    with pytest.warns(UserWarning, match="'town' has a value that was not there"):
        found = preparation.transform(FRAME.assign(town="Paris"))
    towns = [
        k for k, n in enumerate(preparation.get_feature_names_out()) if n.startswith("town")
    ]
    assert not found[:, towns].any()
    with pytest.raises(ValueError, match="no column 'town'"):
        preparation.transform(FRAME.drop(columns="town"))


def test_it_goes_into_pipelines_and_gives_frames():
    y = (FRAME["size"].fillna(0) + (FRAME["town"] == "Rome") > 0.3).to_numpy()
    model = make_pipeline(TablePreparation(columns={"price": "drop"}), LogisticRegression())
    with pytest.raises(ValueError, match="'price' must be one of"):
        model.fit(FRAME, y)
    model = make_pipeline(TablePreparation(columns={"price": "id"}), LogisticRegression())
    assert cross_val_score(model, FRAME, y, cv=4).mean() > 0.85
    framed = clone(model[0]).set_output(transform="pandas").fit(FRAME)
    result = framed.transform(FRAME)
    assert [*result.columns] == framed.get_feature_names_out().tolist()
    assert (result.dtypes == "float32").all()


def test_columns_are_called_as_they_were_fitted():
    preparation = TablePreparation().fit(FRAME)
    names = preparation.get_feature_names_out().tolist()
    assert preparation.get_feature_names_out([*FRAME.columns]).tolist() == names
    for wrong in (["q"], [*FRAME.columns[::-1]]):
        with pytest.raises(ValueError, match="not equal to feature_names_in_"):
            preparation.get_feature_names_out(wrong)
    array = TablePreparation().fit(FRAME[["size", "town"]].to_numpy())
    assert array.get_feature_names_out().tolist()[:2] == ["0", "0 missing"]
    named = array.get_feature_names_out(["size", "town"]).tolist()
    assert named == [name for name in names if name.startswith(("size", "town"))]
    with pytest.raises(ValueError, match="length equal to number of features"):
        array.get_feature_names_out(["size"])


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_no_name_is_there_twice(library):
    frame = pd.DataFrame({"a": FRAME["size"], "a missing": rng.normal(size=N)})
    frame["a missing 2"] = FRAME["price"]
    result = TablePreparation().set_output(transform=library).fit_transform(frame)
    names = ["a", "a missing", "a missing 2", "a missing 3"]
    assert [*result.columns] == names
    np.testing.assert_array_equal(result["a missing 3"], frame["a"].isna())
