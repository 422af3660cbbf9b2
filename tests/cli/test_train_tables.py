"""The command xpnn train, on tables."""

import gzip
import json
import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from command_line import SHAPES, measured, read_csv, refused, run, write_csv, write_shapes

import xpnn
from xpnn import tabular
from xpnn.files.model_file import read_file

pytestmark = pytest.mark.usefixtures("folder")

QUICK = ("--preset", "fast", "--epochs", 3, "--no-baselines")


def test_a_table_is_learnt_from_end_to_end(folder):
    shape = write_shapes()
    result = run("train", "shapes.csv", "--target", "shape", "--plot", "curves.svg")
    lines = result.stdout.splitlines()
    assert lines[:3] == [
        "x: number, as each cell is one",
        "size: number, as each cell is one",
        "colour: yes/no, 'blue' or 'red'",
    ]
    assert "Task: classification of shape into 2 classes, because it is yes/no." in lines
    scores = measured(result.stdout)
    assert list(scores) == [
        "out of fold", "most frequent class", "linear model", "gradient-boosted trees"
    ]  # fmt: skip
    assert scores["out of fold"][1] > 85 > 70 > scores["linear model"][1]
    assert re.search(
        r"Trained 5 networks for \d+ epochs each in [\d.]+ s with numpy on cpu", lines[-1]
    )
    assert "<svg" in (folder / "curves.svg").read_text()
    assert result.stderr == ""

    evaluated = measured(run("evaluate", "model.safetensors", "shapes.csv").stdout)["200 rows"]
    rows = read_csv(run("predict", "model.safetensors", "shapes.csv").stdout)
    right = np.mean([row["prediction"] == label for row, label in zip(rows, shape)])
    assert evaluated[1] == pytest.approx(100 * right, abs=0.006)
    assert list(rows[0]) == ["prediction", "probability circle", "probability square"]
    for row in rows:
        probabilities = {label: float(row[f"probability {label}"]) for label in SHAPES}
        assert sum(probabilities.values()) == pytest.approx(1, abs=1e-5)
        assert max(probabilities, key=probabilities.get) == row["prediction"]


def test_out_of_fold_is_what_new_rows_show():
    """What is told of rows that a member left out holds for rows that nobody has seen."""
    write_shapes(n=900)
    rows = Path("shapes.csv").read_text().splitlines()
    for name, part in (("some.csv", rows[:401]), ("others.csv", [rows[0], *rows[401:]])):
        Path(name).write_text("\n".join(part))
    words = ("--preset", "fast", "--no-baselines")
    told = run("train", "some.csv", "--target", "shape", *words).stdout
    loss, right = measured(told)["out of fold"]
    of_new, right_of_new = measured(run("evaluate", "model.safetensors", "others.csv").stdout)[
        "500 rows"
    ]
    assert right_of_new == pytest.approx(right, abs=5)
    assert of_new == pytest.approx(loss, abs=0.1)


def test_numbers_are_predicted_in_their_own_units():
    x = np.linspace(-2, 2, 300)
    write_csv("line.csv", ["x", "price"], zip(x, 5000 + 1000 * x))
    words = ("--preset", "fast", "--no-baselines", "--plot", "curves.png")
    result = run("train", "line.csv", "--target", "price", *words)
    assert "Task: regression of price, because it holds 300 different numbers." in result.stdout
    assert "mean absolute error" in result.stdout
    error, r2 = measured(result.stdout)["out of fold"]
    assert error < 100  # the prices spread by 1155
    assert 0.98 < r2 <= 1
    rows = read_csv(run("predict", "model.safetensors", "line.csv").stdout)
    predicted = np.array([float(row["prediction"]) for row in rows])
    words = ("evaluate", "model.safetensors", "line.csv", "--metric", "mean_squared_error")
    evaluated = measured(run(*words).stdout)["300 rows"]
    errors = predicted - (5000 + 1000 * x)
    wanted = [
        np.mean(np.abs(errors)),
        1 - np.sum(errors**2) / np.sum((1000 * x) ** 2),
        np.mean(errors**2),
    ]
    np.testing.assert_allclose(evaluated, wanted, rtol=2e-3)


MESSY = """;Name;Price;Share;Seen;Sold;Grade;Kind
1;Anna A.;CHF 1'200;12,5 %;03.01.2020;yes;01;grün
2;Bert B.;CHF 900;;17.02.2020;no;1;rot
3;Cleo C.;;7,5 %;29.02.2020;;02;NA
"""


