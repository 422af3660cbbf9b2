"""A network whose parameters are a running mean of those that training goes on with."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest
from stepping import X, Y, assert_same
from support import assert_close, host

import xpnn
from xpnn.callbacks import Callback, Checkpoint, EarlyStopping

AVERAGE = 0.9


class SeeOfTestAverage(Callback):
    """Keeps the parameters, and what they measure, after each epoch."""

    def __init__(self):
        self.params, self.measured = [], []

    def on_epoch_end(self, epoch, logs):
        self.params.append([host(p).astype("float64") for p in self.model.parameters])
        self.measured.append(self.model.evaluate(X, Y)["loss"])


def network(optimizer, layers=None, **options):
    layers = layers or [xpnn.Dense(3, 6), xpnn.Tanh(), xpnn.Dense(6, 2)]
    model = xpnn.Sequential(layers, seed=1, **options)
    return model.compile(xpnn.MeanSquaredError(), optimizer)


OPTIMIZERS = [
    xpnn.SGD(0.05, momentum=0.9),
    xpnn.Adam(0.02),
    xpnn.AdamW(xpnn.schedules.CosineDecay(0.02, 30), weight_decay=0.3),
    xpnn.Muon(0.02),
]
HOW = {"epochs": 25, "batch_size": None}


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: type(o).__name__)
def test_the_network_has_the_mean_of_its_steps(backend, dtype, optimizer):
    """A step an epoch; the parameters of each are those of a network that doesn't average."""
    plain, ours = SeeOfTestAverage(), SeeOfTestAverage()
    losses = network(optimizer, dtype=dtype).fit(X, Y, **HOW, callbacks=[plain])
    model = network(replace(optimizer, average=AVERAGE), dtype=dtype)
    history = model.fit(X, Y, **HOW, validation_data=(X, Y), callbacks=[ours])
    tolerance = {"rtol": 1e-4, "atol": 1e-5} if dtype == "float32" else {"rtol": 1e-9}
    for t, of_epoch in enumerate(ours.params):
        weights = AVERAGE ** np.arange(t + 1)[::-1]
        for k, mean in enumerate(of_epoch):
            taken = [of_step[k] for of_step in plain.params[: t + 1]]
            np.testing.assert_allclose(
                mean, np.average(taken, axis=0, weights=weights), **tolerance
            )
    # training measures what it trains, and validation what the network then is
    np.testing.assert_allclose(history.history["loss"], losses.history["loss"], rtol=1e-4)
    np.testing.assert_allclose(history.history["val_loss"], ours.measured, rtol=1e-5)


