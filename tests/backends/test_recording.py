"""Layers, losses and optimizers of one's own: played back exactly, or given up."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import played
import pytest
from played import (
    CLASSES,
    HOW,
    REGRESSION,
    X4,
    assert_same,
    check,
    learnt,
    training,
)

import xpnn
from xpnn.backend import array_namespace

on_numpy, players = played.on_numpy, played.players  # the fixtures


NO_FILE = {"saved": False}  # which could not hold a function; none of these is saved


@dataclass(frozen=True, eq=False)
class OwnLayerOfTestRecording(xpnn.Layer):
    """Computes what it is given: y = f(xp, x), and dx = g(xp, x, y, dy)."""

    f: Any = field(default=None, metadata=NO_FILE)
    g: Any = field(default=None, metadata=NO_FILE)

    def forward(self, params, x):
        xp = array_namespace(x)
        y = self.f(xp, x)

        def backward(dy):
            if self.g:
                return self.g(xp, x, y, dy), ()
            return dy * (1 + 0.1 * y), ()

        return y, backward


@dataclass(frozen=True, eq=False)
class ForgetfulLayerOfTestRecording(xpnn.Layer):
    """Keeps for the way back what a function makes of x, and not x itself."""

    keep: Any = field(default=None, metadata=NO_FILE)

    def forward(self, params, x):
        kept = self.keep(array_namespace(x), x)
        return x * x, lambda dy: (2 * dy * kept, ())


def set_column(xp, x):
    y = x * 2
    y[:, 0] = 0.5
    y[1:, 2] = x[:-1, 3]
    return y


def set_where(xp, x):
    y = xp.asarray(x, copy=True)
    y[x > 0.3] = 0.3
    return y


def fill_a_new_array(xp, x):
    y = xp.zeros(x.shape, dtype=x.dtype)
    y[:, :4] = x[:, 4:]
    return y


def fill_like(xp, x):
    y = xp.zeros_like(x)
    y[:, :4] = x[:, 4:]
    return y


def add_to_an_empty_one(xp, x):
    y = xp.zeros(x.shape, dtype=x.dtype)
    y += x
    return y


def look(xp, x):
    return x * 2 if float(xp.max(x)) > 0.5 else x * 3


def compare(xp, x):
    return x * 2 if xp.mean(x) > 0 else x / 3


def loop(xp, x):
    y = x
    while xp.max(xp.abs(y)) > 0.5:
        y = y / 2
    return y


def index_by_number(xp, x):
    return x * x[:, int(xp.argmax(x[0, :]))][:, None]


TABLE = np.linspace(0.5, 2, 8).astype(np.float32)
VALUES = np.linspace(0.5, 2, 64).reshape(8, 8).astype(np.float32)

# what can be written down, and is; others may be given up
PLAYED = {
    "where": lambda xp, x: xp.where(x > 0, x, 0.1 * x),
    "concat": lambda xp, x: xp.concat([x[:, 5:], 2 * x[:, :5]], axis=1),
    "stack": lambda xp, x: xp.sum(xp.stack([x, x * x, 1 - x]), axis=0),
    "fancy index": lambda xp, x: x[:, [3, 1, 0, 2, 7, 6, 5, 4]],
    "index of an array": lambda xp, x: x[:, np.arange(8)[::-1]],
    "views": lambda xp, x: x[:, ::-1],
    "a view of all": lambda xp, x: x[...],
    "reshaped": lambda xp, x: xp.reshape(xp.reshape(x, (-1, 4)) * TABLE[:4], x.shape),
    "transposed": lambda xp, x: (x.T * 2).T,
    "argmax": lambda xp, x: x + xp.astype(xp.argmax(x, axis=1), x.dtype)[:, None],
    "argsort": lambda xp, x: x + 0.1 * xp.astype(xp.argsort(x, axis=1), x.dtype),
    "takes along": lambda xp, x: np.take_along_axis(x, xp.argsort(x, axis=1), axis=1),
    "sums": lambda xp, x: np.cumsum(x, axis=1) / 4,
    "products": lambda xp, x: np.einsum("ij,jk->ik", x, VALUES) / 10,
    "of matrices": lambda xp, x: xp.matmul(x, VALUES) / 10,
    "dot": lambda xp, x: np.dot(x, VALUES) / 10,
    "powers": lambda xp, x: x**2 + x**3 / 3 + 0.1 ** xp.abs(x) + xp.abs(x) ** 0.5,
    "moments": lambda xp, x: (x - 0.9 * xp.mean(x, axis=0)) / (1 + xp.std(x, axis=0)),
    "numbers": lambda xp, x: 1 - (3 - x) / 2 + (-x) // 1 + x % 1,
    "in place": set_column,
    "truth": lambda xp, x: x * ((x > 0) & ~(x > 1) | (x < -1)),
    "minimum": lambda xp, x: xp.minimum(xp.maximum(x, -0.3), 0.7),
    "wider": lambda xp, x: xp.astype(xp.astype(x, xp.float64) * 1.1, x.dtype),
}

ANY = {
    "clip": lambda xp, x: xp.clip(x, -0.3, 0.7),
    "clip of NumPy": lambda xp, x: np.clip(x, -0.3, 0.7),
    "mask": set_where,
    "new array filled": fill_a_new_array,
    "like array filled": fill_like,
    "new array added to": add_to_an_empty_one,
    "sort": lambda xp, x: xp.sort(x, axis=1),
    "roll": lambda xp, x: xp.roll(x, 1, axis=1),
    "flip": lambda xp, x: xp.flip(x, axis=1),
    "cumulative": lambda xp, x: xp.cumulative_sum(x, axis=1) / 4,
    "expand": lambda xp, x: xp.squeeze(xp.expand_dims(x, axis=1), axis=1) * 2,
    "broadcast": lambda xp, x: xp.broadcast_to(xp.mean(x, axis=0), x.shape) * x,
    "permuted": lambda xp, x: xp.permute_dims(xp.permute_dims(x, (1, 0)) * 2, (1, 0)),
    "meshgrid": lambda xp, x: x + xp.meshgrid(x[0, :], x[:, 0])[0],
    "unstack": lambda xp, x: xp.stack(xp.unstack(x, axis=1)[::-1], axis=1),
    "rows": lambda xp, x: xp.stack([row * 2 for row in x]),
    "flat": lambda xp, x: x * x.flat[3],
    "tril": lambda xp, x: xp.tril(x) + 0.1 * x,
    "any": lambda xp, x: xp.where(xp.any(x > 1, axis=1, keepdims=True), x, 2 * x),
    "count": lambda xp, x: x * xp.astype(xp.count_nonzero(x > 0, axis=1), x.dtype)[:, None] / 4,
    "searchsorted": lambda xp, x: x + xp.searchsorted(TABLE, x[:, 0])[:, None].astype(x.dtype),
    "unique": lambda xp, x: x / xp.unique_values(xp.astype(x * 2, xp.int32)).size,
    "nonzero": lambda xp, x: x / (1 + xp.nonzero(x > 0)[0].size),
    "where=": lambda xp, x: np.add(x, 1, where=x > 0, out=x * 1),
    "out=": lambda xp, x: np.multiply(x, 2, out=x + 1),
    "accumulate": lambda xp, x: np.add.accumulate(x, axis=1) / 4,
    "outer ufunc": lambda xp, x: x + np.multiply.outer(x[:, 0], x[0, :]),
    "at": lambda xp, x: x + np.bincount(np.argmax(x, axis=1), minlength=8).astype(x.dtype) / 9,
    "modf": lambda xp, x: np.modf(x)[0] + x,
    "median": lambda xp, x: x - np.float32(0.9) * np.median(x, axis=0),
    "interpolation": lambda xp, x: np.interp(x, TABLE, TABLE[::-1]).astype(x.dtype),
    "looks": look,
    "compares": compare,
    "loops": loop,
    "index by number": index_by_number,
    "item": lambda xp, x: x * x.max().item(),
    "list": lambda xp, x: x * max(x[0, :].tolist()),
    "string": lambda xp, x: x * np.float32(str(np.asarray(x)[0, 0])),
    # these go past what can be written down: they must be found
    "table": lambda xp, x: x * TABLE[xp.argmax(x, axis=1)][:, None],
    "asarray": lambda xp, x: x + np.asarray(x)[:, ::-1],
    "number of asarray": lambda xp, x: x / np.max(np.abs(np.asarray(x))),
    "asarray of xp": lambda xp, x: x / xp.max(xp.abs(xp.asarray(x))),
    "norm": lambda xp, x: x / xp.linalg.vector_norm(x),
    "norm of rows": lambda xp, x: x / xp.linalg.vector_norm(x, axis=1, keepdims=True),
    "outer": lambda xp, x: x + xp.linalg.outer(x[:, 0], x[0, :]),
    "tensordot": lambda xp, x: xp.tensordot(x, VALUES, axes=1) / 10,
    "vecdot": lambda xp, x: x * xp.vecdot(x, x)[:, None],
    "inverse": lambda xp, x: x @ xp.linalg.inv(VALUES * 0.01 + xp.eye(8, dtype=x.dtype)
                                               + 0.01 * (x.T @ x)),
    "contiguous": lambda xp, x: np.ascontiguousarray(x[:, ::-1]) + x,
}  # fmt: skip

OWN_HOW = {
    "batches": {"batch_size": 12, "epochs": 14},
    "whole": {"batch_size": None, "epochs": 40},
    "whole, slowly": {"batch_size": None, "epochs": 40, "rate": 1e-5},
    "single rows in order": {"batch_size": 1, "epochs": 2, "shuffle": False},
}


def own_training(*layers, rate=0.02, epochs=1, **how):
    """Train with layers of one's own among ours."""

    def run():
        stack = [layer() if isinstance(layer, type(lambda: 0)) else layer for layer in layers]
        model = xpnn.Sequential(
            [xpnn.Dense(4, 8), *stack, xpnn.Dense(8, 8), xpnn.Tanh(), xpnn.Dense(8, 3)], seed=0
        ).compile(xpnn.MeanSquaredError(), xpnn.SGD(rate))
        model.fit(X4, REGRESSION, epochs=epochs, **how)
        return learnt(model)

    return run


