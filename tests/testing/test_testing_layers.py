"""The check of users' own layers finds what it is there to find."""

from dataclasses import dataclass, replace

import pytest
from support import of_the_core

import xpnn
from xpnn.backend import array_namespace, device_of, index_dtype_of
from xpnn.layers import LAYERS
from xpnn.testing import check_layer


@pytest.mark.parametrize(
    "layer",
    [
        xpnn.Dense(3, 4),
        xpnn.Dropout(0.4),
        xpnn.BatchNorm(3, momentum=0.7),
        xpnn.Exponential(),
        xpnn.LayerNorm(3, epsilon=0.1),
        xpnn.Linear(),
        xpnn.Scale(3),
        xpnn.Step(),
        xpnn.ReLU(),
        xpnn.LeakyReLU(0.1),
        xpnn.NTKDense(3, 2),
        xpnn.NumericEmbedding(3),
        xpnn.NumericEmbedding(3, 2, n_outputs=1, n_frequencies=4, scale=0.3),
        xpnn.OneHot(3, (2,)),
        xpnn.PeriodicEmbedding(3, n_outputs=3, n_frequencies=2),
        xpnn.PeriodicEmbedding(3, 2, n_outputs=2, n_frequencies=4, scale=0.3),
        xpnn.PiecewiseLinear(3, [[-1, 0, 0.4, 1], [0, 1]]),
        xpnn.SiLU(),
        xpnn.GELU(),
        xpnn.ELU(),
        xpnn.ELU(0.3),
        xpnn.SELU(),
        xpnn.Mish(),
        xpnn.Softplus(),
        xpnn.Sigmoid(),
        xpnn.Tanh(),
        xpnn.Softmax(),
        xpnn.Chain(),
        xpnn.Chain(xpnn.Tanh(), xpnn.Dense(3, 4, l2=0.1), xpnn.Dropout(0.3)),
        xpnn.Residual(xpnn.Dense(3, 2), xpnn.BatchNorm(2), xpnn.SiLU(), xpnn.Dense(2, 3)),
        xpnn.Concatenate(xpnn.Select(1), xpnn.Chain(xpnn.Select(0, 2), xpnn.Dense(2, 2))),
        xpnn.Select(2, 0, 0, -1),
        xpnn.Select(slice(1, None)),
        xpnn.Frozen(xpnn.Chain(xpnn.Dense(3, 4), xpnn.BatchNorm(4), xpnn.Dropout(0.5))),
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
            "Chain",
            "Concatenate",
            "Dense",
            "Dropout",
            "Embedding",
            "Exponential",
            "Frozen",
            "LayerNorm",
            "Linear",
            "NTKDense",
            "NumericEmbedding",
            "OneHot",
            "PeriodicEmbedding",
            "PiecewiseLinear",
            "Scale",
            "Step",
            "ReLU",
            "Residual",
            "Select",
            "LeakyReLU",
            "SiLU",
            "GELU",
            "ELU",
            "SELU",
            "Mish",
            "Softplus",
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


# Each of these works on NumPy, and not everywhere.


class NoDevice(xpnn.Layer):
    def forward(self, params, x):
        xp = array_namespace(x)
        factors = xp.arange(x.shape[1], dtype=x.dtype)
        return x * factors, lambda dy: (dy * factors, ())


class ItsDevice(xpnn.Layer):
    def forward(self, params, x):
        xp = array_namespace(x)
        factors = xp.arange(x.shape[1], dtype=x.dtype, device=x.device)
        return x * factors, lambda dy: (dy * factors, ())


class WideIntegers(xpnn.Layer):
    def forward(self, params, x):
        xp = array_namespace(x)
        index = xp.astype(xp.zeros(x.shape[1], device=device_of(x)), xp.int64)
        taken = xp.take(x, index, axis=1)

        def backward(dy):
            dx = xp.zeros_like(x)
            dx = dx + xp.concat(
                [xp.sum(dy, axis=1, keepdims=True), xp.zeros_like(x[:, 1:])], axis=1
            )
            return dx, ()

        return taken, backward


class LooksAtNumbers(xpnn.Layer):
    def forward(self, params, x):
        factor = 2.0 if array_namespace(x).max(x) > 0 else 1.0
        return factor * x, lambda dy: (factor * dy, ())


class RightEverywhere(xpnn.Layer):
    def forward(self, params, x):
        xp = array_namespace(x)
        index = xp.arange(x.shape[1], dtype=index_dtype_of(x), device=device_of(x))
        factors = xp.astype(index, x.dtype)
        return x * factors, lambda dy: (dy * factors, ())


def test_a_second_device_is_tried():
    with pytest.raises(AssertionError, match=r"NoDevice.* on array_api_strict in .*devices"):
        check_layer(NoDevice(), (5, 3))
    check_layer(RightEverywhere(), (5, 3))


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (ItsDevice(), r"device_of\(x\)"),
        (WideIntegers(), r"int64.*index_dtype_of\(x\)"),
        (LooksAtNumbers(), "no number can be looked at"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_no_compiler_takes_is_found_where_there_is_none(layer, said):
    with pytest.raises(AssertionError, match=rf"where a step is compiled: .*{said}"):
        check_layer(layer, (5, 3), backends=["numpy"])


@dataclass(frozen=True)
class ForgetsOutputSize(xpnn.Layer):
    def forward(self, params, x):
        return x[:, :0], lambda dy: (array_namespace(x).zeros_like(x), ())


def test_an_output_size_that_was_forgotten():
    with pytest.raises(AssertionError, match=r"y has the shape \(5, 0\), not \(5, 3\)"):
        check_layer(ForgetsOutputSize(), (5, 3), backends=["numpy"])


@dataclass(frozen=True)
class CodesOfTestTesting(xpnn.Layer):
    """A number learnt for each code."""

    n: int

    def parameters(self):
        return {"table": xpnn.Parameter((self.n,), "glorot_uniform")}

    def forward(self, params, x):
        (table,) = params
        xp = array_namespace(x)
        codes = xp.arange(self.n, dtype=x.dtype, device=device_of(x))
        rows = xp.astype(xp.abs(x[:, :, None] - codes) < 0.5, x.dtype)  # (samples, k, n)

        def backward(dy):
            return xp.zeros_like(x), (xp.sum(dy[:, :, None] * rows, axis=(0, 1)),)

        return xp.sum(rows * table, axis=2), backward


def test_inputs_may_be_given(backend):
    codes = [[0, 2], [1, 1], [3, 0]]
    check_layer(CodesOfTestTesting(4), (3, 2), inputs=codes, backends=["numpy", backend])
    with pytest.raises(ValueError, match=r"inputs must have the shape \(2, 2\), got \(3, 2\)"):
        check_layer(CodesOfTestTesting(4), (2, 2), inputs=codes)


@dataclass(frozen=True)
class InRowOfTestTesting(xpnn.Layer):
    """Layers within a layer."""

    layers: tuple[xpnn.Layer, ...]

    def forward(self, params, x):
        backwards = []
        for layer in self.layers:
            x, backward = layer.forward((), x)
            backwards.append(backward)

        def back(dy):
            for backward in reversed(backwards):
                dy, _ = backward(dy)
            return dy, ()

        return x, back


def test_layers_within_a_layer_are_saved(backend):
    layer = InRowOfTestTesting((xpnn.Tanh(), xpnn.LeakyReLU(0.2)))
    check_layer(layer, (5, 3), backends=["numpy", backend])


@dataclass(frozen=True)
class NotTrained(xpnn.Layer):
    """It works outside of training only."""

    def train(self, params, state, x):
        raise ValueError("no training today")

    def forward(self, params, x):
        return 2 * x, lambda dy: (2 * dy, ())


def test_what_does_not_train():
    with pytest.raises(AssertionError, match=r"in a network on numpy.*no training today"):
        check_layer(NotTrained(), (5, 3), backends=["numpy"])


def test_no_backend_at_all():
    """What is asked once is asked all the same."""
    check_layer(xpnn.ReLU(), (5, 3), backends=[])
    with pytest.raises(AssertionError, match="where a step is compiled"):
        check_layer(LooksAtNumbers(), (5, 3), backends=[])


@dataclass(frozen=True)
class OnTheDefaultDevice(xpnn.Layer):
    def forward(self, params, x):
        factors = array_namespace(x).arange(x.shape[1], dtype=x.dtype)
        return x * factors, lambda dy: (dy * factors, ())


def test_a_named_library_with_a_second_device_is_checked_there():
    with pytest.raises(AssertionError, match="array_api_strict"):
        check_layer(OnTheDefaultDevice(), (5, 3), backends=["array_api_strict"])
    check_layer(OnTheDefaultDevice(), (5, 3), backends=["array_api_strict:CPU_DEVICE"])
