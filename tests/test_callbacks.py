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


# --------------------------------------------------------- those that come with the library


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


@pytest.mark.parametrize(("lasts", "epochs"), [(10.0, 1), (1.0, 4), (0.3, 15)])
def test_time_budget(monkeypatch, lasts, epochs):
    clock = [100.0]
    monkeypatch.setattr("xpnn.callbacks.time_budget.time.monotonic", lambda: clock[0])

    class Slow(Callback):
        def on_epoch_begin(self, epoch):
            clock[0] += lasts

    network = model()
    network.fit(X, Y, epochs=50, callbacks=[Slow(), xpnn.callbacks.TimeBudget(4.6)])
    assert network.history.epochs == epochs
    assert clock[0] - 100 <= max(4.6, lasts)


def test_logs_are_the_history(backend, tmp_path):
    import csv
    import json

    network = model()
    loggers = [
        xpnn.callbacks.CSVLogger(tmp_path / "log.csv"),
        xpnn.callbacks.JSONLogger(str(tmp_path / "log.jsonl")),
    ]
    history = network.fit(X, Y, epochs=4, validation_data=(X, Y), callbacks=loggers).history
    wanted = [
        {"epoch": i, **{name: values[i] for name, values in history.items()}} for i in range(4)
    ]
    with (tmp_path / "log.csv").open(newline="") as file:
        rows = [{name: float(v) for name, v in row.items()} for row in csv.DictReader(file)]
    assert rows == wanted
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == wanted


def test_each_line_is_there_when_its_epoch_has_ended(tmp_path):
    path, lengths = tmp_path / "log.csv", []

    class Look(Callback):
        def on_epoch_end(self, epoch, logs):
            lengths.append(len(path.read_text().splitlines()))

    model().fit(X, Y, epochs=3, callbacks=[xpnn.callbacks.CSVLogger(path), Look()])
    assert lengths == [2, 3, 4]


def test_what_is_not_finite_is_null(tmp_path):
    import json

    logger = xpnn.callbacks.JSONLogger(tmp_path / "log")
    logger.model = model()
    logger.model.history = History({"loss": [float("nan")]})
    logger.on_train_begin(1, 1)
    logger.on_epoch_end(0, {"loss": float("nan")})
    logger.on_train_end()
    assert json.loads((tmp_path / "log").read_text()) == {"epoch": 0, "loss": None}


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda c: c.EarlyStopping(patience=0), "patience must be an integer >= 1, got 0"),
        (lambda c: c.EarlyStopping(monitor=3), "monitor must be the name"),
        (lambda c: c.EarlyStopping(mode="up"), "mode must be 'auto', 'min' or 'max', got 'up'"),
        (lambda c: c.EarlyStopping(min_delta=-1), "min_delta"),
        (lambda c: c.EarlyStopping(restore_best=1), "restore_best must be True or False"),
        (lambda c: c.ReduceOnPlateau(factor=1.0), "factor"),
        (lambda c: c.ReduceOnPlateau(minimum=-1.0), "minimum"),
        (lambda c: c.TimeBudget(0), "seconds must be a finite number > 0, got 0"),
        (lambda c: c.Checkpoint("x", 0), "every_epochs"),
        (lambda c: c.Checkpoint("x", None), "every_epochs"),
        (lambda c: c.Checkpoint("x", keep=0), "keep"),
        (lambda c: c.Checkpoint("x", every_seconds=0), "every_seconds"),
    ],
)
def test_bad_settings(make, words):
    with pytest.raises((TypeError, ValueError), match=words):
        make(xpnn.callbacks)


def test_a_folder_that_there_is_not(tmp_path):
    logger = xpnn.callbacks.CSVLogger(tmp_path / "none" / "log.csv")
    with pytest.raises(FileNotFoundError, match="no folder"):
        model().fit(X, Y, callbacks=[logger])
    logger = xpnn.callbacks.JSONLogger(tmp_path)
    with pytest.raises(IsADirectoryError, match="must be a file, but is a folder"):
        model().fit(X, Y, callbacks=[logger])


def test_plateau_needs_a_number():
    network = model()
    network.compile("mean_squared_error", xpnn.SGD(xpnn.schedules.StepDecay(0.1, 5)))
    with pytest.raises(
        ValueError, match="a learning_rate that is a number, but it is StepDecay"
    ):
        network.fit(X, Y, callbacks=[xpnn.callbacks.ReduceOnPlateau("loss")])


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