@pytest.mark.parametrize("how", [{"batch_size": 5}, {"batch_size": None}], ids=str)
def test_many_steps_at_once_are_those_one_by_one(backend, how):
    models = [network(xpnn.Adam(0.02, average=AVERAGE)) for _ in range(2)]
    models[0].fit(X, Y, epochs=30, **how)
    models[1].fit(X, Y, epochs=30, **how, callbacks=[SeeOfTestAverage()])
    for p, q in zip(*(model.parameters for model in models)):
        assert_close(p, host(q), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("way", ["file", "pickle", "copy", "moved"])
def test_training_goes_on_as_if_it_had_not_ended(backend, tmp_path, way):
    whole, parts = (network(xpnn.Adam(0.02, average=AVERAGE)) for _ in range(2))
    for model in (whole, parts):
        model.fit(X, Y, epochs=3, batch_size=5)
    if way == "file":
        parts.save(tmp_path / "a.xpnn")
        parts = xpnn.load(tmp_path / "a.xpnn")
    elif way == "moved":
        parts.to(backend.spec)
    else:
        parts = pickle.loads(pickle.dumps(parts)) if way == "pickle" else copy.copy(parts)
    np.testing.assert_array_equal(host(parts.predict(X)), host(whole.predict(X)))
    for model in (whole, parts):
        model.fit(X, Y, epochs=3, batch_size=5)
    assert_same(backend, parts.parameters, whole.parameters)


def test_a_run_goes_on_from_a_checkpoint(backend, tmp_path):
    def run(epochs, name, **options):
        model = network(xpnn.Adam(0.02, average=AVERAGE))
        checkpoints = [Checkpoint(tmp_path / name, every_epochs=2)]
        model.fit(X, Y, epochs=epochs, batch_size=5, callbacks=checkpoints, **options)
        return model.parameters

    run(4, "parts")
    parts, whole = run(8, "parts", resume=tmp_path / "parts"), run(8, "whole")
    assert_same(backend, parts, whole)


def test_a_file_without_the_memory_has_the_mean(backend, tmp_path):
    model = network(xpnn.Adam(0.02, average=AVERAGE))
    model.fit(X, Y, epochs=3, batch_size=5)
    model.save(tmp_path / "a.xpnn", optimizer=False)
    loaded = xpnn.load(tmp_path / "a.xpnn")
    np.testing.assert_array_equal(host(loaded.predict(X)), host(model.predict(X)))


@pytest.mark.parametrize("saved", [False, True])
@pytest.mark.float64
def test_training_goes_on_from_parameters_that_are_set(backend, tmp_path, saved):
    """By a plain step, p - 0.1 * gradient; the mean goes a tenth of the way, and some more."""
    model = network(xpnn.SGD(0.1, average=AVERAGE), dtype="float64")
    model.fit(X, Y, epochs=100, batch_size=None)
    values = [np.full(p.shape, 0.5) for p in model.parameters]
    model.set_parameters(values)
    if saved:
        model.save(tmp_path / "a.xpnn")
        model = xpnn.load(tmp_path / "a.xpnn")
    _, gradients = model.gradients(X, Y)
    model.fit(X, Y, batch_size=None)
    part = 0.1 / (1 - 0.9**101)
    for p, value, gradient in zip(model.parameters, values, gradients):
        assert_close(p, value - part * 0.1 * host(gradient), rtol=1e-12)


def test_the_best_that_is_kept_is_what_was_measured(backend):
    model = network(xpnn.Adam(0.3, average=AVERAGE))
    best = EarlyStopping("val_loss", patience=4, restore_best=True)
    history = model.fit(X, Y, epochs=40, validation_data=(X, -Y), callbacks=[best])
    measured = model.evaluate(X, -Y)["loss"]
    assert measured == pytest.approx(min(history.history["val_loss"]), rel=1e-5)


def test_what_is_fixed_stays_and_running_statistics_are_the_layers_own(backend):
    layers = [xpnn.Frozen(xpnn.Dense(3, 4)), xpnn.BatchNorm(4), xpnn.Dense(4, 2)]
    models = [network(xpnn.Adam(0.02, average=a), layers) for a in (None, AVERAGE)]
    before = {k: host(v).copy() for k, v in models[1].tensors().items()}
    for model in models:
        model.fit(X, Y, epochs=5)
    plain, ours = ({k: host(v) for k, v in m.tensors().items()} for m in models)
    for name, array in ours.items():
        if name.startswith("0."):
            np.testing.assert_array_equal(array, before[name])
        elif name in models[1].declared_states:
            np.testing.assert_allclose(array, plain[name], rtol=1e-5, atol=1e-6)
        else:
            assert np.any(array != plain[name])


def test_after_divergence_the_mean_is_that_of_an_epoch_before(backend):
    class SpoilOfTestAverage(SeeOfTestAverage):
        def on_epoch_begin(self, epoch):
            if epoch == 3:
                self.model.learning_rate = 1e30

    seen = SpoilOfTestAverage()
    model = network(xpnn.SGD(0.05, average=AVERAGE))
    with pytest.raises(xpnn.DivergenceError):
        model.fit(X, Y, epochs=9, batch_size=5, callbacks=[seen])
    for p, wanted in zip(model.parameters, seen.params[2]):
        np.testing.assert_array_equal(host(p), wanted.astype("float32"))
