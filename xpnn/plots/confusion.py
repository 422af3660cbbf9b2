"""The confusion matrix: which class is taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..backend import to_host
from ..checks import check_number
from .arguments import check_labels, check_lengths, class_indices
from .style import SHARES, colour_bar

__all__ = ["confusion_matrix"]


def confusion_matrix(
    axes: Any,
    y: Any,
    predictions: Any,
    *,
    labels: Sequence[str] | None = None,
    threshold: float = 0.5,
) -> np.ndarray:
    """Draw which class is taken for which.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    y : array_like of shape (n,), (n, 1) or (n, k)
        The classes: their indices, or one-hot rows.
    predictions : array_like of shape (n,), (n, 1) or (n, k)
        What a model says: class indices, or the scores that ``predict`` gives.
    labels : sequence of str, optional
        The names of the classes.
    threshold : float
        From where on a single output says yes, class 1: 0.5 for a probability.

    Returns
    -------
    numpy.ndarray of shape (k, k), int64
        How many samples of the class of the row were taken for that of the column.  The
        colour is the part of the row; up to 20 classes have the number written in.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of the above.
    """
    check_number("threshold", threshold)
    given = y, predictions
    y = class_indices("y", y, threshold)
    predictions = class_indices("predictions", predictions, threshold)
    width = max(1 if (v := to_host(a)).ndim < 2 else v.shape[1] for a in given)
    check_lengths("predictions", predictions, "y", y)
    k = max(2, width, int(y.max()) + 1, int(predictions.max()) + 1)
    labels = check_labels(labels, k)
    counts = np.zeros((k, k), dtype=np.int64)
    np.add.at(counts, (y, predictions), 1)
    part = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    image = axes.imshow(part, cmap=SHARES, vmin=0, vmax=1)
    if k <= 20:
        for row, column in np.argwhere(counts):
            axes.text(
                column,
                row,
                f"{counts[row, column]:,}",
                ha="center",
                va="center",
                fontsize="small",
                color="white" if part[row, column] < 0.5 else "black",
            )
    names = [str(c) for c in range(k)] if labels is None else list(labels[:k])
    long = max(map(len, names)) > 3
    if k <= 40:
        axes.set_xticks(
            range(k), names, rotation=45 if long else 0, ha="right" if long else "center"
        )
        axes.set_yticks(range(k), names)
    axes.set_xlabel("taken for")
    axes.set_ylabel("class")
    axes.set_title(f"Confusion matrix: {np.trace(counts) / counts.sum():.1%} right")
    bar = colour_bar(axes.figure, image, axes, fraction=0.046, pad=0.03)
    bar.ax.yaxis.set_major_formatter(lambda value, position: f"{value:.0%}")
    bar.set_label("part of the class")
    return counts
