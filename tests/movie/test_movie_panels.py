"""Panels: what each shows of a training, by what its artists are given."""

import numpy as np
import pytest
from filming import X, Y, film, model, small_model
from support import host

import xpnn
from xpnn.callbacks import Callback, Checkpoint, EarlyStopping, ReduceOnPlateau, TrainingMovie
from xpnn.callbacks.pictures import PANELS
from xpnn.movie.scene import Scene

SINE = xpnn.datasets.sine(40)


class Steps(Callback):
    """Keeps the parameters after each step."""

    def __init__(self):
        self.after = []

    def on_epoch_begin(self, epoch):
        self.after = self.after or [self.host()]

    def on_batch_end(self, step):
        self.after.append(self.host())

    def host(self):
        return [np.array(host(p)) for p in self.model.parameters]


@pytest.fixture
def shown(monkeypatch):
    """What was shown, frame by frame: curves, maps with their scales, and the heading."""
    frames, draw = [], Scene.draw

    def noted(self):
        picture = draw(self)
        frame = {n: [*map(np.array, c.line.get_data())] for n, c in self._curves.items()}
        for kind, maps in (("weights", self._weights), ("updates", self._updates)):
            frame[kind] = [(np.array(m.mesh.get_array()), m.mesh.get_clim()) for m in maps]
        frames.append({**frame, "heading": self._heading(), "scene": self})
        return picture

    monkeypatch.setattr(Scene, "draw", noted)
    return frames


def cells(weights, biases):
    """Return numbers as a map has them: neurons across where there are fewer inputs."""
    gap = np.full(len(biases), np.nan)
    together = np.stack([*weights, gap, biases])
    return together if len(weights) <= len(biases) else together.T


def assert_cells(map, weights, biases):
    values = np.where(np.isnan(wanted := cells(weights, biases)), 0, wanted)
    np.testing.assert_allclose(np.where(np.isnan(wanted), 0, map[0]), values, atol=1e-12)


def has_update(frame):
    return bool(np.nan_to_num(frame["updates"][0][0]).any())


def test_loss_and_accuracy_are_those_of_the_history(shown, tmp_path):
    network = film(tmp_path / "a.gif", panels=("accuracy", "loss"), network=model(), epochs=5)
    for frame, epochs in zip(shown, range(6), strict=True):
        for name in ("loss", "accuracy"):
            at, values = frame[name]
            np.testing.assert_array_equal(at, range(1, epochs + 1))
            np.testing.assert_array_equal(values, network.history.history[name][:epochs])
    assert shown[-1]["scene"]._curves["accuracy"].axes.get_ylim() == (0, 1)
    assert shown[-1]["weights"] == shown[-1]["updates"] == []


@pytest.mark.parametrize(
    ("rate", "wanted"),
    [
        (xpnn.SGD(0.5, decay=0.1), [0.5 / (1 + 0.1 * t) for t in (0, 3, 6, 9)]),
        (xpnn.Adam(xpnn.schedules.StepDecay(0.5, 4, 0.5)), [0.5, 0.5, 0.25, 0.125]),
    ],
)
def test_the_learning_rate_is_that_with_which_an_epoch_begins(shown, tmp_path, rate, wanted):
    network = model().compile("categorical_cross_entropy", rate)
    movie = TrainingMovie(
        tmp_path / "a.gif", panels=["learning_rate"], every=1, size=(300, 200)
    )
    network.fit(X, Y, epochs=4, batch_size=20, callbacks=[movie])
    at, values = shown[-1]["learning_rate"]
    np.testing.assert_array_equal(at, [1, 2, 3, 4])
    np.testing.assert_allclose(values, wanted, rtol=1e-12)
    assert shown[-1]["heading"].endswith(f"learning rate {wanted[-1]:.3g}")


def test_a_learning_rate_that_a_callback_changes_is_seen(shown, tmp_path):
    network = model().compile("categorical_cross_entropy", xpnn.SGD(1e-9))
    lower = ReduceOnPlateau("loss", 0.5, 1, min_delta=1.0)
    movie = TrainingMovie(tmp_path / "a.gif", panels=["learning_rate"], every=1)
    network.fit(X, Y, epochs=4, callbacks=[movie, lower])
    np.testing.assert_allclose(
        shown[-1]["learning_rate"][1], [1e-9, 1e-9, 5e-10, 2.5e-10], rtol=1e-12
    )


