"""Pipelines that skl2onnx makes into ONNX, run by onnxruntime."""

import sys

import array_api_strict
import numpy as np
import pandas as pd
import pytest
from converted import agrees, run
from sklearn import config_context
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import xpnn
from xpnn.sklearn import MLPClassifier, MLPRegressor, register_skl2onnx

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, species = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])
CLASSES = {
    "integers": 2 * species - 1,
    "text": NAMES[species],
    "two": np.where(species > 1, 7, 3),
    "two texts": np.where(species > 1, "yes", "no"),
    "booleans": species > 1,
    "floats": species.astype(float),
    "objects": NAMES.astype(object)[species],
    "one": np.ones_like(species),
}


def classifier(**settings):
    return MLPClassifier((8, 4), max_iter=5, random_state=0, **settings)


def regressor(loss="squared_error"):
    return MLPRegressor(loss, (8,), max_iter=5, random_state=0)


@pytest.mark.parametrize("given", ["float32", "float64"])
@pytest.mark.parametrize("fitted", ["float32", "float64"])
@pytest.mark.parametrize("kind", CLASSES)
def test_classes(kind, fitted, given):
    model = make_pipeline(StandardScaler(), classifier())
    model.fit(X.astype(fitted), CLASSES[kind])
    found = agrees(model, X.astype(given))
    assert found["probabilities"].dtype == given
    is_text = CLASSES[kind].dtype.kind in "UO"
    assert found["label"].dtype == (object if is_text else "int64")


def test_several_labels():
    model = classifier().fit(X, np.stack([species > 0, species > 1], axis=1).astype(int))
    assert agrees(model, X)["label"].shape == (len(X), 2)


def test_options():
    model = make_pipeline(StandardScaler(), classifier()).fit(X, NAMES[species])
    wanted = model.predict_proba(X)
    found = run(model, X.astype("float32"))  # a dict for each row
    assert found["output_label"].tolist() == model.predict(X).tolist()
    first = found["output_probability"][0]
    assert first == pytest.approx(dict(zip(NAMES.tolist(), wanted[0].tolist())), abs=1e-5)
    columns = run(model, X, zipmap="columns")
    assert [*columns] == ["output_label", *(f"s{name}" for name in NAMES)]
    np.testing.assert_allclose(columns["svirginica"], wanted[:, 2], atol=1e-5)
    numbers = run(model, X, zipmap=False, nocl=True)["label"]
    np.testing.assert_array_equal(numbers, wanted.argmax(axis=1))
    with_names = run(model, X, zipmap=False, output_class_labels=True)
    assert with_names["class_labels"].tolist() == NAMES.tolist()


@pytest.mark.parametrize("opset", [17, 21])
def test_sets_of_operators(opset):
    model = make_pipeline(StandardScaler(), classifier()).fit(X, species)
    agrees(model, X, target_opset=opset)
    with pytest.raises(RuntimeError, match="requires at least opset 17"):
        run(model, X, target_opset=15)


@pytest.mark.parametrize(
    "activation",
    ["silu", ["gelu", "softplus"], ["tanh", "leaky_relu"], xpnn.LeakyReLU(0.3), "logistic"],
    ids=str,
)
def test_layers_that_scikit_learn_has_not(activation):
    agrees(classifier(activation=activation, dropout=0.2).fit(X, species), X)


def test_two_outputs_for_two_classes():
    loss = xpnn.CategoricalCrossEntropy()
    agrees(classifier(loss=loss).fit(X, species > 0), X)


def test_text_in_columns():
    frame = pd.DataFrame(X[:, :2], columns=["length", "width"])
    frame["place"] = np.random.default_rng(0).choice(["Oslo", "Rome", "Zürich"], len(X))
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    parts = [("place", encoder, ["place"]), ("sizes", StandardScaler(), ["length", "width"])]
    model = make_pipeline(ColumnTransformer(parts), classifier()).fit(frame, NAMES[species])
    frame.loc[3, "place"] = "Lima"
    agrees(model, frame)


@pytest.mark.parametrize(
    "around",
    [
        CalibratedClassifierCV(make_pipeline(StandardScaler(), classifier()), cv=2),
        VotingClassifier(
            [("a", classifier()), ("b", classifier(alpha=9.0))],
            voting="soft",
            flatten_transform=False,
        ),
        StackingClassifier([("a", classifier()), ("b", classifier(activation="tanh"))], cv=2),
        GridSearchCV(make_pipeline(StandardScaler(), classifier()), {}, cv=2),
    ],
    ids=lambda model: type(model).__name__,
)
def test_inside_of_others(around):
    """There are two networks in most, so names must not be taken twice."""
    agrees(around.fit(X, NAMES[species]), X)


@pytest.mark.parametrize("given", ["float32", "float64"])
@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
@pytest.mark.parametrize("columns", [1, 2])
def test_numbers(loss, columns, given):
    model = make_pipeline(StandardScaler(), regressor(loss))
    model.fit(X[:, 2:], X[:, 0] if columns == 1 else X[:, :columns])
    rows = X[:, 2:].astype(given)
    found = run(model, rows)
    assert [*found] == ["variable"]
    assert found["variable"].dtype == given
    wanted = model.predict(rows).reshape(-1, columns)
    np.testing.assert_allclose(found["variable"], wanted, rtol=1e-5, atol=1e-5)


def test_whole_numbers_go_in():
    rows = X.round().astype("int64")
    model = regressor().fit(rows, species)
    found = run(model, rows)["variable"][:, 0]
    np.testing.assert_allclose(found, model.predict(rows), rtol=1e-5, atol=1e-5)


def test_arrays_that_were_changed():
    model = classifier().fit(X, species)
    model.coefs_ = [2 * w for w in model.coefs_]
    agrees(model, X)


def test_fitted_arrays_of_another_library():
    with config_context(array_api_dispatch=True):
        rows = array_api_strict.asarray(X)
        model = classifier().fit(rows, array_api_strict.asarray(species))
        wanted = np.asarray(model.predict_proba(rows))
    found = run(model, X, zipmap=False)
    np.testing.assert_allclose(found["probabilities"], wanted, rtol=0, atol=1e-5)
    assert found["label"].tolist() == wanted.argmax(axis=1).tolist()


def test_columns_that_nothing_puts_together():
    frame = pd.DataFrame(X[:, :2], columns=["length", "width"])
    model = classifier().fit(frame, species)
    with pytest.raises(RuntimeError, match=r"at most 1 input.*\['length', 'width'\]"):
        run(model, frame, zipmap=False)


def test_unfitted():
    with pytest.raises(NotFittedError):
        run(regressor(), X)


def test_without_skl2onnx(monkeypatch):
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'xpnn\[skl2onnx\]'"):
        register_skl2onnx()