def write_messy(path, n=120, target=None):
    """Write a table as people have them: in Latin-1, with missing cells and codes."""
    rng = np.random.default_rng(0)
    lines = [MESSY.splitlines()[0]]
    for k in range(n):
        kind, price = ("grün", "rot")[k % 2], 1000 + 800 * (k % 2) + rng.integers(0, 600)
        day = np.datetime64("2020-01-01") + np.timedelta64(int(rng.integers(0, 900)), "D")
        cells = [
            f"Person {k}", f"CHF {price // 1000}'{price % 1000:03}",
            f"{rng.integers(0, 99)},5 %", day.item().strftime("%d.%m.%Y"),
            ("yes", "no")[rng.integers(2)], f"{rng.integers(1, 4):02}", kind,
        ]  # fmt: skip
        cells = ["" if j < 6 and rng.random() < 0.1 else cell for j, cell in enumerate(cells)]
        lines.append(";".join([str(k + 1), *cells]))
    data = ("\n".join(lines) + "\n").encode("latin-1")
    with (gzip.open if str(path).endswith(".gz") else open)(path, "wb") as file:
        file.write(data)


@pytest.mark.parametrize("path", ["messy.csv", "messy.csv.gz"])
def test_a_messy_table_needs_no_work(path):
    write_messy(path)
    said = run("train", path, "--target", "Kind", *QUICK[:2], "--epochs", 100).stdout
    for line in (
        "The first column has no name and counts the rows: left out.",
        "Name: id, as 100 % of its cells differ; left out",
        "Price: number, as cells are such as",
        "Share: number, as cells are such as",
        "Seen: date, as cells are such as",
        "Sold: yes/no",
        "Grade: category, with 3 values, some of which are codes and no numbers",
    ):
        assert line in said
    assert measured(said)["out of fold"][1] > 80
    # other rows: in another order, with unseen and missing cells, and a column more
    write_csv("new.csv", ["Sold", "Grade", "Seen", "Other", "Price", "Share"], [
        ["maybe", "07", "?", "x", "CHF 1'900", "3,5 %"], ["no", "", "", "", "", ""],
    ])  # fmt: skip
    result = run("predict", "model.safetensors", "new.csv", "--id", "Other")
    rows = read_csv(result.stdout)
    assert [row["Other"] for row in rows] == ["x", ""]
    assert rows[0]["prediction"] == "rot"
    assert result.stderr.count("\n") == 1
    assert "Warning: rows are unlike those of the training: 'Sold' has" in result.stderr


def test_a_target_with_missing_cells_loses_these_rows():
    write_csv(
        "some.csv", ["x", "y"], [[k / 7, "" if k % 5 == 0 else "ab"[k % 2]] for k in range(60)]
    )
    said = run("train", "some.csv", "--target", "y", *QUICK).stdout
    assert "12 rows without a y can't be learnt from, and are left out." in said
    result = run("evaluate", "model.safetensors", "some.csv")
    assert measured(result.stdout)["48 rows"]
    assert "12 rows without a y that the model knows: not measured" in result.stderr


def test_columns_are_what_they_are_said_to_be(folder):
    rng = np.random.default_rng(0)
    rows = [
        [k, rng.integers(5), rng.normal(), f"{rng.integers(28) + 1}.3.2020", "ab"[k % 2]]
        for k in range(80)
    ]
    write_csv("t.csv", ["n", "code", "x", "day", "y"], rows)
    result = run("inspect", "t.csv", "--output", "t.toml")
    assert "n: index, as it counts the rows; left out" in result.stdout
    text = (folder / "t.toml").read_text()
    assert '"code" = "number"  # as each cell is one' in text
    (folder / "t.toml").write_text(text.replace('"code" = "number"', '"code" = "category"'))
    words = ("train", "t.csv", "--target", "y", *QUICK)
    run(*words, "--columns", "t.toml", "--id", "x", "--drop", "day", "--number", "n")
    ensemble, _ = tabular.load("model.safetensors")
    kinds = {f.column: f.kind for f in ensemble.encoding.features}
    assert kinds == {"n": "number", "code": "category"}
    shown = run("inspect", "t.csv", "--category", "code", "--drop", "x").stdout
    assert "code: category, as asked" in shown
    assert "x: left out, as asked" in shown
    for more, said in (
        (["--drop", "x", "--date", "x"], "--date x: it is --drop already"),
        (["--drop", "dya"], "no column 'dya'; did you mean 'day'?"),
        (["--date", "y2"], "no column 'y2'"),
        (["--number", "day"], "the column 'day' can't be a number"),
        (["--columns", "no.toml"], "there is no file no.toml"),
        (["--drop", "n", "--drop", "code", "--drop", "x", "--drop", "day"], "a column beside"),
    ):
        assert said in refused(*words, *more)
    for text, said in (
        ("x = 1", "must have one table, [columns]"),
        ("[columns]\nx = 'colour'", "x must be one of number, yes/no"),
        ("[columns", "t.toml is no TOML"),
    ):
        (folder / "t.toml").write_text(text)
        assert said in refused(*words, "--columns", "t.toml")