@pytest.mark.parametrize("how", OWN_HOW)
@pytest.mark.parametrize("name", PLAYED)
def test_own_layers_that_are_played(players, name, how):
    layer = OwnLayerOfTestRecording(PLAYED[name])
    check(players, own_training(layer, **OWN_HOW[how]))


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
@pytest.mark.parametrize("how", OWN_HOW)
@pytest.mark.parametrize("name", ANY)
def test_own_layers_that_are_played_or_given_up(name, how):
    layer = OwnLayerOfTestRecording(ANY[name])
    assert_same(own_training(layer, **OWN_HOW[how]))


@pytest.mark.parametrize("name", ["looks", "compares", "loops", "item", "list"])
def test_a_layer_that_looks_at_numbers_is_given_up(players, name):
    layer = OwnLayerOfTestRecording(ANY[name])
    check(players, own_training(layer, **OWN_HOW["batches"]), played=False)


@pytest.mark.parametrize("name", ["table", "number of asarray", "norm"])
def test_a_layer_that_goes_past_the_recording_is_given_up(players, name):
    layer = OwnLayerOfTestRecording(ANY[name])
    check(players, own_training(layer, **OWN_HOW["batches"]), played=False)


KEPT = {
    "asarray": lambda xp, x: np.asarray(x),
    "asarray of xp": lambda xp, x: xp.asarray(x),
    "broadcast": lambda xp, x: xp.broadcast_to(x, x.shape),
    "view": lambda xp, x: x.view(np.ndarray),
    "copy": lambda xp, x: xp.asarray(x, copy=True),
    "view of a view": lambda xp, x: x[...][:, ::-1],
    "transposed": lambda xp, x: x.T.T,
}


