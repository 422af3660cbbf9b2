"""The command ``xpnn book``."""

import re

import pytest
from command_line import run

from xpnn.book import FIGURES


def test_it_lists_each_figure_with_a_line(folder):
    done = run("book")
    listed = re.findall(r"^  (\S+) +([*+]*) +(.+)$", done.stdout, re.M)
    assert [number for number, _, _ in listed] == [*FIGURES]
    for number, marks, shows in listed:
        assert ("*" in marks) == (FIGURES[number].film is not None)
        assert ("+" in marks) == (not FIGURES[number].in_book)
        assert shows == FIGURES[number].shows


@pytest.mark.parametrize(
    ("name", "beginning"),
    [("f.png", b"\x89PNG"), ("f.svg", b"<?xml"), ("f.pdf", b"%PDF"), ("f.gif", b"GIF89a")],
)
def test_it_draws_a_figure(folder, name, beginning):
    assert run("book", "2.06", "--output", name).stdout == f"wrote {name}\n"
    assert (folder / name).read_bytes().startswith(beginning)


def test_without_a_name_the_file_has_the_figures_number(folder):
    assert run("book", "1.04").stdout == "wrote 1.04.png\n"
    assert [path.name for path in folder.iterdir()] == ["1.04.png"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["9.99"], "there is no figure '9.99': chapter 9 has 9.01, 9.02"),
        (["11.01"], "there is no figure '11.01': chapters are 1 to 10"),
        (["9.07", "--output", "f.gif"], "figure 9.07 does not move: give a .png"),
        (["9.07", "--output", "f.txt"], "the name of a picture must end in"),
        (["9.19", "--output", "nowhere/f.gif"], "nowhere"),
        (["10.24", "--output", "nowhere/f.png"], "nowhere"),
        (["--output", "f.png"], "--output needs the NUMBER of a figure"),
        (["9.07", "--all", "all"], "--all draws every figure: leave out NUMBER and --output"),
    ],
)
def test_what_can_not_be_drawn_is_refused(folder, arguments, words):
    assert words in run("book", *arguments, status=2).stderr
    assert list(folder.iterdir()) == []
