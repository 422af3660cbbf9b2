"""The command xpnn predict."""

import numpy as np
import pytest
from command_line import measured, read_csv, refused, run, write_csv, write_shapes

import xpnn

pytestmark = pytest.mark.usefixtures("folder")


def test_digits_in_a_file_are_predicted_in_their_order():
    run("train", "digits", "--epochs", 5)
    X, y = xpnn.datasets.digits()
    write_csv("images.csv", range(64), X[:50].tolist())
    rows = read_csv(run("predict", "model.safetensors", "images.csv").stdout)
    right = [row["prediction"] == str(label) for row, label in zip(rows, y[:50])]
    assert len(rows) == 50
    assert np.mean(right) > 0.8
    write_csv("answers.csv", ["digit", *range(64)], [[b, *a] for a, b in zip(X.tolist(), y)])
    words = ("evaluate", "model.safetensors", "answers.csv", "--target")
    assert measured(run(*words, "digit").stdout)["1,797 rows"][1] > 80
    assert "must have 64 feature columns" in refused(
        "predict", "model.safetensors", "answers.csv"
    )


def test_raw_rows_without_the_target_are_predicted_into_a_file(folder):
    write_shapes()
    run("train", "shapes.csv", "--target", "shape", "--epochs", 100)
    write_csv("new.csv", ["colour", "size", "x"], [["red", 50, 2], ["blue", 50, 2]])
    result = run("predict", "model.safetensors", "new.csv", "--output", "predictions.csv")
    assert result.stdout == ""
    assert "Predicted 2 rows with numpy on cpu; wrote predictions.csv" in result.stderr
    rows = read_csv((folder / "predictions.csv").read_text())
    assert [row["prediction"] for row in rows] == ["square", "circle"]


@pytest.mark.parametrize(
    ("header", "row", "said"),
    [
        (["x", "size", "colour"], [1, 2, "green"], "'green' is none of the categories"),
        (
            ["x", "size", "colour"],
            ["?", 2, "red"],
            "new.csv, line 2, column 'x': the cell is mi",
        ),
        (["x", "size", "colour"], ["one", 2, "red"], "column 'x': expected a finite number"),
        (["x", "size"], [1, 2], "must have the feature column 'colour'"),
    ],
)
def test_rows_that_the_model_cannot_know_are_refused(folder, header, row, said):
    write_shapes()
    run("train", "shapes.csv", "--target", "shape", "--epochs", 1)
    write_csv("new.csv", header, [row])
    assert said in refused("predict", "model.safetensors", "new.csv", "--output", "out.csv")
    assert not (folder / "out.csv").exists()
