"""A run that was interrupted, killed or moved ends where the one that was left alone ends."""

import json
import os
import signal
import time

import numpy as np
import pytest
from support import host

import xpnn
from xpnn.backend import resolve
from xpnn.callbacks import (
    Callback,
    Checkpoint,
    CSVLogger,
    EarlyStopping,
    JSONLogger,
    ReduceOnPlateau,
)
from xpnn.checkpoints import CheckpointWarning, newest

rng = np.random.default_rng(0)
X = rng.standard_normal((61, 4))
Y = (np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] > 0).astype(int)


def network(dtype="float32", optimizer=None, **options):
    layers = [
        xpnn.Dense(4, 9, l2=1e-4),
        xpnn.ReLU(),
        xpnn.BatchNorm(9),  # behind it: biases before it have gradients of rounding only
        xpnn.Dropout(0.2),
        xpnn.Dense(9, 2),
        xpnn.Softmax(),
    ]
    options = {"seed": 3, **options}
    model = xpnn.Sequential(layers, dtype=dtype, **options)
    loss = xpnn.CategoricalCrossEntropy(label_smoothing=0.1)
    return model.compile(loss, optimizer or xpnn.Adam(0.02), clip_norm=1.0)


HOW = {"epochs": 9, "batch_size": 8, "validation_split": 0.2}


def others():
    """What remembers something from one epoch to the next."""
    return [EarlyStopping("val_loss", 6), ReduceOnPlateau("loss", patience=1, min_delta=0.03)]


def learnt(model):
    state = [np.asarray(host(a)) for a in model.tensors().values()]
    return state, model.history.history, model.learning_rate


def assert_same(ours, wanted):
    for a, b in zip(ours[0], wanted[0], strict=True):
        np.testing.assert_array_equal(a, b)
    assert ours[1] == wanted[1]
    assert ours[2] == wanted[2]


class Stop(Callback):
    """Sends Ctrl-C at a step; steps are taken one by one, as it listens to each."""

    def __init__(self, epoch, step):
        self.at, self.epoch = (epoch, step), 0

    def on_epoch_begin(self, epoch):
        self.epoch = epoch

    def on_batch_end(self, step):
        if (self.epoch, step) == self.at:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("at", [(0, 0), (2, 3), (4, 6)], ids=str)
def test_after_ctrl_c_in_the_middle_of_an_epoch(tmp_path, at):
    # NumPy's, to the last bit: a run in blocks of steps, and one in steps and then in blocks
    with xpnn.use_backend("numpy"):
        wanted = network()
        wanted.fit(X, Y, callbacks=[Checkpoint(tmp_path / "a"), *others()], **HOW)
        model = network()
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, Y, callbacks=[Checkpoint(tmp_path), Stop(*at), *others()], **HOW)
        start = newest(tmp_path)
        assert (start.epoch, start.step) == (at[0], at[1] + 1)
        again = network()
        again.fit(X, Y, callbacks=[*others(), Checkpoint(tmp_path)], resume=tmp_path, **HOW)
        assert_same(learnt(again), learnt(wanted))


@pytest.mark.parametrize("seed", [5, np.random.RandomState(5), np.random.default_rng(6)])
@pytest.mark.parametrize(
    "how",
    [
        {"epochs": 40, "batch_size": None},
        {"epochs": 6, "batch_size": 7, "shuffle": False},
        {"epochs": 6, "batch_size": 7, "sample_weight": rng.uniform(0.1, 2, 61)},
        {"epochs": 6, "batch_size": 61, "class_weight": {0: 2.0, 1: 1.0}},
    ],
    ids=str,
)
def test_in_two_parts(tmp_path, seed, how):
    def fresh():
        import copy

        return network(seed=copy.deepcopy(seed), backend="numpy")

    wanted = fresh()
    wanted.fit(X, Y, **how)
    first, half = fresh(), how["epochs"] // 2
    first.fit(X, Y, callbacks=[Checkpoint(tmp_path, every_epochs=4)], **{**how, "epochs": half})
    second = fresh()
    history = second.fit(X, Y, callbacks=[Checkpoint(tmp_path)], resume=tmp_path, **how)
    assert history.epochs == how["epochs"]
    assert_same(learnt(second), learnt(wanted))


@pytest.mark.parametrize(
    "optimizer",
    [
        xpnn.SGD(0.1),
        xpnn.SGD(0.1, momentum=0.9),
        xpnn.AdaGrad(0.1),
        xpnn.RMSProp(0.01),
        xpnn.AdamW(xpnn.schedules.WarmUp(xpnn.schedules.CosineDecay(0.05, 40), 9)),
    ],
    ids=str,
)
def test_from_one_backend_to_another_and_back(backend, tmp_path, optimizer):
    how = {"batch_size": 16}

    def fresh(where):
        return network("float64", optimizer, backend=where)

    stayed = fresh("numpy")
    stayed.fit(X, Y, epochs=8, **how)
    for name, places in {"there": ("numpy", backend), "back": (backend, "numpy")}.items():
        folder = tmp_path / name
        fresh(places[0]).fit(X, Y, epochs=3, callbacks=[Checkpoint(folder)], **how)
        moved = fresh(places[1])
        moved.fit(X, Y, epochs=8, resume=folder, callbacks=[Checkpoint(folder)], **how)
        assert moved.backend is resolve(places[1])
        for a, b in zip(moved.tensors().values(), stayed.tensors().values()):
            np.testing.assert_allclose(host(a), host(b), rtol=1e-8, atol=1e-10)
        for name, values in stayed.history.history.items():
            np.testing.assert_allclose(moved.history.history[name], values, rtol=1e-8)


