"""Options that several commands have: modules to import, and paths."""

import json
import os
import sys

import pytest
from command_line import measured, refused, run, write_csv, write_shapes

import xpnn
from xpnn.layers import LAYERS
from xpnn.losses import LOSSES
from xpnn.metrics import METRICS
from xpnn.optimizers import OPTIMIZERS

pytestmark = pytest.mark.usefixtures("folder")

MINE = """
from dataclasses import dataclass

import xpnn
from xpnn.layers import Layer
from xpnn.metrics import Metric, accuracy


@dataclass(frozen=True, eq=False)
class TwiceOfOptions(Layer):
    factor: float = 2.0

    def forward(self, params, x):
        return self.factor * x, lambda dy: (self.factor * dy, ())


@dataclass(frozen=True, eq=False)
class ScaleOfOptions(Layer):
    n: int

    def parameters(self):
        return {"scale": xpnn.layers.base.Parameter((self.n,), 1.0)}

    def forward(self, params, x):
        (scale,) = params
        return scale * x, lambda dy: (scale * dy, ((x * dy).sum(axis=0),))


@dataclass(frozen=True)
class SlowOfOptions(xpnn.SGD):
    brake: float = 2.0


@dataclass(frozen=True)
class LossOfOptions(xpnn.CategoricalCrossEntropy):
    sharpness: float = 3.0
"""

TABLES = (LAYERS, LOSSES, OPTIMIZERS, METRICS)


def forget():
    """Let classes of a user's modules be as unknown as in a new process."""
    for name in [n for n in sys.modules if n in ("mine", "mine_two", "inner", "inner.mine")]:
        del sys.modules[name]
    for table in TABLES:
        for name in [n for n in table if n.endswith("OfOptions")]:
            del table[name]


@pytest.fixture
def mine(folder, monkeypatch):
    """A module in the current folder, which no other test has imported."""
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p])
    (folder / "mine.py").write_text(MINE)
    yield folder / "mine.py"
    forget()


def test_a_training_with_layers_and_optimizers_of_ones_own(mine):
    write_shapes()
    words = ("train", "shapes.csv", "--target", "shape", "--epochs", 3, "--no-baselines")
    own = ("--activation", "twice_of_options", "--optimizer", "SlowOfOptions")
    (mine.parent / "mine_two.py").write_text("print('said by the module', flush=True)")
    more = ("--setting", "brake=3", "--momentum", 0.5)
    more += ("--import", "mine", "--import", "mine_two")
    result = run(*words, *own, *more)
    assert "said by the module" in result.stderr
    assert "said by the module" not in result.stdout
    forget()
    for command, more in (
        ("evaluate", ["shapes.csv"]),
        ("predict", ["shapes.csv"]),
        ("compare", ["shapes.csv", "--backends", "numpy,numpy"]),
        ("export", ["model.onnx"]),
    ):
        said = refused(command, "model.safetensors", *more)
        assert "unknown layer 'TwiceOfOptions': give --import MODULE, which defines it" in said
    result = run("evaluate", "model.safetensors", "shapes.csv", "--import", "mine")
    assert measured(result.stdout)["200 rows"]
    forget()
    assert run("predict", "model.safetensors", "shapes.csv", "--import", "mine").stdout
    forget()
    said = refused("export", "model.safetensors", "model.onnx", "--import", "mine")
    assert "does not say how ONNX computes it" in said
    card = json.loads(run("inspect", "model.safetensors", "--json").stdout)
    layer = next(layer for layer in card["layers"] if layer["type"] == "TwiceOfOptions")
    assert layer["settings"] == {"factor": 2.0}
    assert (card["members"], card["data"]["target"]["labels"]) == (5, ["circle", "square"])
    settings = ("--setting", "brake=3", "--momentum", 0.5)
    run("train", "vertical", "--epochs", 1, "--import", "mine", *own, *settings)
    optimizer = json.loads(run("inspect", "model.safetensors", "--json").stdout)["optimizer"]
    assert optimizer["type"] == "SlowOfOptions"
    assert (optimizer["brake"], optimizer["momentum"]) == (3, 0.5)


