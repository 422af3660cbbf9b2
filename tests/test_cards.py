"""Model cards: what a network is, as plain data."""

import json

import numpy as np
from nine_rows import X

import xpnn
import xpnn.schedules
from xpnn import Dense, Sequential
from xpnn.cards import card_of_file, text, unknown_classes
from xpnn.files.model_file import read_file


def test_card_is_json_and_tells_all(backend, dtype):
    layers = [Dense(3, 8, l2=0.1), xpnn.BatchNorm(8), xpnn.LeakyReLU(0.2), Dense(8, 4)]
    model = Sequential(layers, seed=0, dtype=dtype)
    bare = model.card()
    assert bare["loss"] is bare["optimizer"] is bare["metrics"] is bare["training"] is None
    loss = xpnn.CategoricalCrossEntropy(from_logits=True)
    model.compile(loss, xpnn.Adam(0.5), clip_norm=2.0)
    model.fit(X, np.arange(9) % 4, epochs=3)
    card = model.card()
    assert json.loads(json.dumps(card, allow_nan=False)) == card
    assert card["layers"][0] == {
        "type": "Dense",
        "settings": {
            "n_inputs": 3, "n_outputs": 8, "l1": 0, "l2": 0.1, "bias_l1": 0, "bias_l2": 0,
        },
        "outputs": 8,
        "parameters": {"weights": [3, 8], "biases": [8]},
        "state": {},
    }  # fmt: skip
    assert card["layers"][1]["state"] == {"mean": [8], "variance": [8]}
    assert card["layers"][2]["settings"] == {"slope": 0.2}
    count = 3 * 8 + 8 + 2 * 8 + 8 * 4 + 4
    assert (card["parameters"], card["bytes"]) == (count, count * np.dtype(dtype).itemsize)
    assert (card["inputs"], card["outputs"]) == (3, 4)
    assert (card["dtype"], card["backend"]) == (dtype, backend.spec)
    assert card["optimizer"]["learning_rate"] == 0.5
    assert (card["clip_norm"], card["clip_value"]) == (2.0, None)
    assert card["metrics"] == ["accuracy"]
    history = model.history.history
    assert card["training"] == {
        "epochs": 3,
        "last": {name: values[-1] for name, values in history.items()},
    }
    assert card["data"] is None


def test_a_card_by_the_file_alone_is_that_of_the_model(tmp_path):
    layers = [Dense(3, 8, l2=0.1), xpnn.BatchNorm(8), xpnn.LeakyReLU(0.2), xpnn.Dropout(0.1)]
    model = Sequential([*layers, Dense(8, 4), xpnn.Softmax()], seed=0, backend="numpy")
    for step in range(3):
        if step == 1:
            schedule = xpnn.schedules.StepDecay(0.1, 5, 0.5)
            loss = xpnn.CategoricalCrossEntropy(label_smoothing=0.1)
            model.compile(loss, xpnn.Adam(schedule), ["f1_weighted", "accuracy"], clip_norm=1.0)
        if step == 2:
            model.fit(X, np.arange(9) % 4, epochs=2)
        model.save(tmp_path / "model")
        description, tensors = read_file(tmp_path / "model")
        assert unknown_classes(description) == []
        card = card_of_file(description, tensors)
        assert card == model.card()
        shown = text(card, model.summary()).splitlines()
        assert len(text(card).splitlines()) == len(shown)
        if step:
            compiled = model.compiled
            assert f"loss       {compiled.loss}" in shown
            assert "optimizer  Adam(learning_rate=StepDecay(learning_rate=0.1" in "\n".join(
                shown
            )


def test_a_card_of_layers_within_layers_some_of_which_are_unknown(tmp_path):
    chain = xpnn.Chain(Dense(3, 5), xpnn.BatchNorm(5))
    branches = xpnn.Concatenate(xpnn.Tanh(), xpnn.Frozen(Dense(5, 2)))
    model = Sequential([chain, xpnn.Residual(Dense(5, 5)), branches], seed=0, backend="numpy")
    model.save(tmp_path / "model")
    description, tensors = read_file(tmp_path / "model")
    assert card_of_file(description, tensors) == model.card()
    described = json.loads(json.dumps(description))
    described["layers"][2]["branches"]["tuple"][0]["layer"]["type"] = "NoTanh"
    assert unknown_classes(described) == ["NoTanh"]
    card = card_of_file(described, tensors)
    assert card["inputs"] == 3
    shown = text(card).splitlines()
    assert [line.split()[0] for line in shown[-5:-1]] == ["Concatenate()", "-", "-", "-"]
    inner = card["layers"][2]["layers"]
    assert inner["branches.0"]["type"] == "NoTanh"
    weights = inner["branches.1"]["layers"]["layer"]["parameters"]["weights"]
    assert [*weights] == [5, 2]


def test_what_is_unknown_is_found_within_other_things():
    described = {
        "layers": [{"type": "Dense"}, {"type": "Chain", "inner": [{"type": "NoLayer"}]}],
        "loss": {"type": "NoLoss"},
        "optimizer": {"type": "Adam", "learning_rate": {"type": "NoSchedule"}},
        "metrics": ["accuracy", {"type": "NoMetric"}],
    }
    unknown = {"NoLayer", "NoLoss", "NoSchedule", "NoMetric"}
    assert unknown <= set(unknown_classes(described))
    assert unknown_classes({"layers": 3, "loss": None}) == []
