"""Chapter 1: a neuron with one input, whose line weight and bias move."""

from __future__ import annotations

import numpy as np

import xpnn

from .figure import Figure, Plot, Slider, factor, follow, number

DENSE, RELU = xpnn.Dense(1, 1), xpnn.ReLU()


def outputs(weight: float, bias: float, xs: list[float]) -> tuple[list[float], list[float]]:
    """Compute what a neuron makes of inputs, before ReLU and after it."""
    params = np.array([[weight]]), np.array([bias])
    z, _ = DENSE.forward(params, np.array(xs)[:, None])
    y, _ = RELU.forward((), z)
    return z[:, 0].tolist(), y[:, 0].tolist()


def neuron() -> Figure:
    """Draw the neuron as a row of operations, and below what it makes of all inputs."""
    quarters = np.arange(-2, 2.25, 0.25).tolist()
    weight = Slider("weight", quarters, start=12)
    bias = Slider("bias", quarters, start=10)
    x = Slider("input", np.arange(-2, 2.5, 0.5).tolist(), start=6)
    figure = Figure(
        "A neuron: an input times a weight, plus a bias, through ReLU; its outputs as a line",
        "The weight tilts the line, the bias lifts it, and ReLU cuts off what is below 0. "
        "The dot is the neuron's output for its input.",
        *(weight, bias, x),
        height=312,
    )
    z = follow(lambda w, b, x: number(outputs(w, b, [x])[0][0]), weight, bias, x)
    y = follow(lambda w, b, x: number(outputs(w, b, [x])[1][0]), weight, bias, x)

    stations = [("input", x.shown()), ("× weight", weight.shown()), ("+ bias", bias.shown())]
    stations += [("sum", z), ("ReLU", y)]
    for i, (name, value) in enumerate(stations):
        at = 36 + 72 * i
        if i:
            figure.draw("line", x1=at - 44, x2=at - 30, y1=42, y2=42, class_="edge")
        shape = {"x": at - 29, "y": 26, "width": 58, "height": 32, "rx": 16}
        figure.draw("rect", **shape, class_="node last" if i == 4 else "node")
        figure.draw("text", name, x=at, y=17, text_anchor="middle", class_="tick")
        figure.draw("text", value, x=at, y=47, text_anchor="middle")

    plot = Plot(figure, (-2, 2), (-3, 6), (28, 74, 350, 292))
    plot.axes([-2, -1, 0, 1, 2], [-2, 0, 2, 4, 6], names=("input", "output"))

    def line(w: float, b: float) -> str:
        return plot.points([-2, 2], outputs(w, b, [-2, 2])[0])

    def cut(w: float, b: float) -> str:
        knee = min(max(-b / w, -2), 2) if w else 0  # where the line goes through 0
        xs = [-2, knee, 2]
        return plot.points(xs, outputs(w, b, xs)[1])

    plot.line(follow(line, weight, bias), class_="dashed")
    plot.line(follow(cut, weight, bias), class_="curve")
    at = follow(lambda w, b, x: plot.to_y(outputs(w, b, [x])[1][0]), weight, bias, x)
    figure.draw("circle", cx=follow(plot.to_x, x), cy=at, r=5, class_="dot")
    w, b = follow(factor, weight), follow(factor, bias)
    figure.say(x.shown(), " · ", w, " + ", b, " = ", z)
    figure.say(", and after ReLU ", y, ".")
    return figure
