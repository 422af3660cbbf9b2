"""All figures in a folder, and the page that shows them."""

import re

import pytest
from PIL import Image

from xpnn.book import FIGURES, BookFigure, draw_all, figure, write


def test_a_folder_has_pictures_movies_and_a_page(tmp_path):
    told = []
    paths = draw_all(
        tmp_path / "figures",
        numbers=["2.06", "9.07", "1.04"],
        processes=2,
        tell=lambda *said: told.append(said),
    )
    names = ["1.04.gif", "1.04.png", "2.06.gif", "2.06.png", "9.07.png", "index.html"]
    assert sorted(path.name for path in paths) == names
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == names
    assert [(done, count) for _, done, count in sorted(told, key=lambda one: one[1])] == [
        (k, 5) for k in range(1, 6)
    ]
    page = paths[0].read_text()
    assert re.findall(r'<img src="(\S+)"', page) == ["1.04.png", "2.06.png", "9.07.png"]
    assert re.findall(r'<a href="(\S+gif)"', page) == ["1.04.gif", "2.06.gif"]
    assert "Chapter 9: Backpropagation" in page
    with Image.open(tmp_path / "figures" / "2.06.gif") as movie:
        assert movie.n_frames == 4


def test_a_movie_shows_as_many_pictures_as_there_are_steps(tmp_path):
    """Of figure 9.19: four for the way there, and one for each edge on the way back."""
    write("9.19", tmp_path / "graph.gif")
    with Image.open(tmp_path / "graph.gif") as movie:
        assert movie.n_frames == 4 + 12


def test_a_figure_that_fails_is_an_error_and_no_page(tmp_path):
    with pytest.raises(ValueError, match=r"there is no figure '9\.99'"):
        draw_all(tmp_path / "figures", numbers=["9.99"])
    assert not (tmp_path / "figures").exists()


@pytest.mark.parametrize("processes", [0, -1, 1.5, True])
def test_so_many_processes_there_cannot_be(processes, tmp_path):
    with pytest.raises((TypeError, ValueError), match="processes must be an integer >= 1"):
        draw_all(tmp_path / "figures", numbers=["9.07"], processes=processes)
    assert not (tmp_path / "figures").exists()


def test_each_figure_says_what_it_shows_and_with_what():
    from xpnn import plots

    for number, one in FIGURES.items():
        assert isinstance(one, BookFigure)
        assert one is figure(number)
        assert one.shows
        assert one.functions
        for function in one.functions:
            assert getattr(plots, function.__name__) is function
            assert function.__name__ in plots.__all__
