"""Model files that a command is given."""

import pytest
from command_line import refused, run, write_csv

import xpnn
from xpnn.serialization import save

pytestmark = pytest.mark.usefixtures("folder")


def test_a_model_file_is_not_trusted(folder):
    model = xpnn.Sequential([xpnn.Dense(2, 3), xpnn.Softmax()])
    model.compile("categorical_cross_entropy", "sgd")
    write_csv("some.csv", ["a", "b"], [[1, 2]])
    words = ("predict", "model.safetensors", "some.csv")

    def saved(extra):
        save(model, "model.safetensors", extra)
        return refused(*words)

    assert "was not written by 'xpnn train'" in saved(None)
    assert "expected a preparation as an object with features, target" in saved(
        {"preparation": 1, "data": {"name": "x"}}
    )
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