def test_free_text_is_learnt_from_unless_it_is_dropped(folder):
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(["quiet", "lake", "old"], 3)) + f" {k}" for k in range(120)]
    kinds = [f"{'lake' in text}".lower() for text in texts]
    write_csv("t.csv", ["remark", "x", "y"], zip(texts, rng.normal(size=120), kinds))
    words = ("train", "t.csv", "--target", "y", *QUICK[:2], "--epochs", 60)
    said = run(*words).stdout
    assert "remark: text, as its cells differ, and have 4 words on average\n" in said
    assert measured(said)["out of fold"][1] > 85
    write_csv("new.csv", ["x", "remark"], [[0, "OLD LAKE"], [0, "old old"], [0, ""]])
    rows = read_csv(run("predict", "model.safetensors", "new.csv").stdout)
    assert [row["prediction"] for row in rows[:2]] == ["true", "false"]
    assert "remark" in run("inspect", "model.safetensors").stdout
    run("inspect", "t.csv", "--output", "t.toml")
    assert '"remark" = "text"' in (folder / "t.toml").read_text()
    for more, known in ((["--columns", "t.toml"], 2), (["--drop", "remark"], 1)):
        run(*words[:4], *QUICK, *more)
        ensemble, _ = tabular.load("model.safetensors")
        assert len(ensemble.encoding.features) == known


def test_how_dates_are_written_can_be_said(folder):
    rows = [[f"{k % 12 + 1}/{k % 11 + 1}/2024", 45000 + k, k % 7] for k in range(60)]
    write_csv("t.csv", ["day", "sold", "y"], rows)
    assert "though %d/%m/%Y would fit as well" in run("inspect", "t.csv").stdout
    run("inspect", "t.csv", "--output", "t.toml", "--date", "day=%d/%m/%Y", "--date", "sold")
    text = (folder / "t.toml").read_text()
    assert '"day" = "date %d/%m/%Y"  # as asked' in text
    assert '"sold" = "date spreadsheet"  # as asked' in text
    run("train", "t.csv", "--target", "y", *QUICK, "--columns", "t.toml")
    ensemble, _ = tabular.load("model.safetensors")
    styles = {f.column: f.style.format for f in ensemble.encoding.features}
    assert styles == {"day": "%d/%m/%Y", "sold": "spreadsheet"}
    for more, said in (
        ("day=%Q", "'%Q' is no format of dates"),
        ("day=%Y/%d/%m", "the column 'day' can't be a date"),
        ("no=%Y", "has no column 'no'"),
    ):
        assert said in refused("inspect", "t.csv", "--date", more)
    assert "it is the target; --task" in refused(
        "train", "t.csv", "--target", "y", "--category", "y"
    )
    shown = run("inspect", "t.csv", "--date", "day").stdout
    assert "day: date, as asked, though %d/%m/%Y would fit as well" in shown


def test_what_does_not_fit_what_was_asked_is_counted(folder):
    rows = [["x" if k % 3 == 0 else k, k % 7] for k in range(60)]
    write_csv("t.csv", ["a", "y"], rows)
    shown = run("inspect", "t.csv", "--number", "a").stdout
    assert "a: number, as asked; 33 % are none, and count as missing" in shown
    assert "can't be a date, as most cells are none, such as 'x'" in refused(
        "inspect", "t.csv", "--date", "a"
    )


