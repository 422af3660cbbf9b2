"""An ensemble as an ONNX graph of raw rows, run by onnxruntime."""

import json
from dataclasses import replace

import numpy as np
import onnxruntime
import pytest

from xpnn import tabular
from xpnn.sklearn import TabularClassifier, TabularRegressor
from xpnn.tables import from_frame
from xpnn.tables.encoding import Encoding
from xpnn.tables.wording import packed
from xpnn.tabular.onnx import export_onnx, onnx_model

rng = np.random.default_rng(9)
N = 90


@pytest.fixture(autouse=True)
def small(monkeypatch):
    tiny = tabular.Recipe(n_members=2, hidden=(8,), epochs=3, steps=6, batch_size=32)
    monkeypatch.setitem(tabular.PRESETS, "fast", tiny)


def some(values, part=0.2):
    """Return values, a part of them missing."""
    return [None if missing else v for v, missing in zip(values, rng.random(N) < part)]


def days(start, end):
    start, end = (np.datetime64(day, "us").astype(np.int64) for day in (start, end))
    return rng.integers(start, end, N).astype("datetime64[us]")


FRAME = {
    "size": np.where(rng.random(N) < 0.2, np.nan, 1e3 * rng.normal(size=N)),
    "rooms": rng.integers(1, 9, N),
    "town": some(rng.choice(["Rome", "Oslo", "Lima", "Zürich"], N)),
    "smoker": rng.choice(["yes", "no"], N).tolist(),
    "checked": some(["x"] * N, 0.5),
    "grade": rng.integers(0, 3, N),
    "when": days("1890-01-01", "2150-12-31"),
    "opens": [f"{h}:{m:02}" for h, m in zip(rng.integers(0, 24, N), rng.integers(0, 60, N))],
}
ASKED = {"grade": "category"}


def raw(frame, features):
    """Return rows as the graph takes them."""
    given = {}
    for feature in features:
        values = frame[feature.column]
        if feature.kind in ("yes/no", "category"):
            texts = ["" if v is None else str(v) for v in np.asarray(values, object)]
            given[feature.column] = np.array(texts, dtype=object)[:, None]
        elif feature.kind == "date":
            numbers = np.asarray(values).astype("datetime64[us]").astype(np.int64) / 86400e6
            given[feature.column] = numbers[:, None]
        elif feature.kind == "time":
            parts = [v.split(":") for v in values]
            seconds = [3600.0 * int(h) + 60 * int(m) for h, m in parts]
            given[feature.column] = np.array(seconds)[:, None]
        else:
            given[feature.column] = np.asarray(values, dtype=np.float64)[:, None]
    return given


def run(model, given):
    session = onnxruntime.InferenceSession(model.SerializeToString())
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, given)))


def test_classes():
    y = np.where(FRAME["rooms"] > 4, "large", "small")
    model = TabularClassifier(preset="fast", columns=ASKED, random_state=0).fit(FRAME, y)
    ensemble = model.ensemble_
    made = onnx_model(ensemble)
    later = {name: values[::-1] for name, values in FRAME.items()}
    later["town"] = ["Paris", *later["town"][1:]]
    found = run(made, raw(later, ensemble.encoding.features))
    wanted = ensemble.outputs(from_frame(later))
    np.testing.assert_allclose(found["probabilities"], wanted, atol=1e-5)
    labels = np.array(ensemble.target.labels)[wanted.argmax(axis=1)]
    assert found["label"][:, 0].tolist() == labels.tolist()
    about = {entry.key: entry.value for entry in made.metadata_props}
    assert json.loads(about["labels"]) == ["large", "small"]
    assert json.loads(about["features"]) == [*FRAME]


