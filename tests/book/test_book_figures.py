"""Each figure of the book: what is drawn, against numbers that come from elsewhere."""

import numpy as np
import pytest
from book_checks import CHECKS, STOPS

from xpnn.book import FIGURES, chapter06, spiral_runs


@pytest.fixture(autouse=True)
def short_runs(monkeypatch):
    """Let runs end at step 100, where the book prints what they have come to, and searches."""
    monkeypatch.setattr(chapter06, "STOPS", STOPS)
    monkeypatch.setattr(spiral_runs, "EPOCHS", 101)
    monkeypatch.setattr(spiral_runs, "_trained", {})


@pytest.mark.parametrize("number", FIGURES)
def test_a_figure_shows_the_numbers_that_it_is_about(number):
    with np.errstate(all="raise", under="ignore"):
        figure = FIGURES[number].draw()
    CHECKS[number](figure)


def test_all_figures_of_the_book_are_there_but_two():
    """Those that are none: a chart of fields of research, and a drawing of a nerve cell."""
    counts = {1: 14, 2: 22, 3: 7, 4: 38, 5: 0, 6: 1, 7: 16, 8: 1, 9: 21, 10: 21}
    in_book = [figure for figure in FIGURES.values() if figure.in_book]
    for chapter, count in counts.items():
        missing = 2 if chapter == 1 else 0
        assert sum(figure.chapter == chapter for figure in in_book) == count - missing
