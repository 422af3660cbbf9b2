"""The book's data sets under the book's names, drawn from NumPy's global generator.

They are arrays of the backend in use, because a script compares its predictions with them.
"""

import numpy as np

from ..backend import Array, get_backend
from ..datasets import sine, spiral, vertical

__all__ = ["sine_data", "spiral_data", "vertical_data"]

Data = tuple[Array, Array]


def spiral_data(samples: int, classes: int) -> Data:
    """Return `xpnn.datasets.spiral`, continuing the stream that `init` began."""
    return _place(*spiral(samples, classes, seed=_stream()))


def vertical_data(samples: int, classes: int) -> Data:
    """Return `xpnn.datasets.vertical`, continuing the stream that `init` began."""
    return _place(*vertical(samples, classes, seed=_stream()))


def sine_data(samples: int = 1000) -> Data:
    """Return `xpnn.datasets.sine`."""
    return _place(*sine(samples))


def _place(X: np.ndarray, y: np.ndarray) -> Data:
    from . import _dtype  # as `init` has set it

    backend = get_backend()
    return backend.asarray(X, _dtype), backend.asarray(y)


def _stream() -> np.random.RandomState:
    """Return the generator that ``np.random.randn`` draws from, as the book's code does."""
    stream: np.random.RandomState = np.random.mtrand._rand
    return stream
