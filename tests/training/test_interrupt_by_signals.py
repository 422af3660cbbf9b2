"""SIGTERM and SIGHUP keep what Ctrl-C keeps, and end the process afterwards."""

import signal
import subprocess
import threading

import numpy as np
import pytest
from pressing import Interrupt
from processes import command, run_python, surroundings
from support import host
from twelve_rows import NUMBERS, X, regressor

import xpnn
from xpnn import Callback
from xpnn.callbacks import Checkpoint

INT, TERM, HUP = signal.SIGINT, signal.SIGTERM, signal.SIGHUP

TRAINS = """
import atexit, signal, sys
import xpnn
from xpnn.callbacks import Checkpoint

class Tell(xpnn.Callback):
    def on_epoch_end(self, epoch, logs):
        if epoch == 1:
            print("training", flush=True)

atexit.register(print, "atexit")
X, y = xpnn.datasets.spiral(100, seed=0)
layers = [xpnn.Dense(2, 8), xpnn.ReLU(), xpnn.Dense(8, 3), xpnn.Softmax()]
model = xpnn.Sequential(layers, seed=0).compile("categorical_cross_entropy", "adam")
kept = Checkpoint(sys.argv[1], 10**9)
try:
    model.fit(X, y, epochs=10**9, callbacks=[Tell(), kept], verbose=False)
finally:
    assert signal.getsignal(signal.SIGTERM) == signal.getsignal(signal.SIGHUP) == signal.SIG_DFL
    model.save(sys.argv[2])
    print("saved", model.history.epochs, flush=True)
"""


