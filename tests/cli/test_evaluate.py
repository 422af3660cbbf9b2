"""The command xpnn evaluate."""

import re

import pytest
from command_line import measured, run, write_shapes

import xpnn

pytestmark = pytest.mark.usefixtures("folder")


def test_metrics_are_measured_and_shown():
    write_shapes()
    words = ("shapes.csv", "--target", "shape", "--epochs", 3)
    result = run("train", *words, "--metric", "f1", "--metric", "roc_auc", "--metric", "f1")
    assert re.search(r" loss +accuracy +f1 +roc auc\n", result.stdout)
    numbers = measured(result.stdout)["validation"]
    assert [m.name for m in xpnn.load("model.safetensors").compiled.metrics] == [
        "accuracy",
        "f1",
        "roc_auc",
    ]
    result = run("evaluate", "model.safetensors", "shapes.csv")
    assert re.search(r" loss +accuracy +f1 +roc auc\n", result.stdout)
    result = run("evaluate", "model.safetensors", "shapes.csv", "--metric", "top_1_accuracy")
    ((_, accuracy, top_1),) = measured(result.stdout).values()
    assert accuracy == top_1
    assert len(numbers) == 4
