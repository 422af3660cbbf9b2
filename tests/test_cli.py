"""The command xpnn, as a person meets it."""

import csv
import re
import signal
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from processes import run_python

import xpnn
from xpnn import cli
from xpnn.serialization import read, save


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Each test is in a folder of its own, in a process that has not warned yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("xpnn.backend._warned", False)
    return tmp_path


def run(*words, status=0):
    """Run the command and return its result, which must have this exit status."""
    result = CliRunner().invoke(cli.main, [str(word) for word in words])
    assert result.exit_code == status, (result.output, result.exception)
    return result


def refused(*words):
    """Run the command, which must end with status 2 and one sentence; return that."""
    result = run(*words, status=2)
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    assert result.stderr.endswith("\n")
    return result.stderr.removeprefix("Error: ").rstrip("\n")


def measured(output):
    """Return a printed table of results as {part: [numbers]}."""
    found = re.findall(r"^(training|validation|[\d,]+ rows) +([-\de+. %]+)$", output, re.M)
    return {part: [float(n.rstrip("%")) for n in numbers.split()] for part, numbers in found}


def write_csv(path, header, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def read_csv(text):
    return list(csv.DictReader(text.splitlines()))


SHAPES = ("circle", "square")


def write_shapes(path="shapes.csv", n=200):
    """Write rows whose class follows from the numbers and the category."""
    generator = np.random.default_rng(1)
    x, size = generator.normal(size=n), generator.normal(50, 20, size=n)
    colour = generator.choice(["red", "blue"], size=n)
    shape = [SHAPES[int(a * (1 if c == "red" else -1) > 0)] for a, c in zip(x, colour)]
    write_csv(path, ["x", "size", "colour", "shape"], zip(x, size, colour, shape))
    return shape


# ------------------------------------------------------------------------ built-in data


def test_digits_are_learnt_and_measured_again():
    result = run("train", "digits")
    train, validation = (
        measured(result.stdout)["training"],
        measured(result.stdout)["validation"],
    )
    assert train[1] > 99
    assert validation[1] >= 97
    assert re.search(r"Trained 60 epochs in [\d.]+ s with numpy on cpu", result.stdout)
    assert "wrote model.safetensors" in result.stdout
    assert result.stderr == ""
    again = measured(run("evaluate", "model.safetensors", "digits").stdout)
    assert again == {"training": train, "validation": validation}
    # and the file is a model like any other
    X, y = xpnn.datasets.digits()
    model = xpnn.load("model.safetensors")
    assert np.mean(model.predict(X).argmax(axis=1) == y) > 0.97


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


@pytest.mark.parametrize(
    ("name", "epochs", "least"), [("spiral", 2000, 75), ("vertical", 200, 85)]
)
def test_points_are_learnt_and_drawn(folder, name, epochs, least):
    result = run("train", name, "--epochs", epochs, "--plot", "curves.png")
    results = measured(result.stdout)
    assert results["training"][1] > least
    assert set(results) == {"training", "validation"}
    assert "wrote model.safetensors and curves.png" in result.stdout
    assert (folder / "curves.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert measured(run("evaluate", "model.safetensors", name).stdout) == results


def test_a_training_is_filmed(folder):
    result = run("train", "vertical", "--epochs", 3, "--movie", "a.gif")
    assert "wrote model.safetensors and a.gif" in result.stdout
    assert (folder / "a.gif").read_bytes()[:6] == b"GIF89a"


def test_the_spiral_has_the_settings_of_the_book():
    run("train", "spiral", "--epochs", 1)
    model, _ = read("model.safetensors")
    assert model.layers[0].n_outputs == 64
    assert model.compiled.optimizer == xpnn.SGD(1.0, decay=1e-3, momentum=0.9)
    assert cli.DATA_SETS["spiral"].settings.epochs == 10_000
    assert cli.DATA_SETS["spiral"].settings.batch_size is None


def test_fashion_mnist_is_measured_on_its_own_test_images(monkeypatch):
    generator = np.random.default_rng(0)

    def small(split="train"):
        y = np.arange(60 if split == "train" else 20) % 10
        X = np.eye(784, dtype=np.float32)[y] * 5
        return X + generator.random(X.shape, dtype=np.float32) / 100, y

    monkeypatch.setattr("xpnn.datasets.fashion_mnist", small)
    parts = {}
    evaluate = xpnn.Sequential.evaluate

    def count(model, X, y):
        parts[len(y)] = evaluate(model, X, y)
        return parts[len(y)]

    monkeypatch.setattr(xpnn.Sequential, "evaluate", count)
    # the other way of writing a name is understood too
    results = measured(run("train", "fashion_mnist", "--epochs", 60).stdout)
    assert results["validation"][1] == 100
    assert set(parts) == {60, 20}
    write_csv("one.csv", range(784), np.eye(784)[[9]].tolist())
    (row,) = read_csv(run("predict", "model.safetensors", "one.csv").stdout)
    assert row["prediction"] == "ankle boot"


def test_one_seed_gives_one_run():
    words = ("train", "vertical", "--epochs", 20)
    first, second, other = (measured(run(*words, "--seed", seed).stdout) for seed in (3, 3, 4))
    assert first == second != other


@pytest.mark.parametrize(
    ("part", "rows"), [("0.5", {"training", "validation"}), ("0", {"training"})]
)
def test_a_validation_split_is_taken_from_the_data(part, rows):
    result = run("train", "vertical", "--epochs", 5, "--validation-split", part)
    assert set(measured(result.stdout)) == rows
    assert measured(run("evaluate", "model.safetensors", "vertical").stdout) == measured(
        result.stdout
    )


def test_options_make_the_network():
    words = (
        "--hidden 7,5 --activation tanh --optimizer adamw --learning-rate 0.02 --dropout 0.25 "
        "--l2 0.5"
    )
    run("train", "vertical", *words.split(), "--epochs", 2, "--batch-size", 50)
    model, _ = read("model.safetensors")
    hidden = ["Tanh()", "Dropout(rate=0.25)"]
    described = [re.sub(r", weights=.*\)", ")", str(layer)) for layer in model.layers]
    assert described == [
        "Dense(n_inputs=2, n_outputs=7, l2=0.5)",
        *hidden,
        "Dense(n_inputs=7, n_outputs=5, l2=0.5)",
        *hidden,
        "Dense(n_inputs=5, n_outputs=3, l2=0.5)",
        "Softmax()",
    ]
    # another optimizer does not inherit the data set's settings for its own
    assert model.compiled.optimizer == xpnn.AdamW(0.02)


@pytest.mark.parametrize("hidden", ["", "0"])
def test_there_may_be_no_hidden_layer(hidden):
    run("train", "vertical", "--hidden", hidden, "--epochs", 2)
    assert len(read("model.safetensors")[0].layers) == 2


# --------------------------------------------------------------------------------- CSV


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


def test_raw_rows_without_the_target_are_predicted_into_a_file(folder):
    write_shapes()
    run("train", "shapes.csv", "--target", "shape", "--epochs", 100)
    write_csv("new.csv", ["colour", "size", "x"], [["red", 50, 2], ["blue", 50, 2]])
    result = run("predict", "model.safetensors", "new.csv", "--output", "predictions.csv")
    assert result.stdout == ""
    assert "Predicted 2 rows with numpy on cpu; wrote predictions.csv" in result.stderr
    rows = read_csv((folder / "predictions.csv").read_text())
    assert [row["prediction"] for row in rows] == ["square", "circle"]


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
    chosen, _ = cli._split(cli._generators(0)[0], 0.4, n)
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


# --------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("train", "Missing argument 'DATA'"),
        ("train digit", "unknown data 'digit'; did you mean 'digits'?"),
        ("train digits --epoch-count 3", "No such option"),
        ("teach digits", "No such command 'teach'"),
        ("train digits --target y", "--target is for CSV files"),
        ("train digits --task regression", "--task is for CSV files"),
        ("train digits --hidden 10,x", "--hidden must be sizes of at least 1"),
        ("train digits --hidden 10,-1", "--hidden must be sizes of at least 1"),
        ("train digits --activation relo", "unknown activation 'relo'; did you mean 'relu'?"),
        ("train digits --optimizer adan", "unknown optimizer 'adan'; did you mean 'Adam'?"),
        (
            "train digits --learning-rate 0",
            "learning_rate must be a finite number > 0, got 0.0",
        ),
        (
            "train digits --learning-rate nan",
            "learning_rate must be a finite number > 0, got nan",
        ),
        ("train digits --learning-rate fast", "'fast' is not a valid float"),
        ("train digits --decay -1", "decay must be a finite number >= 0"),
        (
            "train digits --momentum 0.9",
            "--momentum is a setting of sgd, but the optimizer is adam",
        ),
        ("train spiral --momentum 1", "momentum must be a finite number >= 0 and < 1"),
        ("train spiral --optimizer rmsprop --momentum 0.5", "but the optimizer is rmsprop"),
        ("train digits --epochs 0", "--epochs must be an integer >= 1, got 0"),
        ("train digits --batch-size -5", "--batch-size must be a number of rows, or 'all'"),
        ("train digits --dropout 1", "--dropout must be a finite number >= 0 and < 1, got 1.0"),
        ("train digits --l2 -1", "--l2 must be a finite number >= 0, got -1.0"),
        ("train digits --patience 0", "--patience must be an integer >= 1, got 0"),
        (
            "train digits --patience 3 --validation-split 0",
            "--patience needs rows to measure: give --validation-split",
        ),
        ("train digits --seed -1", "--seed must be an integer >= 0, got -1"),
        (
            "train digits --validation-split 1",
            "--validation-split must be a finite number >= 0",
        ),
        ("train digits --output nowhere/model", "--output: there is no folder 'nowhere'"),
        ("train digits --output .", "--output must be a file, but '.' is a folder"),
        ("train digits --plot curves.doc", "must end in"),
        ("train digits --plot model.safetensors", "--plot must not be --output"),
        ("train digits --movie a.avi", "must end in .gif or .mp4"),
        ("train digits --plot a.gif --movie a.gif", "--movie must not be --plot"),
        ("train digits --output a.gif --movie a.gif", "--movie must not be --output"),
        ("train digits --backend numpi", "unknown backend 'numpi'; did you mean 'numpy'?"),
        ("train digits --backend numpy:gpu!", "NumPy has no device 'gpu'"),
        ("evaluate nowhere digits", "there is no file nowhere"),
        ("predict nowhere some.csv", "there is no file nowhere"),
        ("backends --backend numpi", "did you mean 'numpy'?"),
    ],
)
def test_bad_input_is_told_in_one_sentence_before_any_work(monkeypatch, words, said):
    def never(*args, **kwargs):
        raise AssertionError("something slow began")

    monkeypatch.setattr("xpnn.datasets.digits", never)
    monkeypatch.setattr("xpnn.model.Sequential.fit", never)
    assert said in refused(*words.split())


