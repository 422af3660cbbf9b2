"""Dropout: in training, a random part of the inputs is silenced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backend import Array
from ..checks import check_number
from ..schedules import Schedule, as_learning_rate, current_step
from .base import Backward, Layer, Params

if TYPE_CHECKING:
    from ..initializers import Generator
    from ..onnx_graph import Graph

__all__ = ["Dropout"]

CHECKED = 10_000
"""How many steps of a schedule are looked at when the layer is made."""


@dataclass(frozen=True)
class Dropout(Layer):
    """Silence each input with a probability, in training only.

    What is left is scaled up by 1 / (1 - rate), so that the expected output is the input
    and nothing needs to change when the network is used.  Srivastava et al. (2014).

    Parameters
    ----------
    rate : float or Schedule
        The probability with which an input is silenced, 0 <= rate < 1, or how it changes with
        the optimizer's steps.
    """

    rate: float | Schedule

    def __post_init__(self) -> None:
        super().__post_init__()
        rate = self.rate
        if isinstance(rate, Schedule | dict) or callable(rate):
            rate = as_learning_rate(rate, "rate", may_be_zero=True)
            object.__setattr__(self, "rate", rate)
            self._rates_at(np.arange(CHECKED, dtype=np.float64))
        else:
            check_number("rate", rate, at_least=0, below=1)

    def _rates_at(self, t: np.ndarray) -> np.ndarray:
        """Return the rates of steps, of a schedule.

        Raises
        ------
        ValueError
            If one is out of range.
        """
        assert isinstance(self.rate, Schedule)
        rates = np.asarray(self.rate(t))
        wrong = ~((rates >= 0) & (rates < 1))
        if wrong.any():
            raise ValueError(
                f"rate must be at least 0 and below 1 at each step, but {self.rate} gives "
                f"{rates[wrong][0]:g} at step {t[wrong][0]:g}"
            )
        return rates

    def draw(self, generator: Generator, shape: tuple[int, int]) -> tuple[Any, ...]:
        """Draw the mask, of the inputs' shape: 0 or 1 / (1 - rate)."""
        rate = self.rate
        if isinstance(rate, Schedule):
            rate = float(self._rates_at(np.array([float(current_step())]))[0])
        mask = generator.random(shape)
        np.multiply(mask >= rate, 1 / (1 - rate), out=mask)
        return (mask,)

    def forward(
        self, params: Params, x: Array, mask: Array | None = None
    ) -> tuple[Array, Backward]:
        """Compute ``x * mask``; without a mask, outside training, the inputs themselves."""
        if mask is None:
            return x, lambda dy: (dy, ())

        def backward(dy: Array) -> tuple[Array, Params]:
            return dy * mask, ()

        return x * mask, backward

    def to_onnx(self, graph: Graph, params: tuple[str, ...], x: str) -> str:
        """Add nothing: outside training the inputs are the outputs."""
        return x
