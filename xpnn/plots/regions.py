"""Decision regions: which class a model sees at each place of the plane."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..backend import to_host
from ..checks import check_integer, check_number
from .arguments import check_labels, check_lengths, class_indices, grid_around, plane_points
from .scatter import scatter_classes
from .style import REGION_ALPHA, class_colours, panels

__all__ = ["decision_regions", "regions_beside_each_other"]

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
    mesh = axes.pcolormesh(
        across,
        up,
        seen,
        cmap=ListedColormap(class_colours(k)),
        norm=BoundaryNorm(np.arange(k + 1) - 0.5, k),
        alpha=REGION_ALPHA,
        linewidth=0,
        rasterized=True,
    )
    scatter_classes(axes, X, y, k, labels)
    axes.locator_params(nbins=5)
    axes.set_title("Decision regions")

    def update() -> None:
        classes = class_indices("predictions", predict(grid), threshold)
        mesh.set_array(classes.reshape(across.shape))

    return update


def regions_beside_each_other(
    predictions: Mapping[str, Callable[[np.ndarray], Any]], X: Any, y: Any
) -> Any:
    """Draw the regions of several models, or of one as it was at several times.

    Parameters
    ----------
    predictions : mapping of str to callable
        The ``predict`` of each, as in `decision_regions`, by the title of its picture.
    X, y
        As in `decision_regions`.

    Returns
    -------
    matplotlib.figure.Figure
        A picture for each.
    """
    if not isinstance(predictions, Mapping) or not predictions:
        raise TypeError(
            f"predictions must be a dict of titles and functions, got {predictions!r}"
        )
    figure, pictures = panels(len(predictions), 3.2, 3, dpi=100)
    for axes, (title, predict) in zip(pictures, predictions.items()):
        decision_regions(axes, predict, X, y, resolution=RESOLUTION // 2)
        if axes.get_legend():
            axes.get_legend().remove()
        axes.set_title(title, fontsize="medium")
    return figure
