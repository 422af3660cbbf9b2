"""A training that is shown in a notebook while it runs."""

import base64
import io
import json
import sys
import types

import numpy as np
import pytest
from PIL import Image
from processes import run_python

import xpnn
from xpnn.callbacks import EarlyStopping, LivePlot

IN_A_NOTEBOOK = """
import base64, json, sys, types
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

sys.modules["ipykernel"] = types.ModuleType("ipykernel")  # so that it takes this for one
shell = InteractiveShell.instance()
CELL = '''
import xpnn
X, y = xpnn.datasets.vertical(20, seed=0)
layers = [xpnn.Dense(2, 4), xpnn.ReLU(), xpnn.Dense(4, 3), xpnn.Softmax()]
model = xpnn.Sequential(layers, seed=0).compile("categorical_cross_entropy", "adam")
live = xpnn.callbacks.LivePlot(seconds=1e-3, size=(400, 300))
_ = model.fit(X, y, epochs=300, verbose=False, callbacks=[live])
'''
with capture_output() as captured:
    result = shell.run_cell(CELL)
result.raise_error()
for one in captured.outputs:
    png = one.data["image/png"]
    png = base64.b64encode(png).decode() if isinstance(png, bytes) else png
    print(json.dumps([bool(one.update), one.transient["display_id"], png]))
print(json.dumps([captured.stdout, shell.user_ns["live"].pictures]))
"""


def test_a_notebook_shows_one_picture_that_changes():
    lines = run_python(IN_A_NOTEBOOK).stdout.splitlines()
    *shown, (said, pictures) = map(json.loads, lines)
    assert said == ""
    assert len(shown) == pictures > 1
    assert [update for update, _, _ in shown] == [False] + [True] * (pictures - 1)
    assert len({place for _, place, _ in shown}) == 1
    frames = [np.asarray(Image.open(io.BytesIO(base64.b64decode(png)))) for *_, png in shown]
    assert {frame.shape for frame in frames} == {(300, 400, 3)}
    assert not np.array_equal(frames[0], frames[-1])


@pytest.fixture
def shown(monkeypatch):
    """Stand in for a notebook; what is shown comes to a list: its place, and the picture."""
    pictures = []

    class Place:
        def update(self, image):
            pictures.append((self, image))

    def display(image, display_id):
        assert display_id is True
        place = Place()
        place.update(image)
        return place

    monkeypatch.setattr("IPython.display.display", display)
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))
    return pictures


def network(backend=None):
    layers = [xpnn.Dense(2, 4), xpnn.ReLU(), xpnn.Dense(4, 3), xpnn.Softmax()]
    model = xpnn.Sequential(layers, seed=0, backend=backend)
    return model.compile("categorical_cross_entropy", xpnn.Adam(0.05))


X, y = xpnn.datasets.vertical(20, seed=0)


def test_it_changes_nothing_of_the_training(shown, backend):
    watched, alone = network(backend), network(backend)
    live = LivePlot(seconds=1e-9)
    found = watched.fit(X, y, epochs=30, verbose=False, callbacks=[live]).history
    assert found == alone.fit(X, y, epochs=30, verbose=False).history
    assert len(shown) == live.pictures > 0


def test_what_is_shown_is_what_the_epochs_told_left(shown, monkeypatch):
    from xpnn.movie.scene import Scene

    seen, draw = [], Scene.draw

    def look(scene):
        seen.append((scene._heading(), live.model.evaluate(X, y)["loss"]))
        return draw(scene)

    monkeypatch.setattr(Scene, "draw", look)
    live = LivePlot(seconds=1e-9)
    # each loss is measured before the one step of its epoch, so it is that of the epoch before
    losses = network().fit(X, y, epochs=500, batch_size=None, verbose=False, callbacks=[live])
    after = losses.history["loss"][1:]
    for heading, loss in seen[:-1]:
        epoch = int(heading.split(",")[0].removeprefix("epoch "))
        assert loss == pytest.approx(after[epoch - 1], rel=1e-5)
    assert seen[-1][0].startswith("epoch 500, loss")


def test_pictures_stay_and_take_a_part_of_the_time_only(shown, monkeypatch):
    clock = iter(range(10**6))  # each look at the clock takes a second
    monkeypatch.setattr("time.perf_counter", lambda: float(next(clock)))
    live = LivePlot(seconds=20)
    network().fit(X, y, epochs=100, validation_split=0.2, verbose=False, callbacks=[live])
    assert 3 <= live.pictures <= 6
    assert len({id(place) for place, _ in shown}) == 1
    live.seconds = 0.5  # and yet at most a sixth: drawing takes a second here
    network().fit(X, y, epochs=100, validation_split=0.2, verbose=False, callbacks=[live])
    assert 8 <= live.pictures <= 21


@pytest.mark.parametrize("order", [1, -1])
def test_the_last_picture_is_of_what_is_given_back(shown, monkeypatch, order):
    headings = []
    from xpnn.movie.scene import Scene

    draw = Scene.draw
    monkeypatch.setattr(
        Scene, "draw", lambda scene: headings.append(scene._heading()) or draw(scene)
    )
    stop = EarlyStopping("val_loss", patience=1, min_delta=10)
    callbacks = [LivePlot(), stop][::order]
    network().fit(X, y, epochs=9, validation_split=0.3, verbose=False, callbacks=callbacks)
    assert headings[-1] == "at the end"


def test_a_resumed_run_has_the_curve_from_its_beginning(shown, folder, monkeypatch):
    from xpnn.callbacks import Checkpoint
    from xpnn.movie.scene import Scene

    noted, note = [], Scene.note
    monkeypatch.setattr(
        Scene,
        "note",
        lambda scene, epoch, logs: noted.append(epoch) or note(scene, epoch, logs),
    )
    keep = Checkpoint("run")
    network().fit(X, y, epochs=4, verbose=False, callbacks=[keep])
    live = LivePlot()
    network().fit(X, y, epochs=7, verbose=False, callbacks=[keep, live], resume="run")
    assert noted == [*range(1, 8)]


def test_where_there_is_no_notebook_it_says_what_to_take():
    with pytest.raises(RuntimeError, match="this is none: TrainingMovie writes them to a file"):
        LivePlot()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"data": 3}, "data must be a pair"),
        ({"seconds": 0}, "seconds must be a finite number > 0, got 0"),
        ({"size": 400}, "size must be a pair"),
        ({"size": (100, 400)}, "size must be"),
    ],
)
def test_what_is_no_setting(shown, arguments, said):
    with pytest.raises((TypeError, ValueError), match=said):
        LivePlot(**arguments)
