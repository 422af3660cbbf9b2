"""Batches of every size: all rows have their turn, and count as many as they are."""

from dataclasses import dataclass

import numpy as np
import pytest
from pressing import Interrupt
from support import assert_close
from twelve_rows import NUMBERS, N, X, regressor

import xpnn
from xpnn.training.blocks import Blocks
from xpnn.training.supply import Supply
from xpnn.training.team import Team


@pytest.mark.parametrize("batch_size", [1, 5, 12, 100, None])
def test_batches_of_every_size_go_through_all_rows(backend, batch_size):
    model = regressor()
    interrupt = Interrupt("never")
    history = model.fit(X, NUMBERS, batch_size=batch_size, callbacks=[interrupt])
    assert interrupt.steps == -(-N // (batch_size or N))
    assert np.isfinite(history.history["loss"]).all()
    if batch_size in (12, 100, None):
        whole = regressor()
        x, y = whole.backend.asarray(X, "float64"), NUMBERS
        _, grads = whole.gradients(x, y)
        for p, before, g in zip(model.parameters, whole.parameters, grads):
            assert_close(p, before - 0.01 * g, rtol=1e-12)


@pytest.mark.float64
def test_loss_of_an_epoch_is_the_mean_over_rows_with_a_short_last_batch(backend):
    """With a learning rate of almost nothing it is what evaluate gives."""
    model = regressor(optimizer=xpnn.SGD(1e-300))
    loss = model.evaluate(X, NUMBERS)["loss"]
    for batch_size in (1, 5, 7):
        history = model.fit(X, NUMBERS, batch_size=batch_size)
        assert history.history["loss"] == [pytest.approx(loss, rel=1e-12)]


# ------------------------------------------------------------------------------ how many


def blocks(layers, batch_size, *, n=5000, shuffle=True, one_by_one=False):
    model = xpnn.Sequential(layers, seed=0, backend="numpy")
    rows = np.ones((n, layers[-1].n_inputs), dtype="float32"), np.ones((n, 1)), None
    supply = Supply(Team(None), model.backend, "float32", *rows)
    return Blocks(model, supply, batch_size, shuffle, one_by_one)


def test_a_block_asks_for_no_more_than_ctrl_c_may_wait_for():
    """A step costs about three products of its rows and the parameters."""
    small, large = [xpnn.Dense(10, 1)], [xpnn.Dense(1000, 1000)]
    assert blocks(small, 10).steps_at_once == 128
    assert blocks(large, 100).steps_at_once == int(4e9 / (3 * 100 * (1000 * 1000 + 1000)))
    assert blocks(large, 5000).steps_at_once == 1
    assert blocks(small, 10, one_by_one=True).steps_at_once == 1


def test_a_block_holds_no_more_noise_than_fits():
    layers = [xpnn.Dropout(0.1), xpnn.Dense(1000, 1)]
    assert blocks(layers, 1000).steps_at_once == 2**22 // (1000 * 1000)
    assert blocks([*layers[:1], *layers], 1000).steps_at_once == 2**22 // (2 * 1000 * 1000)
    assert blocks(layers[1:], 1000).steps_at_once == 128


def test_steps_of_all_rows_are_cut_into_blocks_too():
    whole = blocks([xpnn.Dense(10, 1)], None, n=8)
    drawn = [*whole.draw(np.random.default_rng(3), 300)]
    assert [block.steps for block in drawn] == [128, 128, 44]
    assert all(block.rows is None for block in drawn)


def test_an_epoch_is_cut_into_blocks_of_about_equally_many_steps():
    """So that what is drawn for the next one is there when this one ends."""
    many = blocks([xpnn.Dense(1, 1)], 10, n=1303, shuffle=False)
    drawn = [*many.draw(np.random.default_rng(3), 1)]
    assert [block.steps for block in drawn] == [65, 65, 1]
    drawn = [*many.draw(np.random.default_rng(3), 1, cuts=(129,))]
    assert [block.steps for block in drawn] == [65, 64, 1, 1]


@pytest.mark.parametrize("batch_size", [1, 4])
def test_what_is_drawn(batch_size):
    """Also where that is one number."""
    layers = [xpnn.Dropout(0.5), xpnn.Dense(1, 1)]
    noisy = blocks(layers, batch_size, n=8, shuffle=False)
    drawn = next(noisy.draw(np.random.default_rng(3), 1))
    ((noise,), of_dense) = drawn.noise
    assert of_dense == ()
    assert noise.shape == (8 // batch_size, batch_size, 1)
    assert noise.dtype == np.float32
    assert noisy.draws is True
    assert blocks(layers[1:], batch_size, n=8, shuffle=False).draws is False


def test_an_order_is_drawn_where_there_is_one():
    layers = [xpnn.Dense(1, 1)]
    assert blocks(layers, 4, n=8).draws is True
    assert blocks(layers, 8, n=8).draws is False
    generator = np.random.default_rng(3)
    assert next(blocks(layers, 8, n=8).draw(generator, 1)).rows is None
    assert generator.random() == np.random.default_rng(3).random()


@dataclass(frozen=True)
class FactorOfBlocks(xpnn.Layer):
    """Learns one number, whatever the number of features is, of which it says nothing."""

    def parameters(self):
        return {"factor": xpnn.Parameter((1,), 1.0)}

    def forward(self, parameters, x):
        (factor,) = parameters
        return x * factor, lambda dy: (dy * factor, ((dy * x).sum()[None],))


def test_noise_where_no_layer_says_how_many_features_there_are():
    """The data do."""
    model = xpnn.Sequential([xpnn.Dropout(0.5), FactorOfBlocks()], seed=0, backend="numpy")
    model.compile("mean_squared_error", xpnn.SGD(1e-300))
    loss = model.fit(np.ones((64, 3)), np.ones((64, 3))).history["loss"]
    # an input of 1 is 0 or 2 now, each as often: (0 - 1)² = (2 - 1)² = 1
    assert loss == [pytest.approx(1)]
