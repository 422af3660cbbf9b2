"""The movie of a training: its frames, its file, and what is left when a training ends."""

import gc
import os
import signal
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image
from processes import command, run_python, surroundings
from support import host

import xpnn
from xpnn import movie, plots
from xpnn.callbacks import TrainingMovie
from xpnn.movie import moments

X, Y = xpnn.datasets.spiral(samples=20, classes=3, seed=0)
SMALL = {"size": (300, 200)}


def model(classes=3, loss="categorical_cross_entropy", n_inputs=2):
    layers = [xpnn.Dense(n_inputs, 8), xpnn.Tanh(), xpnn.Dense(8, classes)]
    if loss == "categorical_cross_entropy":
        layers.append(xpnn.Softmax())
    return xpnn.Sequential(layers, seed=0).compile(loss, xpnn.Adam(0.05))


def small_model():
    layers = [xpnn.Dense(2, 3), xpnn.Softmax()]
    return xpnn.Sequential(layers, seed=0).compile("categorical_cross_entropy", "sgd")


def frames(path):
    """Return the frames of a GIF as a viewer shows them, and how long each."""
    pictures, durations = [], []
    with Image.open(path) as image:
        assert image.format == "GIF"
        assert image.info["loop"] == 0
        for i in range(image.n_frames):
            image.seek(i)
            pictures.append(np.asarray(image.convert("RGB"), dtype=int))
            durations.append(image.info["duration"])
    return pictures, durations


def film(path, epochs=4, data=(X, Y), network=None, fit=(X, Y), **settings):
    callback = TrainingMovie(path, data=data, **{**SMALL, "every": 1, **settings})
    network = network or small_model()
    network.fit(*fit, epochs=epochs, batch_size=None, callbacks=[callback])
    return network


