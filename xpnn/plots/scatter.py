"""Points in the plane, by class or before anybody has said of which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .arguments import check_labels, check_lengths, class_indices, plane_points
from .style import MARKERS, class_colours

__all__ = ["points", "scatter_classes"]


def points(axes: Any, X: Any, y: Any = None, *, labels: Sequence[str] | None = None) -> None:
    """Draw points in the plane, each class in its colour and with its marker.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    X : array_like of shape (n, 2)
        The points.
    y : array_like of shape (n,), (n, 1) or (n, k), optional
        Their class indices, or one-hot rows; by default all are grey.
    labels : sequence of str, optional
        The names of the classes.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of the above.
    """
    X = plane_points(X)
    if y is None:
        axes.scatter(*X.T, s=16, color="0.45", edgecolors="black", linewidths=0.3)
        return
    y = class_indices("y", y)
    check_lengths("y", y, "X", X)
    k = int(y.max()) + 1
    scatter_classes(axes, X, y, k, check_labels(labels, k))


def scatter_classes(
    axes: Any, X: np.ndarray, y: np.ndarray, k: int, labels: Sequence[str] | None
) -> None:
    """Draw points of k classes, and a legend if there is room for it."""
    colours = class_colours(k)
    for c in range(k):
        axes.scatter(
            *X[y == c].T,
            s=16,
            marker=MARKERS[c % len(MARKERS)],
            color=colours[c],
            edgecolors="black",
            linewidths=0.4,
            label=str(c) if labels is None else labels[c],
        )
    if k <= 10:
        beside = {"loc": "upper left", "bbox_to_anchor": (1, 1)}
        axes.legend(title="class", fontsize="small", **beside)
