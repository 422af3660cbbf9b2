"""A folder of checkpoints belongs to one training while it runs."""

import os
import signal
import subprocess
import threading

import numpy as np
import pytest
from processes import command, surroundings
from resumed import X, Y, assert_same, learnt, network
from support import host

from xpnn.callbacks import Callback, Checkpoint, EarlyStopping
from xpnn.checkpoints import newest

TRAIN = """
import sys, time
import numpy as np
import xpnn
from xpnn.callbacks import Callback, Checkpoint

class Tell(Callback):
    def on_epoch_end(self, epoch, logs):
        if epoch == 1:
            print("running", flush=True)
            sys.stdin.readline()

X = np.random.default_rng(0).standard_normal((40, 3))
model = xpnn.Sequential([xpnn.Dense(3, 2), xpnn.Softmax()], seed=0)
model.compile("categorical_cross_entropy", "adam")

y = (X[:, 0] > 0).astype(int)
model.fit(X, y, epochs=3, callbacks=[Tell(), Checkpoint({folder!r})])
"""


@pytest.fixture
def running(tmp_path):
    """A process that trains with checkpoints in the folder, and waits in its second epoch."""
    code = TRAIN.format(folder=str(tmp_path))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command(code), env=surroundings(), **pipes) as process:
        assert process.stdout.readline() == "running\n"
        yield process
        process.kill()


class During(Callback):
    """Does something in the middle of a training."""

    def __init__(self, then):
        self.then = then

    def on_epoch_end(self, epoch, logs):
        if epoch == 1:
            self.then()


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def refused(folder, process, **options):
    """Check that another training is told who has the folder, and changes nothing."""
    model, stopping = network(seed=4), EarlyStopping("loss")
    before, there = [host(p) for p in model.parameters], contents(folder)
    callbacks = [stopping, Checkpoint(folder)]
    words = (
        f"{folder.name} belongs to a training that is running, process {process} on .*, since"
    )
    with pytest.raises(ValueError, match=words):
        model.fit(X, Y, callbacks=callbacks, epochs=3, **options)
    for p, q in zip(model.parameters, before, strict=True):
        np.testing.assert_array_equal(host(p), q)
    assert model.history is None
    assert model.running is None
    assert contents(folder) == there


def test_of_another_process(tmp_path, running):
    refused(tmp_path, running.pid)
    running.send_signal(signal.SIGKILL)
    running.wait()
    epochs = newest(tmp_path).epoch
    assert 0 < epochs < 3
    with pytest.raises(ValueError, match="has checkpoints of another run"):
        network().fit(X, Y, callbacks=[Checkpoint(tmp_path)])


def test_that_goes_on(tmp_path):
    """Two processes that go on with one run: one does, and the other says so."""
    network(seed=4).fit(X, Y, epochs=1, callbacks=[Checkpoint(tmp_path)])
    model = network(seed=4)
    tried = During(lambda: refused(tmp_path, os.getpid(), resume=tmp_path))
    model.fit(X, Y, epochs=3, callbacks=[tried, Checkpoint(tmp_path)], resume=tmp_path)
    assert newest(tmp_path).epoch == 3
    assert not [*tmp_path.glob(".*")]


def test_in_another_thread(backend, tmp_path):
    def elsewhere():
        thread = threading.Thread(target=refuse)
        thread.start()
        thread.join()

    found = []

    def refuse():
        with backend.activate():
            try:
                network(backend=backend).fit(X, Y, callbacks=[Checkpoint(tmp_path)])
            except ValueError as error:
                found.append(str(error))

    network().fit(X, Y, epochs=3, callbacks=[During(elsewhere), Checkpoint(tmp_path)])
    assert len(found) == 1
    assert "belongs to a training that is running" in found[0]


def test_after_each_end(tmp_path):
    """Whatever ends a training ends its hold of the folder."""

    class Fail(Callback):
        def on_epoch_begin(self, epoch):
            raise error

    for error in (RuntimeError("no"), KeyboardInterrupt()):
        with pytest.raises(type(error)):
            network().fit(X, Y, callbacks=[Fail(), Checkpoint(tmp_path)])
    with pytest.raises(ValueError, match="monitor"):
        network().fit(X, Y, callbacks=[Checkpoint(tmp_path), EarlyStopping("x")])
    assert not [*tmp_path.iterdir()]
    network().fit(X, Y, callbacks=[Checkpoint(tmp_path)])


def test_twice_of_one_training(tmp_path):
    often, seldom = Checkpoint(tmp_path, keep=9), Checkpoint(tmp_path, every_epochs=2, keep=9)
    network().fit(X, Y, epochs=4, callbacks=[often, seldom])
    assert newest(tmp_path).epoch == 4


def test_of_which_somebody_wrote_in_between(tmp_path):
    """The folder was read, and then another training went on there, and has ended."""
    network().fit(X, Y, epochs=1, callbacks=[Checkpoint(tmp_path)])

    class Other(Callback):
        def on_train_begin(self, epochs, steps):
            network().fit(X, Y, epochs=2, callbacks=[Checkpoint(tmp_path)], resume=tmp_path)

    model, wanted = network(), network()
    wanted.fit(X, Y, epochs=4)
    how = {"epochs": 4, "resume": tmp_path}
    with pytest.raises(ValueError, match=r"another training wrote .*-epoch-2.* call fit again"):
        model.fit(X, Y, callbacks=[Other(), Checkpoint(tmp_path)], **how)
    model.fit(X, Y, callbacks=[Checkpoint(tmp_path)], **how)
    assert_same(learnt(model), learnt(wanted))


def test_whose_files_are_removed_while_they_are_read(tmp_path, monkeypatch):
    network().fit(X, Y, epochs=2, callbacks=[Checkpoint(tmp_path)])
    from xpnn.training import resume

    read = resume.read_file
    gone = []

    def read_file(path):
        if not gone:
            gone.append(path.name)
            path.rename(path.with_name("checkpoint-000003-epoch-3.safetensors"))
        return read(path)

    monkeypatch.setattr(resume, "read_file", read_file)
    start = newest(tmp_path)
    assert gone == ["checkpoint-000002-epoch-2.safetensors"]
    assert (start.path.name, start.epoch) == ("checkpoint-000003-epoch-3.safetensors", 2)


@pytest.mark.parametrize("directory", [5, None, ""], ids=repr)
def test_what_is_no_folder(directory):
    with pytest.raises((TypeError, ValueError), match="directory must be the path of a folder"):
        Checkpoint(directory)


def test_a_folder_of_somebody_else_is_no_file_that_was_left(tmp_path):
    """Names such as these are what Rust gives to folders, too."""
    (tmp_path / ".tmpabc123").mkdir()
    (tmp_path / ".tmpabc124").write_bytes(b"left")
    network().fit(X, Y, callbacks=[Checkpoint(tmp_path)])
    assert [path.name for path in tmp_path.glob(".*")] == [".tmpabc123"]
