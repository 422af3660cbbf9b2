"""A run that was interrupted, killed or moved ends where the one that was left alone ends."""

import json

import numpy as np
import pytest
from resumed import HOW, WEIGHT, Stop, X, Y, assert_same, learnt, network, others
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
from xpnn.checkpoints import newest


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


@pytest.mark.parametrize("at", [(0, 5), (0, 6), (1, 0)], ids=str)
def test_the_best_of_a_training_measure_after_ctrl_c(tmp_path, at):
    """The first epoch is the best; at its end it is not yet known that it is."""

    def watching():
        return EarlyStopping("loss", 9, mode="max")

    with xpnn.use_backend("numpy"):
        wanted, model, again = network(), network(), network()
        wanted.fit(X, Y, callbacks=[watching()], **HOW)
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, Y, callbacks=[watching(), Checkpoint(tmp_path), Stop(*at)], **HOW)
        again.fit(X, Y, callbacks=[watching()], resume=tmp_path, **HOW)
        assert_same(learnt(again), learnt(wanted))


@pytest.mark.parametrize("seed", [5, np.random.RandomState(5), np.random.default_rng(6)])
@pytest.mark.parametrize(
    "how",
    [
        {"epochs": 40, "batch_size": None},
        {"epochs": 6, "batch_size": 7, "shuffle": False},
        {"epochs": 6, "batch_size": 7, "sample_weight": WEIGHT},
        {"epochs": 6, "batch_size": 61, "class_weight": {0: 2.0, 1: 1.0}},
    ],
    ids=["whole", "batches", "weights", "classes"],
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


@pytest.mark.float64
@pytest.mark.parametrize(
    "optimizer",
    [
        xpnn.SGD(0.1),
        xpnn.SGD(0.1, momentum=0.9),
        xpnn.AdaGrad(0.1),
        xpnn.RMSProp(0.01),
        xpnn.NAdam(0.01),
        xpnn.Muon(0.01, average=0.9),
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
