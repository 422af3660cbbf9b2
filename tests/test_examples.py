"""Every example runs as a user would run it, on a small setting, and says what it should."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"

# example: (arguments, what it must print)
QUICK = {
    "ch02_to_04_forward.py": ([], "[ 8.9   -1.81   0.2  ]"),
    "ch05_to_06_loss_and_search.py": (["--iterations", "300"], "spiral, random_walk"),
    "ch07_to_08_derivatives.py": ([], "from both sides: 12.0000000000"),
    "ch09_backpropagation.py": ([], "off"),
    "ch10_network.py": (["--steps", "101"], ", accuracy 0."),
    "ch10_runs.py": (
        ["--epochs", "3", "--run", "Adam", "--movies", "a/b"],
        "wrote a/b/adam.gif",
    ),
    "ch10_book_script.py": ([], "epoch: 100, acc: 0.443, loss: 1.053, lr: 0.9099181073703367"),
    "ch04_sine_by_hand.py": (["--epochs", "2"], "by hand: off by 0.0520 at most"),
    "ch10_walks.py": ([], "the lowest minimum is at -2.115, others at 1.861"),
    "look_inside.py": (
        ["--epochs", "1", "--spiral-epochs", "50"],
        "wrote confusion.png gradients.png neurons.png probabilities.png",
    ),
    "more_than_a_stack.py": (
        ["--epochs", "2", "--rows", "2000"],
        "two_heads: validation loss 2.",
    ),
    "own_layer.py": ([], "PReLU is right on"),
}


def run(name, folder, *arguments, **environment):
    # an example may import another one beside it, as it may where a person runs it
    usual = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    result = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / name), *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=folder,
        env={**usual, "EPOCHS": "101", "PYTHONUTF8": "1", **environment},
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("name", QUICK)
def test_an_example_runs(name, tmp_path):
    arguments, wanted = QUICK[name]
    assert wanted in run(name, tmp_path, *arguments)


def test_the_runs_of_chapter_10_print_the_rows_of_the_book(tmp_path):
    book = json.loads((Path(__file__).parent / "data" / "book.json").read_text())
    book = [*book["trajectories"]["runs"].values()]
    printed = run("ch10_runs.py", tmp_path, "--epochs", "101")
    headings = re.findall(r": (\w+)\((learning_rate=.*)\)\n", printed)
    rows = re.findall(r"epoch: (\d+), acc: ([\d.]+), loss: ([\d.]+), lr: ([\d.e-]+)\n", printed)
    assert len(headings) == len(book) + 1  # Adam's rows are not the book's
    assert [epoch for epoch, *_ in rows] == ["0", "100"] * len(headings)
    for k, (wanted, (optimizer, settings)) in enumerate(zip(book, headings)):
        assert optimizer == wanted["optimizer"]
        assert {f"{n}={v}" for n, v in wanted["settings"].items()} <= {*settings.split(", ")}
        for epoch, accuracy, loss, rate in rows[2 * k : 2 * k + 2]:
            known = wanted["rows"].get(epoch)
            assert known is None or known == [float(accuracy), float(loss)]
            assert wanted.get("lr", {}).get(epoch, float(rate)) == float(rate)


def test_the_book_s_script_runs_as_it_is(backend, tmp_path):
    """As long as roundings don't show, it prints the same everywhere."""
    spec = backend.spec.partition(":device")[0]
    printed = run("ch10_book_script.py", tmp_path, XPNN_BACKEND=f"{spec}!", EPOCHS="1")
    assert printed == "epoch: 0, acc: 0.360, loss: 1.099, lr: 1.0\n"


def test_fashion_mnist(tmp_path):
    """The real script on made-up images, whose checksums it is told to expect."""
    code = f"""
import gzip, hashlib, runpy, struct, sys
import numpy as np
import xpnn.datasets as datasets
rng = np.random.default_rng(0)
for prefix, n in (("train", 600), ("t10k", 100)):
    labels = rng.integers(10, size=n).astype(np.uint8)
    images = (rng.random((n, 784)) * 50 + 20 * labels[:, None]).astype(np.uint8)
    for name, header, data in (
        (f"{{prefix}}-images-idx3-ubyte", struct.pack(">4I", 2051, n, 28, 28), images),
        (f"{{prefix}}-labels-idx1-ubyte", struct.pack(">2I", 2049, n), labels),
    ):
        contents = header + data.tobytes()
        datasets.FASHION_FILES[name] = hashlib.sha256(contents).hexdigest()
        with gzip.open({str(tmp_path)!r} + "/" + name + ".gz", "wb") as file:
            file.write(contents)
sys.argv = ["fashion_mnist.py", "--epochs", "3"]
runpy.run_path({str(EXAMPLES / "fashion_mnist.py")!r}, run_name="__main__")
"""
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "XPNN_DATA": str(tmp_path)},
    )
    assert result.returncode == 0, result.stderr
    assert ": taken for " in result.stdout


def test_every_example_is_run():
    names = {path.name for path in EXAMPLES.glob("*.py")}
    assert names == {*QUICK, "fashion_mnist.py"}
    table = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in table for name in names)
