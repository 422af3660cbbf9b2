"""Checkpoints: when they are written, which are kept, and that they are good ones."""

import time
from pathlib import Path

import numpy as np
import pytest
from full_disk import full_disk
from resumed import HOW, X, Y, assert_same, learnt, network
from support import host

import xpnn
from xpnn.callbacks import Callback, Checkpoint
from xpnn.checkpoints import CheckpointWarning, newest


@pytest.mark.parametrize(("every", "keep", "epochs"), [(1, 2, [9, 10]), (4, 9, [4, 8, 10])])
def test_which_are_kept(tmp_path, every, keep, epochs):
    checkpoint = Checkpoint(tmp_path / "made" / "here", every, keep)
    network().fit(X, Y, epochs=10, callbacks=[checkpoint])
    names = [path.name for path in Checkpoint.files(tmp_path / "made" / "here")]
    assert [int(name.split("-")[3].split(".")[0]) for name in names] == epochs
    assert len([*(tmp_path / "made" / "here").iterdir()]) == len(epochs)


def test_a_checkpoint_is_a_model_file(backend, tmp_path):
    model = network()
    model.fit(X, Y, epochs=3, callbacks=[Checkpoint(tmp_path)])
    loaded = xpnn.load(Checkpoint.files(tmp_path)[-1])
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    assert loaded.compiled == model.compiled


def test_within_an_epoch_after_some_seconds(tmp_path, monkeypatch):
    clock = iter(np.arange(0, 1e6, 0.6))  # each look at it is 0.6 s later
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    monkeypatch.setattr("xpnn.training.blocks.STEPS", 2)
    model, kept = network(), Checkpoint(tmp_path, 100, keep=100, every_seconds=1.0)
    model.fit(X, Y, callbacks=[kept], epochs=2, batch_size=8)  # four blocks an epoch
    monkeypatch.undo()
    files = Checkpoint.files(tmp_path)
    runs = [xpnn.serialization.read_file(path)[0]["training"] for path in files]
    places = [(run["epoch"], run["step"]) for run in runs]
    assert places[-1] == (2, 0)
    assert {step for epoch, step in places[:-1]} <= {2, 4, 6, 7}
    assert len(places) > 3
    for path in reversed(files):  # from each of them
        again = network()
        again.fit(X, Y, resume=tmp_path, epochs=2, batch_size=8)
        assert_same(learnt(again), learnt(model))
        path.unlink()


def test_after_some_seconds_where_an_epoch_is_a_step(tmp_path, monkeypatch):
    clock = iter(np.arange(0, 1e6, 0.4))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    kept = Checkpoint(tmp_path, None, keep=100, every_seconds=1.0)
    network().fit(X, Y, callbacks=[kept], epochs=30, batch_size=None)
    monkeypatch.undo()
    assert 5 < len(Checkpoint.files(tmp_path)) < 20


def test_a_diverged_run_leaves_only_good_checkpoints(backend, tmp_path):
    model = network(optimizer=xpnn.SGD(0.1))
    model.fit(X, Y, epochs=3, callbacks=[Checkpoint(tmp_path)])

    class Spoil(Callback):  # the last step of the epoch makes parameters infinite
        def on_epoch_end(self, epoch, logs):
            if epoch == 4:
                self.model.set_parameters([host(p) * np.inf for p in self.model.parameters])

    again = network(optimizer=xpnn.SGD(0.1))
    callbacks = [Checkpoint(tmp_path), Spoil()]
    with pytest.raises(xpnn.DivergenceError):
        again.fit(X, Y, epochs=9, callbacks=callbacks, resume=tmp_path)
    start = newest(tmp_path)
    assert start.epoch == 4
    assert all(np.isfinite(array).all() for array in start.arrays.values())


def test_an_error_of_a_callback_leaves_no_half_told_checkpoint(tmp_path):
    class FailsOfTestResume(Callback):
        def on_epoch_end(self, epoch, logs):
            if epoch == 2:
                raise RuntimeError("the disk of the log is full")

    with pytest.raises(RuntimeError, match="is full"):
        network().fit(X, Y, callbacks=[FailsOfTestResume(), Checkpoint(tmp_path)], **HOW)
    assert newest(tmp_path).epoch == 2  # of which everybody had been told
    wanted, again = network(), network()
    wanted.fit(X, Y, **HOW)
    again.fit(X, Y, resume=tmp_path, **HOW)
    assert_same(learnt(again), learnt(wanted))


