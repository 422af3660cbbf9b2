"""The book's data sets under the book's names, drawn from NumPy's global generator.

They are arrays of the backend in use, because a script compares its predictions with them.
Classes are unsigned integers of 8 bits, as the book's: with more bits NumPy computes in float64
what is float32 in the book.
"""

from __future__ import annotations

import numpy as np

from ..backend import Array, get_backend
from ..datasets import sine, spiral, vertical
from .settings import drawn_dtype, stream

__all__ = ["sine_data", "spiral_data", "vertical_data"]

Data = tuple[Array, Array]


def spiral_data(samples: int, classes: int) -> Data:
    """Return `xpnn.datasets.spiral`, continuing the stream that `init` began."""
    X, y = spiral(samples, classes, seed=stream(), dtype=drawn_dtype())
    return _placed(X, y.astype(np.uint8))


def vertical_data(samples: int, classes: int) -> Data:
    """Return `xpnn.datasets.vertical`, continuing the stream that `init` began."""
    X, y = vertical(samples, classes, seed=stream(), dtype=drawn_dtype())
    return _placed(X, y.astype(np.uint8))


def sine_data(samples: int = 1000) -> Data:
    """Return `xpnn.datasets.sine`, in float64 as the book's: nothing of it is drawn."""
    return _placed(*sine(samples, dtype="float64"))


def _placed(X: np.ndarray, y: np.ndarray) -> Data:
    """Return inputs and targets on the backend."""
    backend = get_backend()
    return backend.scriptable(backend.asarray(X)), backend.scriptable(backend.asarray(y))
