"""Who listens to a training: it changes nothing, and the patient are told later."""

from itertools import permutations

import numpy as np
import pytest
from stepping import Write, WritePatiently, WriteSteps, X, Y, assert_same, network
from support import host

import xpnn


@pytest.mark.parametrize("batch_size", [None, 5, 11], ids=str)
def test_who_listens_changes_nothing(backend, batch_size):
    def run(*callbacks):
        model = network()
        history = model.fit(X, Y, epochs=20, batch_size=batch_size, callbacks=callbacks)
        assert history.epochs == 20
        return model.parameters, [np.array(history.history["loss"])]

    params, losses = run()
    for listener in (Write(), WriteSteps(), WritePatiently()):
        their_params, their_losses = run(listener)
        assert_same(backend, their_params, params)
        assert_same(backend, their_losses, losses)


@pytest.mark.parametrize("batch_size", [None, 5, 11], ids=str)
def test_the_patient_hear_of_everything_in_order(backend, batch_size):
    def run(listener, epochs=20):
        network().fit(X, Y, epochs=epochs, batch_size=batch_size, callbacks=[listener])
        return listener.heard

    n_steps = -(-22 // (batch_size or 22))
    later, now = run(WritePatiently()), run(WriteSteps())
    assert [call[:2] for call in later] == [call[:2] for call in now]
    assert [call[:2] for call in later] == [
        call
        for epoch in range(20)
        for call in (
            ("begin", epoch),
            *(("step", step) for step in range(n_steps)),
            ("end", epoch),
        )
    ]
    for a, b in zip(later, now):
        if a[0] == "end":
            assert a[2].keys() == b[2].keys() == {"loss"}
            assert type(a[2]["loss"]) is type(b[2]["loss"]) is float
            assert_same(backend, [np.array(a[2]["loss"])], [np.array(b[2]["loss"])])


def test_the_patient_are_told_later(backend):
    """Else they would cost what the impatient do."""
    told = []

    class Look(WritePatiently):
        def on_epoch_end(self, epoch, logs):
            told.append(self.model.train_state.packed.iterations)

    network().fit(X, Y, epochs=40, batch_size=None, callbacks=[Look()])
    assert told == [40] * 40


def test_between_blocks(backend):
    class Count(xpnn.Callback):
        told = 0

        def on_block_end(self):
            assert self.model.running.is_whole
            assert 0 < self.model.running.step < 300
            self.told += 1

        def on_epoch_end(self, epoch, logs):
            """Listen to each epoch, so that no block holds several."""

    counts = Count(), Count()
    rows = np.zeros((300, 3))
    network().fit(rows, rows[:, :2], epochs=2, batch_size=1, callbacks=counts)
    # 128, 128 and 44 steps: twice an epoch there is more to come
    assert [count.told for count in counts] == [4, 4]


def test_who_is_told_last(backend):
    heard = []

    class Note(xpnn.Callback):
        def on_epoch_end(self, epoch, logs):
            heard.append(type(self).__name__)
            assert self.model.running.is_whole == self.told_last

    class Last(Note):
        told_last = True

    network().fit(X, Y, epochs=2, callbacks=[Last(), Note()])
    assert heard == ["Note", "Last"] * 2


def test_what_is_given_back_is_there_for_those_who_keep_it(backend):
    """Whatever their order; a checkpoint keeps what the training goes on with."""
    heard = []

    class Note(xpnn.Callback):
        def on_train_end(self):
            heard.append(type(self).__name__)

    class Look(Note):
        pass

    class Back(Note):
        gives_back = True

    class Last(Note):
        told_last = True

    for callbacks in permutations([Last(), Back(), Look()]):
        network().fit(X, Y, epochs=1, callbacks=callbacks)
    assert heard == ["Last", "Back", "Look"] * 6


@pytest.mark.parametrize("batch_size", [None, 5, 11], ids=str)
@pytest.mark.parametrize("patient", [False, True])
def test_before_the_last_step(backend, batch_size, patient):
    class Count(xpnn.Callback):
        def __init__(self):
            self.steps = []

        def on_last_step_begin(self):
            self.steps.append(self.model.train_state.packed.iterations)

    Count.patient = patient
    counts, alone = Count(), network()
    model, n_steps = network(), -(-22 // (batch_size or 22))
    for each, callbacks in ((model, [counts]), (alone, [])):
        each.fit(X, Y, epochs=4, batch_size=batch_size, callbacks=callbacks)
    assert counts.steps == [n_steps * epoch - 1 for epoch in (1, 2, 3, 4)]
    assert_same(backend, model.parameters, alone.parameters)


def test_callbacks_know_what_is_trained_on(backend):
    class Look(xpnn.callbacks.Callback):
        def on_train_begin(self, epochs, steps):
            self.seen = epochs, steps, *(host(array).copy() for array in self.data)

    look = Look()
    network().fit(X, Y, epochs=3, batch_size=5, callbacks=[look], validation_split=0.5)
    epochs, steps, x, y = look.seen
    n = len(x)
    assert (epochs, steps) == (3, -(-n // 5))
    assert 0 < n < len(X)
    for row, number in zip(x, y):
        (where,) = np.flatnonzero(np.all(np.isclose(X, row), axis=1))
        np.testing.assert_allclose(number, np.reshape(Y, (len(X), -1))[where].squeeze())