def test_frames_are_those_of_the_training(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(movie, "RESOLUTION", 20)
    original = movie._Scene.draw

    def draw(self):
        drawn.append(original(self))
        return drawn[-1]

    monkeypatch.setattr(movie._Scene, "draw", draw)
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


def test_the_regions_in_a_frame_are_what_the_model_sees():
    network = model()
    scene = movie._Scene(network, (X, Y), 30, (500, 400))
    network.fit(X, Y, epochs=30)
    picture = scene.draw()
    main = scene._figure.axes[0]
    low, high = X.min(axis=0), X.max(axis=0)
    places = np.random.default_rng(0).uniform(low, high, (400, 2)).astype(np.float32)
    seen = network.predict(places).argmax(axis=1)
    across, up = main.transData.transform(places).T
    at = picture[(400 - up).astype(int), across.astype(int)]
    bright = np.array([to_rgb(c) for c in plots.COLOURS[:3]])
    regions = 255 * (1 - plots.REGION_ALPHA * (1 - bright))
    distances = np.abs(at[:, None] - regions).sum(axis=2)
    clear = distances.min(axis=1) < 12  # not under a point
    assert clear.mean() > 0.6
    assert (distances.argmin(axis=1) == seen)[clear].mean() > 0.97  # cells have a size


def test_moments_are_dense_at_first_and_hold_both_ends():
    assert moments(10, 4) == {0, 4, 8, 10}
    assert moments(3, 100) == {0, 3}
    assert moments(7, None) == set(range(8))
    many = sorted(moments(10_001, None))
    assert (many[0], many[-1]) == (0, 10_001)
    assert 100 < len(many) <= 121
    gaps = np.diff(many)
    assert gaps[0] == 1
    assert (np.diff(gaps) >= -1).all()  # but for rounding, ever wider


def test_a_movie_needs_only_a_path(tmp_path):
    path = tmp_path / "a.gif"
    model().fit(X, Y, epochs=2, callbacks=[TrainingMovie(path)])
    pictures, durations = frames(path)
    assert pictures[0].shape == (480, 960, 3)
    assert sum(durations) == pytest.approx(3 * 1000 / 12 + 2000, abs=10)


@pytest.mark.parametrize(
    ("network", "data", "view"),
    [
        (model().to("array_api_strict"), (X, np.eye(3)[Y]), "regions"),
        (model(1, xpnn.BinaryCrossEntropy(from_logits=True)), (X, (Y == 1) * 1.0), "regions"),
        (model(1, "mean_squared_error", 1), xpnn.datasets.sine(40), "curve"),
        (model(2, "mean_squared_error"), (X, X), "loss"),
        (model(2, xpnn.BinaryCrossEntropy(from_logits=True)), (X, (X > 0) * 1.0), "loss"),
        (model(3, n_inputs=3), (np.c_[X, X[:, :1]], Y), "loss"),
    ],
)
def test_what_can_be_shown_of_a_model_is(network, data, view, tmp_path, monkeypatch):
    begun = []
    original = movie._Scene._begin

    def begin(self, kind, axes, data):
        begun.append(kind)
        return original(self, kind, axes, data)

    monkeypatch.setattr(movie._Scene, "_begin", begin)
    film(tmp_path / "a.gif", epochs=1, data=data, network=network, fit=data)
    assert begun == [view]
    pictures, _ = frames(tmp_path / "a.gif")
    assert len(pictures) == 2
    assert (pictures[0] != pictures[1]).any()


def test_mp4(tmp_path):
    path = tmp_path / "a.mp4"
    film(path, epochs=5, fps=10, hold=0.5, size=(301, 201))
    ran = subprocess.run(
        [movie._ffmpeg(), "-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
        capture_output=True,
        check=True,
    )
    assert b"Video: h264" in ran.stderr
    pictures = np.frombuffer(ran.stdout, np.uint8).reshape(-1, 200, 300, 3).astype(int)
    assert len(pictures) == 6 + 5
    assert np.abs(pictures[0] - pictures[5]).max() > 50
    assert np.abs(pictures[5] - pictures[-1]).mean() < 1
    assert list(tmp_path.iterdir()) == [path]


# ------------------------------------------------------------------- how a training ends


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
    original = movie._Scene.draw

    def draw(self):
        seen.append((self._title.get_text(), host(self._model.predict(X))))
        picture = original(self)
        seen[-1] = self._title.get_text(), seen[-1][1]
        return picture

    first = train(2)
    monkeypatch.setattr(movie._Scene, "draw", draw)
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


def test_ctrl_c_at_the_terminal_is_not_for_ffmpeg(tmp_path):
    """The whole group of processes gets it, as from a terminal."""
    path = tmp_path / "a.mp4"
    code = f"""
    import xpnn
    from xpnn.callbacks import TrainingMovie
    class Say(xpnn.Callback):
        def on_epoch_end(self, epoch, logs):
            if epoch == 3:
                print("go", flush=True)
    X, y = xpnn.datasets.spiral(10, 2, seed=0)
    layers = [xpnn.Dense(2, 2), xpnn.Softmax()]
    model = xpnn.Sequential(layers).compile("categorical_cross_entropy", "sgd")
    movie = TrainingMovie({str(path)!r}, data=(X, y), every=1, size=(300, 200))
    try:
        model.fit(X, y, epochs=1_000_000, callbacks=[movie, Say()])
    except KeyboardInterrupt:
        print("interrupted", model.history.epochs)
    """
    process = subprocess.Popen(
        command(code),
        env=surroundings(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout.readline() == "go\n"
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    epochs = int(out.split()[1])
    ran = subprocess.run([movie._ffmpeg(), "-i", path, "-f", "null", "-"], capture_output=True)
    assert ran.returncode == 0
    assert f"frame={epochs + 1 + 24:5d}".encode() in ran.stderr.replace(b"frame= ", b"frame= ")


def test_a_frame_that_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    def full(self, frame):
        raise OSError("no space left on device")

    path = tmp_path / "a.gif"
    path.write_bytes(b"the old one")
    callback = TrainingMovie(path, data=(X, Y), every=1, **SMALL)
    monkeypatch.setattr(movie._Gif, "add", full)
    with pytest.raises(OSError, match="no space left"):
        small_model().fit(X, Y, epochs=3, callbacks=[callback])
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"the old one"


def test_what_ffmpeg_says_is_told(tmp_path, monkeypatch):
    broken = tmp_path / "ffmpeg"
    broken.write_text("#!/bin/sh\necho out of film >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(OSError, match="ffmpeg could not write the movie: out of film"):
        film(tmp_path / "a.mp4", epochs=2)
    assert list(tmp_path.iterdir()) == [broken]


def test_memory_does_not_grow_with_frames(tmp_path):
    class Scene:
        size = 300, 200

        def palette(self):
            return np.repeat(np.arange(255, dtype=np.uint8), 3).reshape(255, 3)

    writer = movie._Gif(tmp_path / "a.gif", 12, Scene())
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


# ------------------------------------------------------------------------------ the door


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"path": "a.avi"}, ValueError, r"must end in \.gif or \.mp4, got 'a\.avi'"),
        ({"path": "gif"}, ValueError, r"must end in \.gif or \.mp4, got 'gif'"),
        ({"path": 3}, TypeError, "path must be the name of a file, got 3"),
        ({"path": "no/such/a.gif"}, FileNotFoundError, "there is no folder .*no/such"),
        ({"data": (X,)}, ValueError, r"data must be a pair \(X, y\), got a tuple"),
        ({"every": 0}, ValueError, "every must be an integer >= 1, got 0"),
        ({"fps": 0}, ValueError, "fps must be a finite number > 0 and < 61, got 0"),
        ({"size": 300}, ValueError, r"size must be a pair \(width, height\), got 300"),
        ({"size": (300, 10)}, ValueError, "size must be an integer >= 200, got 10"),
        ({"hold": -1}, ValueError, "hold must be a finite number >= 0, got -1"),
    ],
)
def test_bad_settings_are_refused_before_the_training(settings, error, said):
    with pytest.raises(error, match=said):
        TrainingMovie(**{"path": "a.gif", **settings})


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "a.gif").mkdir()
    with pytest.raises(IsADirectoryError, match="must be a file, but is a folder"):
        TrainingMovie(tmp_path / "a.gif")


def test_without_ffmpeg_the_remedy_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(
        ModuleNotFoundError, match=r"pip install 'xpnn\[movie\]', or let the name"
    ):
        TrainingMovie("a.mp4")
    TrainingMovie("a.gif")


def test_data_that_does_not_fit_the_model_is_refused(tmp_path):
    for data, said in (
        ((X[:, :1], Y), "X must have 2 features"),
        ((X, Y[1:]), r"got the shapes \(60, 2\) and \(59,\)"),
        ((X * np.nan, Y), "X of data must hold finite numbers"),
    ):
        with pytest.raises(ValueError, match=said):
            film(tmp_path / "a.gif", data=data)
    assert list(tmp_path.iterdir()) == []
