"""Large tables of which a step changes the rows that it takes, and no others."""

from dataclasses import dataclass

import numpy as np
import pytest
from support import host

import xpnn
from xpnn import Chain, Concatenate, Dense, Embedding, Residual, Select, Sequential

N, K = 3000, 6
RNG = np.random.default_rng(2)
CODES = RNG.choice([0, 7, 7, 1500, N - 1], (50, 2))  # of each many in every batch
X = np.hstack([CODES, RNG.standard_normal((50, 1))])
Y = RNG.standard_normal((50, 2))


@dataclass(frozen=True)
class TwiceOfTestTables(xpnn.Combinator):
    """The layer run twice: on one column, and on another."""

    inner: xpnn.Layer

    def combine(self, x, inner):
        a, a_backward = inner(x[:, :1])
        b, b_backward = inner(x[:, 1:2])
        xp = xpnn.backend.array_namespace(x)

        def backward(dy):
            dx = [a_backward(dy * b), b_backward(dy * a), xp.zeros_like(x[:, 2:])]
            return xp.concat(dx, axis=1)

        return a * b, backward


@dataclass(frozen=True)
class WholeOfTestTables(Embedding):
    """A table of somebody's own that says `by_rows`, and gives whole gradients all the same."""

    def parameters(self):
        return super().parameters()

    def forward(self, params, x):
        y, backward = super().forward(params, x)
        return y, lambda dy: (backward(dy)[0], self.gradients(x, dy))

    def gradients(self, x, dy):
        (gradient,) = super().gradients(x, dy)
        return (gradient.whole() if hasattr(gradient, "whole") else gradient,)


@dataclass(frozen=True)
class HalfOfTestTables(Embedding):
    """An `Embedding` that learns half as fast: it computes with the gradient, as an array."""

    def forward(self, params, x):
        y, backward = super().forward(params, x)
        return y, lambda dy: (backward(dy)[0], self.gradients(x, dy))

    def gradients(self, x, dy):
        (gradient,) = super().gradients(x, dy)
        return (0.5 * gradient,)


@dataclass(frozen=True)
class HolderOfTestTables(xpnn.Layer):
    """A holder of somebody's own, which does more with the gradients than hand them on."""

    inner: xpnn.Layer

    def output_size(self, n_inputs):
        return self.inner.output_size(n_inputs)

    def forward(self, params, x):
        y, backward = self.inner.forward(params, x)

        def scaled(dy):
            dx, grads = backward(dy)
            return dx, tuple(0.0 + grad for grad in grads)

        return y, scaled


TREES = {
    "plain": [Select(0), Embedding(N, K), Dense(K, 2)],
    "two": [
        Concatenate(
            Chain(Select(0), Embedding(N, K)), Chain(Select(1), Embedding(N, 8)), Select(2)
        ),
        Residual(Dense(K + 9, K + 9), xpnn.BatchNorm(K + 9)),
        xpnn.ReLU(),
        Dense(K + 9, 2),
    ],
    "frozen beside": [
        Concatenate(
            xpnn.Frozen(Chain(Select(1), Embedding(N, 6))), Chain(Select(0), Embedding(N, K))
        ),
        Dense(6 + K, 2),
    ],
    "run twice": [TwiceOfTestTables(Embedding(N, K)), Dense(K, 2)],
    "given whole": [Select(1), WholeOfTestTables(N, K), Dense(K, 2)],
    "halved": [Select(1), HalfOfTestTables(N, K), Dense(K, 2)],
    "held by hand": [Select(1), HolderOfTestTables(Embedding(N, K)), Dense(K, 2)],
}
WHOLE = "halved", "held by hand"
"""Where gradients of a table are made whole, as somebody computes with them."""


def network(layers, backend=None, dtype="float64", clip_norm=None, rate=0.1):
    model = Sequential(layers, seed=0, dtype=dtype, backend=backend)
    optimizer = xpnn.SGD(rate, decay=0.01)
    return model.compile("mean_squared_error", optimizer, clip_norm=clip_norm)


def tensors(model):
    return {name: host(a).copy() for name, a in model.tensors().items()}


