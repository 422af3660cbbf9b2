"""Checkpoints whose checksum is right and whose contents are not: refused, whole, by name."""

import copy
import json

import numpy as np
import pytest
from resumed import HOW, Stop, X, Y, network, others
from support import host

import xpnn
from xpnn.callbacks import Checkpoint
from xpnn.checkpoints import CheckpointWarning, newest
from xpnn.files.model_file import write_file
from xpnn.serialization import read_file
from xpnn.training.kept import generator_from, generator_state, set_generator_state

NAME = "checkpoint-000004-epoch-3.safetensors"


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """The contents of a checkpoint in the middle of an epoch."""
    folder = tmp_path_factory.mktemp("good")
    with xpnn.use_backend("numpy"), pytest.raises(KeyboardInterrupt):
        network().fit(X, Y, callbacks=[*others(), Stop(3, 2), Checkpoint(folder)], **HOW)
    (path,) = [path for path in Checkpoint.files(folder) if path.name == NAME]
    return read_file(path)


LEFT_OUT = object()


def forged(good, folder, changes):
    """Write a checkpoint with changes, ``{"a/b/c": value}``; of arrays by their names."""
    description, arrays = copy.deepcopy(good[0]), dict(good[1])
    for place, value in changes.items():
        *way, last = place.split(">")
        parent = description if way or place in description else arrays
        for key in way:
            parent = parent[key]
        if value is LEFT_OUT:
            del parent[last]
        else:
            parent[last] = value(parent[last]) if callable(value) else value
    folder.mkdir(exist_ok=True)
    write_file(folder / NAME, description, arrays)
    return folder / NAME


