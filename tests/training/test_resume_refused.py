"""Checkpoints from which a run does not go on: damaged ones, and those of another run."""

import numpy as np
import pytest
from resumed import X, Y, assert_same, learnt, network
from support import host

import xpnn
from xpnn.callbacks import Checkpoint, EarlyStopping
from xpnn.checkpoints import CheckpointWarning, newest


@pytest.fixture
def two(tmp_path):
    """A folder with the checkpoints after epochs 4 and 5."""
    network(backend="numpy").fit(X, Y, callbacks=[Checkpoint(tmp_path)], epochs=5)
    return tmp_path


def test_every_flipped_byte_is_found(two):
    older, newer = Checkpoint.files(two)
    good = newer.read_bytes()
    for place in [*range(200), *range(200, len(good), 41), len(good) - 1]:
        damaged = bytearray(good)
        damaged[place] ^= 1 << place % 8
        newer.write_bytes(damaged)
        with pytest.warns(CheckpointWarning) as caught:
            start = newest(two)
        assert start.path == older
        assert (start.epoch, start.step) == (4, 0)
    (warning,) = caught
    assert f"{newer.name} is refused" in str(warning.message)
    assert f"training goes on from {older.name}, after epoch 4" in str(warning.message)


def test_the_one_before_is_used(backend, two):
    wanted = network(backend="numpy")
    wanted.fit(X, Y, epochs=7)
    newer = Checkpoint.files(two)[-1]
    damaged = bytearray(newer.read_bytes())
    damaged[len(damaged) // 2] ^= 16
    newer.write_bytes(damaged)
    model = network(backend="numpy")
    with pytest.warns(CheckpointWarning, match="refused.*goes on from"):
        model.fit(X, Y, epochs=7, resume=two, callbacks=[Checkpoint(two)])
    assert_same(learnt(model), learnt(wanted))


def test_no_good_one(two):
    for path in Checkpoint.files(two):
        path.write_bytes(path.read_bytes()[:-1])
    wanted, model = network(), network()
    wanted.fit(X, Y, epochs=2)
    with pytest.warns(CheckpointWarning, match="training begins anew"):
        model.fit(X, Y, epochs=2, resume=two)
    assert_same(learnt(model), learnt(wanted))


def test_no_good_one_is_written_over(two):
    (older, newer) = Checkpoint.files(two)
    for path in (older, newer):
        path.write_bytes(path.read_bytes()[:-1])
    with pytest.warns(CheckpointWarning, match="training begins anew"):
        network().fit(X, Y, epochs=2, resume=two, callbacks=[Checkpoint(two)])
    assert newest(two).epoch == 2


def test_a_file_is_no_folder(two):
    with pytest.raises(
        ValueError, match=r"must be the folder of the checkpoints, but .* a file"
    ):
        network().fit(X, Y, epochs=9, resume=Checkpoint.files(two)[-1])


def test_another_measure_is_refused(tmp_path):
    callbacks = [EarlyStopping("loss"), Checkpoint(tmp_path)]
    network().fit(X, Y, epochs=2, callbacks=callbacks)
    callbacks = [EarlyStopping("accuracy"), Checkpoint(tmp_path)]
    with pytest.raises(ValueError, match="had the monitor 'loss', but now it is 'accuracy'"):
        network().fit(X, Y, epochs=4, callbacks=callbacks, resume=tmp_path)


def test_another_run_is_refused(two):
    layers = [xpnn.Dense(4, 2), xpnn.Softmax()]
    small = xpnn.Sequential(layers).compile("categorical_cross_entropy", "adam")
    cases = [
        (network("float64"), {}, ["dtype 'float32'", "'float64'"]),
        (network(optimizer=xpnn.SGD()), {}, ["optimizer", "Adam", "SGD"]),
        (network(), {"batch_size": 8}, ["batch_size 32", "8"]),
        (network(), {"shuffle": False}, ["shuffle True", "False"]),
        (network(), {"validation_split": 0.5}, ["n_samples 61", "31"]),
        (small, {}, ["layer 0 {'type': 'Dense'", "'n_outputs': 2"]),
        (network(), {"validation_data": (X, Y)}, ["validation False", "True"]),
        (network(seed=np.random.RandomState(0)), {}, ["generator", "PCG64", "MT19937"]),
    ]
    for model, how, words in cases:
        before = [host(p).copy() for p in model.parameters]
        with pytest.raises(ValueError, match="resume: the run") as caught:
            model.fit(X, Y, epochs=9, resume=two, **how)
        assert [word for word in words if word not in str(caught.value)] == []
        for p, q in zip(model.parameters, before):
            np.testing.assert_array_equal(host(p), q)


def test_checkpoints_of_another_run_are_not_lost(two):
    before = {path.name: path.read_bytes() for path in two.iterdir()}
    with pytest.raises(ValueError, match=r"has checkpoints of another run: go on.*resume="):
        network().fit(X, Y, callbacks=[Checkpoint(two)])
    assert {path.name: path.read_bytes() for path in two.iterdir()} == before
