"""What the README promises is what the project does."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_layer_is_that_of_the_library():
    shown = blocks("python")[0].strip().splitlines()[1:]
    source = (ROOT / "xpnn" / "layers" / "dense.py").read_text(encoding="utf-8")
    source = re.sub(r"\(dy: Array\) -> tuple\[Array, Params\]", "(dy)", source)
    wanted = [line.strip() for line in shown]
    there = [line.strip() for line in source.splitlines()]
    start = there.index(wanted[0])
    assert there[start : start + len(wanted)] == wanted


def test_the_example_runs(tmp_path):
    code = blocks("python")[1]
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONSAFEPATH": "1"},
    )
    assert result.returncode == 0, result.stderr
    assert float(result.stdout.split()[0]) > 0.95


def test_links_and_pictures_are_there():
    for target in re.findall(r"\]\(([^)h][^)]*)\)", README):
        assert (ROOT / target).is_file(), target


def test_extras_are_real():
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for extra in re.findall(r"\"\.\[(\w+)\]\"", README):
        assert re.search(rf"^{extra} = ", pyproject, flags=re.MULTILINE), extra


def test_the_table_of_backends_is_whole():
    import xpnn

    for info in xpnn.available_backends():
        assert re.search(rf"^\| `{info.name}`", README, flags=re.MULTILINE), info.name
