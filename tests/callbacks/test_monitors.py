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
        ({"patience": None}, [3, 1, 2, 2, 2, 2, 2, 2, 2], 1, None),
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
        def on_epoch_begin(self, epoch):  # one batch: what the loss of the epoch is of
            kept.append({n: host(a).copy() for n, a in self.model.tensors().items()})

    stopping = xpnn.callbacks.EarlyStopping("loss", 2, mode="max")  # the first is the best
    network.fit(inputs, inputs[:, :1], epochs=9, callbacks=[Keep(), stopping])
    assert len(kept) == 3
    assert not np.array_equal(kept[0]["0.mean"], kept[2]["0.mean"])
    for name, array in network.tensors().items():
        np.testing.assert_array_equal(host(array), kept[0][name])


def test_a_training_loss_is_of_the_parameters_before_the_step(backend, dtype):
    """Of the field: w is 1, its loss 1; the step makes w -1.2, whose loss is 1.44."""
    network = xpnn.Sequential([xpnn.Dense(1, 1, weights=1.0, biases=0.0)], dtype=dtype)
    network.compile("mean_squared_error", xpnn.SGD(0.55))
    stopping = xpnn.callbacks.EarlyStopping("loss", patience=3)
    network.fit([[1.0]], [0.0], epochs=50, callbacks=[stopping])
    assert (stopping.best, stopping.best_epoch, stopping.stopped_epoch) == (1.0, 0, 3)
    assert network.evaluate([[1.0]], [0.0])["loss"] == 1.0


class Watch(Callback):
    """Keeps what the model has before each step; blocks have one step then."""

    def __init__(self):
        self.before = []

    def on_epoch_begin(self, epoch):
        self.before.append([self.tensors()])

    def on_batch_end(self, step):
        self.before[-1].append(self.tensors())

    def tensors(self):
        return {name: host(a).copy() for name, a in self.model.tensors().items()}


def climbing(steps):
    """Return a network whose loss falls and then grows, as its learning rate does."""
    rng = np.random.default_rng(1)
    inputs = rng.standard_normal((41, 3))
    layers = [xpnn.BatchNorm(3), xpnn.Dense(3, 4), xpnn.Tanh(), xpnn.Dense(4, 1)]
    network = xpnn.Sequential(layers, seed=0)
    rate = xpnn.schedules.WarmUp(2.0, steps)
    return network.compile("mean_squared_error", xpnn.SGD(rate)), inputs, inputs[:, :1]


@pytest.mark.parametrize(("monitor", "batch_size"), [("loss", 8), ("loss", 41), ("r2", 10)])
def test_the_last_parameters_that_a_training_measure_is_of(backend, monitor, batch_size):
    restored = []
    for watch in ([Watch()], []):
        network, inputs, y = climbing(20 if batch_size == 41 else 120)
        network.compile("mean_squared_error", network.compiled.optimizer, ["r2"])
        stopping = xpnn.callbacks.EarlyStopping(monitor, 4)
        how = {"epochs": 40, "batch_size": batch_size, "callbacks": [*watch, stopping]}
        history = network.fit(inputs, y, **how).history[monitor]
        assert 0 < stopping.best_epoch == stopping.stopped_epoch - 4
        assert stopping.best == (min if monitor == "loss" else max)(history)
        restored.append({name: host(a) for name, a in network.tensors().items()})
        if watch:
            wanted = watch[0].before[stopping.best_epoch][-2]  # [-1] is after the last step
    for tensors in restored:  # of steps that were taken one by one, and in blocks
        for name, array in wanted.items():
            eps = np.finfo(array.dtype).eps
            np.testing.assert_allclose(tensors[name], array, rtol=100 * eps, atol=10 * eps)
    if batch_size == 41:
        network.set_tensors(wanted)
        x = inputs - inputs.mean(axis=0)  # as in training, with the batch's own statistics
        x = x / np.sqrt((x**2).mean(axis=0) + 1e-5)
        scale, shift, *rest = network.parameters
        outputs = x * host(scale) + host(shift)
        for weights, biases, f in ((*rest[:2], np.tanh), (*rest[2:], np.asarray)):
            outputs = f(outputs @ host(weights) + host(biases))
        np.testing.assert_allclose(stopping.best, ((outputs - y) ** 2).mean(), rtol=1e-4)


def test_a_validation_measure_is_of_the_parameters_after_the_epoch(backend):
    network, inputs, y = climbing(300)
    stopping = xpnn.callbacks.EarlyStopping("val_loss", 4)
    how = {"epochs": 40, "batch_size": 8, "validation_data": (inputs[::2], y[::2])}
    network.fit(inputs, y, callbacks=[stopping], **how)
    assert 0 < stopping.best_epoch < stopping.stopped_epoch
    np.testing.assert_allclose(
        network.evaluate(inputs[::2], y[::2])["loss"], stopping.best, rtol=1e-5
    )


@pytest.mark.parametrize(
    ("kind", "epochs", "rest"),
    [
        ("EarlyStopping", 9, "training stops"),
        ("EarlyStopping", 2, "the model keeps what it learnt last"),
        ("ReduceOnPlateau", 9, "the learning rate is made smaller"),
    ],
)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_measure_that_is_never_a_number(backend, kind, epochs, rest, value):
    def of_nothing(predictions, targets):
        return predictions[0, 0] * 0 + value

    network = model()
    network.compile("mean_squared_error", "sgd", [of_nothing])
    callback = getattr(xpnn.callbacks, kind)("val_of_nothing", patience=3)
    words = f"{kind}: the monitor 'val_of_nothing' was NaN or infinite in each epoch.*{rest}"
    with pytest.warns(UserWarning, match=words) as caught:
        network.fit(X, Y, epochs=epochs, callbacks=[callback], validation_data=(X, Y))
    assert len(caught) == 1
    assert callback.best is None
    if kind == "EarlyStopping" and epochs == 9:
        assert callback.stopped_epoch == 2


def test_a_measure_that_is_a_number_once(recwarn):
    stopping = xpnn.callbacks.EarlyStopping("val_loss", 2)
    network = model()
    values = [float("nan"), 2.0, float("nan"), float("nan"), 1.0]
    network.fit(X, Y, epochs=5, callbacks=[Feed(stopping, values)])
    assert (stopping.best_epoch, stopping.stopped_epoch) == (1, 3)
    assert not recwarn.list


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
