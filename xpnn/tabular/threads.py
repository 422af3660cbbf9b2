"""How many threads multiply matrices."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from itertools import pairwise
from typing import Any

from ..sequential import Sequential

__all__ = ["few_threads"]

SMALL = 10**8
"""So many multiplications of a product are done by one thread before others have begun."""


def few_threads(network: Sequential, n_rows: int) -> AbstractContextManager[Any]:
    """Let BLAS use one thread for products of some rows with layers, if all are small.

    More threads gain nothing there, and wait for one another by spinning: where another program
    needs a processor, they make a training of half a second one of ten.  Without the package
    threadpoolctl, which scikit-learn and the extra ``tables`` bring, all is left as it is.

    Parameters
    ----------
    network : Sequential
        Whose layers.
    n_rows : int
        The rows in a product.
    """
    sizes = [size or 1 for size in network.layer_sizes()]  # None of an unknown one
    if n_rows * max(a * b for a, b in pairwise(sizes)) > SMALL:
        return nullcontext()
    try:
        from threadpoolctl import threadpool_limits
    except ModuleNotFoundError:
        return nullcontext()
    limits: AbstractContextManager[Any] = threadpool_limits(1, "blas")
    return limits
