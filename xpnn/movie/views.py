"""The view of the data in a scene: regions of classes, a curve, or none of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..backend import HOST, resolve, to_host
from ..checks import check_rows
from ..network import Network
from ..plots import decision_regions, fitted_curve
from .selection import some_rows

__all__ = ["begin_view", "choose_view"]

ROWS = 1000
"""How many rows of the data are shown at most."""

RESOLUTION = 160
"""How many points a side of the grid has on which regions are computed: fewer than in a
picture of its own, because they are computed for each frame."""


def choose_view(
    model: Network, data: tuple[Any, Any]
) -> tuple[str, tuple[np.ndarray, np.ndarray]]:
    """Decide what of the data can be shown, ``"regions"``, ``"curve"`` or only the ``"loss"``.

    Returns
    -------
    view : str
        What can be shown.
    data : (X, y)
        The rows that are shown, on the host.
    """
    loss = model.require_compiled().loss
    X, y = (to_host(array) for array in some_rows(data, ROWS))
    if X.ndim != 2 or len(X) != len(y) or not len(X):
        raise ValueError(
            "data must be a pair of X of shape (n, n_features) and y of as many rows, got "
            f"the shapes {X.shape} and {y.shape}"
        )
    check_rows("X of data", X, resolve(HOST))
    n_outputs = to_host(model.predict(X[:1])).shape[1]
    one_class = loss.classifies and (loss.threshold is None or n_outputs == 1)
    if one_class and X.shape[1] == 2:
        return "regions", (X, y)
    if not loss.classifies and X.shape[1] == n_outputs == 1:
        return "curve", (X, y)
    return "loss", (X, y)


def begin_view(
    view: str, axes: Any, model: Network, data: tuple[np.ndarray, np.ndarray]
) -> Callable[[], None]:
    """Draw the regions or the curve, as `choose_view` chose; what is returned draws it anew."""
    X, y = data
    return (_regions if view == "regions" else _curve)(axes, model, X, y)


def _regions(axes: Any, model: Network, X: np.ndarray, y: np.ndarray) -> Callable[[], None]:
    loss = model.require_compiled().loss
    threshold = 0.5 if loss.threshold is None else loss.threshold
    update = decision_regions(
        axes, model.predict, X, y, threshold=threshold, resolution=RESOLUTION
    )
    if axes.get_legend():
        axes.get_legend().remove()  # the colours say it, and room is scarce
    return update


def _curve(axes: Any, model: Network, X: np.ndarray, y: np.ndarray) -> Callable[[], None]:
    fitted_curve(axes, model.predict, X, y)
    room = 0.2 * (np.ptp(y) or 1.0)  # for a network that overshoots
    axes.set_ylim(y.min() - room, y.max() + room)
    line, x = axes.get_lines()[1], np.sort(X, axis=0)

    def update() -> None:
        line.set_ydata(to_host(model.predict(x)).reshape(-1))

    return update