@pytest.mark.parametrize("number", [TERM, HUP])
def test_a_program_ends_as_by_the_signal_with_all_that_was_learnt(tmp_path, number):
    model, folder = tmp_path / "model", tmp_path / "kept"
    with subprocess.Popen(
        [*command(TRAINS, "-W", "error"), str(folder), str(model)],
        env=surroundings(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout.readline() == "training\n"
        process.send_signal(number)
        out, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (128 + number, "")
    words = out.split()
    assert (words[0], words[2]) == ("saved", "atexit")
    saved, kept = xpnn.load(model), xpnn.load(Checkpoint.files(folder)[-1])
    assert int(words[1]) >= 2
    for p, q in zip(saved.parameters, kept.parameters):
        np.testing.assert_array_equal(p, q)


@pytest.fixture(autouse=True)
def usual_meanings():
    """Signals mean what they mean at the start of Python, before and after."""
    usual = {INT: signal.default_int_handler, TERM: signal.SIG_DFL, HUP: signal.SIG_DFL}
    old = {number: signal.signal(number, meaning) for number, meaning in usual.items()}
    yield
    now = {number: signal.signal(number, meaning) for number, meaning in old.items()}
    assert now == usual


@pytest.mark.parametrize("number", [TERM, HUP])
@pytest.mark.parametrize(
    ("moment", "steps"),
    [("begin", 1), ("epoch 0 begins", 1), ("step 2", 2), ("epoch 0 ends", 4),
     ("step 6", 6), ("end", 6)],
)  # fmt: skip
def test_a_signal_is_never_lost(backend, number, moment, steps):
    model, interrupt = regressor(), Interrupt(moment, number, number)
    with pytest.raises(SystemExit) as ended:
        model.fit(X, NUMBERS, epochs=2, batch_size=4, callbacks=[interrupt])
    assert ended.value.code == 128 + number
    assert interrupt.ended == 1
    assert interrupt.steps <= steps
    assert model.history.epochs == interrupt.epochs
    assert int(host(model.train_state.memory.get("iterations", np.array(0)))) == interrupt.steps


@pytest.mark.parametrize(
    ("signals", "ended"),
    [
        ((INT, TERM), SystemExit),  # whoever catches Ctrl-C and goes on, must end now
        ((TERM, INT), SystemExit),  # and does not wait
        ((HUP, TERM), SystemExit),
        ((INT, INT), KeyboardInterrupt),
    ],
)
def test_of_several_signals_the_one_that_ends_the_process_counts(signals, ended):
    interrupt = Interrupt("step 2", *signals)
    with pytest.raises(ended) as raised:
        regressor().fit(X, NUMBERS, epochs=2, batch_size=4, callbacks=[interrupt])
    if ended is SystemExit:
        assert raised.value.code == 128 + next(n for n in signals if n != INT)


@pytest.mark.parametrize("own", [lambda number, frame: seen.append(number), signal.SIG_IGN])
def test_other_meanings_are_left_alone(own):
    seen.clear()
    signal.signal(TERM, own)
    model, interrupt = regressor(), Interrupt("step 1", TERM)
    model.fit(X, NUMBERS, epochs=2, callbacks=[interrupt])
    assert signal.signal(TERM, signal.SIG_DFL) == own
    assert model.history.epochs == 2
    assert seen == ([] if own == signal.SIG_IGN else [TERM])


seen = []


def test_a_meaning_that_a_callback_gives_stays():
    class Take(Callback):
        def on_epoch_begin(self, epoch):
            signal.signal(TERM, signal.SIG_IGN)

    regressor().fit(X, NUMBERS, callbacks=[Take()])
    assert signal.signal(TERM, signal.SIG_DFL) == signal.SIG_IGN


def test_a_thread_handles_no_signals():
    meanings = []

    class Look(Callback):
        def on_epoch_end(self, epoch, logs):
            meanings.append(signal.getsignal(TERM))

    model = regressor()
    thread = threading.Thread(
        target=lambda: model.fit(X, NUMBERS, epochs=2, callbacks=[Look()], verbose=False)
    )
    thread.start()
    thread.join()
    assert meanings == [signal.SIG_DFL] * 2


def test_an_error_does_not_take_the_place_of_a_signal():
    class FailsOfSignals(Callback):
        def on_epoch_end(self, epoch, logs):
            signal.raise_signal(TERM)
            raise RuntimeError("something else")

    with pytest.raises(SystemExit) as ended:
        regressor().fit(X, NUMBERS, callbacks=[FailsOfSignals()])
    assert ended.value.code == 128 + TERM
    assert str(ended.value.__cause__) == "something else"


def test_a_training_within_a_training_ends_too():
    inner = regressor()

    class Nested(Callback):
        def on_epoch_end(self, epoch, logs):
            inner.fit(
                X, NUMBERS, epochs=10**9, batch_size=4, callbacks=[Interrupt("step 2", TERM)]
            )

    model = regressor()
    with pytest.raises(SystemExit):
        model.fit(X, NUMBERS, epochs=2, callbacks=[Nested()])
    assert int(inner.train_state.memory["iterations"]) == 2
    assert model.history.epochs == 1


FORKS = """
import os, signal
import xpnn

class Fork(xpnn.Callback):
    def on_epoch_end(self, epoch, logs):
        child = os.fork()
        if not child:
            signal.raise_signal(signal.SIGTERM)
            os._exit(0)  # it was held
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

model = xpnn.Sequential([xpnn.Dense(2, 1)]).compile("mean_squared_error", "sgd")
model.fit([[1.0, 2.0]], [3.0], callbacks=[Fork()])
"""


def test_a_process_that_a_callback_forks_is_not_held():
    assert run_python(FORKS).stdout == f"{-TERM}\n"


@pytest.mark.parametrize(("number", "error"), [(TERM, SystemExit), (INT, KeyboardInterrupt)])
def test_a_search_keeps_the_best_so_far(backend, monkeypatch, number, error):
    model, losses = regressor(), []
    measure_on = type(model).measure_on

    def counted(self, *data):
        measure = measure_on(self, *data)

        def measured():
            losses.append(measure())
            if len(losses) == 20:
                signal.raise_signal(number)
            return losses[-1]

        return measured

    monkeypatch.setattr(type(model), "measure_on", counted)
    with pytest.raises(error):
        xpnn.search.random_search(model, X, NUMBERS, iterations=10**6, seed=0)
    assert len(losses) == 20
    monkeypatch.undo()
    assert model.evaluate(X, NUMBERS)["loss"] == min(m["loss"] for m in losses)


def test_an_estimator_has_what_it_learnt(monkeypatch):
    from xpnn.sklearn import MLPClassifier
    from xpnn.sklearn.watch import Watch

    ends = Watch.on_epoch_end

    def interrupt(self, epoch, logs):
        ends(self, epoch, logs)
        if epoch == 2:
            raise SystemExit(128 + TERM)

    how = {"hidden_layer_sizes": (8,), "random_state": 0, "max_iter": 50}
    monkeypatch.setattr(Watch, "on_epoch_end", interrupt)
    digits, labels = xpnn.datasets.digits()
    model = MLPClassifier(**how)
    with pytest.raises(SystemExit) as ended:
        model.fit(digits, labels)
    assert ended.value.code == 128 + TERM
    assert model.n_iter_ == 3
    monkeypatch.undo()
    with pytest.warns(UserWarning, match="Maximum iterations"):
        wanted = MLPClassifier(**{**how, "max_iter": 3}).fit(digits, labels)
    np.testing.assert_array_equal(model.coefs_[0], wanted.coefs_[0])
