"""The command that shows what a file holds."""

import json

import numpy as np
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
    command("train", "shapes.csv", "--target", "shape", "--epochs", 3)
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