def test_names_that_toml_must_quote_come_back(folder):
    names = ['a "b"', "c\\d", "ü, %", "e=f", "t\tt", "'"]
    write_csv("odd.csv", [*names, "y"], [[k * j % 13 for j in range(1, 8)] for k in range(50)])
    run("inspect", "odd.csv", "--output", "odd.toml", "--drop", "e=f")
    run("train", "odd.csv", "--target", "y", *QUICK, "--columns", "odd.toml")
    ensemble, _ = tabular.load("model.safetensors")
    assert {f.column for f in ensemble.encoding.features} == {*names} - {"e=f"}


def test_rows_that_are_held_out_decide_nothing():
    rng = np.random.default_rng(0)
    rows = [[x, "ab"[int(x > 0)]] for x in rng.normal(size=100)]
    write_csv("x.csv", ["x", "y"], rows)
    words = ("train", "x.csv", "--target", "y", *QUICK, "--validation-split", 0.4)
    scores = measured(run(*words).stdout)
    assert list(scores) == ["out of fold", "held out"]
    ensemble, _ = tabular.load("model.safetensors")
    from xpnn.data import split_rows

    kept = split_rows(np.random.default_rng(0), 0.4, *[np.arange(100)] * 2, None)[0][0]
    (feature,) = ensemble.encoding.features
    of_kept = [rows[k][0] for k in kept]
    assert (feature.low, feature.high) == (min(of_kept), max(of_kept))
    assert feature.scale.center == pytest.approx(np.median(of_kept))


def test_points_of_a_table_are_drawn_in_their_own_units(monkeypatch):
    import xpnn.plots

    drawn = []
    whole = xpnn.plots.picture_of_training

    def note(curves, predict, data, labels, names):
        drawn.append((data, labels, names, predict(data[0]).argmax(axis=1)))
        return whole(curves, predict, data, labels, names)

    monkeypatch.setattr(xpnn.plots, "picture_of_training", note)
    generator = np.random.default_rng(0)
    width, height = generator.normal(500, 50, size=(2, 80))
    kind = np.where(width > height, "wide", "tall")
    write_csv("boxes.csv", ["width", "height", "kind"], zip(width, height, kind))
    words = ("--preset", "fast", "--no-baselines", "--plot", "boxes.png")
    run("train", "boxes.csv", "--target", "kind", *words)
    ((((points, y), labels, names, seen)),) = drawn
    np.testing.assert_allclose(points, np.stack([width, height], axis=1), rtol=1e-12)
    assert (labels, names) == (("tall", "wide"), ["width", "height"])
    assert np.mean(seen == y) > 0.9


OF_SHAPE = ["shapes.csv", "--target", "shape"]
OF_X = ["shapes.csv", "--target", "x"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["shapes.csv"], "--target must name the column of shapes.csv"),
        (["shapes.csv", "--target", "shap"], "did you mean 'shape'?"),
        (["nowhere.csv", "--target", "y"], "there is no file nowhere.csv"),
        (["parts/*.csv", "--target", "y"], "no file is called like parts/*.csv"),
        ([*OF_SHAPE, "--task", "regression"], "must be numbers, got 'c"),
        ([*OF_SHAPE, "--validation-split", ".999"], "must leave a row"),
        ([*OF_SHAPE, "--members", 0], "--members must be an integer >= 1, got 0"),
        ([*OF_SHAPE, "--time-budget", 0], "--time-budget must be a finite number > 0"),
        ([*OF_X, "--class-weight", "balanced"], "--class-weight is for classes"),
        ([*OF_SHAPE, "--metric", "r2"], "--metric r2 is for numbers"),
        ([*OF_X, "--metric", "accuracy"], "but the target is a number"),
        ([*OF_X, "--metric", "confusion_matrix"], "is for classes, but"),
        ([*OF_SHAPE, "--metric", "confusion_matrix"], "--metric must be one number"),
    ],
)
def test_a_table_that_cannot_be_learnt_is_refused(folder, words, said):
    write_shapes()
    result = run("train", *words, status=2)
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (folder / "model.safetensors").exists()


def contents(path="model.safetensors"):
    """Return all that a model file holds, in an order."""
    description, arrays = read_file(path)
    return description, {name: array.tobytes() for name, array in sorted(arrays.items())}


