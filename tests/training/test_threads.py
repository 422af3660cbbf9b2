"""Threads beside a training: who reads gets one whole state between two steps.

The networks here have a loss whose gradient is the same number for each parameter, so that all
parameters are equal after each whole step, and a mixture of two steps shows.
"""

import pickle
import threading
from copy import deepcopy
from functools import partial

import numpy as np
import pytest
from support import host

import xpnn

WIDE = 50_000


def even(optimizer="sgd"):
    """A network of which each step takes the same from each parameter."""
    model = xpnn.Sequential([xpnn.Dense(1, WIDE, weights="zeros")], dtype="float64", seed=0)
    return model.compile("mean_absolute_error", optimizer, metrics=())


X, Y = np.ones((8, 1)), np.full((8, WIDE), -1e6)
TARGETS = np.full((1, WIDE), -1e6)


class Beside:
    """A training in a thread of its own, which ends where the context does."""

    def __init__(self, model, **how):
        self.model, self.how = model, {"epochs": 10**6, "batch_size": 2, **how}
        self.begun, self.error = threading.Event(), None

    def _fit(self):
        begun = self.begun

        class Begun(xpnn.Callback):
            patient = True

            def on_epoch_begin(self, epoch):
                begun.set()

            def on_epoch_end(self, epoch, logs):
                self.model.stop_training |= stop.is_set()

        stop = self.stop = threading.Event()
        try:
            self.model.fit(X, Y, callbacks=[Begun()], verbose=False, **self.how)
        except BaseException as error:
            self.error = error
        finally:
            begun.set()

    def __enter__(self):
        self.thread = threading.Thread(target=self._fit, daemon=True)
        self.thread.start()
        assert self.begun.wait(60)
        return self.model

    def __exit__(self, *raised):
        self.stop.set()
        self.thread.join(60)
        assert not self.thread.is_alive()
        if raised[0] is None and self.error is not None:
            raise self.error


def is_whole(model_or_arrays):
    arrays = getattr(model_or_arrays, "parameters", model_or_arrays)
    numbers = np.concatenate([host(array).ravel() for array in arrays])
    return np.ptp(numbers) <= 1e-12 * abs(numbers).max()


def memory_fits(model):
    """Whether what momentum remembers is of the step of the parameters: both are sums."""
    steps = model.train_state.iterations
    velocity = host(model.train_state.memory["velocity"][0]).ravel()[0] if steps else 0.0
    # velocity v_n = -(1 - 0.5^n) / 0.5 * g, and the parameter the sum of these
    g, n = 1 / WIDE, np.arange(1, steps + 1)
    wanted = -0.01 * g * (1 - 0.5**n) / 0.5
    last = wanted[-1] if steps else 0.0
    total = host(model.parameters[0]).ravel()[0]
    return np.isclose(velocity, last, rtol=1e-9) and np.isclose(total, wanted.sum(), rtol=1e-6)


def test_who_reads_gets_one_whole_state(backend, tmp_path):
    path = tmp_path / "beside.safetensors"
    with Beside(even(xpnn.SGD(0.01, momentum=0.5))) as model:
        for _ in range(5):
            assert is_whole(model.parameters)
            assert is_whole(model.copy_tensors().values())
            model.save(path)
            assert is_whole(xpnn.load(path))
            for copied in (pickle.loads(pickle.dumps(model)), deepcopy(model)):
                assert is_whole(copied)
                assert memory_fits(copied)
            outputs = host(model.predict(np.ones((3, 1))))
            assert np.ptp(outputs) <= 1e-12 * abs(outputs).max()
            # of the two measured parts, of the same parameters
            measured = model.evaluate(np.ones((1, 1)), TARGETS)["loss"]
            assert measured < 1e6
    assert copied.gate is not model.gate


def test_what_another_thread_sets_is_whole(backend):
    model = even()
    with Beside(model):
        for value in (1.0, 2.0, 3.0):
            model.set_parameters([np.full((1, WIDE), value), np.full((WIDE,), value)])
            assert is_whole(model.parameters)
    assert is_whole(model.parameters)


class Slow:
    """Rows that take their time: training can't begin before `go` is set."""

    def __init__(self):
        self.asked, self.go = threading.Event(), threading.Event()

    def __array__(self, dtype=None, copy=None):
        self.asked.set()
        assert self.go.wait(60)
        return np.asarray(X, dtype)


def test_a_second_fit_is_refused_from_the_first_moment(backend):
    model, slow = even(), Slow()
    results = []
    first = threading.Thread(
        target=lambda: results.append(model.fit(slow, Y, epochs=3, verbose=False))
    )
    first.start()
    assert slow.asked.wait(60)
    before = model.backend
    try:  # its data are not placed yet
        for name, call in {
            "fit": partial(model.fit, X, Y),
            "to": partial(model.to, "numpy"),
            "compile": partial(model.compile, "mean_squared_error", "sgd"),
        }.items():
            with pytest.raises(RuntimeError, match=rf"^{name}\(\) can't be called while"):
                call()
    finally:
        slow.go.set()
        first.join(60)
    assert model.backend is before
    assert results[0].epochs == model.history.epochs == 3
    assert model.fit(X, Y, epochs=2, verbose=False).epochs == 2


def test_of_fits_at_once_one_trains(backend):
    for _ in range(3):
        model, both, ends = even(), threading.Barrier(3), []

        def go(model=model, both=both, ends=ends):
            both.wait(60)
            try:
                ends.append(model.fit(X, Y, epochs=40, batch_size=2, verbose=False).epochs)
            except RuntimeError as error:
                ends.append(str(error)[:5])

        threads = [threading.Thread(target=go) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        # who comes when another one has ended may train too
        assert {"fit()", 40} >= set(ends)
        assert ends.count(40) >= 1
        assert is_whole(model.parameters)
        assert model.history.epochs == 40


def test_a_refused_fit_lets_the_next_train(backend):
    model = even()
    with pytest.raises(ValueError, match="epochs"):
        model.fit(X, Y, epochs=0)
    with pytest.raises((TypeError, ValueError), match="y"):
        model.fit(X, Y[:-1])
    assert model.fit(X, Y, verbose=False).epochs == 1


def test_predict_beside_moves(backend):
    x = np.ones((4, 1))
    model = xpnn.Sequential([xpnn.Dense(1, 8), xpnn.Tanh(), xpnn.Dense(8, 2)], seed=0)
    wanted, stop, wrong = model.predict(x), threading.Event(), []

    def predict():
        while not stop.is_set():
            try:
                outputs = model.predict(x)
                np.testing.assert_allclose(outputs, wanted, rtol=1e-5)
            except Exception as error:
                wrong.append(error)
                return

    threads = [threading.Thread(target=predict) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(20):
            model.to("numpy")
            model.to(backend)
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
    assert not wrong, wrong
