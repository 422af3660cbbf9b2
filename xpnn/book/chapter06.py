"""Chapter 6: points that are easily told apart, and random searches on them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np

from ..datasets import spiral, vertical
from ..initializers import Normal
from ..layers import Dense, ReLU, Softmax
from ..plots import (
    compared_curves,
    decision_regions,
    new_figure,
    points,
    regions_beside_each_other,
)
from ..search import random_search, random_walk
from ..sequential import Sequential
from .entry import BookFigure, frames, on_axes

__all__ = ["FIGURES"]

STOPS = (0, 20, 100, 400, 1000, 3000)
"""After how many tries the network is looked at."""


def _network() -> Sequential:
    small = Normal(0.01)
    layers = [Dense(2, 3, weights=small), ReLU(), Dense(3, 3, weights=small), Softmax()]
    return Sequential(layers, seed=1).compile("categorical_cross_entropy", "sgd")


@cache
def _search(search: Callable[..., Any], data: Callable[..., Any]) -> Any:
    """Search, and return the best network at each stop and how the best loss went."""
    X, y = data(samples=100, classes=3, seed=0)
    model, rng = _network(), np.random.default_rng(2)
    found, history = {}, dict[str, list[float]]()
    for before, stop in zip((0, *STOPS), STOPS):
        if stop > before:
            part = search(model, X, y, iterations=stop - before, seed=rng).history
            for name, values in part.items():
                history.setdefault(name, []).extend(values)
        copy = _network()
        copy.set_parameters(model.parameters)
        accuracy = copy.evaluate(X, y)["accuracy"]
        found[f"after {stop:,} tries: {accuracy:.0%}"] = copy.predict
    return found, history, X, y


def _regions(search: Callable[..., Any], data: Callable[..., Any]) -> Any:
    def draw() -> Any:
        found, _, X, y = _search(search, data)
        return regions_beside_each_other(found, X, y)

    return draw


def _one_by_one(search: Callable[..., Any], data: Callable[..., Any]) -> Any:
    def draw(k: int) -> Any:
        found, _, X, y = _search(search, data)
        title, predict = [*found.items()][k]
        figure = new_figure(5, 4, dpi=110)
        axes = figure.subplots()
        decision_regions(axes, predict, X, y)
        axes.set_title(title, fontsize="medium")
        return figure

    return frames([partial(draw, k) for k in range(len(STOPS))], 1)


def _losses() -> Any:
    runs = {
        "drawn anew, vertical": (random_search, vertical),
        "steps, vertical": (random_walk, vertical),
        "steps, spiral": (random_walk, spiral),
    }
    histories = {name: _search(*run)[1] for name, run in runs.items()}
    figure = new_figure(9, 4, dpi=110)
    for axes, name in zip(figure.subplots(1, 2), ("loss", "accuracy")):
        compared_curves(axes, histories, name)
        axes.set_xlabel("tries")
    return figure


def _of(number: str, shows: str, search: Any, data: Any) -> BookFigure:
    draw, film = _regions(search, data), _one_by_one(search, data)
    return BookFigure(number, shows, (regions_beside_each_other,), draw, film, in_book=False)


FIGURES = [
    BookFigure(
        "6.01",
        "three clouds of points beside each other",
        (points,),
        lambda: on_axes(points, *vertical(samples=100, classes=3, seed=0), size=(5, 4))(),
    ),
    _of("6.02", "the best of networks that are drawn anew each time", random_search, vertical),
    _of("6.03", "random steps from the best network so far", random_walk, vertical),
    _of("6.04", "the same on the spiral", random_walk, spiral),
    BookFigure(
        "6.05",
        "how the best loss and accuracy went in these searches",
        (compared_curves,),
        _losses,
        in_book=False,
    ),
]
