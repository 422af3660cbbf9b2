"""A library of somebody else's, whose arrays don't name their namespace, passes the tests."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import array_api_strict
import numpy as np
import pytest

from xpnn.backend import Backend, array_namespace, is_array, resolve, set_namespace

ROOT = Path(__file__).parents[2]

SEAM = """
import numpy as np
from xpnn.backend import Backend, BackendUnavailableError, set_namespace

class TheirBackend(Backend):
    def from_numpy(self, x, dtype, copy):
        wanted = self.dtype(x.dtype if dtype is None else dtype)
        with np.errstate(over="ignore"):
            return self.xp.asarray(x.copy(), dtype=wanted, device=self.device)

    def to_numpy(self, x):
        return np.asarray(x)

    def activate(self):
        return np.errstate(over="ignore", invalid="ignore")

def load(device):
    try:
        import theirs as xp
    except ImportError as error:
        raise BackendUnavailableError("theirs", str(error), "Install it") from error
    set_namespace(type(xp.zeros(1)), xp)
    return TheirBackend("theirs", xp, xp.Device(device or "CPU_DEVICE"), "3.1")
"""


@pytest.fixture
def theirs(tmp_path):
    """A folder for sys.path with a library of arrays, and a package that registers it."""
    library = tmp_path / "theirs"
    original = Path(array_api_strict.__file__).parent
    shutil.copytree(original, library, ignore=shutil.ignore_patterns("tests", "__pycache__"))
    for path in library.rglob("*.py"):
        text = path.read_text(encoding="utf-8").replace("array_api_strict", "theirs")
        text = text.replace("def __array_namespace__", "def _no_namespace")
        path.write_text(text, encoding="utf-8")
    (tmp_path / "their_seam.py").write_text(SEAM)
    info = tmp_path / "their_seam-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-seam\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[xpnn.backends]\ntheirs = their_seam:load\n")
    return tmp_path


def test_it_passes_the_tests_of_backends(theirs):
    environment = {**os.environ, "PYTHONPATH": str(theirs), "XPNN_TEST_BACKENDS": "theirs"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    files = ["backends/test_backends.py", "sklearn/test_sklearn_arrays.py"]
    done = subprocess.run(
        [*command, "-k", "surface or moved or kind", *(f"tests/{name}" for name in files)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_the_namespace_that_was_set_is_that_of_the_arrays(monkeypatch):
    monkeypatch.setattr("xpnn.backend.arrays._namespaces", {})

    class Stranger:
        shape = (1,)

    xp = resolve("numpy").xp
    assert not is_array(Stranger())
    set_namespace(Stranger, xp)
    assert is_array(Stranger())
    assert array_namespace(Stranger()) is xp
    assert Backend("strange", xp).owns(Stranger())


def test_the_old_name_of_from_numpy_may_be_overridden_still():
    class OfBefore(Backend):
        def _place(self, x, dtype, copy):
            return super()._place(x + 1, dtype, copy)

    placed = OfBefore("before", resolve("numpy").xp).asarray([1.0, 2.0])
    np.testing.assert_array_equal(placed, [2.0, 3.0])