def test_a_card_needs_no_import(mine):
    namespace = {}
    exec(compile(MINE, "mine", "exec"), namespace)
    layers = [
        xpnn.Dense(3, 4),
        namespace["ScaleOfOptions"](4),
        xpnn.BatchNorm(4),
        xpnn.Dense(4, 2),
        xpnn.Softmax(),
    ]
    model = xpnn.Sequential(layers, seed=0)
    model.compile(namespace["LossOfOptions"](sharpness=2.0), namespace["SlowOfOptions"](0.1))
    model.save("model")
    wanted = json.loads(run("inspect", "model", "--json").stdout)
    assert wanted == json.loads(json.dumps(model.card()))
    forget()
    with pytest.raises(xpnn.ModelFileError, match="unknown layer 'ScaleOfOptions'"):
        xpnn.load("model")
    result = run("inspect", "model", "--json")
    assert "Note: of LossOfOptions and ScaleOfOptions and SlowOfOptions only" in result.stderr
    found = json.loads(result.stdout)
    assert found["layers"][1].pop("outputs") is None
    assert wanted["layers"][1].pop("outputs") == 4
    assert found == wanted
    shown = run("inspect", "model").stdout
    for line in (
        "ScaleOfOptions(n=4)", "loss       LossOfOptions(", "sharpness=2.0", "brake=2.0",
        f"{3 * 4 + 4 + 4 + 8 + 4 * 2 + 2} parameters",
    ):  # fmt: skip
        assert line in shown
    assert "ScaleOfOptions(n=4)" in run("inspect", "model", "--import", "mine").stdout


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d["layers"].append(3), "does not describe a network"),
        (lambda d: d.update(layers=3), "does not describe a network"),
        (lambda d: d.update(dtype="float8"), "the dtype must be float32 or float64"),
        (lambda d: d.update(extra={"preparation": 1}), "expected a preparation"),
        (lambda d: d["layers"].append({"type": "Dense"}), "has wrong fields"),
        (lambda d: d.pop("extra"), "does not describe a network"),
    ],
)
def test_a_card_by_the_file_alone_trusts_nothing(change, said):
    from xpnn.files.model_file import write_file

    description = {
        "dtype": "float32", "layers": [{"type": "NoSuchLayer"}], "loss": None,
        "optimizer": None, "metrics": [], "extra": {},
    }  # fmt: skip
    write_file("model", description, {})
    assert "NoSuchLayer()" in run("inspect", "model").stdout
    change(description)
    write_file("model", description, {})
    assert said in refused("inspect", "model")


def test_modules_that_cannot_be_imported(folder, mine):
    xpnn.Sequential([xpnn.Dense(2, 2)]).save("model")
    (folder / "inner").mkdir()
    (folder / "inner" / "mine.py").write_text("import mine\n")
    run("inspect", "model", "--import", "inner.mine", "--import", "math")
    forget()
    for name, said in (
        ("nothing", "there is no module 'nothing' in the current folder"),
        ("inner.nothing", "there is no module 'inner.nothing'"),
        ("mine.py", "there is no module 'mine.py'"),
        ("mine.py", "give its name, as mine"),
        ("", "--import must name a module"),
        (".mine", "--import .mine"),
    ):
        assert said in refused("inspect", "model", "--import", name)
    for code, said in (
        ("1 / 0", "--import mine_two: ZeroDivisionError: division by zero"),
        ("def", "--import mine_two: SyntaxError"),
        ("import nothing_at_all", "No module named 'nothing_at_all'"),
        ("raise SystemExit(7)", "--import mine_two: SystemExit: 7"),
        ("raise ValueError('in\\ntwo lines')", "ValueError: in two lines"),
    ):
        (folder / "mine_two.py").write_text(code)
        assert said in refused("inspect", "model", "--import", "mine_two")
        forget()
    # what defines a layer of xpnn's own name
    text = "from xpnn.layers import Layer\nclass Dense(Layer): pass\n"
    (folder / "mine_two.py").write_text(text)
    assert "give yours another name" in refused("inspect", "model", "--import", "mine_two")


