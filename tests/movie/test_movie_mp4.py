"""MP4s."""

import os
import signal
import subprocess

import numpy as np
import pytest
from filming import film, small_model
from full_disk import full_disk
from processes import command, surroundings

from xpnn.movie.mp4 import find_ffmpeg


def test_mp4(tmp_path):
    path = tmp_path / "a.mp4"
    film(path, epochs=5, fps=10, hold=0.5, size=(301, 201))
    ran = subprocess.run(
        [find_ffmpeg(), "-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
        capture_output=True,
        check=True,
    )
    assert b"Video: h264" in ran.stderr
    pictures = np.frombuffer(ran.stdout, np.uint8).reshape(-1, 200, 300, 3).astype(int)
    assert len(pictures) == 6 + 5
    assert np.abs(pictures[0] - pictures[5]).max() > 50
    assert np.abs(pictures[5] - pictures[-1]).mean() < 1
    assert list(tmp_path.iterdir()) == [path]


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
    ran = subprocess.run([find_ffmpeg(), "-i", path, "-f", "null", "-"], capture_output=True)
    assert ran.returncode == 0
    assert f"frame={epochs + 1 + 24:5d}".encode() in ran.stderr.replace(b"frame= ", b"frame= ")


def test_what_ffmpeg_says_is_told(tmp_path, monkeypatch):
    broken = tmp_path / "ffmpeg"
    broken.write_text("#!/bin/sh\necho out of film >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(OSError, match="ffmpeg could not write the movie: out of film"):
        film(tmp_path / "a.mp4", epochs=2)
    assert list(tmp_path.iterdir()) == [broken]


def test_a_full_disk_costs_the_movie_and_not_the_training(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"the old one")
    with pytest.warns(UserWarning, match="training goes on without it.*a.mp4"), full_disk():
        network = film(path, epochs=30, size=(400, 200))
    assert network.history.epochs == 30
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"the old one"


@pytest.mark.parametrize("epochs", [3, 200])
def test_a_broken_ffmpeg_is_told_when_the_training_has_ended(tmp_path, monkeypatch, epochs):
    broken = tmp_path / "ffmpeg"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    network = small_model()
    with pytest.raises(OSError, match="ffmpeg could not write the movie"):
        film(tmp_path / "a.mp4", epochs=epochs, network=network)
    assert network.history.epochs == epochs
