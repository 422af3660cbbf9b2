"""Chapter 7: a slope is measured with two points, which come together."""

from __future__ import annotations

import numpy as np

from xpnn.calculus import derivative, tangent_line

from .figure import Figure, Plot, Slider, follow, number

DISTANCES = [1.0, 0.75, 0.5, 0.25, 0.1, 0.01, 0.001, 0.0001]


def f(x):
    """Compute the chapter's function."""
    return 2 * x**2


def tangent() -> Figure:
    """Draw the curve, its tangent, and the line through two of its points."""
    x = Slider("x", np.arange(0, 3.25, 0.25).tolist(), start=4)
    texts = [f"{delta:g}" for delta in DISTANCES]
    delta = Slider("delta", DISTANCES, texts=texts)
    figure = Figure(
        "The curve 2x², a line through two of its points, and its tangent",
        "The line goes through the points at x and x + delta. As delta becomes small, it "
        "becomes the tangent, which is dashed.",
        *(x, delta),
        height=262,
    )
    plot = Plot(figure, (-0.5, 4.2), (-8, 36), (34, 8, 350, 240))
    plot.axes([0, 1, 2, 3, 4], [0, 10, 20, 30], names=("x", "2x²"))
    fine = np.linspace(-0.5, 4.2, 95)
    plot.line(plot.points(fine, f(fine)), class_="wide")

    ends = np.array(plot.x)

    def touching(x: float) -> str:
        slope = derivative(f, x, method="central")
        return plot.points(ends, f(x) + slope * (ends - x))

    def through(x: float, delta: float) -> str:
        slope, intercept = tangent_line(f, x, delta)
        return plot.points(ends, slope * ends + intercept)

    plot.line(follow(touching, x), class_="dashed")
    plot.line(follow(through, x, delta), class_="curve")
    for place in (lambda x, delta: x + delta, lambda x, delta: x):
        cx = follow(lambda x, d, place=place: plot.to_x(place(x, d)), x, delta)
        cy = follow(lambda x, d, place=place: plot.to_y(f(place(x, d))), x, delta)
        figure.draw("circle", cx=cx, cy=cy, r=5, class_="dot")
    measured = follow(lambda x, d: number(derivative(f, x, d), 4), x, delta)
    exact = follow(lambda x: number(derivative(f, x, method="central"), 4), x)
    figure.say("The slope through the two points is ", measured)
    figure.say(", and that of the tangent ", exact, ".")
    return figure
