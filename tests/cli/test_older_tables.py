"""Model files of tables as the command of 69caa3c wrote them: they answer as they did."""

import json
import re
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from command_line import measured, read_csv, refused, run, write_csv

from xpnn.tables import Preparation

pytestmark = pytest.mark.usefixtures("folder")

MADE = Path(__file__).parents[1] / "data" / "tables_made_by_69caa3c"
TARGETS = ("shape", "grade", "price")


@pytest.mark.parametrize("target", TARGETS)
def test_they_answer_and_are_measured_as_they_were(target):
    model, rows = MADE / f"{target}.safetensors", MADE / "rows.csv"
    answers = read_csv(run("predict", model, rows).stdout)
    wanted = read_csv((MADE / f"{target}.csv").read_text())
    assert [row.keys() for row in answers] == [row.keys() for row in wanted]
    for row, old in zip(answers, wanted):
        if target != "price":
            assert row["prediction"] == old["prediction"]
        numbers = [name for name in row if target == "price" or name != "prediction"]
        for name in numbers:
            assert float(row[name]) == pytest.approx(float(old[name]), rel=1e-4, abs=2e-6)
    told = (MADE / f"{target}.txt").read_text()
    again = measured(run("evaluate", model, rows).stdout)["60 rows"]
    if target == "price":
        error = float(re.search(r"60 rows +\S+ +(\S+)", told)[1])
        assert again[0] == pytest.approx(error, rel=1e-3)
    else:
        loss, right = re.search(r"60 rows +(\S+) +(\S+)%", told).groups()
        assert again == pytest.approx([float(loss), float(right)], rel=1e-3)


def test_what_they_did_not_know_is_counted_now():
    write_csv("new.csv", ["colour", "x", "size", "grade", "price"], [["green", "?", 50, 1, 9]])
    result = run("predict", MADE / "shape.safetensors", "new.csv")
    assert len(read_csv(result.stdout)) == 1
    assert "'colour' has a value that was not there in training in 1 row" in result.stderr
    assert "'x' has no number in 1 row" in result.stderr
    write_csv("less.csv", ["colour", "x", "sizes", "grade", "price"], [["red", 1, 50, 1, 9]])
    said = refused("predict", MADE / "shape.safetensors", "less.csv")
    assert "no column 'size'; did you mean 'sizes'?" in said


def test_they_are_inspected_compared_and_exported():
    model = MADE / "shape.safetensors"
    card = json.loads(run("inspect", model, "--json").stdout)
    assert [f["column"] for f in card["data"]["features"]][:3] == ["x", "size", "colour"]
    assert card["data"]["target"]["labels"] == ["circle", "square"]
    assert (
        "agree" in run("compare", model, MADE / "rows.csv", "--backends", "numpy,numpy").stdout
    )
    run("export", model, "model.onnx")
    session = onnxruntime.InferenceSession("model.onnx")
    rows = read_csv((MADE / "rows.csv").read_text())
    given = {}
    for i in session.get_inputs():
        is_text = "string" in i.type
        cells = [[row[i.name] if is_text else float(row[i.name])] for row in rows]
        given[i.name] = np.array(cells, dtype=object if is_text else np.float64)
    (found,) = session.run(None, given)
    wanted = read_csv((MADE / "shape.csv").read_text())
    np.testing.assert_allclose(
        found[:, 0], [float(row["probability circle"]) for row in wanted], atol=2e-6
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.pop("target"), "an object with features, target"),
        (lambda d: d["features"][0].update(scale=0.0), "scale of feature 0 as a number > 0"),
        (lambda d: d["features"][0].update(mean=float("nan")), "mean of feature 0"),
        (lambda d: d["features"][2].update(categories=["a", "a"]), "different texts"),
        (lambda d: d["features"].append(d["features"][0]), "features of different columns"),
        (lambda d: d.update(features=3), "expected features of a preparation as a list"),
        (lambda d: d["target"].update(kind="colour"), "of the kind 'classes' or 'number'"),
        (lambda d: d["target"].pop("numeric"), "an object with column, labels, numeric"),
    ],
)
def test_what_a_file_says_is_not_trusted(change, said):
    from xpnn.serialization import read

    data = read(MADE / "shape.safetensors")[1]["preparation"]
    again = Preparation.from_json(json.loads(json.dumps(data)))
    assert json.loads(json.dumps(again.to_json())) == data
    change(data)
    with pytest.raises(ValueError, match=re.escape(said)):
        Preparation.from_json(data)
