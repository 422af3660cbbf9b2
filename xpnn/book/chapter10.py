"""Chapter 10: walks down a curve, and the runs on the spiral."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..optimizers import SGD, AdaGrad, Adam, Optimizer, RMSProp
from ..plots import (
    compared_curves,
    decision_regions,
    hills,
    learning_curves,
    learning_rates,
    new_figure,
    optimizer_walk,
    valley,
    walk,
    weight_map,
)
from ..plots.style import number
from .entry import BookFigure, frames, on_axes
from .spiral_runs import RUNS, history_of, trained

__all__ = ["FIGURES"]

FRAMES = 24
"""How many pictures a walk's movie has at most."""


def _walk(
    number_: str,
    shows: str,
    optimizer: Optimizer,
    *,
    f: Any = valley,
    start: float = 3.4,
    steps: int = 100,
    low: float = -3.5,
    high: float = 3.7,
    in_book: bool = True,
) -> BookFigure:
    """Return the figure of a walk, and its movie."""

    def draw(count: int | None = None) -> Any:
        places = walk(f, start, optimizer, steps)
        draw_on = on_axes(
            optimizer_walk, f, places[:count], low=low, high=high, steps=len(places) - 1
        )
        figure = draw_on()
        end = places[:count][-1]
        figure.axes[0].set_title(
            f"step {len(places[:count]) - 1:,}: at {number(end)}", fontsize="medium"
        )
        return figure

    moments = np.unique(np.linspace(1, steps + 1, FRAMES).astype(int))
    film = frames([partial(draw, int(count)) for count in moments], 6)
    return BookFigure(number_, shows, (walk, optimizer_walk), draw, film, in_book)


def _curve() -> Any:
    return on_axes(optimizer_walk, hills, [4.4], low=-5, high=5)()


def _run(name: str) -> Any:
    """Draw a run: regions, loss, accuracy, learning rate, and the weights of both layers."""
    model, history, (X, y) = trained(name)
    figure = new_figure(11, 7.5, dpi=100)
    grid = figure.add_gridspec(3, 3, height_ratios=[2, 1.2, 1.2])
    regions, loss, accuracy = (figure.add_subplot(grid[0, k]) for k in range(3))
    decision_regions(regions, model.predict, X, y)
    if regions.get_legend():
        regions.get_legend().remove()
    learning_curves(loss, history, "loss")
    learning_curves(accuracy, history, "accuracy")
    learning_rates(figure.add_subplot(grid[1:, 0]), {name: RUNS[name]}, len(history["loss"]))
    parameters = [np.asarray(p) for p in model.parameters]
    for k in range(2):
        axes = figure.add_subplot(grid[1 + k, 1:])
        weight_map(axes, *parameters[2 * k : 2 * k + 2])
        axes.set_title(f"weights of layer {k + 1}", fontsize="medium")
    end = f"accuracy {history['accuracy'][-1]:.3f}, loss {history['loss'][-1]:.3f}"
    figure.suptitle(f"{name}: {end}")
    return figure


def _of_run(number_: str, name: str, in_book: bool = True) -> BookFigure:
    functions = decision_regions, learning_curves, learning_rates, weight_map
    return BookFigure(
        number_,
        f"the run: {name}",
        functions,
        partial(_run, name),
        partial(trained, name),
        in_book,
        together="runs",
    )


DECAYS = {f"decay {decay:g}": SGD(1.0, decay=decay) for decay in (0.0, 1e-4, 1e-3, 1e-2, 1e-1)}

FIGURES = [
    _of_run("10.01", "SGD, 1.0"),
    BookFigure("10.02", "a curve with several minima", (optimizer_walk, hills), _curve),
    _walk("10.03", "too small a learning rate does not arrive", SGD(0.002)),
    _walk(
        "10.04",
        "a small one stays in the first of several minima",
        SGD(0.01),
        f=hills,
        start=4.4,
        low=-5,
        high=5,
    ),
    _walk(
        "10.05",
        "a larger one too: it must get over a hill",
        SGD(0.2),
        f=hills,
        start=4.4,
        low=-5,
        high=5,
    ),
    _walk("10.06", "a learning rate of 0.05 stays in the nearer valley", SGD(0.05)),
    _walk("10.07", "one of 0.45 leaps about in it", SGD(0.45)),
    _walk("10.08", "one of 0.9 leaps over the hill, and to and fro", SGD(0.9)),
    _walk("10.09", "with decay the leaps become small", SGD(0.9, decay=0.05)),
    _walk(
        "10.10",
        "too large a learning rate leaps about, and never comes to rest",
        SGD(1.25),
        start=3.0,
    ),
    _walk("10.11", "a larger step explodes", SGD(1.05), steps=30, low=-6, high=6),
    _walk("10.12", "momentum rolls over the hill", SGD(0.02, momentum=0.9)),
    _walk("10.13", "too little of it does not", SGD(0.02, momentum=0.5)),
    BookFigure(
        "10.14",
        "the learning rate over the steps, for several decays",
        (learning_rates,),
        on_axes(learning_rates, DECAYS, steps=1000),
    ),
    _of_run("10.15", "SGD, 0.85"),
    _of_run("10.16", "SGD, 1.0, decay 1e-2"),
    _of_run("10.17", "SGD, 1.0, decay 1e-3"),
    _of_run("10.18", "SGD, 1.0, decay 1e-3, momentum 0.5"),
    _of_run("10.19", "SGD, 1.0, decay 1e-3, momentum 0.9"),
    _of_run("10.20", "AdaGrad, 1.0, decay 1e-4"),
    _of_run("10.21", "RMSProp, 0.001, decay 1e-4"),
    _of_run("10.22", "RMSProp, 0.02, decay 1e-5, rho 0.999", False),
    _of_run("10.23", "Adam, 0.05, decay 5e-7", False),
    BookFigure(
        "10.24",
        "the losses of all these runs",
        (compared_curves,),
        lambda: on_axes(
            compared_curves, {name: history_of(name) for name in RUNS}, size=(9, 6)
        )(),
        in_book=False,
        together="runs",
    ),
    _walk(
        "10.25", "AdaGrad takes the slope's size out of its steps", AdaGrad(1.0), in_book=False
    ),
    _walk("10.26", "RMSProp", RMSProp(0.05), in_book=False),
    _walk("10.27", "Adam", Adam(0.8), in_book=False),
]
