"""Pictures of a report: numbers, times and names along their axes."""

import re
from dataclasses import dataclass

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from xpnn.report import class_figures, drawing, gather
from xpnn.report.drawing import clock, empty_axes, legend_below, plain_numbers
from xpnn.report.figures import pictures
from xpnn.tables import Classes, from_frame
from xpnn.tables.understanding import understand
from xpnn.tabular import Ensemble
from xpnn.tabular.training import encoding_of_rows


def ticks(axis):
    FigureCanvasAgg(axis.figure).draw()
    low, high = axis.get_view_interval()
    return [
        tick.label1.get_text()
        for tick in axis.get_major_ticks()
        if low <= tick.get_loc() <= high
    ]


def axis_from_to(low, high):
    axes = Figure().subplots()
    axes.set_xlim(low, high)
    return axes.xaxis


@pytest.mark.parametrize(
    ("low", "high", "told", "label"),
    [
        (0, 2_000_000, ["0", "500,000", "1,000,000", "1,500,000", "2,000,000"], "x (€)"),
        (1900, 2020, ["1900", "1925", "1950", "1975", "2000"], "x (€)"),
        (0, 4e7, ["0", "10", "20", "30", "40"], "x (millions of €)"),
        (0, 0.4, ["0", "0.1", "0.2", "0.3", "0.4"], "x (€)"),
    ],
)
def test_axes_tell_numbers_as_people_write_them(low, high, told, label):
    axis = axis_from_to(low, high)
    plain_numbers(axis, "x", "€")
    assert ticks(axis) == told
    assert axis.get_label_text() == label
    assert axis.get_offset_text().get_text() == ""


def test_times_of_day_are_times():
    axis = axis_from_to(8 * 3600, 12 * 3600)
    clock(axis)
    assert ticks(axis) == ["08:00", "09:00", "10:00", "11:00", "12:00"]


def test_a_legend_lies_below_and_its_names_can_be_told_apart():
    figure, axes = empty_axes()
    for k in range(6):
        axes.plot([0, 1], [k, k], label=f"a rather long name with the number {k} at its end")
    legend_below(figure, axes)
    assert axes.get_legend() is None
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(set(names)) == 6
    (canvas := FigureCanvasAgg(figure)).draw()
    renderer = canvas.get_renderer()
    assert (
        figure.legends[0].get_window_extent(renderer).ymax
        <= axes.get_window_extent(renderer).ymin
    )


@dataclass(frozen=True)
class OfMany(Ensemble):
    """A model that says the number in a column, or the next."""

    def outputs(self, table, odd=None):
        said = np.array(table["said"].cells(), int)
        return np.eye(self.target.n_outputs)[said] * 0.9 + 0.1 / self.target.n_outputs


def drawn(k, monkeypatch):
    """Return a figure of what k classes are taken for: the first is wrong half of the time."""
    right = np.repeat(np.arange(k), 10)
    said = right.copy()
    said[:5] = 1
    table = from_frame({"said": said.tolist()})
    encoding = encoding_of_rows(table, understand(table).values())
    labels = tuple(f"Species number {i} of the northern hills" for i in range(k))
    model = OfMany(encoding, Classes("", labels), ())
    evidence = gather(model, table, right, None)
    figures, to_svg = {}, drawing.to_svg

    def keep(figure, about):
        figures[about] = figure
        return to_svg(figure, about)

    monkeypatch.setattr(class_figures, "to_svg", keep)
    first = pictures(evidence, "species", ())[0]
    return first, figures[first.title]


def test_squares_have_short_names_and_no_title_of_their_own(monkeypatch):
    picture, figure = drawn(12, monkeypatch)
    assert picture.title == "Which of 12 classes is taken for which"
    axes = figure.axes[0]
    assert axes.get_title() == ""
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert len(set(names)) == 12
    assert max(map(len, names)) <= 20


def test_of_many_classes_those_are_named_that_are_mixed_up_most(monkeypatch):
    picture, figure = drawn(60, monkeypatch)
    assert picture.title == "Which of 60 classes are mixed up most"
    axes = figure.axes[0]
    (name,) = (text.get_text() for text in axes.get_yticklabels())
    assert re.fullmatch("Species number 0.* → Species number 1.*", name)
    assert [bar.get_width() for bar in axes.patches] == [5]