def test_a_full_disk_costs_a_warning_and_not_the_training(backend, tmp_path):
    class Full(Callback):
        """There is no room from the end of the third epoch to that of the fifth."""

        def on_epoch_end(self, epoch, logs):
            if epoch == 2:
                self.disk = full_disk(1000)
                self.disk.__enter__()
            if epoch == 5:
                self.disk.__exit__(None, None, None)

    wanted, model = network(), network()
    wanted.fit(X, Y, **HOW)
    with pytest.warns(CheckpointWarning, match=r"could not be written.*epoch-3") as warned:
        model.fit(X, Y, callbacks=[Full(), Checkpoint(tmp_path, keep=99)], **HOW)
    assert len(warned) == 1
    assert_same(learnt(model), learnt(wanted))
    files = Checkpoint.files(tmp_path)
    epochs = [int(path.stem.rpartition("-")[2]) for path in files]
    assert epochs == [e for e in range(1, HOW["epochs"] + 1) if e not in (3, 4, 5)]
    assert [int(path.name.split("-")[1]) for path in files] == [*range(1, len(files) + 1)]
    assert len([*tmp_path.iterdir()]) == len(files)
    again = network()
    again.fit(X, Y, resume=tmp_path, **HOW)
    assert_same(learnt(again), learnt(wanted))


def test_the_last_good_checkpoint_is_gone_on_from(tmp_path):
    class Full(Callback):
        def on_epoch_begin(self, epoch):
            if epoch == 2:
                self.disk = full_disk(1000)
                self.disk.__enter__()

    full, wanted = Full(), network()
    wanted.fit(X, Y, **HOW)
    try:
        with pytest.warns(CheckpointWarning, match="could not be written"):
            network().fit(X, Y, callbacks=[full, Checkpoint(tmp_path)], **HOW)
    finally:
        full.disk.__exit__(None, None, None)
    assert newest(tmp_path).epoch == 2
    again = network()
    again.fit(X, Y, resume=tmp_path, **HOW)
    assert_same(learnt(again), learnt(wanted))


def test_a_time_that_has_come_waits_after_a_failure(tmp_path, monkeypatch):
    """Each try costs what writing costs, so the next one is made when the next is due."""
    clock = iter(np.arange(0, 1e6, 0.4))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    tried = []

    def fail(path, *rest):
        tried.append(path)
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("xpnn.training.progress.save_checkpoint", fail)
    kept = Checkpoint(tmp_path, None, every_seconds=1.0)
    with pytest.warns(CheckpointWarning):
        network().fit(X, Y, callbacks=[kept], epochs=30, batch_size=None)
    assert 5 < len(tried) < 20


def test_a_folder_that_cannot_be_written_to_is_found_before_training(tmp_path, monkeypatch):
    def refused(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("xpnn.callbacks.checkpoint.check_writable", refused)
    model = network()
    before = model.parameters
    with pytest.raises(PermissionError, match="checkpoint-000001"):
        model.fit(X, Y, callbacks=[Checkpoint(tmp_path)], **HOW)
    assert all((p == q).all() for p, q in zip(before, model.parameters))


def test_an_old_one_that_can_not_be_removed_costs_no_training(tmp_path, monkeypatch):
    """As on Windows, while somebody reads it; it goes when it can."""
    unlink, refusals = Path.unlink, iter(range(2))

    def refuse(path, missing_ok=False):
        if path in Checkpoint.files(tmp_path) and next(refusals, None) is not None:
            raise PermissionError(13, "it is open", str(path))
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    network().fit(X, Y, epochs=4, callbacks=[Checkpoint(tmp_path, keep=1)])
    assert next(refusals, None) is None
    names = [path.name for path in Checkpoint.files(tmp_path)]
    assert names == ["checkpoint-000004-epoch-4.safetensors"]
