"""What is imported late moves no generator that a script has seeded."""

import random

import numpy as np
import pytest
from processes import run_python

from xpnn.backend.draws import undisturbed_draws

SEEDED = """
import random
import numpy as np

np.random.seed(0)
np.random.randn()  # the second of the pair that it made is kept for the next call
random.seed(0)
"""

UNMOVED = """
wanted = np.random.RandomState(0)
wanted.randn()
assert np.array_equal(np.random.randn(3), wanted.randn(3)), "NumPy's generator was moved"
assert random.random() == random.Random(0).random(), "Python's generator was moved"
"""


def check_in_a_new_process(code, **kwargs):
    """Run code behind seeds, with nothing imported yet but what it imports."""
    run_python(SEEDED + code + UNMOVED, **kwargs)


def test_a_backend_that_is_loaded_late(backend):
    code = """
import xpnn
b = xpnn.get_backend()
X, y = xpnn.datasets.spiral(20, 3, seed=0)
layers = [xpnn.Dense(2, 4), xpnn.ReLU(), xpnn.Dense(4, 3), xpnn.Softmax()]
model = xpnn.Sequential(layers, seed=0).compile("categorical_cross_entropy", "adam")
model.fit(b.asarray(X), y, epochs=2)
model.predict(X)
"""
    check_in_a_new_process(code, environment={"XPNN_BACKEND": f"{backend.spec}!"})


def test_a_backend_of_somebody_else(tmp_path):
    (tmp_path / "drawing.py").write_text("""
import random
import numpy as np
from xpnn.backend import BackendUnavailableError

np.random.rand(5), random.random()

def load(device):
    np.random.rand(5), random.random()
    raise BackendUnavailableError("drawing", "it only draws")
""")
    info = tmp_path / "drawing-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: drawing\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[xpnn.backends]\ndrawing = drawing:load\n")
    code = """
import xpnn
try:
    xpnn.set_backend("drawing!")
except xpnn.BackendUnavailableError:
    import sys
    assert "drawing" in sys.modules
"""
    check_in_a_new_process(code, path=[tmp_path])


def test_all_that_xpnn_imports_late(tmp_path):
    code = f"""
import importlib, pkgutil
import xpnn

for module in pkgutil.walk_packages(xpnn.__path__, "xpnn."):
    if module.name != "xpnn.__main__" and not module.name.startswith("xpnn.backends"):
        importlib.import_module(module.name)
model = xpnn.Sequential([xpnn.Dense(2, 3), xpnn.Softmax()], seed=0)
model.export_onnx({str(tmp_path / "a.onnx")!r})
model.save({str(tmp_path / "a.safetensors")!r})
xpnn.plots.weight_maps(model).savefig({str(tmp_path / "a.png")!r})
"""
    check_in_a_new_process(code)


def test_the_state_is_whole():
    before, pythons = np.random.get_state(legacy=False), random.getstate()

    def disturb():
        with undisturbed_draws():
            np.random.standard_normal(), random.gauss(0, 1)  # both keep the second of a pair
            np.random.seed(5)
            raise ImportError

    try:
        np.random.seed(3)
        random.seed(3)
        with pytest.raises(ImportError):
            disturb()
        wanted = np.random.RandomState(3).randn(5)
        assert np.array_equal(np.random.standard_normal(5), wanted)
        assert random.gauss(0, 1) == random.Random(3).gauss(0, 1)
    finally:
        np.random.set_state(before)
        random.setstate(pythons)
