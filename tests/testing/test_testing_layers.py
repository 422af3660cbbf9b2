"""The check of users' own layers finds what it is there to find."""

from dataclasses import dataclass, replace

import pytest
from support import of_the_core

import xpnn
from xpnn.backend import array_namespace
from xpnn.layers import LAYERS
from xpnn.testing import check_layer


@pytest.mark.parametrize(
    "layer",
    [
        xpnn.Dense(3, 4),
        xpnn.Dropout(0.4),
        xpnn.BatchNorm(3, momentum=0.7),
        xpnn.Linear(),
        xpnn.Step(),
        xpnn.ReLU(),
        xpnn.LeakyReLU(0.1),
        xpnn.Sigmoid(),
        xpnn.Tanh(),
        xpnn.Softmax(),
    ],
    ids=str,
)
@pytest.mark.parametrize("n", [1, 5])
def test_every_layer_passes(layer, n, backend):
    check_layer(layer, (n, 3), backends=["numpy", backend])


def test_every_layer_is_tested():
    ours = {name for name, cls in LAYERS.items() if of_the_core(cls)}
    assert ours == {
        *(
            "BatchNorm",
            "Dense",
            "Dropout",
            "Linear",
            "Step",
            "ReLU",
            "LeakyReLU",
            "Sigmoid",
            "Tanh",
            "Softmax",
        )
    }


# Each of these is wrong in one way.


@dataclass(frozen=True)
class WrongGradient(xpnn.Layer):
    def forward(self, params, x):
        return x * x, lambda dy: (dy * x, ())


@dataclass(frozen=True)
class ChangesInput(xpnn.Layer):
    def forward(self, params, x):
        x *= 2
        return x * 1, lambda dy: (dy * 2, ())


@dataclass(frozen=True)
class ChangesGradient(xpnn.Layer):
    def forward(self, params, x):
        def backward(dy):
            dy *= 2
            return dy * 1, ()

        return x * 2, backward


@dataclass(frozen=True)
class WrongDtype(xpnn.Layer):
    def forward(self, params, x):
        xp = array_namespace(x)
        return xp.astype(x, xp.float64), lambda dy: (dy, ())


@dataclass(frozen=True)
class WrongSize(xpnn.Layer):
    def output_size(self, n_inputs):
        return n_inputs

    def forward(self, params, x):
        return x[:, :1], lambda dy: (dy, ())


@dataclass(frozen=True)
class ForgetsGradient(xpnn.Layer):
    def parameters(self):
        return {"slope": xpnn.Parameter((1,), 0.25)}

    def forward(self, params, x):
        return x * params[0], lambda dy: (dy * params[0], ())


class NotSaved(xpnn.Layer):
    def __init__(self, factor=2.0):
        object.__setattr__(self, "factor", factor)

    def forward(self, params, x):
        return x * self.factor, lambda dy: (dy * self.factor, ())


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (WrongGradient(), r"WrongGradient.*numpy.*dx, beside central differences.*deviation"),
        (ChangesInput(), "x was changed"),
        (ChangesGradient(), "was changed"),
        (WrongDtype(), "y has the dtype float64, not float32"),
        (WrongSize(), "y has the shape"),
        (ForgetsGradient(), "0 gradients for 1 parameters"),
        (NotSaved(3.0), "after saving and loading"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_wrong_layer_is_found(layer, message):
    with pytest.raises(AssertionError, match=message):
        check_layer(layer, (4, 3), backends=["numpy"])


def test_a_name_of_xpnn_cannot_be_taken():
    with pytest.raises(TypeError, match=r"xpnn has a layer 'ReLU'"):
        type("ReLU", (xpnn.Layer,), {})


def test_layers_are_frozen():
    layer = xpnn.Dropout(0.5)
    with pytest.raises(AttributeError):
        layer.rate = 0.1
    assert replace(layer, rate=0.1) == xpnn.Dropout(0.1)
