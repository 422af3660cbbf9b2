"""The command xpnn train and Ctrl-C, and going on afterwards."""

import signal

import pytest
from command_line import measured, refused, run

import xpnn
from xpnn.cli.errors import INTERRUPTED

pytestmark = pytest.mark.usefixtures("folder")


@pytest.fixture
def interrupted(monkeypatch):
    """Return a function that sends Ctrl-C in an epoch of the next training."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    class Interrupt(xpnn.Callback):
        epoch = 0

        def on_epoch_begin(self, epoch):
            if epoch == self.epoch:
                signal.raise_signal(signal.SIGINT)

    fit = xpnn.Sequential.fit
    monkeypatch.setattr(
        xpnn.Sequential,
        "fit",
        lambda *a, **k: fit(*a, **{**k, "callbacks": [*k["callbacks"], Interrupt()]}),
    )

    def choose(epoch):
        Interrupt.epoch = epoch

    yield choose
    signal.signal(signal.SIGINT, before)


def test_what_was_learnt_before_ctrl_c_is_saved(folder, interrupted):
    interrupted(30)
    result = run("train", "vertical", "--plot", "curves.png", status=INTERRUPTED)
    assert result.stderr == "Interrupted after 30 of 1,000 epochs; saving what was learnt\n"
    assert "Trained 30 epochs" in result.stdout
    assert (folder / "curves.png").exists()
    again = measured(run("evaluate", "model.safetensors", "vertical").stdout)
    assert again == measured(result.stdout)
    assert again["training"][1] > 50


def test_ctrl_c_in_the_first_epoch_leaves_a_model_without_a_picture(folder, interrupted):
    interrupted(0)
    result = run("train", "vertical", "--plot", "curves.png", status=INTERRUPTED)
    assert "nothing to draw" in result.stderr
    assert {path.name for path in folder.iterdir()} == {"model.safetensors"}


def test_ctrl_c_elsewhere_ends_quietly(monkeypatch):
    def stop():
        raise KeyboardInterrupt

    monkeypatch.setattr("xpnn.datasets.digits", stop)
    result = run("train", "digits", status=INTERRUPTED)
    assert result.stderr == "Interrupted.\n"


def test_an_interrupted_training_goes_on_where_it_was(folder, interrupted):
    words = ("train", "vertical", "--epochs", 60, "--checkpoints")
    interrupted(10**6)
    wanted = run(*words, "whole").stdout
    interrupted(20)
    assert "Trained 20 epochs" in run(*words, "parts", status=INTERRUPTED).stdout
    interrupted(10**6)
    result = run(*words, "parts")
    assert "Trained 60 epochs" in result.stdout
    assert measured(result.stdout) == measured(wanted)
    (folder / "file").touch()
    refused("train", "vertical", "--checkpoints", "file")
