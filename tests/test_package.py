"""The package itself: parts that are imported when asked for, and the command."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import xpnn


def test_parts_are_imported_when_asked_for():
    code = "import xpnn; xpnn.testing.check_layer; xpnn.nnfs.init; xpnn.plots; dir(xpnn)"
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        xpnn.nothing  # noqa: B018


def test_the_package_runs_as_the_command():
    result = subprocess.run(
        [sys.executable, "-m", "xpnn", "--version"], capture_output=True, text=True, check=True
    )
    assert xpnn.__version__ in result.stdout


def test_extras_promise_the_same():
    """What is enough for one extra is enough for all, and what `tests(oldest)` tries."""
    text = (Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    bounds = {}
    for promised in (project["dependencies"], *project["optional-dependencies"].values()):
        for requirement in promised:
            name, bound = re.match(r"([\w-]+)\S*?(>=[\d.]+)", requirement).groups()
            bounds.setdefault(name, set()).add(bound)
    assert {name: found for name, found in bounds.items() if len(found) > 1} == {}
    tested = {re.match(r"[\w-]+", r)[0] for r in project["optional-dependencies"]["test"]}
    ours = ("plot", "sklearn", "movie", "onnx", "skl2onnx", "strict")
    for extra in (*ours, "tensorboard", "mlflow", "optuna", "dask", "play"):
        for requirement in project["optional-dependencies"][extra]:
            assert re.match(r"[\w-]+", requirement)[0] in tested
