"""What callbacks are told, and when the progress bar shows."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

import numpy as np
import pytest
from processes import command, run_python, surroundings
from support import host

import xpnn
from xpnn import Callback, DivergenceError, History
from xpnn.callbacks import ProgressBar

X = np.linspace(-1, 1, 10)[:, None]
Y = X**2


def model(**options):
    layers = [xpnn.Dense(1, 4), xpnn.Tanh(), xpnn.Dense(4, 1)]
    return xpnn.Sequential(layers, seed=0, **options).compile("mean_squared_error", "sgd")


class Record(Callback):
    """Writes down each call."""

    def __init__(self, calls=None, name=""):
        self.calls, self.name = [] if calls is None else calls, name

    def note(self, *call):
        self.calls.append((self.name, *call) if self.name else call)

    def on_train_begin(self, epochs, steps):
        assert isinstance(self.model, xpnn.Sequential)
        self.note("train_begin", epochs, steps)

    def on_epoch_begin(self, epoch):
        self.note("epoch_begin", epoch)

    def on_batch_end(self, step):
        self.note("batch_end", step)

    def on_epoch_end(self, epoch, logs):
        self.note("epoch_end", epoch, logs)

    def on_train_end(self):
        self.note("train_end")


def test_calls_and_their_arguments(backend):
    record = Record()
    network = model()
    history = network.fit(
        X, Y, epochs=2, batch_size=4, callbacks=[record], validation_data=(X, Y)
    )
    logs = [
        {"loss": loss, "val_loss": val}
        for loss, val in zip(history.history["loss"], history.history["val_loss"])
    ]
    steps = [("batch_end", 0), ("batch_end", 1), ("batch_end", 2)]
    assert record.calls == [
        ("train_begin", 2, 3),
        ("epoch_begin", 0), *steps, ("epoch_end", 0, logs[0]),
        ("epoch_begin", 1), *steps, ("epoch_end", 1, logs[1]),
        ("train_end",),
    ]  # fmt: skip
    assert record.model is network


def test_several_are_called_in_order(backend):
    calls = []
    model().fit(X, Y, callbacks=(Record(calls, "a"), Record(calls, "b")))
    names = [call[0] for call in calls]
    assert names == ["a", "b"] * 4 + ["b", "a"]  # train_end: the last to begin ends first


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


class Stop(Callback):
    """Ends the training in an epoch, at its begin, in a step or at its end."""

    def __init__(self, epoch, moment):
        self.epoch, self.moment, self.now = epoch, moment, 0

    def stop(self, moment):
        if self.now == self.epoch and moment == self.moment:
            self.model.stop_training = True

    def on_epoch_begin(self, epoch):
        self.now = epoch
        self.stop("begin")

    def on_batch_end(self, step):
        self.stop("step")

    def on_epoch_end(self, epoch, logs):
        self.stop("end")


@pytest.mark.parametrize("moment", ["begin", "step", "end"])
def test_stop_training(backend, moment):
    network, record = model(), Record()
    stop = Stop(2, moment)
    history = network.fit(X, Y, epochs=9, batch_size=4, callbacks=[stop, record])
    assert history.epochs == 3
    assert sum(call[0] == "batch_end" for call in record.calls) == 9  # the epoch is finished
    assert record.calls[-1] == ("train_end",)
    assert network.fit(X, Y, epochs=2).epochs == 2  # the next training is not stopped


class OneProblemError(Exception):
    """Something that a callback raises."""


class Fail(Record):
    """Raises in one of its calls."""

    def __init__(self, moment):
        super().__init__()
        self.moment = moment

    def note(self, *call):
        super().note(*call)
        if call[0] == self.moment:
            raise OneProblemError


@pytest.mark.parametrize("moment", ["epoch_begin", "batch_end", "epoch_end"])
def test_train_end_is_told_after_an_error_too(backend, moment):
    network, before, after = model(), Record(), Record()
    with pytest.raises(OneProblemError):
        network.fit(X, Y, epochs=2, callbacks=[before, Fail(moment), after])
    for record in (before, after):
        assert record.calls[0][0] == "train_begin"
        assert [call[0] for call in record.calls].count("train_end") == 1
        assert record.calls[-1] == ("train_end",)
    assert network.history.epochs == (moment == "epoch_end")
    assert network.fit(X, Y).epochs == 1


def test_only_who_was_told_of_the_begin_is_told_of_the_end(backend):
    before, after = Record(), Record()
    with pytest.raises(OneProblemError):
        model().fit(X, Y, callbacks=[before, Fail("train_begin"), after])
    assert [call[0] for call in before.calls] == ["train_begin", "train_end"]
    assert after.calls == []


def test_train_end_is_told_to_all_where_one_fails(backend):
    record = Record()
    with pytest.raises(OneProblemError):
        model().fit(X, Y, callbacks=[Fail("train_end"), record])
    assert record.calls[-1] == ("train_end",)


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_train_end_is_told_after_divergence(backend):
    record = Record()
    network = model().compile("mean_squared_error", xpnn.SGD(1e30))
    with pytest.raises(DivergenceError):
        network.fit(X, Y, epochs=9, callbacks=[record])
    assert record.calls[-1] == ("train_end",)
    finished = [call for call in record.calls if call[0] == "epoch_end"]
    assert network.history.epochs == len(finished)


def test_callback_without_a_method_of_its_own(backend):
    assert model().fit(X, Y, callbacks=[Callback()]).epochs == 1


# ------------------------------------------------------------------------------ History


def test_history_collects():
    history = History()
    assert history.epochs == 0
    history.append({"loss": 2.0, "val_loss": 3.0})
    history.append({"loss": 1.0, "val_loss": 4.0})
    assert history.history == {"loss": [2.0, 1.0], "val_loss": [3.0, 4.0]}
    assert history.epochs == 2
    assert History().history == {}  # none is shared


# ------------------------------------------------------------------------- progress bar

FIT = """
import sys
import numpy as np
import xpnn
from xpnn.callbacks import ProgressBar
X = np.linspace(-1, 1, 40)[:, None]
model = xpnn.Sequential([xpnn.Dense(1, 1)], seed=0).compile("mean_squared_error", "sgd")
verbose = {"auto": "auto", "True": True, "False": False, "2": 2}[sys.argv[1]]
callbacks = [ProgressBar(delay=float(delay)) for delay in sys.argv[2:]]
model.fit(X, X, epochs=3, batch_size=4, verbose=verbose, callbacks=callbacks)
print("done")
"""


def in_a_pipe(*arguments):
    """Run a fit whose output nobody watches, and return what it wrote."""
    done = subprocess.run(
        [*command(FIT, "-W", "error"), *arguments],
        env=surroundings(), capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert done.stdout == "done\n"  # stdout is the program's own
    return done.stderr


def on_a_terminal(*arguments):
    """Run a fit on a terminal, and return what it drew there."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 120, 0, 0))
    with subprocess.Popen(
        [*command(FIT, "-W", "error"), *arguments],
        env=surroundings(environment={"TERM": "xterm"}), stdout=subprocess.PIPE, stderr=theirs,
    ) as process:  # fmt: skip
        os.close(theirs)
        drawn = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # Linux says so that the other end is closed
                break
            if not part:
                break
            drawn += part
        os.close(ours)
        assert process.wait(120) == 0, drawn
        assert process.stdout.read() == b"done\n"
    return drawn.decode()


