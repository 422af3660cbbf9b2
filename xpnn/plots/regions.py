"""Decision regions: which class a model sees at each place of the plane."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..backend import to_host
from ..checks import check_integer, check_number
from .arguments import check_labels, check_lengths, class_indices, grid_around, plane_points
from .style import MARKERS, REGION_ALPHA, class_colours

__all__ = ["decision_regions"]

RESOLUTION = 300
"""How many points a side of the grid has on which regions are computed."""


def decision_regions(
    axes: Any,
    predict: Callable[[np.ndarray], Any],
    X: Any,
    y: Any,
    *,
    labels: Sequence[str] | None = None,
    threshold: float = 0.5,
    resolution: int = RESOLUTION,
) -> Callable[[], None]:
    """Draw points in the plane over the class that the model sees at each place.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    predict : callable
        A model's ``predict``: from points of shape (m, 2) to scores of shape (m, k), or
        (m, 1) for an output that says yes or no.
    X : array_like of shape (n, 2)
        The points.
    y : array_like of shape (n,), (n, 1) or (n, k)
        Their class indices, or one-hot rows.
    labels : sequence of str, optional
        The names of the classes.
    threshold : float
        From where on a single output says yes, class 1: 0.5 for a probability.
    resolution : int
        How many points a side of the grid has on which regions are computed.

    Returns
    -------
    callable
        Without arguments; it draws the regions anew, of a model that has learnt more.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of the above.
    """
    from matplotlib.colors import BoundaryNorm, ListedColormap

    X = plane_points(X)
    check_number("threshold", threshold)
    resolution = check_integer("resolution", resolution, at_least=2)
    y = class_indices("y", y, threshold)
    check_lengths("y", y, "X", X)
    across, up, grid = grid_around(X, resolution)
    scores = to_host(predict(grid))
    k = max(2, scores.shape[1])
    labels = check_labels(labels, max(k, int(y.max()) + 1))
    seen = class_indices("predictions", scores, threshold).reshape(across.shape)
    colours = class_colours(k)
    mesh = axes.pcolormesh(
        across,
        up,
        seen,
        cmap=ListedColormap(colours),
        norm=BoundaryNorm(np.arange(k + 1) - 0.5, k),
        alpha=REGION_ALPHA,
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

    def update() -> None:
        classes = class_indices("predictions", predict(grid), threshold)
        mesh.set_array(classes.reshape(across.shape))

    return update
