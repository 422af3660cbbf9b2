"""Chapter 4: activations, and a sine made of pairs of ReLU neurons."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from typing import Any

import numpy as np

from ..callbacks import TrainingMovie
from ..datasets import sine
from ..layers import Dense, Layer, Linear, ReLU, Sigmoid, Step
from ..optimizers import Adam
from ..plots import (
    activation_curve,
    fitted_curve,
    network_response,
    neuron_line,
    new_figure,
    sine_by_hand,
)
from ..sequential import Sequential
from .entry import BookFigure, frames, on_axes

__all__ = ["FIGURES", "PIECES", "pairs"]

PIECES = (
    # where a piece begins, its slope, its height, and whether it goes up
    (0.0, 6.0, 0.7, 1),
    (0.12, 3.5, 0.27, 1),
    (0.303, 3.5, 0.27, -1),
    (0.383, 6.0, 0.7, -1),
    (0.5, 6.0, 0.7, -1),
    (0.62, 3.5, 0.27, -1),
    (0.803, 3.5, 0.27, 1),
    (0.883, 6.0, 0.7, 1),
)
"""The book's values for the first two, which stand for the others as a sine repeats itself."""


def pairs(
    first: Sequence[tuple[float, float]],
    second: Sequence[tuple[float, float]],
    outputs: Sequence[float],
    bias: float,
) -> Sequential:
    """Return a network of pairs of ReLU neurons, one of each layer.

    Parameters
    ----------
    first, second : sequence of (float, float)
        The weight and the bias of each pair's first neuron, and of its second one.
    outputs : sequence of float
        What each pair is multiplied by at last.
    bias : float
        What is added then.
    """
    k = len(first)
    (w1, b1), (w2, b2) = (np.array(layer, np.float64).T for layer in (first, second))
    layers = [
        Dense(1, k, weights=w1[None], biases=b1),
        ReLU(),
        Dense(k, k, weights=np.diag(w2), biases=b2),
        ReLU(),
        Dense(k, 1, weights=np.array(outputs, np.float64)[:, None], biases=np.array([bias])),
    ]
    return Sequential(layers, dtype="float64")


def by_hand(count: int) -> Sequential:
    """Return the network of the first pieces of the sine."""
    pieces = PIECES[:count]
    first = [(slope, -slope * start) for start, slope, _, _ in pieces]
    second = [(-1.0, height) for _, _, height, _ in pieces]
    outputs = [-float(up) for *_, up in pieces]
    return pairs(first, second, outputs, sum(height * up for _, _, height, up in pieces))


def _response(model: Sequential, at: float | None = None, numbers: bool = True) -> Any:
    X, y = sine(1000)
    return network_response(model, X, y, at=at, numbers=numbers)


def _one_pair(*settings: float) -> Any:
    """Return what draws a pair: its weights and biases, that of the output, and its bias."""
    w1, b1, w2, b2, w3, b3 = settings
    return lambda: _response(pairs([(w1, b1)], [(w2, b2)], [w3], b3))


def _between(first: Sequence[float], last: Sequence[float], count: int = 16) -> Any:
    """Return the movie from one pair to another."""
    settings = np.linspace(first, last, count)
    return frames([_one_pair(*map(float, row)) for row in settings], 8)


@cache
def _trained(hidden: int, activation: str, path: str | None = None) -> Sequential:
    """Train a network of two hidden layers on the sine."""
    kind: type[Layer] = Linear if activation == "linear" else ReLU
    weights = "he_normal"
    layers = [
        Dense(1, hidden, weights=weights),
        kind(),
        Dense(hidden, hidden, weights=weights),
        kind(),
        Dense(hidden, 1, weights=weights),
    ]
    model = Sequential(layers, seed=1)
    model.compile("mean_squared_error", Adam(0.01, decay=1e-3))
    film = [] if path is None else [TrainingMovie(path)]
    model.fit(*sine(1000), epochs=200, callbacks=film)
    return model


def _fit(hidden: int, activation: str) -> Any:
    def draw() -> Any:
        figure = new_figure(6, 4, dpi=110)
        fitted_curve(figure.subplots(), _trained(hidden, activation).predict, *sine(1000))
        return figure

    return draw


def _film_of_fit(hidden: int, activation: str) -> Any:
    return lambda path: _trained(hidden, activation, str(path))


def _all_activations() -> Any:
    figure = new_figure(8, 6, dpi=110)
    for axes, layer in zip(figure.subplots(2, 2).flat, (Step(), Linear(), Sigmoid(), ReLU())):
        activation_curve(axes, layer)
    return figure


def _neuron(weight: float, bias: float) -> Any:
    return on_axes(neuron_line, weight, bias, ReLU(), size=(5, 4))


def _curve(number: str, layer: Layer, shows: str) -> BookFigure:
    return BookFigure(number, shows, (activation_curve,), on_axes(activation_curve, layer))


def _pair(number: str, shows: str, *settings: float, film: Any = None) -> BookFigure:
    return BookFigure(number, shows, (network_response,), _one_pair(*settings), film)


def _pieces(number: str, shows: str, count: int, at: float | None = None) -> BookFigure:
    draw = partial(lambda: _response(by_hand(count), at))
    return BookFigure(number, shows, (network_response,), draw)


