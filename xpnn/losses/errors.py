"""Losses of numbers, sorted in order of increasing complexity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..backend import Array, array_namespace
from ..checks import check_flag, check_number, reject
from ..operations import sign
from .base import Loss, LossBackward, check_alike

__all__ = ["Huber", "MeanAbsoluteError", "MeanSquaredError", "PoissonDeviance"]


class MeanSquaredError(Loss):
    """The mean squared error: the mean of (prediction - target)² over a sample's outputs."""

    def forward(self, predictions: Array, targets: Array) -> tuple[Array, LossBackward]:
        """Compute the mean of the squared errors of each sample."""
        xp = array_namespace(predictions)
        check_alike(predictions, targets)
        error = predictions - targets  # (n, k)

        def backward() -> Array:
            return 2 * error / error.shape[1]

        return xp.mean(error * error, axis=1), backward


class MeanAbsoluteError(Loss):
    """The mean absolute error: the mean of abs(prediction - target) over the outputs."""

    def forward(self, predictions: Array, targets: Array) -> tuple[Array, LossBackward]:
        """Compute the mean of the absolute errors of each sample."""
        xp = array_namespace(predictions)
        check_alike(predictions, targets)
        error = predictions - targets  # (n, k)

        def backward() -> Array:
            return sign(error) / error.shape[1]

        return xp.mean(xp.abs(error), axis=1), backward


@dataclass(frozen=True)
class Huber(Loss):
    """Squared for small errors, absolute for large ones.  Huber (1964).

    Parameters
    ----------
    delta : float
        The size of an error, > 0, from which on it counts absolutely.

    Notes
    -----
    With the error e cut to c in [-delta, delta], the loss is c * (e - c / 2), which is
    e² / 2 inside and delta * (abs(e) - delta / 2) outside, and its derivative is c.
    """

    delta: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("delta", self.delta, above=0)

    def forward(self, predictions: Array, targets: Array) -> tuple[Array, LossBackward]:
        """Compute the mean of c * (e - c / 2) of each sample."""
        xp = array_namespace(predictions)
        check_alike(predictions, targets)
        error = predictions - targets  # (n, k)
        cut = xp.minimum(xp.maximum(error, -self.delta), self.delta)

        def backward() -> Array:
            return cut / error.shape[1]

        return xp.mean(cut * (error - cut / 2), axis=1), backward


@dataclass(frozen=True)
class PoissonDeviance(Loss):
    """Half the Poisson deviance of counts, summed over a sample's outputs.

    Parameters
    ----------
    from_logits : bool
        Whether predictions are logarithms of the means.  If not, they are the means, as
        `Exponential` gives.

    Notes
    -----
    With the mean m = exp(z) the loss of one output is y log(y / m) - y + m, and its derivative
    with respect to z is m - y.  McCullagh and Nelder (1989).
    """

    from_logits: bool = False

    activation: ClassVar[str | None] = "Exponential"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_flag("from_logits", self.from_logits)

    def forward(self, predictions: Array, targets: Array) -> tuple[Array, LossBackward]:
        """Compute half the deviance of each sample."""
        xp = array_namespace(predictions)
        check_alike(predictions, targets)
        y = targets
        if self.from_logits:
            z, mean = predictions, xp.exp(predictions)  # (n, k)
        else:  # what is too small for its dtype is no 0, which has no logarithm
            mean = xp.maximum(predictions, xp.finfo(predictions.dtype).smallest_normal)
            z = xp.log(mean)
        error = mean - y
        # 0 log 0 is 0
        entropy = y * xp.log(xp.where(y > 0, y, xp.ones_like(y)))

        def backward() -> Array:
            return 1.0 * error if self.from_logits else error / mean

        return xp.sum(entropy - y * z + error, axis=1), backward

    def prepare(self, targets: Array, n_outputs: int, dtype: object, name: str = "y") -> Array:
        """Check that targets are not negative; as in `Loss.prepare`."""
        targets = super().prepare(targets, n_outputs, dtype, name)
        reject(targets < 0, targets, f"{name} must not be negative for the Poisson deviance")
        return targets
