"""Chapter 9: values go forward through a neuron, and gradients come back, step by step."""

from __future__ import annotations

import numpy as np

import xpnn
from xpnn.calculus import gradient

from .figure import Figure, Slider, follow, number

INPUTS = np.array([[1.0, -2.0, 3.0]])
WEIGHTS, BIASES = np.array([[-3.0], [-1.0], [2.0]]), np.array([1.0])

STEPS = (
    "Forward: three products, their sum with the bias, and ReLU. The values stand above the "
    "lines.",
    "Backward: gradients come below the lines. The output's own is 1.",
    "ReLU: its input {z} is above 0, so that its slope is 1. The sum gets 1 · 1 = {dz}.",
    "Sum: each part counts once. The products and the bias get 1 · {dz} = {dz} each.",
    "First product: each factor gets the other one times {dz}. The input gets {dx0}, and the "
    "weight {dw0}.",
    "Second product: the input gets {dx1}, and the weight {dw1}.",
    "Third product: the input gets {dx2}, and the weight {dw2}.",
    "Done. The inputs got {dx}, the weights {dw}, and the bias {db}: what the backward pass of "
    "Dense returns.",
)

# where the columns of nodes are, and the rows of products
PRODUCT, SUM, RELU, OUTPUT = 128, 216, 290, 352
ROWS, BIAS_ROW, CENTRE = (46, 138, 230), 300, 138


def passes() -> dict[str, np.ndarray]:
    """Let xpnn compute values and gradients, those of the products by finite differences."""
    dense, relu = xpnn.Dense(3, 1), xpnn.ReLU()
    z, dense_backward = dense.forward((WEIGHTS, BIASES), INPUTS)
    y, relu_backward = relu.forward((), z)
    dy = np.ones_like(y)
    dz, _ = relu_backward(dy)
    dx, (dweights, dbiases) = dense_backward(dz)
    products = INPUTS[0] * WEIGHTS[:, 0]

    def output(products: np.ndarray) -> float:
        return float(relu.forward((), np.sum(products, keepdims=True)[None] + BIASES)[0][0, 0])

    found = {"z": z[0], "y": y[0], "dy": dy[0], "dz": dz[0], "x": INPUTS[0], "dx": dx[0]}
    found |= {"w": WEIGHTS[:, 0], "dw": dweights[:, 0], "b": BIASES, "db": dbiases}
    return found | {"p": products, "dp": gradient(output, products).round(6)}


def backward() -> Figure:
    """Draw the neuron's operations and, step by step, the gradients on their edges."""
    found = passes()
    texts = [f"{n + 1} of {len(STEPS)}" for n in range(len(STEPS))]
    step = Slider("step", range(len(STEPS)), texts=texts, steps=True)
    figure = Figure(
        "A neuron's operations, with values on their way forward and gradients on the way back",
        "One neuron with three inputs. What an operation gets from its right, it multiplies by "
        "its own slope and hands on to its left.",
        step,
        height=324,
    )

    def edge(start: tuple[float, float], end: tuple[float, float], name: str, i: int, at: int):
        """Draw a line with its value above, and from a step on its gradient below."""
        (x1, y1), (x2, y2) = start, end
        active = follow(lambda n: "edge active" if n == at else "edge", step)
        figure.draw("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=active)
        x, y = (x1 + x2) / 2, (y1 + y2) / 2
        place = {"x": x, "text_anchor": "middle"}
        figure.draw("text", number(found[name][i], 0), **place, y=y - 5, class_="value")
        shown = number(found["d" + name][i], 0)
        below = follow(lambda n: shown if n >= at else "", step)
        figure.draw("text", below, **place, y=y + 16, class_="gradient")

    for i, row in enumerate(ROWS):
        for name, title, y in (("x", "input", row - 22), ("w", "weight", row + 22)):
            figure.draw("text", f"{title} {i + 1}", x=4, y=y + 4, class_="tick")
            edge((54, y), (PRODUCT, y), name, i, 4 + i)
        figure.draw("line", x1=PRODUCT, x2=PRODUCT, y1=row - 22, y2=row + 22, class_="edge")
        edge((PRODUCT, row), (SUM, CENTRE + (row - CENTRE) * 0.1), "p", i, 3)
    figure.draw("text", "bias", x=4, y=BIAS_ROW + 4, class_="tick")
    figure.draw("line", x1=SUM, x2=SUM, y1=BIAS_ROW, y2=CENTRE, class_="edge")
    edge((54, BIAS_ROW), (SUM, BIAS_ROW), "b", 0, 3)
    edge((SUM, CENTRE), (RELU, CENTRE), "z", 0, 2)
    edge((RELU, CENTRE), (OUTPUT, CENTRE), "y", 0, 1)
    nodes = [(PRODUCT, row, "×") for row in ROWS]
    for x, y, sign in [*nodes, (SUM, CENTRE, "+"), (RELU, CENTRE, "ReLU")]:
        size = {"width": 46 if sign == "ReLU" else 28, "height": 28, "rx": 14}
        figure.draw("rect", x=x - size["width"] / 2, y=y - 14, **size, class_="node")
        figure.draw("text", sign, x=x, y=y + 5, text_anchor="middle")

    numbers = {f"{k}{i}": number(v, 0) for k in ("dx", "dw") for i, v in enumerate(found[k])}
    numbers |= {
        k: ", ".join(number(v, 0) for v in found[k]) for k in ("z", "dz", "dx", "dw", "db")
    }
    figure.say(follow(lambda n: STEPS[n].format(**numbers), step))
    return figure