# ------------------------------------------------------------------------------- paths


PATHS = [
    "train '' --target y", "train vertical --output ''", "train vertical --plot ''",
    "train vertical --movie ''", "train vertical --checkpoints ''", "inspect ''",
    "evaluate '' vertical", "evaluate model ''", "predict '' data.csv", "predict model ''",
    "predict model data.csv --output ''", "export '' a.onnx", "export model ''",
    "compare '' data.csv --backends numpy,numpy", "compare model '' --backends numpy,numpy",
]  # fmt: skip


@pytest.mark.parametrize("words", PATHS)
def test_an_empty_path_is_refused_by_name(folder, words):
    """It is what an unset variable of a shell leaves."""
    words = ["" if word == "''" else word for word in words.split()]
    before = words[words.index("") - 1]
    name = before if before.startswith("--") else ("MODEL", "DATA", "OUTPUT")[0]
    if not before.startswith("--"):
        name = "MODEL" if before == words[0] != "train" else "DATA"
        name = "OUTPUT.onnx" if words[0] == "export" and before == "model" else name
    said = refused(*words)
    assert f"Invalid value for '{name}" in said
    assert "it is empty" in said
    assert not [*folder.iterdir()]


@pytest.fixture
def odd(folder):
    """Paths at which no file can be written."""
    os.mkfifo(folder / "pipe")
    (folder / "folder").mkdir()
    (folder / "device.gif").symlink_to("/dev/null")
    return {
        "pipe": "must be a file, but is a pipe or a device",
        "/dev/null": "must be a file, but is a pipe or a device",
        "device.gif": "must be a file, but is a pipe or a device",
        "folder": "must be a file, but 'folder' is a folder",
        "nowhere/a.gif": "there is no folder 'nowhere'",
        "pipe/a.gif": "there is no folder 'pipe'",
        "a" * 300 + ".gif": "File name too long",
        "-": "must be a file, and can't be standard output",
    }


@pytest.mark.parametrize("option", ["--output", "--plot", "--movie"])
def test_what_cannot_be_written_is_found_before_the_training(monkeypatch, odd, option):
    def never(*args, **kwargs):
        raise AssertionError("training began")

    monkeypatch.setattr("xpnn.model.Sequential.fit", never)
    for path, said in odd.items():
        answer = refused("train", "vertical", option, path)
        assert said in answer
        assert answer.startswith(option)


def test_a_folder_for_checkpoints_that_cannot_be_is_found_before_the_training(
    monkeypatch, folder, odd
):
    def never(*args, **kwargs):
        raise AssertionError("training began")

    monkeypatch.setattr("xpnn.model.Sequential.fit", never)
    (folder / "file").touch()
    for path in ("file", "file/deeper", "pipe", "/dev/null", "/dev/null/x", "a" * 300):
        assert refused("train", "vertical", "--checkpoints", path).startswith("--checkpoints")
    assert not (folder / "kept").exists()
    monkeypatch.undo()
    monkeypatch.chdir(folder)
    run("train", "vertical", "--epochs", 1, "--checkpoints", "kept/deeper")
    assert [*(folder / "kept" / "deeper").iterdir()]


def test_an_onnx_file_that_cannot_be_written(odd):
    xpnn.Sequential([xpnn.Dense(2, 2)]).save("model")
    for path, said in odd.items():
        assert said in refused("export", "model", path)


def test_a_model_is_no_pipe(folder):
    os.mkfifo("pipe")
    assert "must be a file, but is a pipe or a device" in refused("inspect", "pipe")
    write_csv("data.csv", ["x"], [[1]])
    assert "is a pipe or a device" in refused("predict", "/dev/null", "data.csv")
