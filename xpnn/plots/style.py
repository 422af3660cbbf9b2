"""How pictures look: colours, markers, and the parts that several kinds of pictures share."""

from __future__ import annotations

from typing import Any

__all__ = [
    "COLOURS",
    "MARKERS",
    "REGION_ALPHA",
    "RING",
    "SHARES",
    "SIGNED",
    "UNSIGNED",
    "blank",
    "class_colours",
    "colour_bar",
    "epochs_across",
    "new_figure",
    "number",
    "panels",
]

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#F0E442")
"""Okabe and Ito's colours, which people with any colour vision can tell apart."""

MARKERS = "os^Dv*XPp"
"""A marker for each colour, for prints without colour and for more classes than colours."""

# maps of colours that people with any colour vision can read
SIGNED = "PuOr"
"""For numbers of both signs: white is 0."""

UNSIGNED = "viridis"
"""For numbers >= 0: from dark for 0 to yellow for the largest."""

SHARES = "cividis"
"""For parts of a whole."""

RING: dict[str, Any] = {"mfc": "none", "mec": COLOURS[4], "mew": 2}
"""A ring, inside which what it marks can still be seen."""

REGION_ALPHA = 0.35
"""How much of a class's colour its region has, over white."""


def class_colours(k: int) -> list[str]:
    """Return a colour for each of k classes; from the eighth on they come again."""
    return [COLOURS[c % len(COLOURS)] for c in range(k)]


def new_figure(width: float, height: float, dpi: int) -> Any:
    """Return an empty figure, in inches, whose parts make room for one another."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=dpi, layout="constrained")


def blank(axes: Any, width: float, height: float) -> None:
    """Make axes a sheet to draw on: no ticks, one unit across and down, from the top left."""
    axes.set_axis_off()
    axes.set_aspect("equal")
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)


def panels(count: int, width: float, height: float, dpi: int) -> tuple[Any, Any]:
    """Return a figure with so many panels on the same axes, up to three in a row, and these.

    Parameters
    ----------
    count : int
        How many panels.
    width, height : float
        Of each, in inches.
    dpi : int
        How many pixels an inch has.

    Returns
    -------
    figure : matplotlib.figure.Figure
        The figure.
    panels : numpy.ndarray of matplotlib.axes.Axes
        The panels; where the last row is not full, the rest of it is empty.
    """
    columns = min(3, count)
    rows = -(-count // columns)
    figure = new_figure(width * columns, height * rows, dpi)
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
    for axes in grid[count:]:
        axes.set_visible(False)
    return figure, grid[:count]


def number(value: float, digits: int = 4) -> str:
    """Return a number as drawings have it: of few digits, with a real minus."""
    shown = f"{0 if abs(value) < 1e-12 else value:.{digits}g}"
    return ("0" if float(shown) == 0 else shown).replace("-", "\N{MINUS SIGN}")


def colour_bar(figure: Any, shown: Any, axes: Any, **settings: Any) -> Any:
    """Put a bar beside axes that explains the colours of what is shown in them."""
    bar = figure.colorbar(shown, ax=axes, **settings)
    bar.outline.set_visible(False)
    return bar


def epochs_across(axes: Any) -> None:
    """Let the x axis count epochs, in whole numbers."""
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
