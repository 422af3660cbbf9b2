"""TabularClassifier and TabularRegressor on tables as they come."""

import pickle
import time
import warnings
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import log_loss
from sklearn.model_selection import cross_val_score

import xpnn
from xpnn.sequential import Sequential
from xpnn.sklearn import TablePreparation, TabularClassifier, TabularRegressor
from xpnn.tabular import recipe

pytestmark = pytest.mark.filterwarnings("ignore:the numbers of '(id|7)' are left out")

rng = np.random.default_rng(4)
N = 240


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Networks that are trained in a moment."""
    tiny = recipe.Recipe(
        n_members=2, hidden=(24,), epochs=12, steps=200, batch_size=64, learning_rate=0.02
    )
    monkeypatch.setitem(recipe.PRESETS, "fast", tiny)


def messy(n=N):
    """Return a frame with all that tables have, and a number and a class that depend on it."""
    generator = np.random.default_rng(1)
    size = generator.normal(size=n)
    town = generator.choice(["Rome", "Oslo", "Lima"], n)
    smoker = generator.choice(["yes", "no"], n)
    price = generator.integers(500, 5000, n)
    day = pd.Timestamp("2021-01-01") + pd.to_timedelta(generator.integers(0, 700, n), "D")
    value = size + 2 * (town == "Rome") + price / 2000 + 0.1 * generator.normal(size=n)
    frame = pd.DataFrame(
        {
            "id": np.arange(n),
            "size": np.where(generator.random(n) < 0.1, np.nan, size),
            "town": np.where(generator.random(n) < 0.1, None, town),
            "smoker": smoker,
            "price": [f"${p:,}" for p in price],
            "day": day.strftime("%d.%m.%Y"),
        }
    )
    return frame, value, np.where(value > np.median(value), "high", "low")


def test_a_frame_goes_in_as_it_is():
    frame, value, label = messy()
    classifier = TabularClassifier(preset="fast", random_state=0).fit(frame[:180], label[:180])
    assert classifier.classes_.tolist() == ["high", "low"]
    assert classifier.score(frame[180:], label[180:]) > 0.8
    probabilities = classifier.predict_proba(frame[180:])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert (
        classifier.predict(frame[180:]) == classifier.classes_[probabilities.argmax(1)]
    ).all()
    assert classifier.understood_["id"].kind == "index"
    assert classifier.n_features_in_ == 6
    assert [*classifier.feature_names_in_] == [*frame.columns]
    regressor = TabularRegressor(preset="fast", random_state=0).fit(frame[:180], value[:180])
    assert regressor.score(frame[180:], value[180:]) > 0.7
    assert regressor.predict(frame).max() <= value[:180].max()


@pytest.mark.parametrize("kind", ["polars", "arrow", "dict", "table"])
def test_other_frames_and_other_orders(kind):
    frame, value, _ = messy()
    model = TabularRegressor(preset="fast", random_state=0).fit(frame, value)
    wanted = model.predict(frame)
    other = pl.from_pandas(frame[[*reversed(frame.columns)]]).with_columns(new=pl.lit(1))
    given = {
        "polars": lambda: other,
        "arrow": other.to_arrow,
        "dict": lambda: {name: other[name].to_numpy() for name in other.columns},
        "table": lambda: xpnn.tables.sources.from_frame(other),
    }[kind]()
    np.testing.assert_allclose(model.predict(given), wanted, rtol=1e-9)


def test_later_rows_may_hold_anything_and_it_is_said_once():
    frame, value, _ = messy()
    model = TabularRegressor(preset="fast", random_state=0).fit(frame, value)
    later = frame[:4].copy()
    later["town"] = ["Paris", "Rome", None, "Paris"]
    later["price"] = ["ask", "$1,000,000,000", None, "$900"]
    later["smoker"] = ["yes", None, "sometimes", "no"]
    with pytest.warns(UserWarning, match="unlike those of the training") as caught:
        answers = model.predict(later)
    assert np.isfinite(answers).all()
    (warning,) = caught
    said = str(warning.message)
    assert "'town' has a value that was not there in training in 2 rows" in said
    assert "'price' has no number in 1 row" in said
    assert "'price' has far outside of the training rows in 1 row" in said
    assert "'smoker' has a value that was not there in training in 1 row" in said
    with pytest.raises(ValueError, match="no column 'size'; did you mean 'sizes'"):
        model.predict(frame.rename(columns={"size": "sizes"}))
    assert model.predict(frame[:0]).shape == (0,)


def test_out_of_fold_predictions_are_as_good_as_on_new_rows():
    frame, value, label = messy()
    classifier = TabularClassifier(preset="fast", random_state=0).fit(frame, label)
    oof = classifier.oof_predictions_
    assert oof.shape == (N, 2)
    of_itself = log_loss(label, classifier.predict_proba(frame))
    assert of_itself < log_loss(label, oof) < 0.6
    # the temperature is the best there is for them
    colder, warmer = (
        oof ** (1 / t) / (oof ** (1 / t)).sum(1, keepdims=True) for t in (0.9, 1.1)
    )
    assert log_loss(label, oof) <= min(log_loss(label, colder), log_loss(label, warmer))
    regressor = TabularRegressor(preset="fast", n_members=3, random_state=0).fit(frame, value)
    assert regressor.oof_predictions_.shape == (N,)
    assert len(regressor.ensemble_.members) == 3
    alone = TabularRegressor(preset="fast", n_members=1, random_state=0).fit(frame, value)
    assert np.isnan(alone.oof_predictions_).sum() == N * 4 // 5


def test_one_seed_gives_one_result():
    frame, value, _ = messy()
    first = TabularRegressor(preset="fast", random_state=5).fit(frame, value)
    again = clone(first).fit(frame, value)
    np.testing.assert_array_equal(first.predict(frame), again.predict(frame))
    assert (
        first.set_params(random_state=6).fit(frame, value).predict(frame)
        != again.predict(frame)
    ).any()
    np.random.seed(3)
    first.set_params(random_state=None)
    of_state = first.fit(frame, value).predict(frame)
    assert (first.fit(frame, value).predict(frame) != of_state).any()
    for state in (np.random.RandomState(3), None):
        np.random.seed(3)
        first.set_params(random_state=state).fit(frame, value)
        np.testing.assert_array_equal(first.predict(frame), of_state)
    size = len(pickle.dumps(clone(first).fit(frame, value)))
    assert abs(len(pickle.dumps(again)) - size) < 100  # also after it has predicted
    loaded = pickle.loads(pickle.dumps(again))
    np.testing.assert_array_equal(loaded.predict(frame), again.predict(frame))


def test_it_goes_where_scikit_learns_estimators_go():
    frame, _, label = messy()
    model = TabularClassifier(preset="fast", random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of numbers that a fold has not seen
        assert cross_val_score(model, frame, label, cv=2).mean() > 0.75


def test_there_is_only_so_much_time():
    frame, value, _ = messy()
    quick = TabularRegressor(n_members=4, time_budget=0.3, random_state=0)
    began = time.perf_counter()
    quick.fit(frame, value)
    assert time.perf_counter() - began < 10
    assert len(quick.ensemble_.members) == 1
    plenty = TabularRegressor(preset="fast", time_budget=1000, random_state=0).fit(frame, value)
    assert len(plenty.ensemble_.members) == 2
    without = TabularRegressor(preset="fast", random_state=0).fit(frame, value)
    np.testing.assert_array_equal(plenty.predict(frame), without.predict(frame))


def test_a_recipe_is_cut_to_a_time():
    whole = recipe.Recipe(n_members=4, epochs=10, steps=1)
    of_a_row = 1 / 75  # each member leaves out a quarter of 100 rows
    assert whole.within(40.0, of_a_row, 100) == whole
    assert whole.within(1e308, of_a_row, 100) == whole
    assert whole.within(25.0, of_a_row, 100) == replace(whole, n_members=2)
    short = whole.within(3.5, of_a_row, 100)
    assert (short.n_members, short.epochs_for(100)) == (1, 3)
    assert whole.within(0.1, of_a_row, 100).epochs_for(100) == 1


def test_one_member_with_time_enough_is_trained_as_without_a_limit(small):
    frame, value, _ = messy()
    models = [
        TabularRegressor(preset="fast", n_members=1, time_budget=budget, random_state=0).fit(
            frame, value
        )
        for budget in (None, 1000)
    ]
    np.testing.assert_array_equal(*(model.predict(frame) for model in models))


def test_rows_that_count_nothing_decide_nothing(small):
    frame, value, _ = messy()
    odd = frame.assign(size=1e9, town="nowhere", price="?", day="never")
    weights = np.repeat([1.0, 0.0], N)
    without = TabularRegressor(preset="fast", random_state=0).fit(frame, value, np.ones(N))
    both = TabularRegressor(preset="fast", random_state=0)
    both.fit(pd.concat([frame, odd], ignore_index=True), np.append(value, value), weights)
    np.testing.assert_array_equal(both.predict(frame), without.predict(frame))
    assert np.isnan(both.oof_predictions_[N:]).all()


@pytest.mark.parametrize(
    "later",
    [lambda dose: dose.astype("float32"), lambda dose: dose > 0.15],
    ids=["float32", "bool"],
)
@pytest.mark.parametrize("first", ["numbers", "truth"])
def test_two_numbers_are_the_same_in_another_dtype(small, first, later):
    dose = pd.Series(np.random.default_rng(2).choice([0.1, 0.2], 200))
    trained = dose if first == "numbers" else dose > 0.15
    if first == "numbers" and later(dose).dtype == bool:
        trained = (dose > 0.15).astype(int)
    elif first == "truth":
        later = lambda dose: (dose > 0.15).astype("float32")  # noqa: E731
    model = TabularRegressor(preset="fast", random_state=0)
    model.fit(pd.DataFrame({"dose": trained}), dose)
    told = model.predict(pd.DataFrame({"dose": later(dose)}))
    np.testing.assert_array_equal(told, model.predict(pd.DataFrame({"dose": trained})))
    assert len(np.unique(told)) == 2


def test_a_bar_tells_how_far_it_is(capsys):
    frame, value, _ = messy()
    TabularRegressor(preset="fast", random_state=0, verbose=True).fit(frame, value)
    shown = capsys.readouterr().err
    assert "member 2 of 2" in shown
    assert "100%" in shown


def test_weights_count():
    """Rows of the wrong class, of little weight, are not believed."""
    X = rng.normal(size=(N, 2))
    y = (X[:, 0] > 0).astype(int)
    wrong = np.arange(N) % 2 == 0
    told = np.where(wrong, 1 - y, y)
    weight = np.where(wrong, 0.01, 1.0)
    model = TabularClassifier(preset="fast", random_state=0).fit(X, told, sample_weight=weight)
    assert model.score(X, y) > 0.9


def test_who_knows_better_says_what_columns_are():
    X = pd.DataFrame({"grade": rng.integers(1, 5, N), "x": rng.normal(size=N)})
    model = TabularRegressor(preset="fast", columns={"grade": "category"}, random_state=0)
    model.fit(X, X["x"] + (X["grade"] == 3))
    assert model.understood_["grade"].kind == "category"
    assert model.ensemble_.encoding.sizes == (4,)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"y": ["a"] * 9}, "at least 2 classes"),
        ({"y": [*"abcdefgh", None]}, "a class in each row, got None in row 8"),
        ({"y": pd.Series([*"abcdefg", pd.NA, "h"])}, "in each row, got (nan|<NA>) in row 7"),
        ({"y": ["a", "b"] * 4}, "X has 9 rows, but y has 8"),
        (
            {"X": pd.DataFrame({"a": [1] * 9})},
            "no column that tells anything of new rows: a: constant",
        ),
        ({"sample_weight": [1.0]}, r"sample_weight must have the shape \(9,\), got \(1,\)"),
    ],
    ids=["one class", "none", "NA", "rows", "constant", "weight"],
)
def test_what_is_refused(change, words):
    given = {"X": pd.DataFrame({"a": rng.normal(size=9)}), "y": ["a", "b", "c"] * 3, **change}
    with pytest.raises(ValueError, match=words):
        TabularClassifier(preset="fast").fit(**given)


def test_any_backend(backend):
    frame, value, _ = messy()
    model = TabularRegressor(preset="fast", n_members=1, backend=backend.spec, random_state=0)
    assert model.fit(frame, value).ensemble_.members[0].backend is backend
    host = TabularRegressor(preset="fast", n_members=1, backend="numpy", random_state=0)
    host.fit(frame, value)
    assert np.corrcoef(model.predict(frame), host.predict(frame))[0, 1] > 0.95


def test_rare_classes_may_count_as_much_as_others():
    x = rng.normal(size=800)
    y = np.where(x + 0.7 * rng.normal(size=800) > 2, "rare", "often")
    frame = pd.DataFrame({"x": x})

    def found(class_weight):
        model = TabularClassifier(preset="fast", class_weight=class_weight, random_state=0)
        predicted = model.fit(frame, y).predict(frame)
        return np.mean(predicted[y == "rare"] == "rare")

    counts = {label: np.mean(y == label) for label in ("rare", "often")}
    balanced = found("balanced")
    assert balanced > found(None) + 0.2
    assert balanced == found({label: 0.5 / part for label, part in counts.items()})
    with pytest.raises(ValueError, match="class_weight has 'never', which is no class"):
        found({"never": 2.0})


def refit(model, y, weight, before):
    """Let a training of other classes fail, and see that a fitted model is what it was."""
    X = messy()[0].rename(columns={"size": "length"})
    with pytest.raises(ValueError, match="sample_weight"):
        model.fit(X, y, sample_weight=weight)
    assert vars(model).keys() == before.keys()
    for name, value in before.items():
        assert getattr(model, name) is value


@pytest.mark.parametrize("weight", [np.full(N, -1.0), [1.0]], ids=["negative", "few"])
def test_a_training_that_fails_leaves_a_model_as_it_was(weight):
    frame, _, label = messy()
    model = TabularClassifier(preset="fast", random_state=0)
    refit(model, label, weight, dict(vars(model)))
    with pytest.raises(NotFittedError):
        model.predict(frame)
    model.fit(frame, label == "high")
    wanted = model.predict(frame)
    refit(model, label, weight, dict(vars(model)))
    np.testing.assert_array_equal(model.predict(frame), wanted)


@pytest.mark.parametrize("finished", [0, 1])
def test_ctrl_c_keeps_what_was_learnt(finished, monkeypatch):
    """Where that is nothing, the model is what it was."""
    frame, _, label = messy()
    model = TabularClassifier(preset="fast", random_state=0)
    model.fit(frame, label == "high")
    before, taken, whole = dict(vars(model)), [], Sequential.fit

    def interrupted(self, *rows, **settings):
        taken.append(1)
        if len(taken) > finished:
            raise KeyboardInterrupt
        return whole(self, *rows, **settings)

    monkeypatch.setattr(Sequential, "fit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.fit(frame[["size", "town", "price"]], label)
    if not finished:
        assert vars(model) == before
        assert set(model.predict(frame)) == {False, True}
        return
    assert len(model.ensemble_.members) == 1
    assert model.n_features_in_ == 3
    assert set(model.predict(frame)) == {"high", "low"}
    assert np.isnan(model.oof_predictions_[:, 0]).sum() == N // 2


@pytest.mark.parametrize("labels", ["texts", "numbers"])
def test_an_array_has_the_columns_that_were_fitted_in_their_order(labels):
    """What explains models, as SHAP and LIME, gives arrays to those that learnt frames."""
    frame, value, _ = messy()
    if labels == "numbers":
        frame.columns = [*range(7, 1, -1)]
    model = TabularRegressor(preset="fast", random_state=0).fit(frame, value)
    assert hasattr(model, "feature_names_in_") == (labels == "texts")
    wanted = model.predict(frame)
    expected = (
        pytest.warns(UserWarning, match="not have valid feature names")
        if labels == "texts"
        else nullcontext()
    )
    with expected:
        told = model.predict(frame.to_numpy())
    np.testing.assert_allclose(told, wanted, rtol=1e-12)
    np.testing.assert_allclose(model.predict(frame[[*frame.columns[::-1]]]), wanted)
    vars(model).pop("feature_names_in_", None)  # so that nothing warns first
    with pytest.raises(ValueError, match="5 features, but TabularRegressor is expecting 6"):
        model.predict(frame.to_numpy()[:, :5])


def test_numbers_of_an_array_are_neither_an_index_nor_ids():
    counts = np.arange(100.0)
    for X in (counts[:, None], np.stack([rng.normal(size=100), counts], axis=1)):
        for given in (X, X.astype(int), X.astype(object), X.tolist()):
            model = TabularRegressor(preset="fast", random_state=0).fit(given, 2 * counts)
            assert {one.kind for one in model.understood_.values()} == {"number"}
        assert model.score(X, 2 * counts) > 0.5
    hashes = (2**60 + 7919 * np.arange(100)) * rng.choice([-1, 1], 100)
    model = TabularRegressor(preset="fast", random_state=0)
    model.fit(hashes[:, None], hashes > 0)
    assert model.score(hashes[:, None], hashes > 0) > 0.7
    with pytest.raises(ValueError, match="no column that tells anything of new rows: 0: id"):
        model.set_params(columns={"0": "id"}).fit(counts[:, None], counts)


@pytest.mark.parametrize(
    "estimator",
    [TabularRegressor(preset="fast"), TablePreparation()],
    ids=["learns", "prepares"],
)
def test_numbers_of_a_frame_that_are_left_out_are_told_of_once(estimator):
    n = 60
    frame = pd.DataFrame(
        {
            "step": np.arange(n),
            "user_id": 1000 + 7 * np.arange(n)[::-1],
            "book id": [str(977 * k) for k in range(1, n + 1)],
            "code": [f"{k:03d}" for k in range(n)],
            "who": [f"A{k}B" for k in range(n)],
            "same": 1.0,
            "x": rng.normal(size=n),
        }
    )
    with pytest.warns(UserWarning, match="are left out") as caught:
        estimator.fit(frame, frame["x"])
    (warning,) = caught
    assert warning.filename == __file__
    said = "the numbers of 'step', 'user_id', 'book id' are left out"
    assert str(warning.message).startswith(said)
    assert "columns={'step': 'number'}" in str(warning.message)
    ids = {"user_id": "id", "book id": "id"}
    estimator = clone(estimator).set_params(columns={"step": "number", **ids})
    assert estimator.fit(frame, frame["x"]).understood_["step"].kind == "number"


def test_row_names_that_are_left_out_are_a_column_of_an_array():
    frame, value, _ = messy()
    frame = frame.rename(columns={"id": "Unnamed: 0"})  # as pandas reads what it has written
    model = TabularRegressor(preset="fast", random_state=0).fit(frame, value)
    assert [*model.feature_names_in_] == [*frame.columns]
    with pytest.warns(UserWarning, match="not have valid feature names"):
        told = model.predict(frame.to_numpy())
    np.testing.assert_allclose(told, model.predict(frame), rtol=1e-12)


def test_a_frame_after_an_array_has_its_columns_in_their_order():
    frame, value, _ = messy()
    model = TabularRegressor(preset="fast", random_state=0).fit(frame.to_numpy(), value)
    wanted = model.predict(frame.to_numpy())
    with pytest.warns(UserWarning, match="X has feature names, but TabularRegressor was fitt"):
        np.testing.assert_allclose(model.predict(frame), wanted, rtol=1e-12)
    frame.columns = range(6)
    np.testing.assert_allclose(model.predict(frame[[*range(5, -1, -1)]]), wanted, rtol=1e-12)
    with pytest.raises(ValueError, match="no column '5'"):
        model.predict(frame.drop(columns=5))
