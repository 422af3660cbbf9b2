"""Chapter 5, which has no figures: what its text tells of losses."""

from __future__ import annotations

from ..plots import confidence_loss, confidences
from .entry import BookFigure, on_axes

__all__ = ["FIGURES"]

PROBABILITIES = [[0.7, 0.1, 0.2], [0.1, 0.5, 0.4], [0.02, 0.9, 0.08]]

FIGURES = [
    BookFigure(
        "5.01",
        "the loss over the confidence in the true class, and where it is clipped",
        (confidence_loss,),
        on_axes(confidence_loss),
        in_book=False,
    ),
    BookFigure(
        "5.02",
        "three samples' confidences, and their losses",
        (confidences,),
        on_axes(confidences, PROBABILITIES, [0, 1, 1], size=(7, 3)),
        in_book=False,
    ),
]
