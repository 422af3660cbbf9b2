"""The command xpnn train where a signal ends it, or the disk is full."""

import os
import pty
import signal
import subprocess
import sys

import pytest
from command_line import measured, run
from full_disk import full_disk
from processes import command, surroundings

import xpnn
from xpnn.callbacks import Checkpoint

pytestmark = pytest.mark.usefixtures("folder")

TERM, HUP = signal.SIGTERM, signal.SIGHUP
STATUS = {TERM: 143, HUP: 129}


@pytest.fixture(autouse=True)
def usual_meanings():
    """Signals mean what they mean at the start of Python, before and after."""
    old = {number: signal.signal(number, signal.SIG_DFL) for number in STATUS}
    yield
    for number, meaning in old.items():
        assert signal.signal(number, meaning) == signal.SIG_DFL


class Send(xpnn.Callback):
    """Sends signals in an epoch."""

    def __init__(self, *signals, epoch=20):
        self.signals, self.epoch = signals, epoch

    def on_epoch_begin(self, epoch):
        if epoch == self.epoch:
            for number in self.signals:
                signal.raise_signal(number)


@pytest.fixture
def also(monkeypatch):
    """Return a function that gives trainings of the command another callback."""
    fit = xpnn.Sequential.fit

    def give(callback):
        monkeypatch.setattr(
            xpnn.Sequential,
            "fit",
            lambda *a, **k: fit(*a, **{**k, "callbacks": [*k["callbacks"], callback]}),
        )

    return give


@pytest.mark.parametrize("signals", [(TERM,), (HUP,), (HUP, HUP, TERM)])
def test_what_was_learnt_before_a_signal_is_saved(folder, also, signals):
    also(Send(*signals))
    words = ("train", "vertical", "--plot", "curves.png", "--checkpoints", "kept")
    result = run(*words, status=STATUS[signals[0]])
    name = signal.Signals(signals[0]).name
    said = f"Ended by {name} after 20 of 1,000 epochs; saving what was learnt\n"
    assert result.stderr == said
    assert (folder / "curves.png").exists()
    again = measured(run("evaluate", "model.safetensors", "vertical").stdout)
    assert again == measured(result.stdout)
    assert len(Checkpoint.files("kept")) == 1


@pytest.mark.parametrize("number", [TERM, HUP])
def test_a_signal_while_the_model_is_saved_waits(folder, monkeypatch, number):
    save = xpnn.cli.train_data_set.save

    def interrupted(*args):
        signal.raise_signal(number)
        save(*args)

    monkeypatch.setattr("xpnn.cli.train_data_set.save", interrupted)
    result = run("train", "vertical", "--epochs", 2, status=STATUS[number])
    assert "Trained 2 epochs" in result.stdout
    xpnn.load("model.safetensors")


@pytest.mark.parametrize("number", [TERM, HUP])
def test_a_signal_elsewhere_ends_quietly(folder, monkeypatch, number):
    def send():
        signal.raise_signal(number)
        raise AssertionError("it went on")

    monkeypatch.setattr("xpnn.datasets.digits", send)
    result = run("train", "digits", status=STATUS[number])
    assert result.stderr == f"Ended by {signal.Signals(number).name}.\n"
    assert not [*folder.iterdir()]


TRAINS = """
import fcntl, sys, termios
import xpnn
from xpnn.cli import main

class Tell(xpnn.Callback):
    def on_epoch_end(self, epoch, logs):
        if epoch == 1:
            print("training", flush=True)

fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # this terminal is the session's
fit = xpnn.Sequential.fit
xpnn.Sequential.fit = lambda *a, **k: fit(*a, **{**k, "callbacks": [*k["callbacks"], Tell()]})
main(sys.argv[1:], prog_name="xpnn")
"""


def test_a_terminal_that_is_closed(folder):
    """What is said then can't be read by anybody, and costs nothing."""
    words = ("train", "vertical", "--epochs", "1000000000", "--checkpoints", "kept")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*command(TRAINS), *words],
        env=surroundings(), stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    ) as process:  # fmt: skip
        os.close(theirs)
        said = b""
        while b"training\r\n" not in said:
            said += os.read(ours, 4096)
        os.close(ours)
        assert process.wait(60) == 129
    model, kept = xpnn.load("model.safetensors"), xpnn.load(Checkpoint.files("kept")[-1])
    assert all((p == q).all() for p, q in zip(model.parameters, kept.parameters))


# ------------------------------------------------------------------------- a full disk


def test_a_checkpoint_that_cannot_be_written_does_not_cost_the_model(folder):
    words = ("train", "vertical", "--epochs", 3)
    run(*words, "--output", "alone")
    with full_disk((folder / "alone").stat().st_size):  # a checkpoint is larger
        result = run(*words, "--checkpoints", "kept")
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("Warning: a checkpoint could not be written")
    assert "File too large: 'kept/checkpoint-000001-epoch-3.safetensors'" in result.stderr
    assert measured(result.stdout) == measured(run("evaluate", "alone", "vertical").stdout)
    assert not [*(folder / "kept").iterdir()]


def test_a_movie_that_cannot_be_written_does_not_cost_the_model(folder):
    movie = "a.gif"
    (folder / movie).write_bytes(b"the old one")
    words = ("train", "vertical", "--hidden", 2, "--epochs", 60)
    with full_disk(3000):
        result = run(*words, "--movie", movie, status=2)
    assert result.stderr.endswith(f"Error: {movie}: File too large\n")
    assert "Trained 60 epochs" in result.stdout
    assert "wrote model.safetensors\n" in result.stdout
    assert xpnn.load("model.safetensors").card()["parameters"]
    assert {path.name for path in folder.iterdir()} == {"model.safetensors", movie}
    assert (folder / movie).read_bytes() == b"the old one"


def test_a_model_that_cannot_be_written_does_not_cost_the_rest(folder):
    (folder / "old").write_bytes(b"the old one")
    words = ("train", "vertical", "--hidden", 512, "--epochs", 2, "--output", "old")
    with full_disk(6000):
        result = run(*words, "--plot", "curves.svg", status=2)
    assert result.stderr.startswith("Error: old: File too large")
    assert measured(result.stdout)["training"]
    assert "wrote" not in result.stdout.replace("wrote curves.svg", "")
    assert (folder / "old").read_bytes() == b"the old one"
    assert {path.name for path in folder.iterdir()} <= {"old", "curves.svg"}


def test_results_that_nobody_can_read_do_not_cost_the_model(folder):
    start = [sys.executable, "-P", "-m", "xpnn", "train", "vertical", "--epochs", "2"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            start, env=surroundings(), stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 2
    assert done.stderr == "Error: standard output: No space left on device\n"
    xpnn.load("model.safetensors")
    with open("/dev/full", "w") as full:
        done = subprocess.run(start, env=surroundings(), stdout=full, stderr=full)
    assert done.returncode == 2
