"""Networks that can't learn what they are asked are refused, and others are not."""

from dataclasses import dataclass

import numpy as np
import pytest

import xpnn
from xpnn import (
    BatchNorm,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Dense,
    Dropout,
    LeakyReLU,
    Linear,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    Step,
    Tanh,
)
from xpnn.backend import array_namespace

rng = np.random.default_rng(0)
X = rng.standard_normal((60, 5))
D = Dense(5, 3)


class DoubledOfTestGoals(xpnn.Layer):
    """One's own that forgot to say that it is unbounded."""

    def forward(self, params, x):
        return 2 * x, lambda dy: (2 * dy, ())


class SaysWrongOfTestGoals(DoubledOfTestGoals):
    unbounded = False


@dataclass(frozen=True)
class ShiftedOfTestGoals(xpnn.Layer):
    """One's own that learns, and begins with 0."""

    n: int

    def parameters(self):
        return {"scale": xpnn.Parameter((self.n,))}

    def forward(self, params, x):
        (scale,) = params
        xp = array_namespace(x)
        return x * scale, lambda dy: (dy * scale, (xp.sum(dy * x, axis=0),))


class SharperOfTestGoals(xpnn.Layer):
    """One's own whose rows are probabilities; it overflows for large inputs."""

    def forward(self, params, x):
        xp = array_namespace(x)
        e = xp.exp(2 * x)
        y = e / xp.sum(e, axis=1, keepdims=True)
        return y, lambda dy: (2 * y * (dy - xp.sum(dy * y, axis=1, keepdims=True)), ())


class HardOfTestGoals(xpnn.Layer):
    """One's own whose outputs are probabilities each."""

    def forward(self, params, x):
        xp = array_namespace(x)
        y = xp.minimum(xp.maximum(0.2 * x + 0.5, 0.0), 1.0)
        return y, lambda dy: (xp.where((y > 0) & (y < 1), 0.2 * dy, 0.0), ())


class CodesOfTestGoals(xpnn.Layer):
    """One's own that can't be tried out."""

    def forward(self, params, x):
        raise ValueError("no such code")


class ToldOfTestGoals(CodesOfTestGoals):
    unbounded = False


class LogarithmOfTestGoals(xpnn.Layer):
    """One's own that takes few of the rows that are tried: of eleven columns one of them."""

    def forward(self, params, x):
        return array_namespace(x).log1p(x), lambda dy: (dy / (1 + x), ())


class MeanOfTestGoals(xpnn.Layer):
    """One's own that gives another number of rows."""

    def forward(self, params, x):
        xp = array_namespace(x)
        y = xp.mean(x, axis=0, keepdims=True)
        return y, lambda dy: (xp.broadcast_to(dy / x.shape[0], x.shape), ())


OWN = DoubledOfTestGoals(), SaysWrongOfTestGoals(), ShiftedOfTestGoals(3), CodesOfTestGoals()


@pytest.mark.parametrize(
    "end",
    [
        *(
            (layer,)
            for layer in (Sigmoid(), Tanh(), ReLU(), Step(), LeakyReLU(), Linear(), *OWN)
        ),
        *((HardOfTestGoals(),), (Softmax(), BatchNorm(3))),
        *((Softmax(), Softmax()), (Sigmoid(), Softmax()), ()),
    ],
    ids=repr,
)
@pytest.mark.parametrize("loss", [CategoricalCrossEntropy(), "categorical_cross_entropy"])
def test_what_gives_no_probabilities_of_classes(end, loss):
    model = Sequential([D, *end])
    with pytest.raises(ValueError, match=r"probabilities.*(Softmax\(\)|leave)"):
        model.compile(loss, "adam")
    assert model.compiled is None


@pytest.mark.parametrize(
    "end",
    [
        *((layer,) for layer in (Tanh(), ReLU(), Step(), LeakyReLU(), Linear(), *OWN)),
        *((Sigmoid(), BatchNorm(3)), (Sigmoid(), Sigmoid()), ()),
    ],
    ids=repr,
)
def test_what_gives_no_probabilities_of_yes(end):
    with pytest.raises(ValueError, match=r"BinaryCrossEntropy.*Sigmoid\(\)|Sigmoid\(\).*leave"):
        Sequential([D, *end]).compile("binary_cross_entropy", "adam")


@pytest.mark.parametrize("loss", [CategoricalCrossEntropy, BinaryCrossEntropy])
@pytest.mark.parametrize("last", [Sigmoid(), Softmax(), HardOfTestGoals()], ids=str)
def test_probabilities_where_logits_are_wanted(loss, last):
    with pytest.raises(ValueError, match=r"takes logits.*gives probabilities"):
        Sequential([D, last]).compile(loss(from_logits=True), "adam")


@pytest.mark.parametrize(
    ("end", "loss"),
    [
        *(((*before, Softmax()), CategoricalCrossEntropy()) for before in [
            (), (Softmax(), Dense(3, 3)), (ReLU(),), (Tanh(),), (Dropout(0.5),), (BatchNorm(3),)
        ]),
        *(((*before, Sigmoid()), BinaryCrossEntropy()) for before in ((), (ReLU(),))),
        ((Softmax(),), BinaryCrossEntropy()),
        ((Softmax(), Dropout(0.5)), CategoricalCrossEntropy()),
        ((Softmax(), ToldOfTestGoals()), CategoricalCrossEntropy()),
        ((SharperOfTestGoals(),), CategoricalCrossEntropy()),
        ((HardOfTestGoals(),), BinaryCrossEntropy()),
        ((), CategoricalCrossEntropy(from_logits=True)),
        ((Tanh(),), CategoricalCrossEntropy(from_logits=True)),
        *(((layer,), "mean_squared_error") for layer in (Softmax(), Sigmoid(), ReLU(), *OWN)),
    ],
    ids=repr,
)  # fmt: skip
def test_what_can_be_right(end, loss):
    Sequential([D, *end]).compile(loss, "adam")


