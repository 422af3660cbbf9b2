"""Networks that can't learn what they are asked are refused, and others are not."""

from dataclasses import dataclass

import numpy as np
import pytest
from support import first_line

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
    ids=first_line,
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


# ------------------------------------------------------------------- what must not be refused


@dataclass(frozen=True)
class GuessOfTestGoals(xpnn.Layer):
    """One's own that learns, and makes probabilities of probabilities: p = g + (1 - g) x."""

    def parameters(self):
        return {"guess": xpnn.Parameter((1,), 0.1)}

    def forward(self, params, x):
        (g,) = params
        xp = array_namespace(x)
        return g + (1 - g) * x, lambda dy: ((1 - g) * dy, (xp.sum(dy * (1 - x), axis=0),))


@dataclass(frozen=True)
class NoiseOfTestGoals(xpnn.Layer):
    """Learnt noise of labels: p @ softmax(W) (Goldberger and Ben-Reuven, 2017)."""

    k: int

    def parameters(self):
        return {"weights": xpnn.Parameter((self.k, self.k))}

    def forward(self, params, p):
        q, back = Softmax().forward((), params[0])
        return p @ q, lambda dy: (dy @ q.T, (back(p.T @ dy)[0],))


@pytest.mark.parametrize(
    ("end", "loss"),
    [
        ((Dense(5, 1), Sigmoid(), GuessOfTestGoals()), "binary_cross_entropy"),
        ((D, Softmax(), NoiseOfTestGoals(3)), "categorical_cross_entropy"),
    ],
    ids=["guess", "noise"],
)
def test_what_learns_may_make_probabilities_of_probabilities(backend, end, loss):
    model = Sequential(end, seed=0).compile(loss, xpnn.Adam(0.05))
    y = (X[:, 0] > 0).astype(int)
    model.fit(X, y, epochs=40, verbose=False)
    assert model.evaluate(X, y)["accuracy"] > 0.8


def test_a_training_in_parts_may_end_in_one_row(backend):
    model = Sequential([Dense(5, 8), BatchNorm(8), ReLU(), Dense(8, 1)], seed=0)
    model.compile("mean_squared_error", "adam")
    with pytest.raises(ValueError, match="batch_size must be at least 2"):
        model.fit(X[:1], X[:1, 0], verbose=False)
    for start in (0, 32):
        model.fit(X[start : start + 32], X[start : start + 32, 0], verbose=False)
    model.fit(X[:1], X[:1, 0], verbose=False)
    with pytest.raises(ValueError, match="batch_size must be at least 2"):
        model.fit(X, X[:, 0], batch_size=1, verbose=False)


@dataclass(frozen=True)
class AboveOfTestGoals(xpnn.Layer):
    """One's own with a threshold that it keeps: of many rows it gives zeros."""

    n: int

    def state(self):
        return {"threshold": xpnn.Parameter((self.n,))}

    def forward(self, params, x):
        (t,) = params
        xp = array_namespace(x)
        return (x - t) * xp.astype(x > t, x.dtype), lambda dy: (dy, ())

    def train(self, params, state, x, *noise):
        y, backward = self.forward(state, x)
        return y, backward, tuple(0.9 * t for t in state)


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("layer", [AboveOfTestGoals, lambda n: Dropout(0.5), lambda n: ReLU()])
def test_a_layer_that_gives_zeros_for_some_rows_takes_batches_of_one(layer, n):
    model = Sequential([Dense(5, n), layer(n), Dense(n, 1)], seed=0)
    model.compile("mean_squared_error", "sgd").fit(X, X[:, 0], batch_size=1, verbose=False)


class CentredOfTestGoals(xpnn.Layer):
    """One's own that takes a batch's mean away, and keeps nothing."""

    def forward(self, params, x):
        xp = array_namespace(x)
        y = x - xp.mean(x, axis=0, keepdims=True)
        return y, lambda dy: (dy - xp.mean(dy, axis=0, keepdims=True), ())


def test_batches_of_one_row_are_refused_for_what_keeps_nothing_too():
    model = Sequential([Dense(5, 3), CentredOfTestGoals(), Dense(3, 1)], seed=0)
    model.compile("mean_squared_error", "sgd")
    with pytest.raises(ValueError, match="batch_size must be at least 2 for Centred"):
        model.fit(X, X[:, 0], batch_size=1, verbose=False)


def test_a_few_targets_may_be_far_outside():
    y = np.tanh(X[:, 0])
    y[0] = 1000
    many = np.concatenate([y] * 2 + [np.tanh(X[:, 0])] * 3)
    rows = np.concatenate([X] * 5)
    model = Sequential([Dense(5, 1), Tanh()], seed=0).compile("mean_absolute_error", "adam")
    model.fit(rows, many, verbose=False)
    with pytest.raises(ValueError, match=r"y must be near .* got 1000\.0 in row 0"):
        model.fit(X, y, verbose=False)


@pytest.mark.parametrize(
    ("layers", "loss"),
    [
        ([Dense(5, 1), Softmax(), Dense(1, 2), Softmax()], "categorical_cross_entropy"),
        ([Dense(5, 1), Softmax(), Linear()], "mean_squared_error"),
        ([Dense(5, 1), Softmax(), Dense(1, 1)], "mean_squared_error"),
        ([Dense(5, 1), Softmax(), Dropout(0.1)], "binary_cross_entropy"),
    ],
    ids=repr,
)
def test_one_output_of_softmax_within_a_network(layers, loss):
    with pytest.raises(ValueError, match=r"layer 1, Softmax\(\), gives \[1.0\] whatever"):
        Sequential(layers).compile(loss, "adam")


@pytest.mark.parametrize("between", [(Dropout(0.1),), (Linear(),), (Linear(), Dropout(0.1))])
def test_a_second_softmax_behind_what_gives_what_it_gets(between):
    with pytest.raises(ValueError, match=r"takes logits.*Softmax\(\) gives probabilities"):
        Sequential([D, Softmax(), *between, Softmax()]).compile(
            "categorical_cross_entropy", "adam"
        )
