"""Fitting once more, when data, parameters or the model have changed in between."""

import copy
import pickle
import threading
from dataclasses import dataclass

import numpy as np
import played
import pytest
from played import (
    CLASSES,
    REGRESSION,
    WEIGHT,
    X4,
    YES,
    N,
    assert_same,
    check,
    learnt,
)
from xpnn.backends import _recurring

import xpnn

on_numpy, players = played.on_numpy, played.players  # the fixtures


def small(**how):
    model = xpnn.Sequential(
        [xpnn.Dense(4, 8), xpnn.Tanh(), xpnn.Dropout(0.2), xpnn.Dense(8, 3)], seed=0
    )
    return model.compile(xpnn.MeanSquaredError(), xpnn.SGD(0.05, momentum=0.9))


@pytest.mark.parametrize("batch_size", [12, None])
def test_other_targets_for_the_same_inputs(batch_size):
    def run():
        model = small()
        for y in (REGRESSION, -REGRESSION, YES):
            model.fit(X4, y, epochs=40, batch_size=batch_size)
        return learnt(model)

    assert_same(run)


@pytest.mark.parametrize("batch_size", [12, None])
def test_other_weights_for_the_same_inputs(batch_size):
    def run():
        model = small()
        for weight in (WEIGHT, WEIGHT[::-1], None, np.ones(N), WEIGHT):
            model.fit(X4, REGRESSION, epochs=30, batch_size=batch_size, sample_weight=weight)
        return learnt(model)

    assert_same(run)


@pytest.mark.parametrize("batch_size", [12, None])
def test_rows_after_indices_as_targets(batch_size):
    def run():
        model = xpnn.Sequential([xpnn.Dense(4, 3), xpnn.Softmax()], seed=0)
        model.compile(xpnn.CategoricalCrossEntropy(), xpnn.SGD(0.1))
        for y in (CLASSES, np.eye(3)[CLASSES], CLASSES, CLASSES[::-1]):
            model.fit(X4, y, epochs=20, batch_size=batch_size)
        return learnt(model)

    assert_same(run)


@pytest.mark.parametrize("batch_size", [12, None])
def test_inputs_that_were_changed_in_place(batch_size):
    def run():
        model, x, y = small(), X4.copy(), REGRESSION.astype(np.float32)
        for _ in range(3):
            model.fit(x, y, epochs=30, batch_size=batch_size)
            x *= -1
            y[:5] = 0
        return learnt(model)

    assert_same(run)


def test_inputs_in_memory_that_was_of_others():
    def run():
        model = small()
        for i in range(12):
            model.fit(X4 * (1 + i), REGRESSION * (i % 2), epochs=20, batch_size=None)
        return learnt(model)

    assert_same(run)


def test_one_recording_serves_all_data_of_one_layout(players):
    """Also where inputs and targets were one array when it was made, or lie otherwise."""
    x, wide = X4.copy(), np.repeat(X4, 3, axis=1)
    read_only = x[::-1].copy()
    read_only.flags.writeable = False

    def run():
        model = xpnn.Sequential([xpnn.Dense(4, 4), xpnn.Tanh(), xpnn.Dense(4, 4)], seed=0)
        model.compile(xpnn.MeanSquaredError(), xpnn.SGD(0.1))
        for inputs, y in [
            (x, x),
            (x, -x),
            (-x, x),
            (read_only, x),
            (x.T.copy().T, x),
            (wide[:, ::3], x),
            (wide[:, 1::3], wide[:, 2::3]),
            (x, read_only),
        ]:
            model.fit(inputs, y, epochs=20, batch_size=None)
        return learnt(model)

    check(players, run)
    assert len(players) == 4  # for the layouts of each pair


def test_parts_of_the_data_in_a_call_are_those_of_the_new_data():
    """Where NumPy's functions are given a list or a keyword of them."""

    @dataclass(frozen=True)
    class MixesOfTestRecurring(xpnn.Layer):
        def forward(self, params, x):
            rolled = np.concatenate([x[:, 1:], x[:, :1]], axis=1)
            y = x + np.take_along_axis(arr=rolled, indices=np.argsort(-x, axis=1), axis=1)
            return y, lambda dy: (dy, ())

    def run():
        model = xpnn.Sequential([MixesOfTestRecurring(), xpnn.Dense(4, 3)], seed=0)
        model.compile(xpnn.MeanSquaredError(), xpnn.SGD(0.1))
        for x in (X4.copy(), -X4, X4 * X4):
            model.fit(x, REGRESSION, epochs=20, batch_size=None)
        return learnt(model)

    try:
        assert_same(run)
    finally:
        del xpnn.layers.base.LAYERS["MixesOfTestRecurring"]