def test_one_seed_gives_one_result_and_members_are_as_many_as_asked():
    write_shapes()
    words = ("train", "shapes.csv", "--target", "shape", *QUICK, "--members", 3)
    first, again, other = (
        (measured(run(*words, "--seed", seed).stdout), contents()) for seed in (3, 3, 4)
    )
    assert first == again != other
    assert "3 such networks, averaged" in run("inspect", "model.safetensors").stdout
    card = json.loads(run("inspect", "model.safetensors", "--json").stdout)
    assert card["members"] == 3
    ensemble, _ = tabular.load("model.safetensors")
    assert card["parameters"] == sum(
        p.size for member in ensemble.members for p in member.parameters
    )
    with pytest.raises(xpnn.ModelFileError, match=r"xpnn\.tabular\.load"):
        xpnn.load("model.safetensors")


def test_options_make_the_networks():
    write_shapes()
    words = (
        "--hidden 7,5 --activation tanh --dropout 0.25 --l2 0.5 --batch-size all --members 2 "
        "--optimizer sgd --momentum 0.5 --learning-rate 0.1 --patience 2 --epochs 40"
    )
    said = run(
        "train", "shapes.csv", "--target", "shape", *words.split(), "--no-baselines"
    ).stdout
    assert re.search(r"Trained 2 networks for \d+ epochs each", said)
    ensemble, _ = tabular.load("model.safetensors")
    described = [
        re.sub(r", weights=.*\)", ")", str(layer)) for layer in ensemble.members[0].layers
    ]
    assert described[-8:] == [
        "Dense(n_inputs=9, n_outputs=7, l2=0.5)", "Tanh()", "Dropout(rate=0.25)",
        "Dense(n_inputs=7, n_outputs=5, l2=0.5)", "Tanh()", "Dropout(rate=0.25)",
        "Dense(n_inputs=5, n_outputs=2, l2=0.5)", "Softmax()",
    ]  # fmt: skip


def test_rare_classes_are_told_and_may_count_alike():
    rng = np.random.default_rng(0)
    x = rng.normal(size=600)
    y = np.where(x + 0.7 * rng.normal(size=600) > 1.9, "yes", "no")
    write_csv("rare.csv", ["x", "y"], zip(x, y))
    words = ("train", "rare.csv", "--target", "y", "--preset", "fast", "--metric", "recall")
    plain = run(*words, "--no-baselines").stdout
    assert re.search(r"Note: 'yes' has 0\.0\d+ of the rows, so accuracy says little", plain)
    balanced = run(*words, "--no-baselines", "--class-weight", "balanced").stdout
    assert "Note: 'yes'" not in balanced
    assert measured(balanced)["out of fold"][2] > measured(plain)["out of fold"][2] + 0.2


def test_trees_that_do_better_are_named():
    rng = np.random.default_rng(0)
    x = rng.uniform(size=(1500, 2))
    stripes = np.where(np.floor(x[:, 0] * 16) % 2, "black", "white")
    write_csv("stripes.csv", ["a", "b", "y"], zip(*x.T, stripes))
    said = run("train", "stripes.csv", "--target", "y", *QUICK[:4], "--baselines").stdout
    assert re.search(
        r"Note: gradient-boosted trees do better here, with log loss [\d.]+ against [\d.]+ out "
        "of fold; they are scikit-learn's HistGradientBoostingClassifier", said
    )  # fmt: skip


def test_without_scikit_learn_there_are_no_trees(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "sklearn", None)
    write_shapes()
    said = run("train", "shapes.csv", "--target", "shape", *QUICK[:4]).stdout
    assert [*measured(said)] == ["out of fold", "most frequent class", "linear model"]


def test_a_table_in_parts_and_in_parquet(folder):
    import pyarrow.csv
    import pyarrow.parquet

    write_shapes()
    pyarrow.parquet.write_table(pyarrow.csv.read_csv("shapes.csv"), "shapes.parquet")
    rows = (folder / "shapes.csv").read_text().splitlines(keepends=True)
    (folder / "parts").mkdir()
    (folder / "parts" / "a.csv").write_text("".join(rows[:90]))
    (folder / "parts" / "b.csv").write_text("".join([rows[0], *rows[90:]]))
    words = ("--target", "shape", *QUICK)
    whole = run("train", "shapes.csv", *words).stdout
    for path in ("shapes.parquet", "parts/*.csv"):
        assert measured(run("train", path, *words).stdout) == measured(whole)
    assert measured(run("evaluate", "model.safetensors", "parts/*.csv").stdout)["200 rows"]


