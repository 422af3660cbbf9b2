"""Model cards: what a network is, as plain data."""

import json

import numpy as np
from nine_rows import X

import xpnn
from xpnn import Dense, Sequential


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
