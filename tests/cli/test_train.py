"""The command xpnn train, on built-in data sets."""

import re
import sys

import numpy as np
import pytest
from command_line import measured, read_csv, refused, run, write_csv

import xpnn
from xpnn.callbacks import TrainingMovie
from xpnn.cli.datasets import DATA_SETS
from xpnn.serialization import read

pytestmark = pytest.mark.usefixtures("folder")


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


def test_a_movie_has_the_panels_that_were_asked_for(monkeypatch):
    given = []

    def noted(path, *, panels):
        given.append(panels)
        return TrainingMovie(path, panels=panels, size=(300, 200))

    monkeypatch.setattr("xpnn.cli.train.TrainingMovie", noted)
    words = ("train", "vertical", "--epochs", 1, "--movie", "a.gif")
    run(*words, "--movie-panels", "regions, learning-rate,updates")
    run(*words)
    assert given == [
        ("regions", "learning_rate", "updates"),
        ("regions", "loss", "weights"),
    ]


def test_the_spiral_has_the_settings_of_the_book():
    run("train", "spiral", "--epochs", 1)
    model, _ = read("model.safetensors")
    assert model.layers[0].n_outputs == 64
    assert model.compiled.optimizer == xpnn.SGD(1.0, decay=1e-3, momentum=0.9)
    assert DATA_SETS["spiral"].settings.epochs == 10_000
    assert DATA_SETS["spiral"].settings.batch_size is None


@pytest.mark.parametrize("name", ["digits", "spiral", "fashion-mnist"])
def test_help_tells_the_settings_that_a_data_set_has(name):
    text = " ".join(run("train", "--help").stdout.split())
    told = re.search(rf" {name} ((--[a-z-]+ [\w.,]+ ?)+)", text)[1].rstrip(" ,").split()
    settings = DATA_SETS[name].settings
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


def test_patience_ends_a_training_early():
    result = run("train", "digits", "--epochs", 500, "--patience", 2)
    assert 3 <= int(re.search(r"Trained (\d+) epochs", result.stdout)[1]) < 100
    assert measured(result.stdout)["validation"][1] > 95


def test_training_on_each_backend_comes_to_the_same(backend):
    words = ("train", "vertical", "--epochs", 10, "--batch-size", 64)
    expected = measured(run(*words, "--backend", "numpy").stdout)
    result = run(*words)
    where = "" if backend.device is None else f" on {backend.device}"
    assert f"with {backend.name}{where}" in result.stdout
    for part, numbers in measured(result.stdout).items():
        np.testing.assert_allclose(numbers, expected[part], rtol=2e-3)
    again = run("evaluate", "model.safetensors", "vertical")
    assert measured(again.stdout) == measured(result.stdout)


def test_without_matplotlib_nothing_is_trained(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.setattr("xpnn.model.Sequential.fit", None)
    said = refused("train", "digits", "--plot", "curves.png")
    assert "pip install 'xpnn[plot]'" in said


def test_a_training_that_diverges_is_told_and_leaves_no_file(folder):
    said = refused("train", "vertical", "--learning-rate", "1e30")
    assert re.search(r"the loss became (nan|inf) in epoch \d+, step 1; try a smaller", said)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("acuracy", "unknown metric 'acuracy'; did you mean 'accuracy'?"),
        ("r2", "--metric r2 is for numbers, but the target is classes"),
        ("confusion_matrix", "--metric must be one number, but confusion_matrix is more: use"),
    ],
)
def test_metrics_that_do_not_go(name, said):
    assert said in refused("train", "vertical", "--metric", name)