def test_maps_are_of_the_weights_and_of_what_the_last_step_changed(backend, shown, tmp_path):
    steps, network = Steps(), model().to(backend)
    movie = TrainingMovie(
        tmp_path / "a.gif", panels=("weights", "updates"), every=2, size=(400, 300)
    )
    network.fit(X, Y, epochs=4, batch_size=20, callbacks=[movie, steps])
    last = [steps.after[k] for k in (0, 6, 12)]
    before = [steps.after[k] for k in (0, 5, 11)]
    for frame, new, old in zip(shown, last, before, strict=True):
        for layer in (0, 1):
            weights, biases = new[2 * layer : 2 * layer + 2]
            assert_cells(frame["weights"][layer], weights, biases)
            update = [a - b for a, b in zip(new, old)][2 * layer : 2 * layer + 2]
            assert_cells(frame["updates"][layer], *update)
            low, high = frame["updates"][layer][1]
            largest = max(np.abs(u).max() for u in update) or 1.0
            assert low == -high
            assert largest * (1 - 1e-6) <= high <= 2 * largest  # the scale fits each frame


def test_what_is_given_back_has_no_last_step(shown, tmp_path):
    movie = TrainingMovie(tmp_path / "a.gif", panels=["updates"], every=1, size=(300, 200))
    stop = EarlyStopping("loss", 2, mode="max")
    small_model().fit(X, Y, epochs=9, batch_size=None, callbacks=[movie, stop])
    assert shown[-1]["heading"] == "at the end"
    assert [*map(has_update, shown)] == [False, True, True, True, False]


def test_a_resumed_run_has_its_curves_from_the_start_but_the_learning_rate(shown, tmp_path):
    def train(epochs, *callbacks, **settings):
        callbacks = [Checkpoint(tmp_path / "kept"), *callbacks]
        return model().fit(X, Y, epochs=epochs, callbacks=callbacks, **settings)

    train(2)
    movie = TrainingMovie(tmp_path / "a.gif", panels=PANELS, every=1, size=(600, 400))
    history = train(4, movie, resume=tmp_path / "kept").history
    np.testing.assert_array_equal(shown[-1]["loss"][1], history["loss"])
    np.testing.assert_array_equal(shown[-1]["learning_rate"][0], [3, 4])
    assert [*map(has_update, shown)] == [False, True, True]


@pytest.mark.parametrize(
    ("panels", "network", "data", "curves", "maps"),
    [
        (PANELS, model(), (X, Y), ["loss", "accuracy", "learning_rate"], 4),
        (("regions", "loss", "weights"), model(), (X, Y), ["loss"], 2),
        (("regions",), model(), (X, Y), [], 0),
        (("regions",), model(2, "mean_squared_error"), (X, X), ["loss"], 0),
        (("regions", "updates"), model(1, "mean_squared_error", 1), SINE, [], 2),
        (("updates", "learning_rate"), model(), (X, Y), ["learning_rate"], 2),
        (("weights",), model(), (X, Y), [], 2),
    ],
)
def test_all_has_its_place_and_nothing_is_cut_off(
    shown, tmp_path, panels, network, data, curves, maps
):
    film(
        tmp_path / "a.gif",
        panels=panels,
        network=network,
        data=data,
        fit=data,
        epochs=3,
        size=None,
    )
    scene = shown[-1]["scene"]
    assert sorted(scene._curves) == sorted(curves)
    assert len(scene._maps) == maps
    renderer = scene._canvas.get_renderer()
    boxes = [axes.get_tightbbox(renderer) for axes in scene._figure.axes]
    width, height = scene.size
    for box in boxes:
        assert -1 <= box.x0 < box.x1 <= width + 1
        assert -1 <= box.y0 < box.y1 <= height + 1
    places = [axes.get_window_extent(renderer) for axes in scene._figure.axes]
    for k, place in enumerate(places):
        assert not any(place.overlaps(other) for other in places[:k])
    more = {*panels} - {"regions", "loss", "weights"}
    assert scene.size == ((1280, 640) if more else (960, 480))


def test_what_a_training_does_not_have_is_refused_before_it(tmp_path):
    network = model(1, "mean_squared_error", 1)
    network.compile("mean_squared_error", "sgd", metrics=["r2"])
    with pytest.raises(
        ValueError, match="panels: this training measures no accuracy, but loss"
    ):
        film(tmp_path / "a.gif", panels=PANELS, network=network, data=SINE, fit=SINE)
    layers = [xpnn.LayerNorm(2), xpnn.Softmax()]
    network = xpnn.Sequential(layers).compile("categorical_cross_entropy", "sgd")
    with pytest.raises(
        ValueError, match="a model without a Dense layer has no weights to show"
    ):
        film(tmp_path / "a.gif", panels=["updates"], network=network, fit=(X, Y % 2))
    assert list(tmp_path.iterdir()) == []
