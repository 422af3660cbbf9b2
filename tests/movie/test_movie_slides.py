"""Movies of figures."""

from itertools import pairwise

import numpy as np
import pytest
from filming import frames
from matplotlib.figure import Figure

from xpnn.movie import movie_of


def slides(count, size=(2, 1)):
    for k in range(count):
        figure = Figure(figsize=size, dpi=50, layout="constrained")
        figure.subplots().plot([0, k], lw=5, color="black")
        yield figure


def test_frames_are_figures_one_after_the_other(tmp_path):
    path = tmp_path / "slides.gif"
    assert movie_of(path, slides(3), fps=2, hold=1) == 3
    pictures, durations = frames(path)
    assert durations == [500, 500, 1500]
    assert pictures[0].shape == (50, 100, 3)
    assert all((a != b).any() for a, b in pairwise(pictures))


def test_what_stays_is_not_moved(tmp_path):
    """A longer label would make the axes smaller, if each frame were laid out anew."""

    def growing():
        for label in ("", "a long label\nof two lines"):
            figure = Figure(figsize=(2, 1), dpi=50, layout="constrained")
            figure.subplots().set_ylabel(label, color="white")
            yield figure

    path = tmp_path / "slides.gif"
    movie_of(path, growing())
    first, second = frames(path)[0]
    np.testing.assert_array_equal(first, second)


def test_nothing_is_left_of_what_is_no_movie(tmp_path):
    path = tmp_path / "slides.gif"
    with pytest.raises(ValueError, match="figures must hold at least one, got none"):
        movie_of(path, [])
    with pytest.raises(
        ValueError, match=r"must all have \(100, 50\) pixels .* got \(150, 50\)"
    ):
        movie_of(path, [*slides(1), *slides(1, (3, 1))])
    with pytest.raises(ValueError, match="fps must be a finite number > 0"):
        movie_of(path, slides(1), fps=0)
    with pytest.raises(ValueError, match=r"must end in \.gif or \.mp4"):
        movie_of(tmp_path / "slides.avi", slides(1))
    assert list(tmp_path.iterdir()) == []
