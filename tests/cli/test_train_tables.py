"""The command xpnn train, on CSV files."""

import numpy as np
import pytest
from command_line import SHAPES, measured, read_csv, refused, run, write_csv, write_shapes

from xpnn.cli.data import generators, split
from xpnn.serialization import read

pytestmark = pytest.mark.usefixtures("folder")


def test_a_table_is_learnt_from_end_to_end(folder):
    shape = write_shapes()
    result = run("train", "shapes.csv", "--target", "shape", "--plot", "curves.svg")
    assert "Task: classification, because shape is not all numbers" in result.stdout
    assert "numbers: x, size." in result.stdout
    assert "categories: colour (2)." in result.stdout
    assert measured(result.stdout)["training"][1] > 90
    assert "<svg" in (folder / "curves.svg").read_text()

    evaluated = measured(run("evaluate", "model.safetensors", "shapes.csv").stdout)["200 rows"]
    rows = read_csv(run("predict", "model.safetensors", "shapes.csv").stdout)
    right = np.mean([row["prediction"] == label for row, label in zip(rows, shape)])
    assert evaluated[1] == pytest.approx(100 * right, abs=0.006)
    assert list(rows[0]) == ["prediction", "probability circle", "probability square"]
    for row in rows:
        probabilities = {label: float(row[f"probability {label}"]) for label in SHAPES}
        assert sum(probabilities.values()) == pytest.approx(1, abs=1e-5)
        assert max(probabilities, key=probabilities.get) == row["prediction"]


def test_numbers_are_predicted_in_their_own_units():
    x = np.linspace(-2, 2, 300)
    write_csv("line.csv", ["x", "price"], zip(x, 5000 + 1000 * x))
    result = run("train", "line.csv", "--target", "price")
    assert "Task: regression, because price holds 300 different numbers" in result.stdout
    assert "mean absolute error" in result.stdout
    loss, error = measured(result.stdout)["validation"]
    # the prices spread by 1155; the loss is their squared error
    assert error < 100
    assert error**2 <= loss < 4 * 100**2
    rows = read_csv(run("predict", "model.safetensors", "line.csv").stdout)
    predicted = np.array([float(row["prediction"]) for row in rows])
    evaluated = measured(run("evaluate", "model.safetensors", "line.csv").stdout)["300 rows"]
    errors = predicted - (5000 + 1000 * x)
    np.testing.assert_allclose(
        evaluated, [np.mean(errors**2), np.mean(np.abs(errors))], rtol=2e-3
    )


def test_the_validation_rows_do_not_reach_the_scaling():
    n = 50
    write_csv("x.csv", ["x", "y"], [[i, "ab"[i % 2]] for i in range(n)])
    run("train", "x.csv", "--target", "y", "--epochs", 1, "--validation-split", 0.4)
    _, extra = read("model.safetensors")
    (feature,) = extra["preparation"]["features"]
    chosen, _ = split(generators(0)[0], 0.4, n)
    assert len(chosen) == 30
    assert feature["mean"] == pytest.approx(np.mean(chosen))
    assert feature["mean"] != pytest.approx((n - 1) / 2)


def test_points_of_a_table_are_drawn_in_their_own_units(monkeypatch):
    import xpnn.plots

    drawn = []
    whole = xpnn.plots.picture_of_training

    def note(curves, predict, points, labels, names):
        drawn.append((points, labels, names, predict(points[0]).argmax(axis=1)))
        return whole(curves, predict, points, labels, names)

    monkeypatch.setattr(xpnn.plots, "picture_of_training", note)
    generator = np.random.default_rng(0)
    width, height = generator.normal(500, 50, size=(2, 80))
    kind = np.where(width > height, "wide", "tall")
    write_csv("boxes.csv", ["width", "height", "kind"], zip(width, height, kind))
    words = ("--epochs", 100, "--validation-split", 0, "--plot", "boxes.png")
    run("train", "boxes.csv", "--target", "kind", *words)
    (((points, y), labels, names, seen),) = drawn
    np.testing.assert_allclose(points, np.stack([width, height], axis=1), rtol=1e-5)
    assert (labels, names) == (("tall", "wide"), ["width", "height"])
    assert np.mean(seen == y) > 0.9


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["shapes.csv"], "--target must name the column of shapes.csv"),
        (["shapes.csv", "--target", "shap"], "did you mean 'shape'?"),
        (["nowhere.csv", "--target", "y"], "there is no file nowhere.csv"),
        (["shapes.csv", "--target", "shape", "--task", "regression"], "line 2, column 'shape'"),
        (["shapes.csv", "--target", "shape", "--validation-split", ".999"], "must leave a row"),
    ],
)
def test_a_table_that_cannot_be_learnt_is_refused(folder, words, said):
    write_shapes()
    assert said in refused("train", *words)
    assert not (folder / "model.safetensors").exists()


def test_accuracy_of_numbers_is_refused(folder):
    rng = np.random.default_rng(0)
    write_csv("numbers.csv", ["x", "y"], rng.standard_normal((50, 2)))
    said = refused(*["train", "numbers.csv", "--target", "y", "--metric", "accuracy"])
    assert "--metric accuracy is for classes, but the target is a number" in said


def test_metrics_of_numbers_are_in_the_columns_units():
    generator = np.random.default_rng(0)
    x = generator.normal(size=200)
    write_csv("line.csv", ["x", "y"], zip(x, 500 + 70 * x + generator.normal(size=200)))
    words = ("--metric", "r2", "--metric", "mean_squared_error")
    result = run("train", "line.csv", "--target", "y", "--epochs", 60, *words)
    _, absolute, r2, squared = measured(result.stdout)["training"]
    assert 0.99 < r2 <= 1
    assert absolute**2 < squared < 50
