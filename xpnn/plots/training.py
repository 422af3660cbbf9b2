"""The picture of a training: its curves and, for data in the plane, its regions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .curves import learning_curves
from .regions import decision_regions
from .style import new_figure

__all__ = ["picture_of_training"]


def picture_of_training(
    history: Mapping[str, Sequence[float]],
    predict: Callable[[np.ndarray], Any] | None = None,
    data: tuple[Any, Any] | None = None,
    labels: Sequence[str] | None = None,
    names: Sequence[str] = (),
) -> Any:
    """Draw the curves of a training, and for data in the plane its regions.

    Parameters
    ----------
    history : mapping of str to sequence of float
        As in `History.history`.
    predict : callable, optional
        A model's ``predict``: from points of shape (m, 2) to scores of shape (m, k).
    data : (X, y), optional
        Points, of shape (n, 2), and their class indices, of shape (n,).
    labels : sequence of str, optional
        The names of the classes.
    names : sequence of str, optional
        The names of the two features.

    Returns
    -------
    matplotlib.figure.Figure
        The picture; ``.savefig(path)`` writes it.
    """
    # some are measured in validation only
    measures = list(dict.fromkeys(name.removeprefix("val_") for name in history))
    count = len(measures) + (predict is not None)
    figure = new_figure(4.5 * count, 4, dpi=120)
    axes = figure.subplots(1, count, squeeze=False)[0]
    for axis, name in zip(axes, measures):
        learning_curves(axis, history, name)
    if predict is not None and data is not None:
        decision_regions(axes[-1], predict, *data, labels=labels)
        for name, label in zip(names, (axes[-1].set_xlabel, axes[-1].set_ylabel)):
            label(name)
    return figure
