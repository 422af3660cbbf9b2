"""The command xpnn evaluate."""

import re
from pathlib import Path

import numpy as np
import pytest
from command_line import measured, run, write_shapes
from sklearn.metrics import recall_score

import xpnn

pytestmark = pytest.mark.usefixtures("folder")


def test_metrics_are_measured_and_shown():
    write_shapes()
    words = ("shapes.csv", "--target", "shape", "--epochs", 3)
    result = run("train", *words, "--metric", "f1", "--metric", "roc_auc", "--metric", "f1")
    assert re.search(r" log loss +accuracy +f1 +roc auc\n", result.stdout)
    numbers = measured(result.stdout)["out of fold"]
    run("train", "vertical", "--epochs", 3, "--metric", "f1_macro", "--output", "points")
    metrics = xpnn.load("points").compiled.metrics
    assert [metric.name for metric in metrics] == ["accuracy", "f1_macro"]
    assert re.search(
        r" loss +accuracy +f1 macro\n", run("evaluate", "points", "vertical").stdout
    )
    result = run("evaluate", "model.safetensors", "shapes.csv", "--metric", "top_1_accuracy")
    ((_, accuracy, top_1),) = measured(result.stdout).values()
    assert accuracy == top_1
    assert len(numbers) == 4


def test_two_classes_are_measured_by_the_second_which_is_named():
    rng = np.random.default_rng(0)
    x = rng.standard_normal(200)
    rare = np.where(x + 0.5 * rng.standard_normal(200) > 1, "yes", "no")
    Path("rare.csv").write_text("\n".join(["x,rare", *map("{},{}".format, x, rare)]))
    words = ("--metric", "recall", "--metric", "recall_macro")
    how = ("--target", "rare", "--epochs", 40, "--no-baselines")
    said = run("train", "rare.csv", *how, *words).stdout
    assert "\nrecall: of the class yes\n" in said
    evaluated = run("evaluate", "model.safetensors", "rare.csv", *words).stdout
    ((_, _, recall, macro),) = measured(evaluated).values()
    lines = run("predict", "model.safetensors", "rare.csv").stdout.splitlines()[1:]
    called = [line.partition(",")[0] for line in lines]
    assert recall == pytest.approx(recall_score(rare, called, pos_label="yes"), abs=1e-3)
    assert macro == pytest.approx(recall_score(rare, called, average="macro"), abs=1e-3)
    assert 0 < recall < macro