def test_an_exported_table_answers_as_the_command_does(folder):
    import onnxruntime

    write_messy("messy.csv")
    run("train", "messy.csv", "--target", "Kind", *QUICK)
    said = run("export", "model.safetensors", "model.onnx").stdout
    assert ["takes", "Grade", "text", "(n,", "1)"] in [
        line.split() for line in said.splitlines()
    ]
    about = {p.key: json.loads(p.value) for p in onnx.load("model.onnx").metadata_props}
    assert about["labels"] == ["grün", "rot"]
    session = onnxruntime.InferenceSession("model.onnx")
    names = [i.name for i in session.get_inputs()]
    assert set(names) == {"Price", "Share", "Seen", "Sold", "Grade"}


def test_interrupted_between_networks_and_going_on(monkeypatch):
    """Members that are trained already are kept, and a resumed run comes to the same."""
    import signal

    write_shapes()
    words = ("train", "shapes.csv", "--target", "shape", "--epochs", 9, "--members", 3)
    wanted = measured(run(*words, "--no-baselines").stdout)
    whole = contents()
    fit, count = xpnn.Sequential.fit, []

    class Interrupt(xpnn.Callback):
        def on_epoch_begin(self, epoch):
            if len(count) == 2 and epoch == 4:
                signal.raise_signal(signal.SIGINT)

    def interrupted(*args, **given):
        count.append(1)
        return fit(*args, **{**given, "callbacks": [*given["callbacks"], Interrupt()]})

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr(xpnn.Sequential, "fit", interrupted)
    result = run(*words, "--checkpoints", "kept", status=130)
    signal.signal(signal.SIGINT, before)
    assert result.stderr == "Interrupted after 4 epochs of network 2; saving what was learnt\n"
    assert len(tabular.load("model.safetensors")[0].members) == 2
    assert [*measured(result.stdout)] == ["out of fold"]
    monkeypatch.setattr(xpnn.Sequential, "fit", fit)
    again = run(*words, "--no-baselines", "--checkpoints", "kept")
    assert measured(again.stdout) == wanted
    assert contents() == whole


def test_the_first_network_is_filmed(folder):
    write_shapes()
    words = ("train", "shapes.csv", "--target", "shape", *QUICK, "--movie", "a.gif")
    assert "wrote model.safetensors and a.gif" in run(*words).stdout
    assert (folder / "a.gif").read_bytes()[:6] == b"GIF89a"
    said = refused(*words, "--movie-panels", "loss,accuracy")
    assert "measure nothing but the loss, so leave accuracy out" in said


@pytest.mark.parametrize("n", [2, 3, 5, 7])
def test_a_few_rows_are_enough(n):
    write_csv("few.csv", ["x", "y"], [[k * 0.7, "ab"[k % 2]] for k in range(n)])
    said = run("train", "few.csv", "--target", "y", "--epochs", 2, "--no-baselines").stdout
    assert f"Trained {min(5, n // 2)} network" in said
    assert len(read_csv(run("predict", "model.safetensors", "few.csv").stdout)) == n


def test_a_series_is_learnt_by_its_time():
    values = [f"{np.sin(k / 9):.4f}" for k in range(80)]
    write_csv("series.csv", ["", "value"], [[k + 1, v] for k, v in enumerate(values)])
    said = run("train", "series.csv", "--target", "value", *QUICK).stdout
    assert "row: number, as it counts the rows, and there is nothing else" in said
    rows = read_csv(run("predict", "model.safetensors", "series.csv", "--keep").stdout)
    assert [row["value"] for row in rows] == values
    write_csv("later.csv", ["", "other"], [[k, "x"] for k in range(81, 84)])
    assert len(read_csv(run("predict", "model.safetensors", "later.csv").stdout)) == 3


