"""How numbers become inputs of about a unit, whatever their outliers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

__all__ = ["Scale"]


@dataclass(frozen=True)
class Scale:
    """A number x becomes z = (x - center) * factor, and then z / sqrt(1 + (z / 3)²).

    So the middle of the training rows lies around 0 in about a unit, and outliers within 3,
    as Holzmüller, Grinsztajn and Steinwart (2024) have it; a missing number becomes 0.

    Attributes
    ----------
    center, factor : float
        The median; and 1 over the distance of the quartiles, or where these are one number
        2 over that of the extremes, or 0.
    bends : bool
        Whether outliers are drawn in.
    """

    center: float = 0.0
    factor: float = 1.0
    bends: bool = True

    @classmethod
    def of(cls, values: np.ndarray) -> Scale:
        """Return the scale of training rows, NaN left out."""
        values = values[np.isfinite(values)]
        if not values.size:
            return cls(0.0, 0.0)
        lower, median, upper = np.quantile(values, [0.25, 0.5, 0.75])
        with np.errstate(over="ignore"):
            width = upper - lower or (values.max() - values.min()) / 2
            # what varies by no more than rounding must not be blown up to noise
            is_width = math.isfinite(width) and width > 1e-12 * abs(median)
            factor = 1 / width if is_width else 0.0
        return cls(float(median), float(factor) if math.isfinite(factor) else 0.0)

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Return numbers, NaN where one is missing, as float32 inputs."""
        with np.errstate(over="ignore", invalid="ignore"):
            z = (values - self.center) * self.factor
            if self.bends:
                z = np.clip(z, -1e100, 1e100)
                z = z / np.sqrt(1 + (z / 3) ** 2)
            z = np.where(np.isnan(z), 0.0, z)
            limit = float(np.finfo(np.float32).max)
            result: np.ndarray = np.clip(z, -limit, limit).astype(np.float32)
        return result
