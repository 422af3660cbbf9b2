"""Chapter 4: eight pairs of ReLU neurons bend a straight line into a sine."""

from __future__ import annotations

import numpy as np

from xpnn import handmade

from .figure import Figure, Plot, Slider, follow, number

PAIRS = 8


def sine() -> Figure:
    """Draw the curve that the first pairs make, and the two neurons of the last of them."""
    knots = handmade.sine_knots(PAIRS)  # between which all is straight
    network = handmade.relu_pairs(wave, knots, dtype="float64", backend="numpy")
    first, second = (network.layer_outputs(knots[:, None], layer) for layer in (1, 3))
    weights, biases = network.parameters[-2:]
    start = second[0] @ weights + biases  # (1,)
    added = (second - second[0]) * weights[:, 0]  # (knots, pairs)
    curves = start + np.cumsum(np.pad(added, ((0, 0), (1, 0))), axis=1)

    pairs = Slider(
        "pairs",
        range(PAIRS + 1),
        texts=[f"{n} of {PAIRS}" for n in range(PAIRS + 1)],
        steps=True,
    )
    figure = Figure(
        "A sine, and the curve that pairs of ReLU neurons make of a straight line",
        "Above, the sine in grey and the network's output. Below, the two neurons of the pair "
        "that came last: the first wakes at the beginning of its piece, and silences the "
        "second, which sleeps from the piece's end on.",
        pairs,
        height=316,
    )
    above = Plot(figure, (0, 1), (-1.2, 1.2), (28, 8, 342, 178))
    above.axes([0, 0.25, 0.5, 0.75, 1], [-1, 0, 1], digits=(2, 0))
    fine = np.linspace(0, 1, 101)
    above.line(above.points(fine, wave(fine)), class_="wide")
    above.line(follow(lambda n: above.points(knots, curves[:, n]), pairs), class_="curve")
    for i, knot in enumerate(knots):
        height = follow(lambda n, i=i: above.to_y(curves[i, n]), pairs)
        figure.draw("circle", cx=above.to_x(knot), cy=height, r=3, class_="dot")

    below = Plot(figure, (0, 1), (0, 0.25), (28, 210, 342, 298))
    below.axes([0, 0.25, 0.5, 0.75, 1], [0, 0.1, 0.2], digits=(2, 1))
    for layer, class_ in ((first, "other"), (second, "curve")):

        def outputs(n: int, layer: np.ndarray = layer) -> str:
            return below.points(knots, layer[:, n - 1]) if n else ""

        below.line(follow(outputs, pairs), class_=class_)
    figure.draw("text", "first neuron", x=336, y=224, text_anchor="end", class_="tick of-other")
    figure.draw(
        "text", "second neuron", x=336, y=240, text_anchor="end", class_="tick of-curve"
    )

    def sentence(n: int) -> str:
        if n == 0:
            return f"Without a pair the output is {number(float(start[0]))} everywhere."
        rise = float(curves[n, n] - curves[n - 1, n])
        ends = f"from x = {number(knots[n - 1])} to {number(knots[n])}"
        weight = number(float(weights[n - 1, 0]))
        return (
            f"Pair {n}: {ends} the curve {'rises' if rise > 0 else 'falls'} by "
            f"{number(abs(rise))}. The second neuron's weight in the output is {weight}."
        )

    figure.say(follow(sentence, pairs))
    return figure


def wave(x: np.ndarray) -> np.ndarray:
    """Compute one period of a sine."""
    return np.sin(2 * np.pi * x)
