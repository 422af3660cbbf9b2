"""The linear activation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..backend import Array
from .base import Backward, Layer, Params

__all__ = ["Linear"]


@dataclass(frozen=True)
class Linear(Layer):
    """The identity: y = x.  It says that a network's outputs are any numbers."""

    unbounded: ClassVar[bool] = True

    def forward(self, params: Params, x: Array) -> tuple[Array, Backward]:
        """Compute y = x."""

        def backward(dy: Array) -> tuple[Array, Params]:
            return dy, ()

        return x, backward