def test_the_data_is_not_overwritten(folder):
    write_shapes()
    words = ("train", "shapes.csv", "--target", "shape", "--output", "./shapes.csv")
    assert "--output must not be the data" in refused(*words)
    run("train", "shapes.csv", "--target", "shape", "--epochs", 1)
    words = ("predict", "model.safetensors", "shapes.csv", "--output")
    assert "--output must not be the data" in refused(*words, "shapes.csv")
    assert "--output must not be the model" in refused(*words, "model.safetensors")


def test_without_matplotlib_nothing_is_trained(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.setattr("xpnn.model.Sequential.fit", None)
    said = refused("train", "digits", "--plot", "curves.png")
    assert "pip install 'xpnn[plot]'" in said


def test_a_training_that_diverges_is_told_and_leaves_no_file(folder):
    said = refused("train", "vertical", "--learning-rate", "1e30")
    assert re.search(r"the loss became (nan|inf) in epoch \d+, step 1; try a smaller", said)
    assert list(folder.iterdir()) == []


def test_a_model_file_is_not_trusted(folder):
    model = xpnn.Sequential([xpnn.Dense(2, 3), xpnn.Softmax()])
    model.compile("categorical_cross_entropy", "sgd")
    write_csv("some.csv", ["a", "b"], [[1, 2]])
    words = ("predict", "model.safetensors", "some.csv")

    def saved(extra):
        save(model, "model.safetensors", extra)
        return refused(*words)

    assert "was not written by 'xpnn train'" in saved(None)
    assert "expected a preparation with" in saved({"preparation": 1, "data": {"name": "x"}})
    target = {"kind": "classes", "column": "", "labels": ["a", "b"], "numeric": False}
    good = {"features": [], "target": target}
    assert "expected data with a name" in saved({"preparation": good})
    data = {"data": {"name": "vertical", "seed": "0"}}
    assert "don't fit the network" in saved({"preparation": good, **data})
    target["labels"].append("c")
    save(model, "model.safetensors", {"preparation": good, **data})
    run(*words)
    assert "seed of the model file must be an integer" in refused(
        "evaluate", "model.safetensors", "vertical"
    )
    assert "was trained on vertical, not on spiral" in refused(
        "evaluate", "model.safetensors", "spiral"
    )
    (folder / "model.safetensors").write_bytes(b"half a file")
    assert "is not a whole safetensors file" in refused(*words)


# ----------------------------------------------------------------------------- backends


def test_backends_are_listed():
    result = run("backends")
    for info in xpnn.available_backends():
        (line,) = re.findall(rf"^{info.name} .*$", result.stdout, re.M)
        assert line.split()[1] == ("yes" if info.usable else "no")
    assert "Without --backend, xpnn uses numpy on cpu" in result.stdout


def test_training_on_each_backend_comes_to_the_same(backend):
    words = ("train", "vertical", "--epochs", 10, "--batch-size", 64)
    expected = measured(run(*words, "--backend", "numpy").stdout)
    result = run(*words)
    assert f"with {backend.name} on {backend.device}" in result.stdout
    for part, numbers in measured(result.stdout).items():
        np.testing.assert_allclose(numbers, expected[part], rtol=2e-3)
    again = run("evaluate", "model.safetensors", "vertical")
    assert measured(again.stdout) == measured(result.stdout)


def test_a_fallback_is_one_line():
    result = run("train", "vertical", "--epochs", 1, "--backend", "numpy:gpu")
    assert result.stderr.startswith(
        "Warning: the backend 'numpy:gpu' is not usable here: NumPy"
    )
    assert result.stderr.count("\n") == 1
    assert "with numpy on cpu" in result.stdout


# -------------------------------------------------------------------------- interrupted


@pytest.fixture
def interrupted(monkeypatch):
    """Return a function that sends Ctrl-C in an epoch of the next training."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    class Interrupt(xpnn.Callback):
        epoch = 0

        def on_epoch_begin(self, epoch):
            if epoch == self.epoch:
                signal.raise_signal(signal.SIGINT)

    fit = xpnn.Sequential.fit
    monkeypatch.setattr(
        xpnn.Sequential,
        "fit",
        lambda *a, **k: fit(*a, **{**k, "callbacks": [*k["callbacks"], Interrupt()]}),
    )

    def choose(epoch):
        Interrupt.epoch = epoch

    yield choose
    signal.signal(signal.SIGINT, before)


def test_what_was_learnt_before_ctrl_c_is_saved(folder, interrupted):
    interrupted(30)
    result = run("train", "vertical", "--plot", "curves.png", status=cli.INTERRUPTED)
    assert result.stderr == "Interrupted after 30 of 1,000 epochs; saving what was learnt\n"
    assert "Trained 30 epochs" in result.stdout
    assert (folder / "curves.png").exists()
    again = measured(run("evaluate", "model.safetensors", "vertical").stdout)
    assert again == measured(result.stdout)
    assert again["training"][1] > 50


def test_ctrl_c_in_the_first_epoch_leaves_a_model_without_a_picture(folder, interrupted):
    interrupted(0)
    result = run("train", "vertical", "--plot", "curves.png", status=cli.INTERRUPTED)
    assert "nothing to draw" in result.stderr
    assert {path.name for path in folder.iterdir()} == {"model.safetensors"}


def test_ctrl_c_elsewhere_ends_quietly(monkeypatch):
    def stop():
        raise KeyboardInterrupt

    monkeypatch.setattr("xpnn.datasets.digits", stop)
    result = run("train", "digits", status=cli.INTERRUPTED)
    assert result.stderr == "Interrupted.\n"


def test_an_interrupted_training_goes_on_where_it_was(folder, interrupted):
    words = ("train", "vertical", "--epochs", 60, "--checkpoints")
    interrupted(10**6)
    wanted = run(*words, "whole").stdout
    interrupted(20)
    assert "Trained 20 epochs" in run(*words, "parts", status=cli.INTERRUPTED).stdout
    interrupted(10**6)
    result = run(*words, "parts")
    assert "Trained 60 epochs" in result.stdout
    assert measured(result.stdout) == measured(wanted)
    (folder / "file").touch()
    refused("train", "vertical", "--checkpoints", "file")


def test_accuracy_of_numbers_is_refused(folder):
    rng = np.random.default_rng(0)
    write_csv("numbers.csv", ["x", "y"], rng.standard_normal((50, 2)))
    said = refused(*["train", "numbers.csv", "--target", "y", "--metric", "accuracy"])
    assert "--metric accuracy is for classes, but the target is a number" in said


def test_patience_ends_a_training_early():
    result = run("train", "digits", "--epochs", 500, "--patience", 2)
    assert 3 <= int(re.search(r"Trained (\d+) epochs", result.stdout)[1]) < 100
    assert measured(result.stdout)["validation"][1] > 95


# ------------------------------------------------------------------- as its own process


def test_help_is_there_and_imports_no_plots():
    for words in ([], ["--help"], *([name, "--help"] for name in cli.main.commands)):
        assert "Usage: " in run(*words).stdout
    done = run_python(
        """
        import sys
        from click.testing import CliRunner
        from xpnn.cli import main
        assert CliRunner().invoke(main, ["--help"]).exit_code == 0
        print(sorted({"matplotlib", "tabulate", "tqdm", "pooch"} & set(sys.modules)))
        """
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("name", ["digits", "spiral", "fashion-mnist"])
def test_help_tells_the_settings_that_a_data_set_has(name):
    text = " ".join(run("train", "--help").stdout.split())
    told = re.search(rf" {name} ((--[a-z-]+ [\w.,]+ ?)+)", text)[1].rstrip(" ,").split()
    settings = cli.DATA_SETS[name].settings
    expected = {
        "--hidden": ",".join(map(str, settings.hidden)),
        "--optimizer": settings.optimizer,
        "--epochs": str(settings.epochs),
        "--batch-size": str(settings.batch_size or "all"),
        **{
            f"--{key.replace('_', '-')}": f"{value:g}"
            for key, value in settings.optimizer_settings.items()
        },
    }
    if settings.dropout:
        expected["--dropout"] = f"{settings.dropout:g}"
    assert dict(zip(told[::2], (word.rstrip(",") for word in told[1::2]))) == expected


def test_the_installed_command_speaks_for_itself(folder):
    code = "import sys; from xpnn.cli import main; sys.argv = ['xpnn', *{}]; main()"
    done = run_python(code.format(["train", "digits", "--backend", "numpi"]), code_expected=2)
    assert done.stdout == ""
    assert re.fullmatch(
        r"Error: unknown backend 'numpi'; did you mean 'numpy'\?.*\n", done.stderr
    )
    done = run_python(code.format(["train", "vertical", "--epochs", "5"]))
    assert done.stderr == ""  # no bar and no warning where nobody watches
    assert (folder / "model.safetensors").exists()


# -------------------------------------------------------------------------------- metrics


def test_metrics_are_measured_and_shown():
    write_shapes()
    words = ("shapes.csv", "--target", "shape", "--epochs", 3)
    result = run("train", *words, "--metric", "f1", "--metric", "roc_auc", "--metric", "f1")
    assert re.search(r" loss +accuracy +f1 +roc auc\n", result.stdout)
    numbers = measured(result.stdout)["validation"]
    assert [m.name for m in xpnn.load("model.safetensors")._metrics] == [
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


def test_metrics_of_numbers_are_in_the_columns_units():
    generator = np.random.default_rng(0)
    x = generator.normal(size=200)
    write_csv("line.csv", ["x", "y"], zip(x, 500 + 70 * x + generator.normal(size=200)))
    words = ("--metric", "r2", "--metric", "mean_squared_error")
    result = run("train", "line.csv", "--target", "y", "--epochs", 60, *words)
    _, absolute, r2, squared = measured(result.stdout)["training"]
    assert 0.99 < r2 <= 1
    assert absolute**2 < squared < 50


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("acuracy", "unknown metric 'acuracy'; did you mean 'accuracy'?"),
        ("r2", "the metric 'r2' is for numbers, but"),
        ("confusion_matrix", "--metric must be one number, but confusion_matrix is more: use"),
    ],
)
def test_metrics_that_do_not_go(name, said):
    assert said in refused("train", "vertical", "--metric", name)