@pytest.mark.parametrize("how", OWN_HOW)
@pytest.mark.parametrize("name", KEPT)
def test_what_a_layer_keeps_for_the_way_back_is_there(name, how):
    layers = [ForgetfulLayerOfTestRecording(KEPT[name]), xpnn.Dense(8, 8), xpnn.Tanh()]
    assert_same(own_training(*layers, **OWN_HOW[how]))


def on_the_way_back(name):
    return {
        "looks": lambda xp, x, y, dy: dy * 2 if xp.max(dy) > 0.01 else dy,
        "changes dy": lambda xp, x, y, dy: np.multiply(dy, 2, out=dy),
        "returns dy": lambda xp, x, y, dy: dy,
        "returns a view": lambda xp, x, y, dy: dy[:, ::-1],
        "clips by norm": lambda xp, x, y, dy: dy / (1 + xp.linalg.vector_norm(dy)),
        "constant": lambda xp, x, y, dy: xp.ones(dy.shape, dtype=dy.dtype),
    }[name]


@pytest.mark.parametrize("how", OWN_HOW)
@pytest.mark.parametrize(
    "name",
    ["looks", "changes dy", "returns dy", "returns a view", "clips by norm", "constant"],
)
def test_own_ways_back(name, how):
    layer = OwnLayerOfTestRecording(lambda xp, x: xp.tanh(x), on_the_way_back(name))
    assert_same(own_training(layer, **OWN_HOW[how]))


