"""Chapter 10: how gradient descent walks down a curve with two valleys."""

from __future__ import annotations

import numpy as np

import xpnn
from xpnn.plots import minima, valley, walk

from .figure import Figure, Follows, Plot, Slider, follow, number, points

LOW, HIGH = -3.5, 3.7
START, STEPS = 3.4, 40


def walks() -> Figure:
    """Draw the curve, and the places to which an optimizer comes on it."""
    rates = [0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.9]
    rate = Slider("learning rate", rates, start=2, texts=[f"{r:g}" for r in rates])
    momentum = Slider("momentum", [0.0, 0.3, 0.5, 0.7, 0.9])
    decay = Slider("decay", [0.0, 0.01, 0.05, 0.2])
    texts = [str(n) for n in range(STEPS + 1)]
    steps = Slider("steps", range(STEPS + 1), start=STEPS, texts=texts, steps=True)
    figure = Figure(
        "A curve with two valleys, and an optimizer's way down from the right",
        "Each step goes from one dot to the next, and the first is high on the right. "
        "Triangles point to the minima, of which the left one is lower.",
        *(rate, momentum, decay, steps),
        height=236,
    )
    plot = Plot(figure, (LOW, HIGH), (-1.4, 4.9), (28, 8, 350, 214))
    plot.axes([-3, -2, -1, 0, 1, 2, 3], [-1, 0, 1, 2, 3, 4], names=("place", "height"))
    fine = np.linspace(LOW, HIGH, 121)
    plot.line(plot.points(fine, valley(fine)), class_="wide")
    for place in minima(valley, LOW, HIGH):
        x, y = plot.to_x(place), plot.to_y(valley(place)) + 9
        corners = points([x, x - 6, x + 6], [y, y + 10, y + 10])
        figure.draw("polygon", points=corners, class_="minimum")

    ways = follow(way, rate, momentum, decay)

    def along(values: list[list[str]], upto: bool) -> Follows:
        return Follows(ways.sliders, values, steps, upto)

    corners = [plot.points(places, valley(places)).split(" ") for places in ways.values]
    balls = along(corners, upto=True)
    figure.drawn += [marker("moving-ball", 3, "ball"), marker("moving-last", 6, "dot")]
    ball = {f"marker_{place}": "url(#moving-ball)" for place in ("start", "mid")}
    plot.line(balls, class_="curve walk", **ball, marker_end="url(#moving-last)")
    figure.say("Place after ", steps.shown(), " steps: ")
    figure.say(along([[*map(where, places)] for places in ways.values], upto=False), ".")
    return figure


def way(rate: float, momentum: float, decay: float) -> np.ndarray:
    """Return where the optimizer was, up to the first place out of the picture."""
    places = walk(valley, START, xpnn.SGD(rate, momentum=momentum, decay=decay), STEPS)
    outside = np.flatnonzero(~inside(places))
    return places[: outside[0] + 1] if outside.size else places


def marker(name: str, radius: float, class_: str) -> str:
    """Write what stands at each corner of a line."""
    return (
        f'<marker id="{name}" markerWidth="16" markerHeight="16" refX="8" refY="8" '
        f'markerUnits="userSpaceOnUse"><circle cx="8" cy="8" r="{radius}" class="{class_}"/>'
        "</marker>"
    )


def where(place: float) -> str:
    """Write a place."""
    return number(place) if inside(place) else "out of the picture"


def inside(place):
    """Whether a place is in the picture."""
    return (place >= LOW) & (place <= HIGH)
