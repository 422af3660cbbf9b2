"""What layers and the optimizer keep is learnt too: not finite, and training goes back."""

from dataclasses import dataclass

import numpy as np
import pytest
from pressing import Interrupt
from stepping import Write
from support import host

import xpnn
from xpnn import BatchNorm, Dense, DivergenceError, ReLU, Sequential, Softmax

rng = np.random.default_rng(0)

X = rng.normal(size=(60, 4)).astype("float32")
Y = (X[:, 0] > 0).astype(int)


def with_outlier(size=1e20):
    """Rows as they come from a file whose missing numbers are a large one."""
    rows = X.copy()
    rows[7, 0] = size
    return rows


def normed():
    layers = [Dense(4, 6), BatchNorm(6), ReLU(), Dense(6, 2), Softmax()]
    return Sequential(layers, seed=0).compile("categorical_cross_entropy", xpnn.Adam(0.01))


def learnt(model):
    return {name: host(array).copy() for name, array in model.copy_tensors().items()}


def assert_equal(model, wanted):
    for name, array in learnt(model).items():
        # several steps at once are taken by other operations than one alone
        rtol = 1e-5 if model.backend.name in ("torch", "cupy") else 0
        np.testing.assert_allclose(array, wanted[name], rtol=rtol, err_msg=name)


@pytest.mark.parametrize("batch_size", [16, None])
@pytest.mark.parametrize("callbacks", [[], [Write()]], ids=["alone", "heard"])
def test_an_infinite_variance_is_a_divergence(backend, batch_size, callbacks):
    model = normed()
    before = learnt(model)
    with pytest.raises(DivergenceError, match=r"variance that layer 1, BatchNorm.*epoch 1\."):
        model.fit(
            with_outlier(),
            Y,
            epochs=30,
            batch_size=batch_size,
            callbacks=callbacks,
            verbose=False,
        )
    assert_equal(model, before)
    assert model.history.epochs == 0
    # and clean rows train it as well as a network that never saw the outlier
    model.fit(X, Y, epochs=20, verbose=False)
    assert model.evaluate(X, Y)["accuracy"] > 0.9


@dataclass(frozen=True)
class Grows(xpnn.Layer):
    """A layer that doubles what it keeps at each step, and gives what it is given."""

    def state(self):
        return {"size": xpnn.layers.Parameter((1,), "ones")}

    def forward(self, params, x):
        return x, lambda dy: (dy, ())

    def train(self, params, state, x, *noise):
        y, backward = self.forward(params, x)
        return y, backward, (state[0] * 2.0,)


def growing():
    layers = [Dense(4, 2), Grows(), Softmax()]
    return Sequential(layers, seed=0).compile("categorical_cross_entropy", "adam")


@pytest.mark.parametrize("batch_size", [None, 30, 7])
@pytest.mark.parametrize("callbacks", [[], [Write()]], ids=["alone", "heard"])
def test_it_goes_back_to_the_epoch_in_which_it_happened(backend, batch_size, callbacks):
    """2^128 is too large for float32: the steps that lead there are known."""
    steps = -(-60 // (batch_size or 60))
    bad = 127 // steps  # the epoch in which step 128 is, counted from 0
    model = growing()
    with pytest.raises(DivergenceError, match=rf"size that layer 1, Grows\(\), .* {bad + 1}\."):
        model.fit(X, Y, epochs=200, batch_size=batch_size, callbacks=callbacks, verbose=False)
    wanted = growing()
    wanted.fit(X, Y, epochs=bad, batch_size=batch_size, verbose=False)
    assert_equal(model, learnt(wanted))
    assert model.history.epochs == bad
    assert model.history.history["loss"] == pytest.approx(wanted.history.history["loss"])


def test_what_was_infinite_before_is_said_so(backend):
    model = normed()
    tensors = {**model.tensors(), "1.variance": np.full(6, np.inf)}
    model.set_tensors(tensors)
    before = learnt(model)
    with pytest.raises(
        DivergenceError, match=r"variance that layer 1, .* before this training"
    ):
        model.fit(X, Y, verbose=False)
    assert_equal(model, before)


def test_an_infinite_memory_is_a_divergence(backend):
    """A parameter whose squared gradients add up to infinity would never move again."""
    model = Sequential([Dense(4, 2), Softmax()], seed=0)
    model.compile("categorical_cross_entropy", xpnn.AdaGrad(0.01))
    before = learnt(model)
    # one of these rows is taken for the other class, whatever the first weights are
    rows, classes = np.full((2, 4), 1e25, "float32"), np.array([0, 1])
    with pytest.raises(DivergenceError, match=r"memory of the optimizer, AdaGrad"):
        model.fit(rows, classes, batch_size=None, verbose=False)
    assert_equal(model, before)


def test_ctrl_c_leaves_nothing_infinite(backend):
    model = normed()
    with pytest.raises(KeyboardInterrupt):
        model.fit(
            with_outlier(),
            Y,
            epochs=3,
            batch_size=16,
            callbacks=[Interrupt("step 3")],
            verbose=False,
        )
    assert all(np.isfinite(array).all() for array in learnt(model).values())


@pytest.mark.parametrize("step", [1, 4])
@pytest.mark.parametrize("batch_size", [7, 8], ids=["later", "at once"])
def test_it_goes_back_in_a_run_that_was_resumed_within_an_epoch(
    backend, tmp_path, batch_size, step
):
    """Steps that were taken before the interruption are not taken again on the way back.

    It diverges in epochs that are taken together: the second of such, or the first.
    """
    how = {"epochs": 200, "batch_size": batch_size, "verbose": False}
    interrupted = growing()
    checkpoint = xpnn.callbacks.Checkpoint(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        interrupted.fit(X, Y, callbacks=[Interrupt(f"step {step}"), checkpoint], **how)
    model = growing()
    with pytest.raises(DivergenceError, match="size that layer 1"):
        model.fit(X, Y, resume=tmp_path, **how)
    wanted = growing()
    wanted.fit(X, Y, **{**how, "epochs": 127 // -(-60 // batch_size)})
    assert_equal(model, learnt(wanted))
