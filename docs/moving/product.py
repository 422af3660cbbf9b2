"""Chapter 2: a layer's matrix product, cell by cell."""

from __future__ import annotations

import numpy as np

import xpnn

from .figure import Figure, Slider, factor, follow, number

INPUTS = np.array([[1.0, 2.0, 3.0, 2.5], [2.0, 5.0, -1.0, 2.0], [-1.5, 2.7, 3.3, -0.8]])
WEIGHTS = np.array(
    [[0.2, 0.5, -0.26], [0.8, -0.91, -0.27], [-0.5, 0.26, 0.17], [1.0, -0.5, 0.87]]
)
BIASES = np.array([2.0, 3.0, 0.5])

COLUMN, ROW = 46, 24
LEFT, RIGHT = 4, 214  # where inputs and weights begin
TOP, MIDDLE, BOTTOM = 20, 138, 182  # weights, biases, results
TIMES = "\N{NO-BREAK SPACE}·\N{NO-BREAK SPACE}"  # a product stays on its line


def product() -> Figure:
    """Draw the weights above the results and the inputs to their left."""
    results, _ = xpnn.Dense(4, 3).forward((WEIGHTS, BIASES), INPUTS)
    cells = [(i, j) for i in range(3) for j in range(3)]
    texts = [f"{n} of {len(cells)}" for n in range(1, len(cells) + 1)]
    cell = Slider("cell", range(len(cells)), texts=texts, steps=True)
    figure = Figure(
        "Inputs times weights plus biases: each number is a row times a column",
        "A result is the row of inputs to its left times the column of weights above it, "
        "number by number, all added up, with the column's bias.",
        cell,
        height=BOTTOM + 3 * ROW + 6,
    )

    def mark(left: float, top: float, columns: int, rows: int, moves: dict[str, list[float]]):
        place = {"x": left, "y": top}
        place |= {way: follow(places.__getitem__, cell) for way, places in moves.items()}
        size = {"width": COLUMN * columns, "height": ROW * rows, "rx": 4}
        figure.draw("rect", **place, **size, class_="mark")

    down = [BOTTOM + ROW * i for i, _ in cells]
    across = [RIGHT + COLUMN * j for _, j in cells]
    mark(LEFT, 0, 4, 1, {"y": down})
    mark(0, TOP, 1, 4, {"x": across})
    mark(0, MIDDLE, 1, 1, {"x": across})
    mark(0, 0, 1, 1, {"x": across, "y": down})
    for name, array, left, top in (
        ("inputs", INPUTS, LEFT, BOTTOM),
        ("weights", WEIGHTS, RIGHT, TOP),
        ("+ biases", BIASES[None, :], RIGHT, MIDDLE),
    ):
        figure.draw("text", name, x=left + 6, y=top - 6, class_="tick")
        for (i, j), value in np.ndenumerate(array):
            write(figure, left, top, i, j, number(value, 1 if array is INPUTS else 2))
    figure.draw("text", "= results", x=RIGHT + 6, y=BOTTOM - 6, class_="tick")
    for n, (i, j) in enumerate(cells):
        text = number(results[i, j], 3)
        shown = follow(lambda now, n=n, text=text: text if now >= n else "", cell)
        write(figure, RIGHT, BOTTOM, i, j, shown)

    def sum_of(n: int) -> str:
        i, j = cells[n]
        terms = [f"{factor(x, 1)}{TIMES}{factor(w)}" for x, w in zip(INPUTS[i], WEIGHTS[:, j])]
        return f"{' + '.join(terms)} + {number(BIASES[j], 1)} = {number(results[i, j], 3)}"

    figure.say(follow(lambda n: f"Row {cells[n][0] + 1}, column {cells[n][1] + 1}: ", cell))
    figure.say(follow(sum_of, cell))
    return figure


def write(figure: Figure, left: float, top: float, i: int, j: int, text: object) -> None:
    """Write a number of a matrix at its place."""
    x, y = left + COLUMN * (j + 1) - 6, top + ROW * i + 17
    figure.draw("text", text, x=x, y=y, text_anchor="end")
