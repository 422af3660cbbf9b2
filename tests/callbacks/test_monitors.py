"""Callbacks that watch whether a measure gets better."""

import numpy as np
import pytest
from support import host
from ten_rows import X, Y, model

import xpnn
from xpnn import Callback


class Feed(Callback):
    """Tells a callback of measures that are made up, and moves the parameters each epoch."""

    def __init__(self, other, values, name="val_loss"):
        self.other, self.values, self.name = other, values, name

    def on_epoch_end(self, epoch, logs):
        marks = [host(p) * 0 + epoch for p in self.model.parameters]
        self.model.set_parameters(marks)
        self.other.model = self.model
        self.other.on_epoch_end(epoch, {self.name: self.values[epoch]})

    def on_train_end(self):
        self.other.on_train_end()


@pytest.mark.parametrize(
    ("options", "values", "best", "stopped"),
    [
        ({"patience": 2}, [3, 2, 2.5, 2, 1, 1], 1, 3),
        ({"patience": 3}, [3, 2, 2.5, 2, 1, 1, 1, 1, 0], 4, 7),
        ({"patience": 2, "min_delta": 0.5}, [3, 2.6, 2.4, 2.2, 2.0, 0], 2, 4),
        ({"patience": 2, "mode": "max"}, [3, 2.6, 2.4, 2.2], 0, 2),
        ({"patience": 2}, [3, float("nan"), 2, float("nan"), float("inf"), 1], 2, 4),
        ({"patience": 9}, [3, 2, 1, 2], 2, None),
    ],
    ids=str,
)
def test_early_stopping(backend, options, values, best, stopped):
    stopping = xpnn.callbacks.EarlyStopping("val_loss", **options)
    network = model()
    network.fit(X, Y, epochs=len(values), callbacks=[Feed(stopping, values)])
    assert (stopping.best_epoch, stopping.stopped_epoch) == (best, stopped)
    assert network.history.epochs == (len(values) if stopped is None else stopped + 1)
    for p in network.parameters:
        assert (host(p) == best).all()  # what it was after that epoch


def test_early_stopping_without_the_best(backend):
    stopping = xpnn.callbacks.EarlyStopping("val_loss", 1, restore_best=False)
    network = model()
    network.fit(X, Y, epochs=5, callbacks=[Feed(stopping, [3, 2, 2, 1, 1])])
    assert all((host(p) == 2).all() for p in network.parameters)


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("val_loss", "min"),
        ("mean_squared_error", "min"),
        ("val_accuracy", "max"),
        ("r2", "max"),
    ],
)
def test_which_way_is_better(name, mode):
    assert xpnn.callbacks.EarlyStopping(name).mode == mode


def test_running_statistics_come_back_too(backend):
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((30, 3))
    layers = [xpnn.BatchNorm(3), xpnn.Dense(3, 1)]
    network = xpnn.Sequential(layers, seed=0).compile("mean_squared_error", "sgd")
    kept = []

    class Keep(Callback):
        def on_epoch_end(self, epoch, logs):
            kept.append({n: host(a).copy() for n, a in self.model.tensors().items()})

    stopping = xpnn.callbacks.EarlyStopping("loss", 2, mode="max")  # the first is the best
    network.fit(inputs, inputs[:, :1], epochs=9, callbacks=[Keep(), stopping])
    assert len(kept) == 3
    assert not np.array_equal(kept[0]["0.mean"], kept[2]["0.mean"])
    for name, array in network.tensors().items():
        np.testing.assert_array_equal(host(array), kept[0][name])


@pytest.mark.parametrize("kind", ["EarlyStopping", "ReduceOnPlateau"])
def test_a_measure_that_there_is_not(kind):
    network, before = model(), [host(p) for p in model().parameters]
    callback = getattr(xpnn.callbacks, kind)
    for name, hint in (("val_loss", "validation_data"), ("val_los", "'val_los'")):
        with pytest.raises(ValueError, match=f"{kind}: monitor must be one of .*{hint}"):
            network.fit(X, Y, callbacks=[callback(name)])
    for p, q in zip(network.parameters, before):
        np.testing.assert_array_equal(host(p), q)


def test_plateau_needs_a_number():
    network = model()
    network.compile("mean_squared_error", xpnn.SGD(xpnn.schedules.StepDecay(0.1, 5)))
    with pytest.raises(
        ValueError, match="a learning_rate that is a number, but it is StepDecay"
    ):
        network.fit(X, Y, callbacks=[xpnn.callbacks.ReduceOnPlateau("loss")])
