"""Who is refused before the first step finds everything as it was."""

import numpy as np
import pytest
from resumed import X, Y, assert_same, learnt, network
from support import host

import xpnn
from xpnn.callbacks import Callback, Checkpoint, EarlyStopping, GradientNorms
from xpnn.training.kept import generator_state


def everything(model, callbacks):
    """Return copies of all that a training changes."""
    memory = model.train_state.memory
    slots = {
        f"{name}/{i}": array
        for name in memory
        if name != "iterations"
        for i, array in enumerate(memory[name])
    }
    return (
        {name: host(a).copy() for name, a in {**model.tensors(), **slots}.items()},
        [model.train_state.iterations, model.compiled, model.stop_training, model.running],
        generator_state(model.generator),
        model.history,
        [dict(vars(callback)) for callback in callbacks],
    )


def check_same(before, after):
    arrays, plain, generator, history, callbacks = after
    assert arrays.keys() == before[0].keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, before[0][name])
    assert (plain, generator) == before[1:3]
    assert history is before[3]  # that of the last fit
    for now, then in zip(callbacks, before[4], strict=True):
        assert now.keys() == then.keys()
        assert all(value is then[name] for name, value in now.items())


class Refuse(Callback):
    """Fails at one of the hooks before the first step."""

    def __init__(self, hook, error):
        self.hook, self.error = hook, error

    def on_train_begin(self, epochs, steps):
        if self.hook == "begin":
            raise self.error

    def state(self):
        return {"something": 1}

    def restore(self, state):
        self.hook += "restored"
        if self.hook.startswith("restore"):
            raise self.error


def used(callbacks, **options):
    """Return a model that has been trained already, so that there is something to lose."""
    model = network(**options)
    model.fit(X, Y, epochs=2, batch_size=8, validation_split=0.2, callbacks=callbacks)
    return model


HOW = {"batch_size": 8, "validation_split": 0.2, "epochs": 5}


@pytest.mark.parametrize(
    ("hook", "error"),
    [
        ("begin", ValueError("no")),
        ("begin", KeyboardInterrupt()),
        ("restore", ValueError("no")),
        ("restore", KeyError("v")),
        ("restore", RuntimeError("no")),
        ("restore", KeyboardInterrupt()),
        ("another monitor", None),
    ],
    ids=str,
)
def test_a_refused_resume_changes_nothing(backend, tmp_path, hook, error):
    first = [
        Refuse("", None),
        EarlyStopping("val_loss"),
        GradientNorms((X, Y)),
        Checkpoint(tmp_path),
    ]
    network().fit(X, Y, **{**HOW, "epochs": 3}, callbacks=first)
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    norms = GradientNorms((X, Y))
    model, twin = used([norms]), used([])
    monitor = "val_accuracy" if hook == "another monitor" else "val_loss"
    callbacks = [norms, EarlyStopping(monitor), Refuse(hook, error), Checkpoint(tmp_path)]
    before = everything(model, callbacks)
    wanted = xpnn.ModelFileError if hook != "begin" else type(error)
    if isinstance(error, KeyboardInterrupt):
        wanted = KeyboardInterrupt
    with pytest.raises(wanted) as caught:
        model.fit(X, Y, **HOW, callbacks=callbacks, resume=tmp_path)
    if wanted is xpnn.ModelFileError:
        name = "EarlyStopping.0" if error is None else "Refuse.0"
        words = f"checkpoint-000003-epoch-3.safetensors has a state that {name} does not take"
        assert words in str(caught.value)
    check_same(before, everything(model, callbacks))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == files
    model.fit(X, Y, **HOW)
    twin.fit(X, Y, **HOW)
    assert_same(learnt(model), learnt(twin))


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()], ids=str)
def test_a_refused_fit_changes_nothing(backend, error):
    norms = GradientNorms((X, Y))
    model, twin = used([norms]), used([])
    for refuses, kind in (
        (Refuse("begin", error), type(error)),
        (EarlyStopping("x"), ValueError),
    ):
        callbacks = [norms, refuses]
        before = everything(model, callbacks)
        with pytest.raises(kind):
            model.fit(X, Y, **HOW, callbacks=callbacks)
        check_same(before, everything(model, callbacks))
    model.fit(X, Y, **HOW)
    twin.fit(X, Y, **HOW)
    assert_same(learnt(model), learnt(twin))


@pytest.mark.parametrize(
    ("resume", "error", "words"),
    [
        (5, TypeError, "resume must be the path of a folder of checkpoints, got 5"),
        (True, TypeError, "resume must be the path .*, got True"),
        (b"folder", TypeError, "resume must be the path .*, got b'folder'"),
        ("", ValueError, "resume must be the path .*, got ''"),
        ("/dev/null", ValueError, "resume must be the folder of the checkpoints"),
    ],
    ids=str,
)
def test_what_is_no_folder(resume, error, words):
    model = network()
    before = everything(model, [])
    with pytest.raises(error, match=words):
        model.fit(X, Y, resume=resume)
    check_same(before, everything(model, []))


def test_errors_after_the_first_step_leave_what_was_learnt(tmp_path):
    class Fail(Callback):
        def on_epoch_end(self, epoch, logs):
            raise RuntimeError("late")

    model = network()
    before = everything(model, [])
    with pytest.raises(RuntimeError, match="late"):
        model.fit(X, Y, callbacks=[Fail()])
    assert model.history.epochs == 1
    assert not np.array_equal(before[0]["0.weights"], host(model.tensors()["0.weights"]))