def test_a_stopped_run_stays_stopped(backend, tmp_path):
    def callbacks():
        return [EarlyStopping("val_loss", 2, min_delta=0.05), Checkpoint(tmp_path)]

    model = network()
    how = {"epochs": 60, "validation_split": 0.3}
    model.fit(X, Y, callbacks=callbacks(), **how)
    epochs = model.history.epochs
    assert epochs < 60
    again = network()
    again.fit(X, Y, callbacks=callbacks(), resume=tmp_path, **how)
    assert again.history.epochs == epochs
    for a, b in zip(again.parameters, model.parameters):
        np.testing.assert_array_equal(host(a), host(b))


def test_logs_of_a_resumed_run_are_whole(tmp_path):
    def callbacks(name):
        return [CSVLogger(tmp_path / f"{name}.csv"), JSONLogger(tmp_path / f"{name}.jsonl")]

    network().fit(X, Y, callbacks=callbacks("whole"), **HOW)
    folder = tmp_path / "run"
    first = [*callbacks("parts"), Checkpoint(folder), Stop(4, 2)]
    with pytest.raises(KeyboardInterrupt):
        network().fit(X, Y, callbacks=first, **HOW)
    network().fit(X, Y, callbacks=callbacks("parts"), resume=folder, **HOW)
    for ending in ("csv", "jsonl"):
        texts = [(tmp_path / f"{name}.{ending}").read_text() for name in ("whole", "parts")]
        assert texts[0] == texts[1]
    lines = [json.loads(line) for line in texts[0].splitlines()]
    assert [line["epoch"] for line in lines] == [*range(9)]


# ---------------------------------------------------------------------- what is refused


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


def test_two_folders_of_one_run(tmp_path):
    def callbacks():
        return [Checkpoint(tmp_path / "a"), Checkpoint(tmp_path / "b", every_epochs=2, keep=9)]

    wanted = network()
    wanted.fit(X, Y, epochs=5)
    network().fit(X, Y, epochs=3, callbacks=callbacks())
    again = network()
    again.fit(X, Y, epochs=5, callbacks=callbacks(), resume=tmp_path / "a")
    assert_same(learnt(again), learnt(wanted))
    assert newest(tmp_path / "b").epoch == 5


def test_the_same_model_goes_on_after_its_learning_rate_was_changed(tmp_path):
    def callbacks():
        return [ReduceOnPlateau("loss", patience=1, min_delta=9.0), Checkpoint(tmp_path)]

    wanted = network()
    wanted.fit(X, Y, epochs=6, callbacks=callbacks()[:1])
    model = network()
    model.fit(X, Y, epochs=3, callbacks=callbacks())
    model.fit(X, Y, epochs=5, callbacks=callbacks(), resume=tmp_path)
    model.fit(X, Y, epochs=6, callbacks=callbacks(), resume=tmp_path)
    assert_same(learnt(model), learnt(wanted))


class Keeps(Callback):
    def __init__(self, value):
        self.value = value

    def state(self):
        return {"v": self.value}

    def restore(self, state):
        self.value = state["v"]


@pytest.mark.parametrize(
    "value", [np.int64(3), np.float64(2.5), np.bool_(True), [1, {"a": None}]]
)
def test_what_a_callback_may_keep(tmp_path, value):
    how = {"batch_size": np.int64(8), "resume": tmp_path}
    network().fit(X, Y, epochs=1, callbacks=[Keeps(value), Checkpoint(tmp_path)], **how)
    keeps = Keeps(None)
    network().fit(X, Y, epochs=2, callbacks=[keeps], **how)
    assert keeps.value == value
    assert type(keeps.value) is type(value.item() if isinstance(value, np.generic) else value)


def test_arrays_that_a_callback_keeps(backend, tmp_path):
    value = backend.asarray([1.5, 2.5])
    network().fit(X, Y, callbacks=[Keeps(value), Checkpoint(tmp_path)])
    keeps = Keeps(None)
    network().fit(X, Y, epochs=2, callbacks=[keeps], resume=tmp_path)
    np.testing.assert_array_equal(keeps.value, [1.5, 2.5])


@pytest.mark.parametrize("value", [np.arange(3), float("nan"), {1: 2}, (1, 2), {3}], ids=str)
def test_what_a_callback_may_not_keep(tmp_path, value):
    with pytest.raises(TypeError, match=r"Keeps\.0: state 'v' must be"):
        network().fit(X, Y, callbacks=[Keeps(value), Checkpoint(tmp_path)])
    assert not [*tmp_path.iterdir()]


def test_no_folder_starts_afresh(tmp_path):
    wanted, model = network(), network()
    wanted.fit(X, Y, epochs=2)
    model.fit(X, Y, epochs=2, resume=tmp_path / "none")
    assert_same(learnt(model), learnt(wanted))


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


# ------------------------------------------------------------------------------ the files


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
    assert loaded.compiled.clip_norm == model.compiled.clip_norm


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