def test_a_rare_class_is_told_where_f1_is_best(folder):
    rng = np.random.default_rng(0)
    x = rng.normal(size=900)
    y = np.where(x + rng.normal(size=900) > 2.2, "yes", "no")
    write_csv("rare.csv", ["x", "y"], zip(x, y))
    words = ("train", "rare.csv", "--target", "y", "--preset", "fast", "--no-baselines")
    plain = measured(run(*words, "--metric", "f1").stdout)["out of fold"]
    said = run(*words, "--metric", "f1", "--decide", "f1").stdout
    threshold = float(
        re.search(r"Decision: 'yes' is told from a probability of (0\.\d+)", said)[1]
    )
    decided = measured(said)["out of fold"]
    assert decided[0] == plain[0]  # probabilities are the same
    assert decided[2] > plain[2] + 0.1
    rows = read_csv(run("predict", "model.safetensors", "rare.csv").stdout)
    for row in rows:
        probability = float(row["probability yes"])
        if abs(probability - threshold) > 1e-3:
            assert row["prediction"] == ("yes" if probability > threshold else "no")
    told = np.array([row["prediction"] for row in rows])
    from sklearn.metrics import f1_score

    evaluated = run("evaluate", "model.safetensors", "rare.csv", "--metric", "f1").stdout
    f1 = measured(evaluated)["900 rows"][2]
    assert f1 == pytest.approx(f1_score(y, told, pos_label="yes"), abs=1e-3)
    run("export", "model.safetensors", "model.onnx")
    import onnxruntime

    session = onnxruntime.InferenceSession("model.onnx")
    names = [output.name for output in session.get_outputs()]
    answers = dict(zip(names, session.run(None, {"features": x[:, None]})))
    np.testing.assert_array_equal(answers["label"][:, 0], told)
    words = ("train", "rare.csv", "--target", "x", "--decide", "f1")
    assert "--decide is for classes" in run(*words, status=2).stderr


def test_what_an_answer_is_called_may_be_a_column_too():
    write_csv("t.csv", ["prediction", "y"], [[k / 7, "ab"[k % 2]] for k in range(40)])
    run("train", "t.csv", "--target", "y", *QUICK)
    for words in (("--keep",), ("--id", "prediction")):
        rows = read_csv(run("predict", "model.safetensors", "t.csv", *words).stdout)
        assert [float(row["prediction given"]) for row in rows] == [k / 7 for k in range(40)]
        assert {row["prediction"] for row in rows} <= {"a", "b"}


def test_columns_of_a_frame_are_what_they_are_said_to_be():
    import pyarrow as pa
    import pyarrow.parquet

    rng = np.random.default_rng(0)
    days = [
        int(str(d).replace("-", ""))
        for d in np.arange("2021-01-01", "2021-04-11", dtype="M8[D]")
    ]
    table = pa.table({
        "d": days, "f": rng.normal(size=100), "empty": pa.nulls(100, pa.float64()),
        "infinite": np.full(100, np.inf), "y": rng.choice(["a", "b"], 100),
    })  # fmt: skip
    pyarrow.parquet.write_table(table, "p.parquet")
    words = ("train", "p.parquet", "--target", "y", *QUICK, "--date", "d", "--category", "f")
    said = run(*words).stdout
    assert "d: date, as asked" in said
    assert "infinite: constant, as no cell is a finite number; left out" in said
    assert len(read_csv(run("predict", "model.safetensors", "p.parquet").stdout)) == 100


def test_two_rows_must_be_left_to_learn_from():
    write_csv("three.csv", ["x", "y"], [[1, "a"], [2, "b"], [3.5, "a"]])
    words = ("train", "three.csv", "--target", "y", "--epochs", 1, "--validation-split", 0.6)
    assert (
        "--validation-split must leave two rows to learn from" in run(*words, status=2).stderr
    )


def test_an_ensemble_of_python_is_used_as_any(folder):
    from xpnn.sklearn import TabularClassifier

    X = np.random.default_rng(0).normal(size=(60, 2))
    model = TabularClassifier(preset="fast", random_state=0).fit(X, X[:, 0] > 0)
    tabular.save(model.ensemble_, "of_python.safetensors")
    write_csv("x.csv", ["0", "1"], X.tolist())
    rows = read_csv(run("predict", "of_python.safetensors", "x.csv").stdout)
    assert [row["prediction"] for row in rows] == [str(told) for told in model.predict(X)]
    assert "a table" in run("inspect", "of_python.safetensors").stdout


def test_a_table_of_any_name_is_inspected(folder):
    write_shapes("shapes")
    assert "colour: yes/no" in run("inspect", "shapes").stdout
    assert "--json is for models" in run("inspect", "shapes", "--json", status=2).stderr
    (folder / "run[1]").mkdir()
    run("train", "shapes", "--target", "shape", *QUICK, "--output", "run[1]/m")
    assert "parameters" in run("inspect", "run[1]/m").stdout