@pytest.mark.parametrize("layer", [LogarithmOfTestGoals(), MeanOfTestGoals()], ids=repr)
def test_what_tells_too_little_when_it_is_tried(layer):
    Sequential([Dense(5, 11), layer]).compile("mean_squared_error", "adam")


@pytest.mark.parametrize(
    "loss", ["binary_cross_entropy", "categorical_cross_entropy", "mean_squared_error"]
)
def test_softmax_of_one_output(loss):
    with pytest.raises(
        ValueError, match=r"use Sigmoid\(\), or two outputs|one and Sigmoid\(\)"
    ):
        Sequential([Dense(5, 1), Softmax()]).compile(loss, "adam")


def test_one_output_that_is_known_late():
    model = Sequential([Softmax()]).compile("categorical_cross_entropy", "adam")
    with pytest.raises(ValueError, match="an output for each class, got one"):
        model.fit(X[:, :1], np.zeros(60, int))


Y = X[:, 0]


@pytest.mark.parametrize(
    ("last", "y"),
    [
        *((Sigmoid(), 3 * Y + 1), (Sigmoid(), Y), (Softmax(), Y[:, None] + [0.0, 9.0])),
        *((Tanh(), 20 * Y), (ReLU(), Y - 9), (HardOfTestGoals(), 9 * Y)),
    ],
    ids=repr,
)
@pytest.mark.parametrize("loss", ["mean_squared_error", "mean_absolute_error", "huber"])
def test_targets_that_can_not_be_reached(backend, last, y, loss):
    model = Sequential([Dense(5, y.shape[1] if y.ndim == 2 else 1), last])
    model.compile(loss, "adam")
    state = model.generator.bit_generator.state
    with pytest.raises(ValueError, match=r"y must be near what .*can give.*; got .* in row"):
        model.fit(backend.asarray(X), backend.asarray(y))
    assert model.generator.bit_generator.state == state


@pytest.mark.parametrize(
    ("last", "y"),
    [
        *((Sigmoid(), Y > 0), (Sigmoid(), (Y > 0) + 0.1 * X[:, 1]), (Tanh(), np.sign(Y))),
        *((ReLU(), Y), (Tanh(), np.tanh(Y) * 1.2), (DoubledOfTestGoals(), 1e6 * Y)),
    ],
)
def test_targets_that_are_a_little_off(last, y):
    model = Sequential([Dense(5, 1), last], seed=0).compile(
        "mean_squared_error", xpnn.Adam(1e-3)
    )
    model.fit(X, y)


def test_a_step_teaches_nothing():
    model = Sequential([Dense(5, 1), Step()]).compile("mean_squared_error", "adam")
    model.evaluate(X, Y > 0)
    with pytest.raises(ValueError, match=r"Step\(\), whose derivative is 0"):
        model.fit(X, Y > 0)
    Sequential([D, Step(), Dense(3, 1)]).compile("mean_squared_error", "adam").fit(X, Y)


def test_several_yes_where_outputs_compete(backend):
    model = Sequential([D, Softmax()], seed=0).compile(BinaryCrossEntropy(), "adam")
    one = np.eye(3)[np.argmax(X[:, :3], axis=1)]
    model.fit(backend.asarray(X), backend.asarray(one))
    two = one.copy()
    two[4] = 1
    with pytest.raises(ValueError, match=r"one yes in each row.*Sigmoid\(\); got 1.0 in row 4"):
        model.fit(backend.asarray(X), backend.asarray(two))


class CentredOfTestGoals(xpnn.Layer):
    """One's own that takes the mean of a batch away."""

    def forward(self, params, x):
        return x, lambda dy: (dy, ())

    def train(self, params, state, x):
        xp = array_namespace(x)
        y = x - xp.mean(x, axis=0)
        return y, lambda dy: (dy - xp.mean(dy, axis=0), ()), ()


@pytest.mark.parametrize("layer", [BatchNorm(16), CentredOfTestGoals()], ids=str)
def test_batches_of_one_row(backend, layer):
    layers = [Dense(5, 16), layer, ReLU(), Dense(16, 1)]
    model = Sequential(layers, seed=0).compile("mean_squared_error", "adam")
    for rows, how in (
        (60, {"batch_size": 1}),
        (1, {}),
        (1, {"batch_size": None}),
        (2, {"validation_split": 0.5}),
    ):
        before = model.copy_tensors()
        with pytest.raises(ValueError, match=r"batch_size must be at least 2 for .*two rows"):
            model.fit(X[:rows], Y[:rows], **how)
        for name, array in model.tensors().items():
            assert bool(backend.xp.all(array == before[name]))
    model.fit(X, Y, batch_size=59)  # the last one has one row
    model.evaluate(X[:1], Y[:1])
    Sequential([D, Dropout(0.5), Dense(3, 1)]).compile("huber", "sgd").fit(X, Y, batch_size=1)


def test_a_file_of_such_a_network_still_loads(folder, monkeypatch):
    """Older versions compiled it; what it predicts is as good as it was."""
    model = Sequential([D, Sigmoid()], seed=0)
    with monkeypatch.context() as patch:
        patch.setattr("xpnn.network.goals.check_goal", lambda *arguments: None)
        model.compile("categorical_cross_entropy", "adam")
    model.save("model.safetensors")
    np.testing.assert_array_equal(xpnn.load("model.safetensors").predict(X), model.predict(X))
