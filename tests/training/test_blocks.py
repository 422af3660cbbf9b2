"""Batches of every size: all rows have their turn, and count as many as they are."""

import numpy as np
import pytest
from pressing import Interrupt
from support import assert_close
from twelve_rows import NUMBERS, N, X, regressor

import xpnn


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
