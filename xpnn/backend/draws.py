"""NumPy's and Python's global generators are the script's: no late import may move them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

__all__ = ["undisturbed_draws"]


@contextmanager
def undisturbed_draws() -> Iterator[None]:
    """Put both global generators back to where they were when the block began.

    A library may draw while it is imported, random waiting times for a network, for example.
    What a script has seeded before would then go on elsewhere, and in the first run of a
    process only.
    """
    ours, pythons = np.random.get_state(legacy=False), random.getstate()
    try:
        yield
    finally:
        random.setstate(pythons)
        np.random.set_state(ours)