FORGERIES = {
    "no training": ({"training": LEFT_OUT}, "it lacks 'training'"),
    "a list": ({"training": [1]}, "training must be of the type dict, got [1]"),
    "no step": ({"training>step": LEFT_OUT}, "it lacks 'step'"),
    "epoch is a word": ({"training>epoch": "3"}, "epoch must be an integer >= 0, got '3'"),
    "epoch is true": ({"training>epoch": True}, "epoch must be an integer >= 0, got True"),
    "negative step": ({"training>step": -1}, "step must be an integer >= 0, got -1"),
    "a step too many": ({"training>step": 8}, "step must be at most 7"),
    "another step": ({"training>step": 4}, "measured 0 must have the shape (4,), got (3,)"),
    "another epoch": ({"training>epoch": 4}, "must have the shape (4,), got (3,)"),
    "many iterations": ({"training>iterations": 2**31}, "iterations must be below 2147483648"),
    "no plan": ({"training>plan": {}}, "does not say of which run it is"),
    "plan is null": ({"training>plan": None}, "plan must be of the type dict, got None"),
    "no list": ({"training>plan>metrics": 1.5}, "metrics must be of the type list, got 1.5"),
    "half a plan": ({"training>plan>batch_size": LEFT_OUT}, "does not say of which run"),
    "run is a number": ({"training>run": 5}, "run must be of the type str, got 5"),
    "a word for measures": ({"training>measures": "loss"}, "measures must be of the type list"),
    "no measures": ({"training>measures": []}, "history must be the arrays []"),
    "a measure more": ({"training>measures": ["loss", {}]}, "measure must be of the type str"),
    "a state of nothing": (
        {"training>callbacks>EarlyStopping.0": None},
        "the state of EarlyStopping.0 must be of the type dict",
    ),
    "another generator": ({"training>generator>bit_generator": "PCG6"}, "generator"),
    "no state": ({"training>begin>state": 3}, "generator.state must be like"),
    "a number too large": ({"training>begin>state>inc": 2**128}, "generator"),
    "another optimizer": (
        {"optimizer>beta_1": 0.5}, "is not that of its run, {'type': 'Adam', 'le",
    ),
    "no rate": ({"optimizer>learning_rate": "x"}, "learning_rate must be"),
    "NaN in the network": (
        {"0.weights": lambda a: a * np.nan}, "0.weights must hold finite numbers",
    ),
    "another shape": (
        {"0.weights": lambda a: a.T}, "0.weights must have the shape (4, 9), got (9, 4)",
    ),
    "an array less": ({"2.mean": LEFT_OUT}, "the network must be the arrays"),
    "an array more": ({"9.mean": lambda _: np.ones(2)}, "the network must be the arrays"),
    "no slot": ({"training/slot/mean/0": LEFT_OUT}, "optimizer's memory must be the arrays"),
    "NaN in a slot": (
        {"training/slot/mean/0": lambda a: a * np.nan}, "memory mean/0 holds NaN",
    ),
    "a history of NaN": (
        {"training/history/loss": lambda a: a * np.nan}, "that was finished must be finite",
    ),
    "measures of another width": (
        {"training/measured/1": lambda a: np.repeat(a, 2)}, "the shape (3,), got (6,)",
    ),
    "waited less than nothing": (
        {"training>callbacks>EarlyStopping.0>waited": -1},
        "has a state that EarlyStopping.0 does not take: waited must be an integer >= 0",
    ),
    "no best": (
        {"training>callbacks>ReduceOnPlateau.0>best": LEFT_OUT},
        "has a state that ReduceOnPlateau.0 does not take: it lacks 'best'",
    ),
    "others' best": (
        {"training/callback/EarlyStopping.0/learnt.0.weights": lambda a: a.T},
        "does not take: learnt 0.weights must have the shape (4, 9), got (9, 4)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGERIES)
def test_forgeries(good, tmp_path, name):
    changes, words = FORGERIES[name]
    if "another" not in name:  # the older one is good: a forgery is no damage
        forged(good, tmp_path, {})
        (tmp_path / NAME).rename(tmp_path / "checkpoint-000003-epoch-3.safetensors")
    arrays = {"9.mean"} & changes.keys()
    good = good[0], good[1] | dict.fromkeys(arrays, np.ones(2))
    path = forged(good, tmp_path, changes)
    model = network(backend="numpy")
    before = [host(p) for p in model.parameters]
    with pytest.raises(xpnn.ModelFileError) as caught:
        model.fit(X, Y, callbacks=others(), resume=tmp_path, **HOW)
    assert [word for word in (str(path), words) if word not in str(caught.value)] == []
    for p, q in zip(model.parameters, before, strict=True):
        np.testing.assert_array_equal(host(p), q)


def test_the_checkpoint_itself_is_a_good_one(good, tmp_path):
    forged(good, tmp_path, {})
    model, wanted = network(backend="numpy"), network(backend="numpy")
    model.fit(X, Y, callbacks=others(), resume=tmp_path, **HOW)
    wanted.fit(X, Y, callbacks=others(), **HOW)
    for p, q in zip(model.parameters, wanted.parameters, strict=True):
        np.testing.assert_array_equal(p, q)


def test_a_checkpoint_of_a_newer_version(good, tmp_path, monkeypatch):
    """It is not lost: what would begin anew would remove it."""
    monkeypatch.setattr("xpnn.files.model_file.VERSION", 2)
    path = forged(good, tmp_path, {})
    monkeypatch.undo()
    with pytest.raises(xpnn.ModelFileError, match="version 2, but this xpnn reads up to 1"):
        network(backend="numpy").fit(X, Y, resume=tmp_path, callbacks=[Checkpoint(tmp_path)])
    path.rename(tmp_path / "checkpoint-000005-epoch-3.safetensors")
    forged(good, tmp_path, {})
    with pytest.warns(CheckpointWarning, match="000005.*is refused.*version 2"):
        assert newest(tmp_path).path.name == NAME


def test_another_kind_of_file(tmp_path):
    """Of another program, or a model file that somebody has given the name."""
    network(backend="numpy").save(tmp_path / NAME)
    with pytest.raises(xpnn.ModelFileError, match="is no checkpoint to go on from"):
        newest(tmp_path)


@pytest.mark.parametrize("kind", ["MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64", "legacy"])
def test_states_of_generators(kind):
    generator = np.random.RandomState(3)
    if kind != "legacy":
        generator = np.random.Generator(getattr(np.random, kind)(3))
    generator.normal(size=3)
    generator.permutation(5)
    state = json.loads(json.dumps(generator_state(generator)))
    again = generator_from(state)
    wanted = generator.permutation(50)
    np.testing.assert_array_equal(again.permutation(50), wanted)
    now = generator_state(generator)
    for place in ("state>pos", "buffer_pos", "has_uint32", "uinteger", "gauss", "state>state"):
        for value in (-1, 10**6, 2**200, "1", None, float("nan"), [1], {}):
            wrong = copy.deepcopy(state)
            *way, last = place.split(">")
            parent = wrong[way[0]] if way else wrong
            if last not in parent or (last, value) in (
                ("has_uint32", 10**6),
                ("uinteger", 10**6),
            ):
                continue
            if kind.startswith("PCG") and (last, value) == ("state", 10**6):
                continue
            parent[last] = value
            with pytest.raises(ValueError):
                set_generator_state(generator, wrong)
            assert generator_state(generator) == now


def test_as_many_steps_as_an_int32_counts(good, backend, tmp_path):
    forged(good, tmp_path, {"training>iterations": 2**31 - 1})
    model = network()
    model.fit(X, Y, callbacks=others(), resume=tmp_path, **HOW)
    assert model.train_state.iterations == 2**31 - 1
    model.save(tmp_path / "model")
    assert xpnn.load(tmp_path / "model").train_state.iterations == 2**31 - 1
