"""Pictures of a training: its curves and, in the plane, the regions that it found.

They need matplotlib, which is imported when a picture is drawn.  No window is opened and
no global state of matplotlib is touched.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .backend import to_host

__all__ = ["check_picture", "decision_regions", "learning_curves", "picture_of_training"]

# Okabe and Ito's colours, which people with any colour vision can tell apart
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#F0E442")
# and a marker each, for prints without colour and for more classes than colours
MARKERS = "os^Dv*XPp"

RESOLUTION = 300
"""How many points a side of the grid has on which regions are computed."""


def check_picture(path: str | os.PathLike[str]) -> None:
    """Check that a picture can be written, before the work that it will show.

    Parameters
    ----------
    path : str or path
        The file; its ending says of which kind.

    Raises
    ------
    ModuleNotFoundError
        If matplotlib is not installed.
    ValueError
        If the ending is of no kind of picture.
    """
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "pictures need matplotlib, which is not installed: pip install 'xpnn[plot]'"
        ) from error
    kinds = Figure().canvas.get_supported_filetypes()
    ending = Path(path).suffix.removeprefix(".").lower()
    if ending not in kinds:
        raise ValueError(
            f"the name of a picture must end in .{', .'.join(sorted(kinds))}, got {str(path)!r}"
        )


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
    from matplotlib.figure import Figure

    measures = [name for name in history if not name.startswith("val_")]
    count = len(measures) + (predict is not None)
    figure = Figure(figsize=(4.5 * count, 4), dpi=120, layout="constrained")
    axes = figure.subplots(1, count, squeeze=False)[0]
    for axis, name in zip(axes, measures):
        learning_curves(axis, history, name)
    if predict is not None and data is not None:
        decision_regions(axes[-1], predict, *data, labels=labels)
        for name, label in zip(names, (axes[-1].set_xlabel, axes[-1].set_ylabel)):
            label(name)
    return figure


def learning_curves(axes: Any, history: Mapping[str, Sequence[float]], name: str) -> None:
    """Draw how a measure went, in training and in validation.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    history : mapping of str to sequence of float
        As in `History.history`.
    name : str
        What to draw: ``"loss"``, or a metric.
    """
    from matplotlib.ticker import MaxNLocator

    for key, kind, colour, style in (
        (name, "training", COLOURS[0], "-"),
        (f"val_{name}", "validation", COLOURS[4], "--"),
    ):
        values = history.get(key, ())
        if len(values):
            # a line needs two points to be seen
            marker = "o" if len(values) == 1 else ""
            epochs = np.arange(1, len(values) + 1)
            axes.plot(epochs, values, style, color=colour, marker=marker, lw=1.5, label=kind)
    axes.set_title(name.replace("_", " ").capitalize())
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
    if name == "accuracy":
        axes.yaxis.set_major_formatter(lambda value, position: f"{value:.0%}")
    axes.grid(alpha=0.3)
    axes.legend()


def decision_regions(
    axes: Any,
    predict: Callable[[np.ndarray], Any],
    X: Any,
    y: Any,
    *,
    labels: Sequence[str] | None = None,
) -> None:
    """Draw points in the plane over the class that the model sees at each place.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    predict : callable
        A model's ``predict``: from points of shape (m, 2) to scores of shape (m, k).
    X : array_like of shape (n, 2)
        The points.
    y : array_like of shape (n,)
        Their class indices.
    labels : sequence of str, optional
        The names of the classes.
    """
    from matplotlib.colors import BoundaryNorm, ListedColormap

    X, y = to_host(X), to_host(y)
    low, high = X.min(axis=0), X.max(axis=0)
    margin = 0.05 * np.where(high > low, high - low, 1.0)
    sides = np.linspace(low - margin, high + margin, RESOLUTION)  # (r, 2)
    across, up = np.meshgrid(sides[:, 0], sides[:, 1])
    grid = np.stack([across.ravel(), up.ravel()], axis=1)  # (r * r, 2)
    scores = to_host(predict(grid))
    k = scores.shape[1]
    seen = scores.argmax(axis=1).reshape(across.shape)
    colours = [COLOURS[c % len(COLOURS)] for c in range(k)]
    axes.pcolormesh(
        across,
        up,
        seen,
        cmap=ListedColormap(colours),
        norm=BoundaryNorm(np.arange(k + 1) - 0.5, k),
        alpha=0.35,
        linewidth=0,
        rasterized=True,
    )
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
    axes.locator_params(nbins=5)
    axes.set_title("Decision regions")
    if k <= 10:
        beside = {"loc": "upper left", "bbox_to_anchor": (1, 1)}
        axes.legend(title="class", fontsize="small", **beside)
