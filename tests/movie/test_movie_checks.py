"""The door: what is refused before the training."""

import sys

import pytest
from filming import X

from xpnn.callbacks import TrainingMovie


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
        ({"panels": "loss"}, TypeError, "panels must be a list of names, got 'loss'"),
        ({"panels": ()}, ValueError, r"panels must be some of 'regions', 'loss', .*, got \(\)"),
        ({"panels": ["loss", "lose"]}, ValueError, r"each once, got \['loss', 'lose'\]"),
        ({"panels": ["loss", "loss"]}, ValueError, r"each once, got \['loss', 'loss'\]"),
        ({"panels": [["loss"]]}, ValueError, r"each once, got \[\['loss'\]\]"),
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