@pytest.mark.float64
@pytest.mark.parametrize("name", TREES)
def test_steps_are_those_of_whole_gradients(backend, name):
    """Norms are of whole gradients, so that where one is cut they are made."""
    layers = TREES[name]
    by_rows, whole = network(layers, backend), network(layers, backend, clip_norm=1e9)
    for how in ({"epochs": 3}, {"epochs": 2, "shuffle": False, "validation_split": 0.2}):
        for model in (by_rows, whole):
            model.fit(X, Y, batch_size=16, **how)
    assert bool(by_rows.train_state.packed.tables) == (name not in WHOLE)
    assert not whole.train_state.packed.tables
    wanted = tensors(whole)
    for key, array in tensors(by_rows).items():
        np.testing.assert_allclose(array, wanted[key], rtol=1e-10, atol=1e-12, err_msg=key)
    losses = (m.history.history["loss"] for m in (by_rows, whole))
    np.testing.assert_allclose(*losses, rtol=1e-10)


def test_rows_that_no_batch_takes_are_as_they_were(backend):
    model = network(TREES["plain"], backend, dtype="float32")
    before = host(model.parameters[0]).copy()
    model.fit(X, Y, epochs=2, batch_size=16)
    changed = np.any(host(model.parameters[0]) != before, axis=1)
    assert set(np.flatnonzero(changed)) == set(CODES[:, 0])


def test_it_goes_on_from_a_checkpoint_within_an_epoch_to_the_bit(tmp_path):
    class StopOfTestTables(xpnn.Callback):
        steps = 0

        def on_batch_end(self, step):
            self.steps += 1
            if self.steps == 10:
                raise SystemExit

    how = {"epochs": 3, "batch_size": 8}
    undisturbed = network(TREES["two"], "numpy")
    undisturbed.fit(X, Y, **how)
    stopped, checkpoint = network(TREES["two"], "numpy"), xpnn.callbacks.Checkpoint(tmp_path)
    with pytest.raises(SystemExit):
        stopped.fit(X, Y, callbacks=[StopOfTestTables(), checkpoint], **how)
    resumed = network(TREES["two"], "numpy")
    resumed.fit(X, Y, resume=tmp_path, **how)
    wanted = tensors(undisturbed)
    for name, array in tensors(resumed).items():
        np.testing.assert_array_equal(array, wanted[name], err_msg=name)


@pytest.mark.float64
def test_optimizers_take_turns(backend):
    """What one left where another one takes over: tables go into buffers, and out again."""
    runs = []
    for clip_norm in (None, 1e9):
        model = network(TREES["two"], backend)
        for optimizer in (xpnn.SGD(0.1), xpnn.Adam(0.01), xpnn.SGD(0.05)):
            model.compile("mean_squared_error", optimizer, clip_norm=clip_norm)
            model.fit(X, Y, epochs=2, batch_size=16)
            model.set_parameters([0.5 * host(p) for p in model.parameters])
            model.fit(X, Y, epochs=1, batch_size=16)
        runs.append(model.predict(X))
    np.testing.assert_allclose(*runs, rtol=1e-8, atol=1e-10)


def test_divergence_goes_back_for_tables_too():
    model = network(TREES["plain"], "numpy", rate=1e4)
    model.fit(X, 1e3 * Y, epochs=1, batch_size=16)
    before = tensors(model)
    with pytest.raises(xpnn.DivergenceError, match="epoch 1, step 1"):
        model.fit(X, 1e3 * Y, epochs=50, batch_size=16)
    for name, array in tensors(model).items():
        np.testing.assert_array_equal(array, before[name], err_msg=name)


@dataclass(frozen=True)
class ShrinksOfTestTables(xpnn.SGD):
    def rule(self, p, g, *numbers):
        (p,) = super().rule(p, g, *numbers)
        return (0.9 * p,)


@dataclass(frozen=True)
class SlowsOfTestTables(xpnn.SGD):
    def numbers(self, t):
        return (super().numbers(t)[0] / (1 + t),)


@pytest.mark.parametrize(
    "optimizer",
    [
        *(xpnn.SGD(0.1, momentum=0.9), xpnn.SGD(0.1, average=0.9), xpnn.Adam(0.1)),
        *(ShrinksOfTestTables(0.1), SlowsOfTestTables(0.1)),
    ],
    ids=str,
)
def test_what_does_more_goes_over_all_of_a_table(optimizer):
    model = network(TREES["plain"], "numpy").compile("mean_squared_error", optimizer)
    model.fit(X, Y, epochs=1, batch_size=16)
    assert not model.train_state.packed.tables
