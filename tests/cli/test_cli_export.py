"""The command that exports a model to an ONNX file."""

import csv
import json
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
from command_line import run as command
from command_line import write_shapes
from nine_rows import X, classifier
from onnx_runs import run


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a table and a model that was trained on it."""
    monkeypatch.chdir(tmp_path)
    write_shapes(n=100)
    command("train", "shapes.csv", "--target", "shape", "--epochs", 3, "--no-baselines")
    return tmp_path


def test_exported_table_model_predicts_as_the_command_does(folder):
    said = command("export", "model.safetensors", "model.onnx").stdout
    assert "wrote model.onnx" in said
    for line in ("takes  x  float64  (n, 1)", "takes  colour  text  (n, 1)"):
        assert line.split() in [line.split() for line in said.splitlines()]
    with open("shapes.csv", newline="") as file:
        table = list(csv.DictReader(file))
    rows = {name: np.array([[float(row[name])] for row in table]) for name in ("x", "size")}
    colour = np.array([[row["colour"]] for row in table], dtype=object)
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    answers = session.run(None, {**rows, "colour": colour})
    output, told_labels = sorted(answers, key=lambda answer: answer.dtype == object)
    told = csv.DictReader(
        command("predict", "model.safetensors", "shapes.csv").stdout.splitlines()
    )
    predictions = list(told)
    labels = json.loads(
        next(p.value for p in onnx.load("model.onnx").metadata_props if p.key == "labels")
    )
    assert [labels[best] for best in output.argmax(axis=1)] == [
        row["prediction"] for row in predictions
    ]
    assert told_labels[:, 0].tolist() == [row["prediction"] for row in predictions]


def test_command_exports_any_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = classifier(dtype="float64")
    model.save("model")
    said = command("export", "model", "model.onnx").stdout
    assert "probabilities  float64  (n, 4)" in said
    np.testing.assert_allclose(
        run(tmp_path / "model.onnx", inputs=X), model.predict(X), rtol=1e-13
    )


def test_command_refuses_in_a_sentence(folder, monkeypatch):
    def said(*words):
        result = command(*words, status=2)
        assert result.stderr.count("\n") == 1
        return result.stderr

    assert "must not be the model" in said("export", "model.safetensors", "model.safetensors")
    assert "there is no folder 'nowhere'" in said(
        "export", "model.safetensors", "nowhere/a.onnx"
    )
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert "pip install 'xpnn[onnx]'" in said("export", "model.safetensors", "a.onnx")
