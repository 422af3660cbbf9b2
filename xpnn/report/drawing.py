"""What all pictures of a report have in common: SVG in the page's own colours."""

from __future__ import annotations

import html
import io
import re
import warnings
from typing import Any, NamedTuple

from ..plots.style import new_figure
from .words import ALL_DIGITS, number, shortened

__all__ = ["INK", "Picture", "clock", "empty_axes", "legend_below", "plain_numbers", "to_svg"]

INK = "#010203"
"""Stands for the page's own colour of letters, light or dark."""

LETTERS = 25
"""How many letters of a name are shown in a legend."""

FROM_HERE_ON = 10_000
"""Thousands are set apart where numbers are this large: smaller ones may be years."""

LARGE = ((1e12, "trillions"), (1e9, "billions"), (1e6, "millions"))
"""What numbers along an axis are counted in that would need too much room."""


class Picture(NamedTuple):
    """A picture, and what it shows.

    Attributes
    ----------
    title, caption : str
        What it is, and how to read it.
    svg : str
        The picture.
    broad : int
        How many pixels broad it is at most, if it needs the page's whole width; else 0.
    """

    title: str
    caption: str
    svg: str
    broad: int = 0


def empty_axes(width: float = 4.6, height: float = 3.4) -> tuple[Any, Any]:
    """Return a figure, of a size in inches, and axes in it."""
    figure = new_figure(width, height, dpi=72)
    axes = figure.subplots()
    axes.grid(alpha=0.25, color=INK, lw=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def plain_numbers(axis: Any, label: str, unit: str = "") -> None:
    """Let an axis, whose range is known, tell numbers as people write them, and their unit."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    largest = max(map(abs, axis.get_view_interval()))
    by, called = next((one for one in LARGE if largest >= 10 * one[0]), (1.0, ""))

    def told(value: float, position: int | None = None) -> str:
        text = number(value / by, ALL_DIGITS)
        return text if largest / by >= FROM_HERE_ON else text.replace(",", "")

    axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(told))
    counted_in = " of ".join(part for part in (called, unit) if part)
    axis.set_label_text(f"{label} ({counted_in})" if counted_in else label)


def clock(axis: Any) -> None:
    """Let an axis of seconds tell times of day."""
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    def told(value: float, position: int | None = None) -> str:
        minutes = round(value / 60)
        return f"{minutes // 60:02d}:{minutes % 60:02d}"

    low, high = axis.get_view_interval()
    steps = [60 * m for m in (1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720)]
    step = next((step for step in steps if (high - low) / step <= 6), (high - low) / 5)
    axis.set_major_locator(MultipleLocator(step))
    axis.set_major_formatter(FuncFormatter(told))


def legend_below(figure: Any, axes: Any) -> None:
    """Put the names of lines where no line is: below them, in a figure that is taller."""
    lines, labels = axes.get_legend_handles_labels()
    short = shortened(labels, LETTERS)
    columns = 2 if max(map(len, short)) > 8 else 3
    rows = -(-len(short) // columns)
    figure.set_figheight(figure.get_figheight() + 0.22 * rows)
    figure.legend(lines, short, loc="outside lower center", ncols=columns, fontsize="small")


def to_svg(figure: Any, about: str) -> str:
    """Return a figure as SVG in the page's colours, with a text for who can't see it."""
    from matplotlib import rc_context

    for axes in figure.axes:
        for part in (*axes.spines.values(), *axes.get_xticklines(), *axes.get_yticklines()):
            part.set_color(INK) if hasattr(part, "set_color") else part.set_edgecolor(INK)
        axes.tick_params(colors=INK)
        for text in (axes.xaxis.label, axes.yaxis.label, axes.title):
            text.set_color(INK)
        axes.set_facecolor("none")
    own = [legend for axes in figure.axes if (legend := axes.get_legend())]
    for legend in (*own, *figure.legends):
        legend.get_frame().set(facecolor="none", edgecolor="none")
        for text in legend.get_texts():
            text.set_color(INK)
    figure.patch.set_alpha(0)
    salt = re.sub(r"\W+", "-", about)  # names of parts differ in the page
    for letters in ("path", "none"):
        text = io.StringIO()
        with (
            rc_context({"svg.hashsalt": salt, "svg.fonttype": letters}),
            warnings.catch_warnings(record=True) as said,
        ):
            warnings.simplefilter("always")
            figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
        # of what matplotlib's font lacks, as Chinese, a browser has the letters
        if not any("Glyph" in str(warning.message) for warning in said):
            break
    drawn = text.getvalue()
    drawn = drawn[drawn.index("<svg") :].replace(INK, "currentColor")
    drawn = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", drawn, count=1)
    drawn = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", drawn, count=1)
    label = html.escape(about, quote=True)
    return drawn.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