def test_a_measure_that_is_a_part_of_the_data():
    def first(predictions, targets):
        return targets[0, 0]

    def run():
        model = xpnn.Sequential([xpnn.Dense(4, 3)], seed=0)
        model.compile(xpnn.MeanSquaredError(), xpnn.SGD(0.1), metrics=[first])
        for y in (REGRESSION, -REGRESSION, 2 * REGRESSION):
            model.fit(X4, y, epochs=20, batch_size=None)
        return [*learnt(model), np.array(model.history.history["first"])]

    assert_same(run)


def test_what_is_counted_does_not_grow_for_ever():
    counted = _recurring.Players()
    for i in range(1000):
        assert counted.get(("rare", i), 15, object) is None
        counted.get("often", 15, object)
    assert counted.get("often", 1, object) is not None
    assert sum(len(kept) for kept in vars(counted).values()) <= 70


def test_other_numbers_of_rows_and_other_batch_sizes(players):
    def run():
        model = small()
        for i in range(10):
            model.fit(X4[: 37 - 2 * i], REGRESSION[: 37 - 2 * i], epochs=20, batch_size=12 - i)
        return learnt(model)

    check(players, run)


def test_parameters_that_are_set_in_between(players):
    def run():
        model = small()
        first = model.parameters
        for _ in range(3):
            model.fit(X4, REGRESSION, epochs=20, batch_size=12)
            model.set_parameters([p * 0.5 for p in first])
        model.fit(X4, REGRESSION, epochs=20, batch_size=12)
        return learnt(model)

    check(players, run)


def test_parameters_that_a_callback_sets():
    class Shrink(xpnn.Callback):
        def on_epoch_end(self, epoch, logs):
            if epoch % 5 == 0:
                self.model.set_parameters([p * 0.9 for p in self.model.parameters])

    def run():
        model = small()
        model.fit(X4, REGRESSION, epochs=40, batch_size=12, callbacks=[Shrink()])
        return learnt(model)

    assert_same(run)


@pytest.mark.parametrize(
    "again",
    [
        lambda model: pickle.loads(pickle.dumps(model)),
        copy.deepcopy,
        copy.copy,
        lambda model: model.to("numpy"),
        lambda model: model.to("array_api_strict").to("numpy"),
        lambda model: model.compile(xpnn.MeanAbsoluteError(), xpnn.Adam()),
    ],
    ids=["pickle", "deepcopy", "copy", "to", "to and back", "compile"],
)
def test_models_that_are_copied_or_moved_in_between(again):
    def run():
        model = small()
        model.fit(X4, REGRESSION, epochs=20, batch_size=12)
        other = again(model)
        other.fit(X4, REGRESSION, epochs=20, batch_size=12)
        theirs = learnt(other)
        model.fit(X4, -REGRESSION, epochs=20, batch_size=12)
        return theirs + learnt(model)

    assert_same(run)


def test_a_copy_trains_alone():
    model = small()
    model.fit(X4, REGRESSION, epochs=20, batch_size=12)
    other = copy.deepcopy(model)
    before = [p.copy() for p in learnt(model)]
    other.fit(X4, REGRESSION, epochs=20, batch_size=12)
    for p, q in zip(learnt(model), before):
        np.testing.assert_array_equal(p, q)


def test_two_models_in_two_threads():
    def one(seed):
        model = xpnn.Sequential(
            [xpnn.Dense(4, 8), xpnn.ReLU(), xpnn.Dropout(0.1), xpnn.Dense(8, 3)], seed=seed
        ).compile(xpnn.MeanSquaredError(), xpnn.Adam(0.01))
        for _ in range(3):  # each fit makes recordings
            model.set_parameters(model.parameters)
            model.fit(X4, REGRESSION, epochs=40, batch_size=5)
        return learnt(model)

    wanted = [one(seed) for seed in (0, 1)]
    results, ready = [None, None], threading.Barrier(2)

    def train(seed):
        ready.wait()
        results[seed] = one(seed)

    threads = [threading.Thread(target=train, args=(seed,)) for seed in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for ours, theirs in zip(results, wanted):
        assert ours is not None
        for p, q in zip(ours, theirs):
            np.testing.assert_array_equal(p, q)
