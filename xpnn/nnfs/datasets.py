"""The book's data sets under the book's names, drawn from NumPy's global generator."""

import numpy as np

from ..datasets import sine, spiral, vertical

__all__ = ["sine_data", "spiral_data", "vertical_data"]

Data = tuple[np.ndarray, np.ndarray]


def spiral_data(samples: int, classes: int) -> Data:
    """Return `xpnn.datasets.spiral`, continuing the stream that `init` began."""
    return spiral(samples, classes, seed=_stream())


def vertical_data(samples: int, classes: int) -> Data:
    """Return `xpnn.datasets.vertical`, continuing the stream that `init` began."""
    return vertical(samples, classes, seed=_stream())


def sine_data(samples: int = 1000) -> Data:
    """Return `xpnn.datasets.sine`."""
    return sine(samples)


def _stream() -> np.random.RandomState:
    """Return the generator that ``np.random.randn`` draws from, as the book's code does."""
    stream: np.random.RandomState = np.random.mtrand._rand
    return stream
