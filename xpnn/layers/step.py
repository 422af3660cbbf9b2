"""The step activation."""

from __future__ import annotations

from dataclasses import dataclass

from ..backend import Array, array_namespace
from .base import Backward, Layer, Params

__all__ = ["Step"]


@dataclass(frozen=True)
class Step(Layer):
    """The step function: 1 where x > 0, else 0.

    Its derivative is 0 wherever it has one, so gradients teach nothing through it.
    """

    def forward(self, params: Params, x: Array) -> tuple[Array, Backward]:
        """Compute y = 1 where x > 0, else 0."""
        xp = array_namespace(x)

        def backward(dy: Array) -> tuple[Array, Params]:
            return xp.zeros_like(dy), ()

        return xp.astype(x > 0, x.dtype), backward
