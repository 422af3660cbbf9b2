"""A film: what is left when a training ends, however it does."""

import signal
from itertools import product

import numpy as np
import pytest
from filming import SMALL, X, Y, frames, model, small_model
from processes import run_python
from support import host

import xpnn
from xpnn.callbacks import EarlyStopping, TrainingMovie
from xpnn.movie.scene import Scene


def test_a_movie_needs_only_a_path(tmp_path):
    path = tmp_path / "a.gif"
    model().fit(X, Y, epochs=2, callbacks=[TrainingMovie(path)])
    pictures, durations = frames(path)
    assert pictures[0].shape == (480, 960, 3)
    assert sum(durations) == pytest.approx(3 * 1000 / 12 + 2000, abs=10)


class Interrupt(xpnn.Callback):
    def __init__(self, error, epoch):
        self.error, self.epoch = error, epoch

    def on_epoch_end(self, epoch, logs):
        if epoch == self.epoch:
            raise self.error


def test_an_interrupted_training_leaves_the_movie_so_far(tmp_path):
    path = tmp_path / "a.gif"
    callbacks = [
        TrainingMovie(path, data=(X, Y), every=1, **SMALL),
        Interrupt(KeyboardInterrupt(), 2),
    ]
    with pytest.raises(KeyboardInterrupt):
        small_model().fit(X, Y, epochs=100, callbacks=callbacks)
    assert len(frames(path)[0]) == 4
    assert list(tmp_path.iterdir()) == [path]


def test_a_resumed_training_is_filmed_from_where_it_goes_on(tmp_path, monkeypatch):
    def train(epochs, *callbacks, **settings):
        network = model()
        callbacks = [xpnn.callbacks.Checkpoint(tmp_path / "kept"), *callbacks]
        network.fit(X, Y, epochs=epochs, callbacks=callbacks, **settings)
        return network

    seen = []
    original = Scene.draw

    def draw(self):
        seen.append((self._title.get_text(), host(self._model.predict(X))))
        picture = original(self)
        seen[-1] = self._title.get_text(), seen[-1][1]
        return picture

    first = train(2)
    monkeypatch.setattr(Scene, "draw", draw)
    callback = TrainingMovie(tmp_path / "a.gif", every=1, **SMALL)
    train(4, callback, resume=tmp_path / "kept")
    titles = [title.partition(",")[0] for title, _ in seen]
    assert titles == ["epoch 2", "epoch 3", "epoch 4"]
    np.testing.assert_array_equal(seen[0][1], first.predict(X))
    assert len(frames(tmp_path / "a.gif")[0]) == 3


def test_the_end_of_a_training_that_ends_early_is_shown(tmp_path):
    class Stop(xpnn.Callback):
        def on_epoch_end(self, epoch, logs):
            self.model.stop_training = epoch == 6

    callback = TrainingMovie(tmp_path / "a.gif", data=(X, Y), every=5, **SMALL)
    small_model().fit(X, Y, epochs=100, callbacks=[callback, Stop()])
    assert len(frames(tmp_path / "a.gif")[0]) == 3  # 0, 5, 7


def test_a_killed_training_leaves_the_old_file(tmp_path):
    paths = [tmp_path / "a.gif", tmp_path / "a.mp4"]
    for path in paths:
        path.write_bytes(b"the old one")
    code = f"""
    import os, signal, sys
    import xpnn
    from xpnn.callbacks import TrainingMovie
    assert not any(name.startswith(("matplotlib", "PIL")) for name in sys.modules)
    class Kill(xpnn.Callback):
        def on_epoch_end(self, epoch, logs):
            if epoch == 1:
                print("matplotlib.pyplot" in sys.modules, flush=True)
                os.kill(os.getpid(), signal.SIGKILL)
    X, y = xpnn.datasets.spiral(10, 2, seed=0)
    layers = [xpnn.Dense(2, 2), xpnn.Softmax()]
    model = xpnn.Sequential(layers).compile("categorical_cross_entropy", "sgd")
    movies = [
        TrainingMovie(path, data=(X, y), every=1, size=(300, 200))
        for path in {[str(path) for path in paths]!r}
    ]
    model.fit(X, y, epochs=10, callbacks=[*movies, Kill()])
    """
    done = run_python(code, code_expected=-signal.SIGKILL)
    assert done.stdout == "False\n"  # nor is a window system asked for
    for path in paths:
        assert path.read_bytes() == b"the old one"


def test_what_is_given_back_in_the_end_is_the_last_frame(backend, tmp_path, monkeypatch):
    """Without the numbers of an epoch that it is not of."""
    shown, draw = [], Scene.draw

    def note(self):
        shown.append((self._heading(), host(self._model.parameters[0])))
        return draw(self)

    monkeypatch.setattr(Scene, "draw", note)
    for restore, order in product((True, False), (1, -1)):
        words = "at the end" if restore else "epoch 3, loss"
        shown.clear()
        callbacks = [
            TrainingMovie(tmp_path / "movie.gif", data=(X, Y), every=1, **SMALL),
            EarlyStopping("loss", 2, mode="max", restore_best=restore),  # the first is the best
        ][::order]
        network = small_model()
        network.fit(X, Y, epochs=9, batch_size=None, callbacks=callbacks)
        headings = [heading for heading, _ in shown]
        assert len(headings) == len(frames(tmp_path / "movie.gif")[0]) == 4 + restore
        assert headings[-1].startswith(words)
        np.testing.assert_array_equal(shown[-1][1], host(network.parameters[0]))
