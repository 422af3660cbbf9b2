"""Losses of numbers, sorted in order of increasing complexity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..backend import Array, array_namespace, device_of
from ..checks import check_flag, check_number, reject
from ..operations import sign
from .base import Loss, LossBackward, check_alike, of_shapes

__all__ = [
    "Huber",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Poisson",
    "PoissonDeviance",
    "Quantile",
]


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
class Quantile(Loss):
    """The loss of quantiles, of which a network has an output for each.

    Koenker and Bassett (1978).  Targets are numbers of shape (n,) or (n, 1): the same for all
    outputs.

    Parameters
    ----------
    *quantiles : float
        The parts of targets, 0 < part < 1, that are to lie below each output; by default 0.5,
        of which that is the median.

    Notes
    -----
    With the error e = prediction - target, the loss of an output is (1 - q) e above the target
    and -q e below it, which is e (sign(e) / 2 + 1 / 2 - q); a sample's loss is the mean over
    its outputs.
    """

    quantiles: tuple[float, ...]

    def __init__(self, *quantiles: float) -> None:
        object.__setattr__(self, "quantiles", quantiles or (0.5,))
        self.__post_init__()

    def __post_init__(self) -> None:
        super().__post_init__()
        for quantile in self.quantiles:
            check_number("quantiles", quantile, above=0, below=1)

    def forward(self, predictions: Array, targets: Array) -> tuple[Array, LossBackward]:
        """Compute the mean of the losses of each sample's quantiles."""
        xp = array_namespace(predictions)
        if predictions.ndim != 2 or targets.shape != (predictions.shape[0], 1):
            raise of_shapes("the shapes (n, k) and (n, 1)", predictions, targets)
        self._check_outputs(predictions.shape[1])
        where = {"dtype": predictions.dtype, "device": device_of(predictions)}
        offsets = xp.concat([xp.full((1,), 0.5 - q, **where) for q in self.quantiles])
        error = predictions - targets  # (n, k)
        slope = sign(error) / 2 + offsets

        def backward() -> Array:
            return slope / slope.shape[1]

        return xp.mean(error * slope, axis=1), backward

    def prepare(self, targets: Array, n_outputs: int, dtype: Any, name: str = "y") -> Array:
        """Check targets, one for each row, and the number of outputs; as in `Loss.prepare`.

        Returns
        -------
        array of shape (n, 1)
            The targets.
        """
        self._check_outputs(n_outputs)
        return super().prepare(targets, 1, dtype, name)

    def _check_outputs(self, n_outputs: int) -> None:
        """Check that there is an output for each quantile."""
        wanted = len(self.quantiles)
        if n_outputs != wanted:
            raise ValueError(
                f"{self} needs an output for each of its quantiles, {wanted}, got {n_outputs}"
            )


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
        mean, z = _means_and_logs(predictions, self.from_logits)  # (n, k)
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


@dataclass(frozen=True)
class Poisson(Loss):
    """The negative log-likelihood of counts, but for what depends on these alone.

    It has the minimum of `PoissonDeviance`, which is 0 for a perfect prediction where this is
    not; and a sample's loss is the mean over its outputs, where that is the sum.

    Parameters
    ----------
    from_logits : bool
        Whether predictions are logarithms of the means.  If not, they are the means, as
        `Exponential` gives.

    Notes
    -----
    With the mean m = exp(z) the loss of one output is m - y log m, and its derivative with
    respect to z is m - y.  McCullagh and Nelder (1989).
    """

    from_logits: bool = False

    activation: ClassVar[str | None] = "Exponential"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_flag("from_logits", self.from_logits)

    def forward(self, predictions: Array, targets: Array) -> tuple[Array, LossBackward]:
        """Compute the mean of m - y log m of each sample."""
        xp = array_namespace(predictions)
        check_alike(predictions, targets)
        mean, z = _means_and_logs(predictions, self.from_logits)  # (n, k)

        def backward() -> Array:
            slope = mean - targets
            return (slope if self.from_logits else slope / mean) / slope.shape[1]

        return xp.mean(mean - targets * z, axis=1), backward

    def prepare(self, targets: Array, n_outputs: int, dtype: Any, name: str = "y") -> Array:
        """Check that targets are not negative; as in `Loss.prepare`."""
        targets = super().prepare(targets, n_outputs, dtype, name)
        reject(targets < 0, targets, f"{name} must not be negative, as counts are")
        return targets


def _means_and_logs(predictions: Array, from_logits: bool) -> tuple[Array, Array]:
    """Return the means of counts, and their logarithms, of the one or of the other."""
    xp = array_namespace(predictions)
    if from_logits:
        return xp.exp(predictions), predictions
    # what is too small for its dtype is no 0, which has no logarithm
    mean = xp.maximum(predictions, xp.finfo(predictions.dtype).smallest_normal)
    return mean, xp.log(mean)
