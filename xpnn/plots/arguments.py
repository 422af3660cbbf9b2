"""What pictures are given, checked and brought to the host: points, classes, their names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..backend import to_host
from ..checks import reject

__all__ = [
    "check_labels",
    "check_lengths",
    "class_indices",
    "grid_around",
    "line_points",
    "plane_points",
]


def plane_points(X: Any) -> np.ndarray:
    """Check points in the plane, and return them on the host."""
    points = to_host(X)
    if points.ndim != 2 or points.shape[1] != 2 or not points.size:
        raise ValueError(f"X must be points in the plane, of shape (n, 2), got {points.shape}")
    reject(~np.isfinite(points), points, "X must hold finite numbers")
    return points


def line_points(X: Any) -> np.ndarray:
    """Check rows of one feature, and return them on the host."""
    points = to_host(X)
    if points.ndim != 2 or points.shape[1] != 1 or not points.size:
        raise ValueError(
            f"X must hold rows of one feature, of shape (n, 1), got {points.shape}"
        )
    return points


def grid_around(X: np.ndarray, resolution: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a grid (r, r) around points, across and up, and its points (r * r, 2)."""
    low, high = X.min(axis=0), X.max(axis=0)
    margin = 0.05 * np.where(high > low, high - low, 1.0)
    sides = np.linspace(low - margin, high + margin, resolution)  # (r, 2)
    across, up = np.meshgrid(sides[:, 0], sides[:, 1])
    return across, up, np.stack([across.ravel(), up.ravel()], axis=1)


def class_indices(name: str, values: Any, threshold: float = 0.5) -> np.ndarray:
    """Return class indices (n,), of indices, of one-hot rows, or of scores."""
    if isinstance(values, list | tuple):
        values = np.asarray(values)
    if isinstance(values, np.ndarray) and values.dtype.kind in "USO":
        raise TypeError(
            f"{name} must be class indices: of names, numpy.unique(..., return_inverse=True) "
            "gives them, and labels= shows the names"
        )
    host = to_host(values)
    if host.ndim not in (1, 2) or not host.size:
        raise ValueError(
            f"{name} must be class indices of shape (n,), or a row of scores for each sample, "
            f"got the shape {host.shape}"
        )
    if host.ndim == 2 and host.shape[1] > 1:
        classes: np.ndarray = np.argmax(host, axis=1)
        return classes
    flat = host.reshape(-1)
    if host.ndim == 2 and host.dtype.kind == "f":
        flat = flat > threshold
    wrong = (flat < 0) | (flat != np.floor(flat))
    reject(wrong, flat, f"{name} must be class indices, integers >= 0")
    return flat.astype(np.int64)


def check_lengths(name: str, values: np.ndarray, other: str, others: np.ndarray) -> None:
    """Check that two arrays have a row each for the same samples."""
    if len(values) != len(others):
        raise ValueError(
            f"{name} must have as many rows as {other}, {len(others)}, got {len(values)}"
        )


def check_labels(labels: Sequence[str] | None, k: int) -> Sequence[str] | None:
    """Check that there is a name for each of k classes, where there are any."""
    if labels is not None and len(labels) < k:
        raise ValueError(f"labels must name {k} classes, got {list(labels)!r}")
    return labels
