"""Ctrl-C while a block of steps is taken: finished epochs are kept."""

import signal

import numpy as np
import pytest
from stepping import WritePatiently, X, Y, assert_same, network


def interrupted(model, at, **how):
    """Train, and press Ctrl-C while a block of steps is taken, the `at`-th."""
    take, calls = model.train_state.take, 0

    def steps(*args):
        nonlocal calls
        calls += 1
        result = take(*args)
        if calls == at:
            signal.raise_signal(signal.SIGINT)
        return result

    model.train_state.take = steps
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, **how)
    assert calls == at  # and no other block was begun
    return model


def check_ctrl_c(backend, batch_size, listener):
    n_steps = -(-22 // (batch_size or 22))
    how = {"epochs": 2000, "batch_size": batch_size}
    for at in (1, 2) if batch_size is None else (1, 2, 3, 4, 5):
        callbacks = [listener()] if listener else []
        model = interrupted(network(), at, callbacks=callbacks, **how)
        taken = int(model.train_state.memory["iterations"])
        finished = taken // n_steps
        assert taken > 0
        assert model.history.epochs == finished
        if callbacks:
            ends = [call for call in callbacks[0].heard if call[0] == "end"]
            assert len(ends) == finished
        if finished:
            whole = network()
            history = whole.fit(X, Y, **{**how, "epochs": finished}, callbacks=callbacks)
            losses = [[np.array(h.history["loss"])] for h in (history, model.history)]
            assert_same(backend, *losses)
            if taken == finished * n_steps:
                assert_same(backend, model.parameters, whole.parameters)


CTRL_C = pytest.mark.parametrize(
    "batch_size", [None, 11, 5], ids=["whole", "batches", "short last"]
)


@CTRL_C
@pytest.mark.parametrize("listener", [None, WritePatiently])
def test_ctrl_c_in_a_block_keeps_the_epochs_that_were_finished(backend, batch_size, listener):
    check_ctrl_c(backend, batch_size, listener)
