"""What a callback may see and change of a training."""

import numpy as np
import pytest
from support import host
from ten_rows import Record, X, Y, model

import xpnn
from xpnn import Callback


def test_a_callback_watches_and_changes_nothing(backend):
    alone, watched = model(dtype="float64"), model(dtype="float64")

    class Watch(Record):
        def on_batch_end(self, step):
            assert all(np.isfinite(host(p)).all() for p in self.model.parameters)
            self.model.predict(X)
            self.model.evaluate(X, Y)

    one = alone.fit(X, Y, epochs=3, batch_size=3)
    other = watched.fit(X, Y, epochs=3, batch_size=3, callbacks=[Watch()])
    assert one.history == other.history


def test_parameters_that_a_callback_sets_are_trained_on(backend):
    class Reset(Callback):
        def on_epoch_begin(self, epoch):
            self.model.set_parameters(self.first)

    reset, network = Reset(), model(dtype="float64")
    reset.first = network.parameters
    history = network.fit(X, Y, epochs=3, batch_size=None, callbacks=[reset])
    assert len(set(history.history["loss"])) == 1


def test_callback_without_a_method_of_its_own(backend):
    assert model().fit(X, Y, callbacks=[Callback()]).epochs == 1


def test_learning_rate_may_be_set_while_training(backend):
    """As SGD whose learning rate is that from the start; the velocity is kept."""

    class Lower(Callback):
        def on_epoch_begin(self, epoch):
            self.model.learning_rate = 0.1 / (1 + epoch)

    runs = []
    steps_in_epoch = 1
    for callbacks, optimizer in (
        ([Lower()], xpnn.SGD(0.1, momentum=0.9)),
        ([], xpnn.SGD(0.1, momentum=0.9, decay=1.0 / steps_in_epoch)),
    ):
        network = model(dtype="float64").compile("mean_squared_error", optimizer)
        network.fit(X, Y, epochs=6, batch_size=None, callbacks=callbacks)
        runs.append([host(p) for p in network.parameters])
    for p, q in zip(*runs):
        np.testing.assert_allclose(p, q, rtol=1e-10)


@pytest.mark.parametrize("name", ["fit", "compile", "to"])
def test_a_model_that_trains_is_in_use(backend, name):
    class Meddle(Callback):
        def on_epoch_end(self, epoch, logs):
            calls = {
                "fit": lambda m: m.fit(X, Y),
                "compile": lambda m: m.compile("mean_squared_error", "sgd"),
                "to": lambda m: m.to("numpy"),
            }
            with pytest.raises(RuntimeError, match=rf"{name}\(\) can't be called"):
                calls[name](self.model)

    network = model()
    assert network.fit(X, Y, epochs=2, callbacks=[Meddle()]).epochs == 2


def test_an_attribute_that_fit_sets():
    class Owns(Callback):
        def __init__(self):
            self.data = X, Y

    owns = Owns()
    with pytest.raises(ValueError, match=r"Owns\.data is set by fit"):
        model().fit(X, Y, callbacks=[owns])
    assert owns.data == (X, Y)
