"""A runner: what it does when it is asked, and what it tells."""

import json
import struct
import time

import numpy as np
import pytest

import xpnn
from xpnn.play import Choices, Session
from xpnn.play.backward import backward_pass
from xpnn.play.picture import Curve, View, frame
from xpnn.play.runner import Runner

KINDS = {"uint8": np.uint8, "int8": np.int8, "float32": np.float32}


def opened(content):
    """Return a frame's head, with its arrays, as a page reads it."""
    (length,) = struct.unpack("<I", content[:4])
    head, place = json.loads(content[4 : 4 + length]), 4 + length
    for name, kind, size in head["arrays"]:
        assert place % 4 == 0
        head[name] = np.frombuffer(content, KINDS[kind], size, place)
        place += -(-head[name].nbytes // 4) * 4
    assert place == len(content)
    return head


class Told:
    """A runner, and all that it has told."""

    def __init__(self, choices=None):
        self.told = []
        self.runner = Runner(Session(choices or Choices(samples=20)), self.take)
        self.runner.start()

    def take(self, what):
        self.told.append(opened(what) if isinstance(what, bytes) else what)

    def ask(self, do, **more):
        self.runner.ask({"do": do, **more})

    def wait(self, condition):
        """Wait for something told after now that is so; return it."""
        seen, ends = len(self.told), time.monotonic() + 60
        while time.monotonic() < ends:
            for one in self.told[seen:]:
                if condition(one):
                    return one
            self.runner.ready.set()
            time.sleep(0.002)
        raise AssertionError("it is never told")

    def after(self, do, condition, **more):
        """Ask for something, and wait for what is told of it."""
        seen, ends = len(self.told), time.monotonic() + 60
        self.ask(do, **more)
        while time.monotonic() < ends:
            for one in self.told[seen:]:
                if condition(one):
                    return one
            time.sleep(0.002)
        raise AssertionError("it is never told")


def kind(name):
    """Return what tells messages of a kind; of pictures those that are measured."""
    return lambda told: told["kind"] == name and (name != "picture" or "epoch" in told)


@pytest.fixture
def told():
    one = Told()
    yield one
    one.runner.close()


def test_a_step_an_epoch_and_again(told):
    pictures = [told.after("step", kind("picture")) for _ in range(3)]  # of 60 rows by 32
    assert [(p["epoch"], p["step"]) for p in pictures] == [(0, 1), (1, 0), (1, 1)]
    first = told.after("again", kind("picture"))
    assert (first["epoch"], first["step"]) == (0, 0)
    assert told.after("epoch", kind("picture"))["epoch"] == 1


def test_it_plays_and_the_loss_falls_until_it_is_paused(told):
    first = told.after("show", kind("picture"))
    told.ask("play")
    assert told.wait(kind("state"))["plays"]
    last = told.wait(lambda one: kind("picture")(one) and one["epoch"] > 60)
    assert last["train"]["loss"] < first["train"]["loss"]
    stopped = told.after("pause", kind("picture"))
    time.sleep(0.1)
    assert told.after("show", kind("picture"))["epoch"] == stopped["epoch"]
    curve = stopped["curve"].reshape(-1, 5)
    assert curve[0, 0] == 0
    assert curve[-1, 0] == stopped["epoch"]
    assert curve[-1, 1] == np.float32(stopped["train"]["loss"])


def test_nobody_is_sent_a_picture_that_can_t_take_one(told):
    told.ask("play")
    told.wait(kind("picture"))
    told.runner.ready.clear()
    time.sleep(0.1)
    pictures = sum(one["kind"] == "picture" for one in told.told)
    points, ends = len(told.runner._view.curve.points), time.monotonic() + 60
    while len(told.runner._view.curve.points) < points + 2:  # which goes on meanwhile
        assert time.monotonic() < ends
        time.sleep(0.01)
    assert sum(one["kind"] == "picture" for one in told.told) <= pictures + 1
    assert told.after("pause", kind("picture"))["epoch"] > 1


def test_the_learning_rate_changes_while_it_plays(told):
    told.ask("play")
    told.wait(lambda one: kind("picture")(one) and one["epoch"] > 3)
    slower = {**Choices(samples=20).plain(), "settings": {"learning_rate": 0.007}}
    told.after("choose", kind("session"), choices=slower)
    changed = told.wait(kind("picture"))
    assert changed["learningRate"] == pytest.approx(0.007)
    told.wait(lambda one: kind("picture")(one) and one["epoch"] > changed["epoch"])
    last = told.after("pause", kind("picture"))
    code = told.after("code", kind("code"))["text"]
    assert "model.learning_rate = 0.007" in code
    assert last["epoch"] > 3


def test_in_the_middle_of_an_epoch_another_learning_rate_waits_for_its_end(told):
    told.after("step", kind("picture"))
    other = {**Choices(samples=20).plain(), "settings": {"learning_rate": 0.007}}
    told.after("choose", kind("session"), choices=other)
    last = told.after("show", kind("picture"))
    assert (last["epoch"], last["step"]) == (1, 0)


def test_what_begins_anew_does_so_in_the_middle_of_an_epoch_too(told):
    told.after("step", kind("picture"))
    other = Choices(samples=20, hidden=(3,), activations=("relu",))
    session = told.after("choose", kind("session"), choices=other.plain())
    assert session["sizes"] == [2, 3, 3]
    last = told.after("show", kind("picture"))
    assert (last["epoch"], last["step"]) == (0, 0)
    assert last["weights"].size == 2 * 3 + 3 + 3 * 3 + 3


@pytest.mark.parametrize("within", [False, True])
def test_a_bad_choice_is_told_and_all_stays_as_it_is(told, within):
    if within:
        told.after("step", kind("picture"))
    before = told.after("show", kind("picture"))
    for change, said in (
        ({"settings": {"learning_rate": -1}}, "learning_rate must be a finite number > 0"),
        ({"backend": "abacus"}, "abacus"),
        ({"data": "table"}, "xpnn play FILE"),
    ):
        choices = {**Choices(samples=20).plain(), **change}
        assert said in told.after("choose", kind("problem"), choices=choices)["text"]
    after = told.after("show", kind("picture"))
    assert (after["epoch"], after["step"]) == (before["epoch"], before["step"])
    assert after["train"] == before["train"]
    good = Choices(samples=20).plain()
    assert told.after("choose", kind("problem"), choices=good)["text"] == ""


def test_a_training_that_diverges_ends_with_a_sentence(told):
    wild = Choices(data="sine", samples=20, optimizer="sgd", settings={"learning_rate": 1e6})
    told.after("choose", kind("session"), choices=wild.plain())
    said = told.after("play", lambda one: one["kind"] == "problem" and one["text"])
    assert "Try a smaller learning rate" in said["text"]
    assert not told.after("play", kind("state"))["plays"]
    milder = {**wild.plain(), "settings": {"learning_rate": 0.01}}
    told.after("choose", kind("picture"), choices=milder)
    assert told.after("epoch", kind("picture"))["epoch"] == 1


def test_after_an_error_that_nobody_foresaw_one_begins_again(told, monkeypatch):
    def breaks(*given):
        raise KeyError("unforeseen")

    monkeypatch.setattr("xpnn.play.runner.backward_pass", breaks)
    told.after("step", kind("picture"))
    said = told.after("sample", lambda one: one["kind"] == "problem" and one["text"], row=0)
    assert "unforeseen" in said["text"]
    assert not told.after("play", kind("state"))["plays"]
    told.after("again", kind("picture"))
    assert told.after("epoch", kind("picture"))["epoch"] == 1


def test_what_is_no_request_is_left_out(told):
    for what in ({}, {"do": "dance"}, {"do": ["play"]}):
        told.runner.ask(what)
    assert "must be an object" in told.after("choose", kind("problem"))["text"]
    assert "no row" in told.after("sample", kind("problem"), row="x")["text"]
    assert "no row" in told.after("sample", kind("problem"), row=10**6)["text"]
    assert told.after("show", kind("picture"))["epoch"] == 0


def test_a_long_epoch_is_left_at_once(told):
    many = Choices(samples=2000, classes=8, batch_size=1)
    told.after("choose", kind("session"), choices=many.plain())
    told.ask("play")
    told.wait(lambda one: kind("picture")(one) and one["step"] > 0)
    assert told.after("again", kind("session"))["stepsOfEpoch"] == 16000
    assert told.after("show", kind("picture"))["epoch"] == 0


# ------------------------------------------------------------------------------ pictures


@pytest.mark.parametrize("data", ["spiral", "sine"])
def test_a_picture_is_what_the_library_computes(data):
    session = Session(Choices(data=data, samples=20))
    session.train(3, lambda: None)
    view = View(session)
    shape, (told, arrays) = view.layout(), view.picture()
    told_in_haste, same = view.picture(whole=False)
    assert told_in_haste == {"kind": "picture"}
    assert same.keys() == arrays.keys() - {"curve"}
    json.dumps([shape, told], allow_nan=False)
    model, rows = session.model, session.rows
    assert told["train"] == model.evaluate(rows.X, rows.y)
    assert told["test"] == model.evaluate(rows.X_test, rows.y_test)
    assert (
        arrays["weights"].tolist()
        == np.concatenate([p.reshape(-1) for p in model.parameters]).tolist()
    )
    _, gradients = model.gradients(rows.X, rows.y)
    assert told["norms"] == pytest.approx([np.sqrt((g**2).sum()) for g in gradients], rel=1e-5)
    (left, right), (low, high) = shape["bounds"]
    if data == "sine":
        x = np.linspace(left, right, 200, dtype=np.float32)
        np.testing.assert_array_equal(arrays["values"], model.predict(x[:, None])[:, 0])
        small = np.linspace(left, right, shape["smallSide"], dtype=np.float32)[:, None]
    else:
        side = shape["side"]
        corners = np.array([[left, high], [right, high], [left, low], [right, low]], np.float32)
        wanted = model.predict(corners)
        at = [0, side - 1, side * (side - 1), side**2 - 1]
        assert arrays["regions"][at].tolist() == wanted.argmax(axis=1).tolist()
        np.testing.assert_allclose(arrays["sure"][at] / 255, wanted.max(axis=1), atol=1 / 255)
        few = shape["smallSide"]
        x, y = np.meshgrid(np.linspace(left, right, few), np.linspace(high, low, few))
        small = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
    assert arrays["neurons"].shape == (8 + 8 + session.rows.n_outputs, len(small))
    second = model.layer_outputs(small, 3)[:, 2]
    found = arrays["neurons"][8 + 2] / 127
    np.testing.assert_allclose(found, second / np.abs(second).max(), atol=1.1 / 127)
    head = opened(frame(told, arrays))
    np.testing.assert_array_equal(head["neurons"], arrays["neurons"].reshape(-1))


def test_curves_become_thinner_and_keep_their_ends():
    curve = Curve()
    for epoch in range(5000):
        curve.note(epoch, {"loss": epoch, "accuracy": 0.5}, {"loss": 1.0})
    epochs = [point[0] for point in curve.points]
    assert len(epochs) <= 400
    assert epochs == sorted(epochs)
    assert (epochs[0], epochs[-1]) == (0, 4999)
    assert all(point[1] == point[0] for point in curve.points)


@pytest.mark.parametrize("data", ["spiral", "sine"])
def test_the_backward_pass_of_a_sample(data, dtype):
    session = Session(Choices(data=data, hidden=(3,), activations=("tanh",), samples=10))
    X, y = session.rows.X[4:5], session.rows.y[4:5]
    told = backward_pass(session.model, X, y)
    loss, gradients = session.model.gradients(X, y)
    assert told["loss"] == pytest.approx(loss)
    found = [p["gradient"] for layer in told["layers"] for p in layer["parameters"]]
    for mine, wanted in zip(found, gradients, strict=True):
        np.testing.assert_array_equal(np.float32(mine), wanted)
    titles = ["Dense", "Tanh", "Dense", *(["Softmax"] if data == "spiral" else [])]
    assert [layer["title"].partition("(")[0] for layer in told["layers"]] == titles
    for before, after in zip(told["layers"], told["layers"][1:]):
        assert before["outputs"] == after["inputs"]
        if after["dinputs"]:
            assert before["doutputs"] == after["dinputs"]
    assert told["layers"][-1]["outputs"] == pytest.approx(session.model.predict(X)[0].tolist())
    inputs = np.array(told["layers"][0]["inputs"])
    doutputs = np.array(told["layers"][0]["doutputs"])
    weights = told["layers"][0]["parameters"][0]
    np.testing.assert_allclose(weights["gradient"], np.outer(inputs, doutputs), rtol=1e-6)
    np.testing.assert_allclose(
        told["layers"][0]["dinputs"], np.array(weights["values"]) @ doutputs, rtol=1e-5
    )


def test_a_backward_pass_on_each_backend(backend):
    layers = [xpnn.Dense(2, 3), xpnn.ReLU(), xpnn.Dense(3, 2), xpnn.Softmax()]
    model = xpnn.Sequential(layers, seed=0).compile("categorical_cross_entropy", "adam")
    other = xpnn.Sequential(layers, seed=0, backend="numpy")
    other.compile("categorical_cross_entropy", "adam")
    sample = [[0.3, -0.2]], [1]
    here, there = backward_pass(model, *sample), backward_pass(other, *sample)
    assert here["loss"] == pytest.approx(there["loss"], rel=1e-5)
    for one, same in zip(here["layers"], there["layers"]):
        np.testing.assert_allclose(one["dinputs"], same["dinputs"], rtol=1e-5)
