"""The rectified linear unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..backend import Array, array_namespace
from .base import Backward, Layer, Params

__all__ = ["ReLU"]


@dataclass(frozen=True)
class ReLU(Layer):
    """The rectified linear unit: y = max(x, 0).  Its derivative at 0 is taken as 0."""

    unbounded: ClassVar[bool] = True

    def forward(self, params: Params, x: Array) -> tuple[Array, Backward]:
        """Compute y = max(x, 0)."""
        xp = array_namespace(x)

        def backward(dy: Array) -> tuple[Array, Params]:
            return xp.where(x > 0, dy, 0.0), ()

        return xp.maximum(x, 0.0), backward