@pytest.mark.parametrize("verbose", ["auto", "False"])
def test_quiet_in_a_pipe(verbose):
    assert in_a_pipe(verbose) == ""


@pytest.mark.parametrize("verbose", ["True", "2"])
def test_drawn_in_a_pipe_where_it_is_asked_for(verbose):
    drawn = in_a_pipe(verbose)
    assert "100%" in drawn
    assert "epoch 3/3" in drawn
    assert "loss=" in drawn


def test_drawn_on_a_terminal():
    drawn = on_a_terminal("True")
    assert "100%" in drawn
    assert "epoch 3/3" in drawn
    assert "loss=" in drawn


def test_short_fits_are_quiet_on_a_terminal():
    """With "auto" a bar is there, but waits for two seconds of training."""
    assert on_a_terminal("auto") == ""
    assert on_a_terminal("False") == ""
    assert "100%" in on_a_terminal("False", "0")


def test_auto_watches_a_terminal_only(monkeypatch):
    made = []
    monkeypatch.setattr(ProgressBar, "on_train_begin", lambda self, *_: made.append(self.delay))
    for method in ("on_batch_end", "on_epoch_end", "on_train_end"):
        monkeypatch.setattr(ProgressBar, method, lambda *_: None)

    class Stream:
        def __init__(self, watched):
            self.watched = watched

        def isatty(self):
            return self.watched

    for watched in (False, True):
        monkeypatch.setattr(sys, "stderr", Stream(watched))
        assert ProgressBar.wanted() is watched
        model().fit(X, Y)
        assert len(made) == watched
    assert made == [2.0]


def test_no_stderr_at_all(monkeypatch):
    """As in a program of Windows that has no console."""
    monkeypatch.setattr(sys, "stderr", None)
    assert not ProgressBar.wanted()
    assert model().fit(X, Y).epochs == 1


def test_bar_is_closed_when_training_breaks_off():
    code = """
        import numpy as np, xpnn
        from xpnn.callbacks import ProgressBar
        class Break(xpnn.Callback):
            def on_batch_end(self, step):
                if step == 4:
                    raise ZeroDivisionError
        model = xpnn.Sequential([xpnn.Dense(1, 1)]).compile("mean_squared_error", "sgd")
        bar = ProgressBar()
        try:
            model.fit(np.ones((40, 1)), np.ones(40), batch_size=4, callbacks=[Break(), bar])
        except ZeroDivisionError:
            print(bar._bar.n, bar._bar.disable)
    """
    done = run_python(code)
    assert done.stdout.split() == ["4", "True"]
    assert " 40%" in done.stderr