def test_a_number(tmp_path):
    y = 100 + FRAME["rooms"] * 10.0
    model = TabularRegressor(preset="fast", columns=ASKED, random_state=0).fit(FRAME, y)
    export_onnx(model.ensemble_, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    (found,) = session.run(None, raw(FRAME, model.ensemble_.encoding.features))
    np.testing.assert_allclose(found[:, 0], model.predict(FRAME), rtol=1e-5)


def test_each_day_of_four_centuries():
    """Leap years, ends of months and days of the week, against NumPy's calendar."""
    all_days = np.arange("1850-01-01", "2250-01-01", dtype="datetime64[D]")
    frame = {"when": all_days.astype("datetime64[us]")}
    y = rng.normal(size=len(all_days))
    model = TabularRegressor(preset="fast", n_members=1, random_state=0).fit(frame, y)
    found = run(onnx_model(model.ensemble_), {"when": all_days.astype(np.float64)[:, None]})
    np.testing.assert_allclose(found["prediction"][:, 0], model.predict(frame), atol=1e-5)


def test_what_is_missing():
    y = np.where(FRAME["rooms"] > 4, "large", "small")
    model = TabularClassifier(preset="fast", columns=ASKED, random_state=0).fit(FRAME, y)
    nothing = {name: [None] * 2 for name in FRAME}
    given = {
        feature.column: np.array([[""], ["NA"]], dtype=object)
        if feature.kind in ("yes/no", "category")
        else np.full((2, 1), np.nan)
        for feature in model.ensemble_.encoding.features
    }
    found = run(onnx_model(model.ensemble_), given)
    np.testing.assert_allclose(found["probabilities"], model.predict_proba(nothing), atol=1e-5)


def test_numbers_alone_are_one_array():
    X = rng.normal(size=(N, 3))
    X[::7, 1] = np.nan
    y = np.nansum(X, axis=1)
    model = TabularRegressor(preset="fast", random_state=0).fit(X, y)
    odd = np.array([[1e300, np.nan, -np.inf], [0, 0, 0]])
    rows = np.concatenate([X, odd])
    found = run(onnx_model(model.ensemble_), {"features": rows})["prediction"][:, 0]
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found[:N], model.predict(X), atol=1e-5)


TEXTS = [
    " ".join(rng.choice(["Quiet", "LAKE", "größer", "Київ", "a", "東京"], 5)) for _ in range(N)
]
ODD = [
    "",
    "NA",
    "quiet lake",
    "  QUIET\t\n lake\u3000",
    "東京 КИЇВ GRÖSSER",
    "lake " * 400,
    "x" * 3000,
]
ODD += [
    "a",
    "İ ΣΊΣΥΦΟΣ quiet",
    "lake-side,quiet!",
    "🎉 lake",
    "nothing",
    "quiet lake" * 99 + " qui",
]


def test_free_text():
    y = np.array([text.count("LAKE") for text in TEXTS], float)
    frame = {"remark": [None, *TEXTS[1:]], "rooms": FRAME["rooms"], "note": TEXTS[::-1]}
    model = TabularRegressor(preset="fast", columns={"note": "text"}, random_state=0)
    model.fit(frame, y)
    features = model.ensemble_.encoding.features
    assert [feature.kind for feature in features] == ["text", "number", "text"]
    made = onnx_model(model.ensemble_)
    later = {"remark": ODD, "rooms": np.arange(len(ODD)), "note": ODD[::-1]}
    with pytest.warns(UserWarning, match="'remark' has a text unlike all of the training in 2"):
        wanted = model.predict(later)
    assert len({*wanted.round(6)}) == len(ODD)
    given = {
        name: np.array(ODD[::step], object)[:, None]
        for name, step in (("remark", 1), ("note", -1))
    }
    given["rooms"] = np.arange(len(ODD), dtype=float)[:, None]
    found = run(made, given)["prediction"]
    np.testing.assert_allclose(found[:, 0], wanted, atol=1e-5)
    for k in (0, 1, 5):  # alone, where no other text says how long the longest is
        one = run(made, {name: column[k : k + 1] for name, column in given.items()})
        np.testing.assert_allclose(one["prediction"][0], wanted[k], atol=1e-5)


@pytest.mark.parametrize("sizes", [{3}, {4}])
def test_free_text_with_n_grams_of_one_size(sizes):
    y = rng.normal(size=N)
    model = TabularRegressor(preset="fast", random_state=0).fit({"remark": TEXTS}, y)
    (feature,) = model.ensemble_.encoding.features
    kept = [k for k, gram in enumerate(feature.grams) if len(gram) in sizes]
    weights, basis = feature.numbers
    some = replace(
        feature,
        grams=tuple(feature.grams[k] for k in kept),
        weights=packed(weights[kept]),
        basis=packed(basis[kept]),
    )
    ensemble = replace(model.ensemble_, encoding=Encoding((some,)))
    found = run(onnx_model(ensemble), {"remark": np.array(TEXTS, object)[:, None]})
    wanted = ensemble.outputs(from_frame({"remark": TEXTS}))
    np.testing.assert_allclose(found["prediction"][:, 0], wanted, atol=1e-5)


def test_infinite_numbers_are_missing_there_too():
    X = rng.uniform(size=(N, 2))
    model = TabularRegressor(preset="fast", random_state=0).fit(X, X[:, 0])
    X[:3, 0] = np.inf, -np.inf, np.nan
    told = run(onnx_model(model.ensemble_), {"features": X})
    want = model.ensemble_.outputs(from_frame(X))
    np.testing.assert_allclose(told["prediction"].ravel(), want, rtol=1e-5)
    np.testing.assert_allclose(model.predict(X), want)
    assert np.isfinite(want).all()
