"""GIFs."""

import gc
import tracemalloc

import numpy as np
import pytest
from filming import SMALL, X, Y, film, frames, model, small_model
from full_disk import full_disk

from xpnn.callbacks import TrainingMovie
from xpnn.movie import views
from xpnn.movie.gif import Gif
from xpnn.movie.scene import Scene


def test_frames_are_those_of_the_training(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(views, "RESOLUTION", 20)
    original = Scene.draw

    def draw(self):
        drawn.append(original(self))
        return drawn[-1]

    monkeypatch.setattr(Scene, "draw", draw)
    path = tmp_path / "a.gif"
    film(path, epochs=5, fps=10, hold=1.5, network=model())
    pictures, durations = frames(path)
    assert durations == [100] * 5 + [1600]  # before the training, and after each epoch
    assert len(drawn) == len(pictures) == 6
    for shown, wanted in zip(pictures, drawn):
        assert shown.shape == (200, 300, 3)
        # 255 colours are near enough to what was drawn, everywhere
        assert np.abs(shown - wanted).mean() < 3
        assert np.abs(shown - wanted).max() < 100
    assert (np.abs(pictures[0] - pictures[-1]) > 30).any(axis=2).mean() > 0.02
    assert list(tmp_path.iterdir()) == [path]


def test_a_frame_that_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    def full(self, frame):
        raise OSError("no space left on device")

    path = tmp_path / "a.gif"
    path.write_bytes(b"the old one")
    callback = TrainingMovie(path, data=(X, Y), every=1, **SMALL)
    monkeypatch.setattr(Gif, "add", full)
    with pytest.raises(OSError, match="no space left"):
        small_model().fit(X, Y, epochs=3, callbacks=[callback])
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"the old one"


def test_a_full_disk_costs_the_movie_and_not_the_training(tmp_path):
    path = tmp_path / "a.gif"
    path.write_bytes(b"the old one")
    callback = TrainingMovie(path, data=(X, Y), every=1, **SMALL)
    network = small_model()
    said = r"training goes on without it.*a\.gif"
    with full_disk(2000), pytest.warns(UserWarning, match=said) as warned:
        network.fit(X, Y, epochs=30, callbacks=[callback])
    assert len(warned) == 1
    assert callback.failure.filename == str(path)
    assert path.read_bytes() == b"the old one"
    network.fit(X, Y, epochs=2, callbacks=[callback])
    assert callback.failure is None  # of the last one
    assert len(frames(path)[0]) == 3
    assert list(tmp_path.iterdir()) == [path]


def test_memory_does_not_grow_with_frames(tmp_path):
    writer = Gif(tmp_path / "a.gif", 12, (300, 200))
    pictures = np.random.default_rng(0).integers(256, size=(3, 200, 300, 3), dtype=np.uint8)
    writer.add(pictures[0])
    tracemalloc.start()
    try:
        for i in range(20):
            writer.add(pictures[i % 3])
        gc.collect()
        now, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    writer.close(0)
    assert now < 2 * pictures[0].nbytes
