"""ONNX files that take a table's rows as they are."""

import json

import numpy as np
import pytest
from onnx_runs import run

import xpnn
from xpnn import Dense, Sequential
from xpnn.export import onnx_model
from xpnn.tables import Classes, Feature, Measure, Preparation, from_frame
from xpnn.tables.features import Odd

LARGE = 1.6e9  # times in seconds, which float32 can't tell apart


def prepared(categories, target):
    features = [Feature("when", LARGE, 2000.0), Feature("x", 0.5, 3.0)]
    if categories:
        features.insert(1, Feature("colour", categories=("blue", "grün", "red")))
    return Preparation(tuple(features), target)


@pytest.mark.parametrize("categories", [False, True])
@pytest.mark.parametrize("kind", ["classes", "number"])
def test_raw_rows_go_in(tmp_path, categories, kind):
    target = Measure("y", 1000.0, 50.0)
    if kind == "classes":
        target = Classes("shape", ("circle", "square"))
    preparation = prepared(categories, target)
    last = [xpnn.Softmax()] if kind == "classes" else []
    model = Sequential([Dense(preparation.n_inputs, 2 if last else 1), *last], seed=0)
    made = onnx_model(model, preparation)
    generator = np.random.default_rng(0)
    when, x = generator.normal(LARGE, 2000, 20), generator.normal(size=20)
    colour = generator.choice(["blue", "grün", "red"], 20)
    columns = [(when - LARGE) / 2000, (x - 0.5) / 3]
    if categories:
        columns[1:1] = [colour == name for name in ("blue", "grün", "red")]
    inputs = np.stack(columns, axis=1).astype("float32")
    if categories:
        rows = {
            "when": when[:, None],
            "x": x[:, None],
            "colour": colour[:, None].astype(object),
        }
    else:
        rows = {"features": np.stack([when, x], axis=1)}
    output, wanted = run(made, **rows), model.predict(inputs)
    name = made.graph.output[0].name
    if kind == "number":
        assert (name, output.dtype) == ("prediction", "float64")
        wanted = wanted.astype("float64") * 50 + 1000
    else:
        assert (name, output.dtype) == ("probabilities", "float32")
    np.testing.assert_allclose(output, wanted, rtol=1e-6)
    about = {entry.key: json.loads(entry.value) for entry in made.metadata_props}
    assert about["features"] == [feature.column for feature in preparation.features]
    assert about.get("labels") == (["circle", "square"] if kind == "classes" else None)
    # what is unknown or missing is none of the categories, or a mean
    if categories:
        rows["colour"][3, 0], rows["x"][4, 0] = "green", np.nan
        table = from_frame({name: column[:, 0] for name, column in rows.items()})
        odd = Odd()
        wanted = model.predict(preparation.inputs(table, preparation.n_inputs, odd))
        assert {column: sum(n.values()) for column, n in odd.cells.items()} == {
            "colour": 1, "x": 1
        }  # fmt: skip
        if kind == "number":
            wanted = target.restore(wanted)
        np.testing.assert_allclose(run(made, **rows), wanted, rtol=1e-6)


def test_columns_may_be_called_anything():
    features = tuple(map(Feature, ("0.weights", "prediction", "Concat", "ü, %", "Cast")))
    preparation = Preparation((*features, Feature("kind", categories=("a", "b"))), Measure("y"))
    model = Sequential([Dense(7, 1)], seed=0)
    made = onnx_model(model, preparation)
    assert [value.name for value in made.graph.input] == [
        f.column for f in preparation.features
    ]
    rows = {f.column: np.full((2, 1), float(i)) for i, f in enumerate(features)}
    output = run(made, **rows, kind=np.array([["a"], ["b"]], dtype=object))
    inputs = [[0, 1, 2, 3, 4, 1, 0], [0, 1, 2, 3, 4, 0, 1]]
    np.testing.assert_allclose(output, model.predict(inputs), rtol=1e-5)
