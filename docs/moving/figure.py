"""What all figures are made of: sliders, values that follow them, and SVG as it first is."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any


@dataclass(frozen=True, eq=False)
class Slider:
    """What a reader moves, from one of its values to the next.

    Parameters
    ----------
    label : str
        What stands before it.
    values : sequence
        What `follow` computes with, from left to right.
    start : int
        The number of the first value that is shown.
    texts : sequence of str
        How the values are written; by default as numbers.
    steps : bool
        Whether there are buttons for one step back and one forth.
    """

    label: str
    values: Sequence[Any]
    start: int = 0
    texts: Sequence[str] = ()
    steps: bool = False

    def shown(self) -> Follows:
        """Return how the value is written."""
        texts = self.texts or [number(value) for value in self.values]
        return Follows((self,), list(texts))


@dataclass(frozen=True, eq=False)
class Follows:
    """A text, or what an attribute is, for each position of some sliders.

    Parameters
    ----------
    sliders : tuple of Slider
        Which it follows.
    values : list of str, numbers or lists of str
        One for each of their positions, those of the last slider side by side.
    along : Slider, optional
        Another one, for values that are lists.
    upto : bool
        Whether as many items as `along` says are shown, or the one to which it points; beyond
        the end that is the last one.
    """

    sliders: tuple[Slider, ...]
    values: list[Any]
    along: Slider | None = None
    upto: bool = False

    @property
    def first(self) -> str:
        """What is shown before anything moves; `moving.js` does the same for any position."""
        place = 0
        for slider in self.sliders:
            place = place * len(slider.values) + slider.start
        value = self.values[place]
        if self.along is None:
            return str(value)
        items, n = value, self.along.start
        return " ".join(items[: n + 1]) if self.upto else items[min(n, len(items) - 1)]


def follow(f: Callable[..., Any], *sliders: Slider) -> Follows:
    """Compute a function for all values of some sliders."""
    places = itertools.product(*(slider.values for slider in sliders))
    return Follows(sliders, [f(*place) for place in places])


def number(x: float, digits: int = 2) -> str:
    """Write a number for readers: with a minus sign, and no minus before a zero."""
    text = f"{x:.{digits}f}"
    if float(text) == 0:
        text = text.removeprefix("-")
    return text.replace("-", "\N{MINUS SIGN}")


def factor(x: float, digits: int = 2) -> str:
    """Write a number that stands beside a sign: one below 0 in parentheses."""
    return f"({number(x, digits)})" if x < 0 else number(x, digits)


def points(xs: Sequence[float], ys: Sequence[float]) -> str:
    """Write the corners of a polyline."""
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys))


class Figure:
    """A drawing with sliders under it and a sentence that tells the numbers.

    Parameters
    ----------
    title : str
        What it shows, for people who don't see it.
    caption : str
        What there is to do and to see.
    sliders : Slider
        From top to bottom.
    height : float
        Of the drawing, which is 360 wide.
    """

    width = 360

    def __init__(self, title: str, caption: str, *sliders: Slider, height: float) -> None:
        self.title, self.caption, self.sliders = title, caption, sliders
        self.height = height
        self.drawn: list[str] = []
        self.said: list[str] = []
        self.tables: list[Follows] = []
        self.changes: list[dict[str, Any]] = []
        self.parts = 0

    def draw(self, tag: str, text: str | Follows = "", **attributes: Any) -> None:
        """Add an element of SVG; ``class_`` and ``text_anchor`` are class and text-anchor."""
        self.drawn.append(self.element(tag, text, **attributes))

    def say(self, *pieces: str | Follows) -> None:
        """Add to the sentence under the drawing."""
        for piece in pieces:
            moves = isinstance(piece, Follows)
            self.said.append(self.element("span", piece) if moves else escape(piece))

    def element(self, tag: str, text: str | Follows = "", **attributes: Any) -> str:
        """Write an element as it first is, and remember what of it moves."""
        written = {k.rstrip("_").replace("_", "-"): v for k, v in attributes.items()}
        moving = {k: v for k, v in {**written, "text": text}.items() if isinstance(v, Follows)}
        if moving:
            written["data-part"] = self.parts
            for what, table in moving.items():
                change = {"part": self.parts, "set": what, "table": self._kept(table)}
                self.changes.append(change)
            self.parts += 1
        inside = escape(_first(text), quote=False)
        words = "".join(f' {k}="{escape(_first(v))}"' for k, v in written.items())
        return f"<{tag}{words}>{inside}</{tag}>"

    def _kept(self, table: Follows) -> int:
        if table not in self.tables:
            self.tables.append(table)
        return self.tables.index(table)

    def html(self, name: str) -> str:
        """Return the whole, for a page of the site."""
        controls = "".join(self._control(i, name) for i in range(len(self.sliders)))
        drawing = "".join(self.drawn)
        tables = [self._table(table) for table in self.tables]
        data = json.dumps(
            {"tables": tables, "changes": self.changes},
            ensure_ascii=False,
            separators=(",", ":"),
        ).replace("</", "<\\/")
        return (
            f'<figure class="moving" data-figure="{name}" data-search-exclude>'
            f'<svg viewBox="0 0 {self.width} {self.height}" role="img" '
            f'aria-label="{escape(self.title)}">{drawing}</svg>'
            f'<div class="moving-controls">{controls}</div>'
            f'<p class="moving-said" aria-live="polite" aria-atomic="true">'
            f"{''.join(self.said)}</p>"
            f"<figcaption>{escape(self.caption)} "
            '<span class="moving-still">This is how it begins; where scripts may run, '
            "it moves.</span></figcaption>"
            f'<script type="application/json">{data}</script></figure>'
        )

    def _control(self, i: int, name: str) -> str:
        slider, key = self.sliders[i], f"moving-{name}-{i}"
        shown = slider.shown()
        ends = {"min": 0, "max": len(slider.values) - 1, "value": slider.start}
        moves = {"type": "range", "id": key, "autocomplete": "off", "aria_valuetext": shown}
        parts = [
            self.element("label", slider.label, for_=key),
            self.element("input", **ends, **moves).removesuffix("</input>"),
            self.element("span", shown, class_="moving-value", aria_hidden="true"),
        ]
        control = f'<div class="moving-slider">{"".join(parts)}</div>'
        if not slider.steps:
            return control
        back, next_ = (
            f'<button type="button" data-slider="{i}" data-step="{step}">{word}</button>'
            for step, word in ((-1, "Back"), (1, "Next"))
        )
        return f'{control}<div class="moving-steps">{back}{next_}</div>'

    def _table(self, table: Follows) -> dict[str, Any]:
        found = {
            "by": [self.sliders.index(slider) for slider in table.sliders],
            "values": table.values,
        }
        if table.along is not None:
            found["along"] = self.sliders.index(table.along)
            found["upto"] = table.upto
        return found


def _first(value: Any) -> str:
    return value.first if isinstance(value, Follows) else str(value)


class Plot:
    """A part of a figure with axes, in which lines are given in the units of the axes.

    Parameters
    ----------
    figure : Figure
        Where to draw.
    x, y : tuple of float
        The ends of the axes.
    box : tuple of float
        Left, top, right and bottom in the drawing.
    """

    def __init__(
        self,
        figure: Figure,
        x: tuple[float, float],
        y: tuple[float, float],
        box: tuple[float, float, float, float],
    ) -> None:
        self.figure, self.x, self.y, self.box = figure, x, y, box

    def to_x(self, x: float) -> float:
        """Return where an x is, from the drawing's left."""
        left, _, right, _ = self.box
        return round(left + (x - self.x[0]) / (self.x[1] - self.x[0]) * (right - left), 1)

    def to_y(self, y: float) -> float:
        """Return where a y is, from the drawing's top."""
        _, top, _, bottom = self.box
        return round(bottom - (y - self.y[0]) / (self.y[1] - self.y[0]) * (bottom - top), 1)

    def points(self, xs: Sequence[float], ys: Sequence[float]) -> str:
        """Write the corners of a polyline."""
        return points([self.to_x(x) for x in xs], [self.to_y(y) for y in ys])

    def axes(
        self,
        xs: Sequence[float],
        ys: Sequence[float],
        *,
        names: tuple[str, str] = ("x", ""),
        digits: tuple[int, int] = (0, 0),
    ) -> None:
        """Draw lines at some places of either axis, with their numbers, and name the axes."""
        left, top, right, bottom = self.box
        draw = self.figure.draw
        for x in xs:
            at = self.to_x(x)
            draw("line", x1=at, x2=at, y1=top, y2=bottom, class_="zero" if x == 0 else "grid")
            text = number(x, digits[0])
            draw("text", text, x=at, y=bottom + 14, text_anchor="middle", class_="tick")
        for y in ys:
            at = self.to_y(y)
            draw("line", x1=left, x2=right, y1=at, y2=at, class_="zero" if y == 0 else "grid")
            text = number(y, digits[1])
            draw("text", text, x=left - 5, y=at + 4, text_anchor="end", class_="tick")
        draw("text", names[0], x=right - 4, y=bottom - 5, text_anchor="end", class_="tick")
        draw("text", names[1], x=left + 5, y=top + 12, class_="tick")

    def line(self, points: str | Follows, class_: str, **attributes: Any) -> None:
        """Draw a line, and leave out what lies above or below the axes."""
        left, top, right, bottom = self.box
        width, height = right - left, bottom - top
        # an SVG within another one shows no more than what is in its box
        self.figure.drawn.append(
            f'<svg x="{left}" y="{top}" width="{width}" height="{height}" '
            f'viewBox="{left} {top} {width} {height}">'
        )
        self.figure.draw("polyline", points=points, class_=class_, **attributes)
        self.figure.drawn.append("</svg>")
