"""The command xpnn predict."""

from pathlib import Path

import numpy as np
import pytest
from command_line import measured, read_csv, refused, run, write_csv, write_shapes

import xpnn

QUICK = ("--preset", "fast", "--epochs", 3, "--no-baselines")

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
    run("train", "shapes.csv", "--target", "shape", "--epochs", 100, "--no-baselines")
    write_csv("new.csv", ["colour", "size", "x"], [["red", 50, 2], ["blue", 50, 2]])
    result = run("predict", "model.safetensors", "new.csv", "--output", "predictions.csv")
    assert result.stdout == ""
    assert "Predicted 2 rows with numpy on cpu; wrote predictions.csv" in result.stderr
    rows = read_csv((folder / "predictions.csv").read_text())
    assert [row["prediction"] for row in rows] == ["square", "circle"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ([1, 2, "green"], "'colour' has a value that was not there in training in 1 row"),
        (["?", 2, "red"], None),
        (["one", 2, "red"], "'x' has no number in 1 row"),
        ([1e9, 2, "red"], "'x' has far outside of the training rows in 1 row"),
    ],
)
def test_no_cell_stops_it(row, said):
    write_shapes()
    run("train", "shapes.csv", "--target", "shape", *QUICK)
    write_csv("new.csv", ["x", "size", "colour"], [row, [0.1, 50, "red"]])
    result = run("predict", "model.safetensors", "new.csv")
    assert len(read_csv(result.stdout)) == 2
    assert result.stderr == (
        f"Warning: rows are unlike those of the training: {said}\n" if said else ""
    )


def test_only_a_missing_column_is_refused(folder):
    write_shapes()
    run("train", "shapes.csv", "--target", "shape", *QUICK)
    write_csv("new.csv", ["x", "sise", "colour"], [[1, 2, "red"]])
    said = refused("predict", "model.safetensors", "new.csv", "--output", "out.csv")
    assert "new.csv has no column 'size'; did you mean 'sise'?" in said
    assert not (folder / "out.csv").exists()


def test_a_table_without_rows_has_no_answers():
    write_shapes()
    run("train", "shapes.csv", "--target", "shape", *QUICK)
    write_csv("none.csv", ["x", "size", "colour"], [])
    said = run("predict", "model.safetensors", "none.csv").stdout
    assert said == "prediction,probability circle,probability square\n"


def test_rows_go_through_in_parts_in_their_order(monkeypatch):
    """However many rows are read at a time, each has its answer beside what it was."""
    write_shapes(n=500)
    run("train", "shapes.csv", "--target", "shape", *QUICK)
    whole = run("predict", "model.safetensors", "shapes.csv", "--keep").stdout
    sizes = []

    def in_parts(path, columns=None, **given):
        for table in xpnn.tables.batches(path, columns, rows=70, **given):
            sizes.append(len(table))
            yield table

    monkeypatch.setattr("xpnn.cli.predict.batches", in_parts)
    assert run("predict", "model.safetensors", "shapes.csv", "--keep").stdout == whole
    assert sizes == [*[70] * 7, 10]
    rows = read_csv(whole)
    original = read_csv(Path("shapes.csv").read_text())
    assert [{name: row[name] for name in old} for row, old in zip(rows, original)] == original
    named = read_csv(
        run(*["predict", "model.safetensors", "shapes.csv", "--id", "size", "--id", "x"]).stdout
    )
    assert [*named[0]][:3] == ["size", "x", "prediction"]
    for row, old in zip(named, rows):
        assert row == {name: old[name] for name in row}
    said = refused("predict", "model.safetensors", "shapes.csv", "--id", "sizes")
    assert "no column 'sizes'; did you mean 'size'?" in said
