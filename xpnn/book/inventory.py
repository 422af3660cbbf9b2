"""All figures by their numbers."""

from __future__ import annotations

from . import (
    chapter01,
    chapter02,
    chapter03,
    chapter04,
    chapter05,
    chapter06,
    chapter07,
    chapter08,
    chapter09,
    chapter10,
)
from .entry import BookFigure

__all__ = ["CHAPTERS", "FIGURES", "figure"]

CHAPTERS = {
    1: "Introducing neural networks",
    2: "Neurons and layers",
    3: "Layers after layers",
    4: "Activations",
    5: "Loss",
    6: "Random search",
    7: "Derivatives",
    8: "Gradients and the chain rule",
    9: "Backpropagation",
    10: "Optimizers",
}
"""What each chapter is about."""

FIGURES: dict[str, BookFigure] = {
    figure.number: figure
    for chapter in (
        chapter01,
        chapter02,
        chapter03,
        chapter04,
        chapter05,
        chapter06,
        chapter07,
        chapter08,
        chapter09,
        chapter10,
    )
    for figure in chapter.FIGURES
}
"""Each figure by its number, in the book's order."""


def figure(number: str) -> BookFigure:
    """Return the figure of a number, as ``"9.07"``.

    Raises
    ------
    ValueError
        If there is none.
    """
    if number not in FIGURES:
        chapter = number.partition(".")[0]
        near = [known for known in FIGURES if known.partition(".")[0] == chapter]
        has = f"chapter {chapter} has {', '.join(near)}" if near else "chapters are 1 to 10"
        raise ValueError(f"there is no figure {number!r}: {has}")
    return FIGURES[number]
