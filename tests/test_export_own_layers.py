"""ONNX files of networks with a user's own layers."""

from dataclasses import dataclass

import numpy as np
import pytest
from nine_rows import X
from onnx_runs import run

import xpnn
from xpnn import Dense, Sequential
from xpnn.backend import array_namespace
from xpnn.export import onnx_model


@dataclass(frozen=True)
class CentredOfTestExport(xpnn.Layer):
    """Subtract what it learns, and multiply by a setting."""

    n: int
    factor: float = 0.3

    def parameters(self):
        return {"centre": xpnn.Parameter((self.n,), 0.7)}

    def forward(self, params, x):
        (centre,) = params
        xp = array_namespace(x)
        dcentre = lambda dy: (-self.factor * xp.sum(dy, axis=0),)  # noqa: E731
        return self.factor * (x - centre), lambda dy: (self.factor * dy, dcentre(dy))

    def to_onnx(self, graph, params, x):
        (centre,) = params
        return graph.node("Mul", graph.node("Sub", x, centre), graph.constant(self.factor))


@dataclass(frozen=True)
class SilentOfTestExport(xpnn.Layer):
    def forward(self, params, x):
        return -x, lambda dy: (-dy, ())


@dataclass(frozen=True)
class WrongOfTestExport(SilentOfTestExport):
    how: str = "none"

    def to_onnx(self, graph, params, x):
        if self.how == "unknown operator":
            return graph.node("Negative", x)
        if self.how == "unknown name":
            return "nothing"
        if self.how == "shape":
            return graph.node("Reshape", x, graph.constant([-1], "int64"))
        return None


def test_layer_of_the_user(dtype):
    layers = [
        CentredOfTestExport(3),
        Dense(3, 4),
        CentredOfTestExport(4),
        CentredOfTestExport(4),
    ]
    model = Sequential(layers, seed=0, dtype=dtype)
    x = X.astype(dtype)
    output = run(onnx_model(model), inputs=x)
    np.testing.assert_allclose(
        output, model.predict(x), rtol=1e-5 if dtype == "float32" else 1e-14
    )


def test_layer_that_says_nothing():
    model = Sequential([Dense(3, 2), SilentOfTestExport()])
    with pytest.raises(TypeError) as caught:
        onnx_model(model)
    for words in ("layers[1]", "SilentOfTestExport", "to_onnx(self, graph, params, x)"):
        assert words in str(caught.value)


@dataclass(frozen=True)
class SquaredOfTestExport(xpnn.ReLU):
    """What is inherited from ReLU says nothing of what this computes."""

    def forward(self, params, x):
        return x * x, lambda dy: (2 * x * dy, ())


@dataclass(frozen=True)
class RenamedOfTestExport(xpnn.ReLU):
    """This one computes what ReLU does."""


def test_layer_that_extends_another():
    with pytest.raises(
        TypeError, match="SquaredOfTestExport does not say how ONNX computes it"
    ):
        onnx_model(Sequential([SquaredOfTestExport()]))
    output = run(onnx_model(Sequential([RenamedOfTestExport()])), inputs=X.astype("float32"))
    np.testing.assert_array_equal(output, np.maximum(X.astype("float32"), 0))


@pytest.mark.parametrize("how", ["none", "unknown operator", "unknown name", "shape"])
def test_layer_that_says_something_wrong(how):
    model = Sequential([Dense(3, 2), WrongOfTestExport(how)])
    error = TypeError if how == "none" else ValueError
    with pytest.raises(
        error, match="must return the name" if how == "none" else "no valid ONNX"
    ):
        onnx_model(model)


def test_names_in_a_graph_are_all_different():
    made = onnx_model(Sequential([CentredOfTestExport(3)] * 2))
    names = [name for node in made.graph.node for name in node.output]
    names += [tensor.name for tensor in made.graph.initializer]
    assert len(names) == len(set(names))
