"""How large arrays are: computed on their device, for the pictures of gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..backend import array_namespace
from ..network import Network

__all__ = ["norms_of"]


def norms_of(model: Network, arrays: Sequence[Any]) -> list[float]:
    """Return the root of the sum of squares of each array, read from the device at once."""
    if not arrays:
        return []
    xp = array_namespace(arrays[0])
    with model.backend.activate_for(model.dtype):
        # of what has vanished, squares would be 0
        largest = [xp.max(xp.abs(array)) for array in arrays]
        scaled = [a / xp.where(m > 0, m, xp.ones_like(m)) for a, m in zip(arrays, largest)]
        sums = [xp.sum(a * a) for a in scaled]
        norms = model.backend.read(largest) * np.sqrt(model.backend.read(sums))
    return [float(norm) for norm in norms]
