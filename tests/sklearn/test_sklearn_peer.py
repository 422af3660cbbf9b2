"""scikit-learn's own tests of its MLP, on ours: their file is read where it is installed.

Only the import is exchanged.  One test asks a private function of scikit-learn's for a
gradient, and is given the one that ours has.
"""

import math
import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from xpnn import Sequential
from xpnn.sklearn.networks import make_layers
from xpnn.sklearn.perceptron import Perceptron

PATH = Path(find_spec("sklearn.neural_network").origin).parent / "tests" / "test_mlp.py"
SOURCE, EXCHANGED = re.subn(
    r"^from sklearn\.neural_network import MLPClassifier, MLPRegressor$",
    "from xpnn.sklearn import MLPClassifier, MLPRegressor",
    PATH.read_text(encoding="utf-8"),
    flags=re.MULTILINE,
)
exec(compile(SOURCE, str(PATH), "exec"))


@pytest.fixture
def global_random_seed():
    return 42


def loss_and_gradient(self, flat, X, y, *rest):
    """Return what lbfgs is given, of parameters in scikit-learn's order."""
    shapes = [a.shape for a in [*self.coefs_, *self.intercepts_]]
    ends = np.cumsum([math.prod(shape) for shape in shapes])
    arrays = [a.reshape(shape) for a, shape in zip(np.split(flat, ends[:-1]), shapes)]
    layers = make_layers(self, self._sizes(), self.out_activation_, len(X))
    last = self._last()
    model = Sequential(layers, dtype=last.dtype).compile(last.compiled.loss, "sgd")
    half = len(self.coefs_)
    model.set_parameters([a for pair in zip(arrays[:half], arrays[half:]) for a in pair])
    loss, grads = model.gradients(X, y if y.shape[1] > 1 else y[:, 0])
    return loss, np.concatenate([grad.ravel() for grad in (*grads[::2], *grads[1::2])])


@pytest.fixture(autouse=True)
def gradients(monkeypatch):
    monkeypatch.setattr(Perceptron, "_loss_grad_lbfgs", loss_and_gradient, raising=False)


def test_it_is_ours_that_is_tested():
    assert EXCHANGED == 1
    assert MLPClassifier.__module__ == "xpnn.sklearn.classifier"  # noqa: F821
    names = {name for name in globals() if name.startswith("test_")}
    assert len(names) > 40
