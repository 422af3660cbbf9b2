"""The command that shows what a file holds."""

import gzip
import json
import pickle
import zipfile

import numpy as np
import openpyxl
import pandas
import pytest
from command_line import run as command
from command_line import write_shapes
from nine_rows import X, classifier

import xpnn


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a table and a model that was trained on it."""
    monkeypatch.chdir(tmp_path)
    write_shapes(n=100)
    command("train", "shapes.csv", "--target", "shape", "--epochs", 3, "--no-baselines")
    return tmp_path


def test_card_of_a_file_of_the_command(folder):
    shown = command("inspect", "model.safetensors").stdout
    for words in (
        *("parameters, ", "trained    3 epochs", "shapes.csv", "x, size, colour"),
        "5 such networks, averaged; temperature ",
    ):
        assert words in shown
    card = json.loads(command("inspect", "model.safetensors", "--json").stdout)
    assert card["training"]["epochs"] == 3
    assert set(card["training"]["last"]) == {"out_of_fold_log_loss", "out_of_fold_accuracy"}
    assert (card["members"], card["dtype"]) == (5, "float32")
    assert [feature["column"] for feature in card["data"]["features"]] == [
        "x",
        "size",
        "colour",
    ]
    assert card["data"]["target"]["labels"] == ["circle", "square"]


def test_training_is_remembered_by_a_file_of_any_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = classifier().compile("categorical_cross_entropy", "adam")
    model.save("fresh")
    assert json.loads(command("inspect", "fresh", "--json").stdout)["training"] is None
    model.fit(X, np.arange(9) % 4, epochs=2)
    model.save("trained")
    card = json.loads(command("inspect", "trained", "--json").stdout)
    assert card["training"] == model.card()["training"]
    assert card["data"] is None


@pytest.mark.parametrize(
    "training",
    [3, {"epochs": 1}, {"epochs": "1", "last": {}}, {"epochs": 1, "last": {"a": "b"}}],
)
def test_training_of_no_form(tmp_path, training):
    path = tmp_path / "model"
    xpnn.serialization.save(classifier(), path, {"training": training})
    assert "expected the training" in command("inspect", path, status=2).stderr


def write_packed(path):
    path.write_bytes(gzip.compress(b"a,b\n1,2\n"))


def write_zipped(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "a,b\n1,2\n")


def write_workbook(path):
    book = openpyxl.Workbook()
    book.active.append(["a", "b"])
    book.active.append([1, 2])
    book.save(path)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.gz", write_packed),
        ("packed", write_packed),
        ("zipped", write_zipped),
        ("a.xlsm", write_workbook),
        ("book", write_workbook),
        ("a.pq", lambda path: pandas.DataFrame({"a": [1], "b": [2]}).to_parquet(path)),
        ("columns", lambda path: pandas.DataFrame({"a": [1], "b": [2]}).to_parquet(path)),
    ],
)
def test_a_table_is_what_can_be_trained_on(tmp_path, name, write):
    write(tmp_path / name)
    shown = command("inspect", tmp_path / name).stdout
    assert f"{name}: 1 rows" in shown
    assert [line.split(":")[0] for line in shown.splitlines()[-2:]] == ["a", "b"]


@pytest.mark.parametrize("name", ["a.pt", "a", "a.safetensors"])
def test_files_of_other_programs_are_no_tables(tmp_path, name):
    (tmp_path / name).write_bytes(pickle.dumps([1], protocol=4))
    said = command("inspect", tmp_path / name, status=2).stderr
    assert "seems to be a pickle; xpnn loads only its own safetensors files" in said