@dataclass(frozen=True)
class TableLossOfTestRecording(xpnn.losses.Loss):
    """Weighs each sample by what a table says of its class."""

    def prepare(self, targets, n_outputs, dtype, name="y"):
        return targets

    def forward(self, predictions, targets):
        weight = TABLE[targets]
        error = predictions[:, 0] - 1
        return weight * error**2, lambda: (2 * weight * error)[:, None] * np.ones(3, np.float32)


@pytest.mark.parametrize("batch_size", [1, 5, None])
@pytest.mark.parametrize("shuffle", [True, False])
def test_a_loss_with_a_table_of_the_classes(batch_size, shuffle):
    def run():
        model = xpnn.Sequential([xpnn.Dense(4, 8), xpnn.Tanh(), xpnn.Dense(8, 3)], seed=0)
        model.compile(TableLossOfTestRecording(), xpnn.SGD(0.01))
        model.fit(X4, np.sort(CLASSES), epochs=40, batch_size=batch_size, shuffle=shuffle)
        return learnt(model)

    assert_same(run)


@dataclass(frozen=True)
class NoisyLayerOfTestRecording(xpnn.Layer):
    """Draws two arrays in each step, of two shapes."""

    def draw(self, generator, shape):
        return generator.standard_normal(shape), generator.random(shape[1])

    def forward(self, params, x, added=None, factor=None):
        if added is None:
            return x, lambda dy: (dy, ())
        return (x + 0.1 * added) * factor, lambda dy: (dy * factor, ())


@pytest.mark.parametrize("how", OWN_HOW)
def test_noise_of_ones_own(players, how):
    check(players, own_training(NoisyLayerOfTestRecording(), xpnn.Dropout(0.5), **OWN_HOW[how]))


@dataclass(frozen=True)
class OptimizerOfTestRecording(xpnn.optimizers.Optimizer):
    """Steps of the sign of the gradient's running mean, unless that is tiny."""

    learning_rate: float = 0.01

    @property
    def slots(self):
        return ("mean",)

    def rule(self, p, g, *rest):
        mean, learning_rate = rest
        xp = array_namespace(p)
        mean *= 0.8
        mean += 0.2 * g
        p -= learning_rate * xp.where(xp.abs(mean) > 1e-3, xp.sign(mean), 0.0)
        return p, mean


@pytest.mark.parametrize("how", ["batches", "whole"])
def test_an_optimizer_of_ones_own(players, how):
    layers = [xpnn.Dense(6, 12), xpnn.Tanh(), xpnn.Dense(12, 3)]
    optimizer = OptimizerOfTestRecording(decay=0.01)
    check(players, training(layers, xpnn.MeanSquaredError(), optimizer, REGRESSION, **HOW[how]))


# ------------------------------------------------------------------------------------ errors


class MadeUpError(Exception):
    """Something that a layer raises."""


def failing(when):
    """A layer that fails at what it computes, and says so."""

    def f(xp, x):
        if when(xp, x):
            raise MadeUpError
        return x * 2

    return OwnLayerOfTestRecording(f)


def failure(layer, **how):
    def run():
        model = xpnn.Sequential([xpnn.Dense(4, 8), layer(), xpnn.Dense(8, 3)], seed=0)
        model.compile(xpnn.MeanSquaredError(), xpnn.SGD(0.01))
        with pytest.raises(MadeUpError):
            model.fit(X4, REGRESSION, **how)
        return [*model.parameters, np.array(model.history.epochs)]

    return run


def after(steps):
    """Fail after some steps."""
    taken = 0

    def when(xp, x):
        nonlocal taken
        taken += 1
        return taken > steps

    return when


@pytest.mark.parametrize("batch_size", [12, None])
def test_an_error_that_the_numbers_cause_late_is_the_same(batch_size):
    start = []

    def large(xp, x):
        size = float(xp.mean(x * x))
        start.append(size)
        return len(start) > 60 and size > start[0] * 1.0001

    def layer():
        start.clear()
        return failing(large)

    assert_same(failure(layer, epochs=4000, batch_size=batch_size))


@pytest.mark.parametrize("steps", [0, 1, 5, 14, 15])
@pytest.mark.parametrize("batch_size", [12, None])
def test_an_error_around_the_recording_is_the_same(steps, batch_size):
    """Up to the step that is recorded and compared; a played one asks nobody."""
    how = {"epochs": 60, "batch_size": batch_size, "shuffle": False}
    # a callback that listens to each step lets the steps be taken one by one
    assert_same(failure(lambda: failing(after(steps)), callbacks=[Listen()], **how))


class Listen(xpnn.Callback):
    def on_batch_end(self, step):
        pass
