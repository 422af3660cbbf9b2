"""What `init` sets and all the rest follows: the dtype of numbers and the stream of draws."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import Array, get_backend

__all__ = ["draw", "init", "place", "stream"]

_dtype = "float64"
"""What `init` sets; before it, NumPy's default, as in a script that does not call it."""


def init(
    dot_precision_workaround: bool = True,
    default_dtype: str = "float32",
    random_seed: int | None = 0,
) -> None:
    """Make runs repeatable, as the book's ``nnfs.init``.

    Parameters
    ----------
    dot_precision_workaround : bool
        Accepted, and without effect.  The book's version replaces ``np.dot`` by one that
        multiplies in float64; here products are the array library's own, and the book's
        printed results come out all the same (docs/decisions.md tells how far).
    default_dtype : {"float32", "float64"}
        The dtype of weights and of everything computed from them.
    random_seed : int or None
        The seed of NumPy's global generator; None leaves it as it is.
    """
    if default_dtype not in ("float32", "float64"):
        raise ValueError(f"default_dtype must be 'float32' or 'float64', got {default_dtype!r}")
    global _dtype
    _dtype = default_dtype
    if random_seed is not None:
        np.random.seed(random_seed)


def place(x: Any) -> Array:
    """Return numbers as an array of the backend in use, of the dtype that `init` has set."""
    return get_backend().asarray(x, _dtype)


def stream() -> np.random.RandomState:
    """Return the generator that ``np.random.randn`` draws from, as the book's code does."""
    generator: np.random.RandomState = np.random.mtrand._rand
    return generator


def draw(*shape: int) -> np.ndarray:
    """Return what ``np.random.randn`` would draw, rounded to the dtype that `init` has set."""
    return stream().randn(*shape).astype(_dtype)
