"""The leaky rectified linear unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..backend import Array, array_namespace
from ..checks import check_number
from .base import Backward, Layer, Params

__all__ = ["LeakyReLU"]


@dataclass(frozen=True)
class LeakyReLU(Layer):
    """The leaky rectified linear unit: y = x where x > 0, else slope * x.

    Parameters
    ----------
    slope : float
        The slope below 0, at least 0; it is also taken as the derivative at 0.
    """

    slope: float = 0.01

    unbounded: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("slope", self.slope, at_least=0)

    def forward(self, params: Params, x: Array) -> tuple[Array, Backward]:
        """Compute y = x where x > 0, else slope * x."""
        xp = array_namespace(x)

        def backward(dy: Array) -> tuple[Array, Params]:
            return xp.where(x > 0, dy, self.slope * dy), ()

        return xp.where(x > 0, x, self.slope * x), backward