FIGURES = [
    _curve("4.01", Step(), "the step function"),
    _curve("4.02", Linear(), "the linear activation"),
    _curve("4.03", Sigmoid(), "the sigmoid"),
    _curve("4.04", ReLU(), "ReLU"),
    BookFigure("4.05", "the four beside each other", (activation_curve,), _all_activations),
    BookFigure(
        "4.06",
        "what a network of linear activations makes of a sine: a line",
        (fitted_curve,),
        _fit(8, "linear"),
        _film_of_fit(8, "linear"),
    ),
    BookFigure(
        "4.07",
        "what the same network makes of it with ReLU",
        (fitted_curve,),
        _fit(8, "relu"),
        _film_of_fit(8, "relu"),
    ),
    BookFigure("4.08", "a ReLU neuron with weight 0", (neuron_line,), _neuron(0.0, 0.0)),
    BookFigure("4.09", "with weight 1", (neuron_line,), _neuron(1.0, 0.0)),
    BookFigure("4.10", "the bias moves where it wakes", (neuron_line,), _neuron(1.0, 0.5)),
    BookFigure(
        "4.11",
        "with weight -1 it sleeps on the right",
        (neuron_line,),
        _neuron(-1.0, 0.5),
        frames([_neuron(float(w), 0.5) for w in np.linspace(1, -1, 21)], 8),
    ),
    _pair("4.12", "a pair of ReLU neurons, all 0", 0.0, 0.0, 0.0, 0.0, 1.0, 0.0),
    _pair(
        "4.13",
        "the first one's weight is 1, and the second one passes it on",
        *(1.0, 0.0, 1.0, 0.0, 1.0, 0.0),
        film=_between((0, 0, 1, 0, 1, 0), (1, 0, 1, 0, 1, 0)),
    ),
    _pair(
        "4.14", "the first one's bias moves where the pair wakes", 1.0, -0.5, 1.0, 0.0, 1.0, 0.0
    ),
    _pair("4.15", "the second one's weight is -1: it sleeps", 1.0, -0.5, -1.0, 0.0, 1.0, 0.0),
    _pair(
        "4.16",
        "its bias wakes it, up to where the first one rises",
        1.0,
        0.0,
        -1.0,
        0.5,
        1.0,
        0.0,
    ),
    _pair(
        "4.17",
        "both bounds: the pair falls only between 0.25 and 0.75",
        *(1.0, -0.25, -1.0, 0.5, 1.0, 0.0),
        film=_between((1, 0, -1, 0.5, 1, 0), (1, -0.25, -1, 0.5, 1, 0)),
    ),
    _pair("4.18", "the output's weight turns it over", 1.0, -0.25, -1.0, 0.5, -1.0, 0.0),
    _pair("4.19", "and the output's bias lifts it", 1.0, -0.25, -1.0, 0.5, -1.0, 0.5),
    _pair("4.20", "the sine by hand: the first weight is 6.0", 6.0, 0.0, 1.0, 0.0, 1.0, 0.0),
    _pair("4.21", "the second neuron turns it over, with -1", 6.0, 0.0, -1.0, 0.0, 1.0, 0.0),
    _pair(
        "4.22",
        "and with a bias of 0.70 sleeps from that height on",
        6.0,
        0.0,
        -1.0,
        0.7,
        1.0,
        0.0,
    ),
    _pair("4.23", "the output's weight is -1", 6.0, 0.0, -1.0, 0.7, -1.0, 0.0),
    _pair(
        "4.24",
        "and its bias 0.70 * 1.0: the first piece stands",
        *(6.0, 0.0, -1.0, 0.7, -1.0, 0.7),
        film=_between((0, 0, -1, 0.7, -1, 0.7), (6, 0, -1, 0.7, -1, 0.7)),
    ),
    BookFigure(
        "4.25",
        "the second pair: weight 3.5, not bent yet",
        (network_response,),
        lambda: _response(pairs([(6, 0), (3.5, 0)], [(-1, 0.7), (1, 0)], [-1, 1], 0.7)),
    ),
    BookFigure(
        "4.26",
        "its bias lets it wake where the first piece ends",
        (network_response,),
        lambda: _response(pairs([(6, 0), (3.5, -0.42)], [(-1, 0.7), (1, 0)], [-1, 1], 0.7)),
    ),
    _pieces("4.27", "its second neuron with -1 and 0.27 ends it", 2),
    _pieces("4.28", "the third pair goes down", 3),
    _pieces("4.29", "the fourth one, down to 0", 4),
    _pieces("4.30", "the fifth one", 5),
    _pieces("4.31", "the sixth one: the lower half's bottom", 6),
    _pieces("4.32", "the seventh one goes up again", 7),
    BookFigure(
        "4.33",
        "all eight pairs",
        (network_response,),
        lambda: _response(by_hand(8)),
        frames([partial(lambda k: _response(by_hand(k)), k) for k in range(1, 9)], 1),
    ),
    _pieces("4.34", "which neurons are awake at 0.08", 8, at=0.08),
    _pieces("4.35", "which are at 0.4", 8, at=0.4),
    BookFigure(
        "4.36",
        "eight pairs by hand, and the same network as training leaves it",
        (sine_by_hand,),
        lambda: sine_by_hand(by_hand(8), _trained(8, "relu"), *sine(1000)),
    ),
    BookFigure(
        "4.37",
        "the fit of two layers of 64 neurons",
        (fitted_curve,),
        _fit(64, "relu"),
        _film_of_fit(64, "relu"),
    ),
    BookFigure(
        "4.38",
        "what ReLU makes of a layer's outputs: none is below 0",
        (network_response,),
        lambda: _response(_trained(8, "relu"), at=0.25, numbers=False),
    ),
]
