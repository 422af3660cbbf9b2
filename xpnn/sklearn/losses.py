"""What scikit-learn's MLP makes small, where that is none of xpnn's own losses.

The losses are sums over a sample's outputs, as its gradients are, not means.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..backend import Array, array_namespace
from ..checks import check_flag, reject
from ..layers.base import Backward, Layer, Params
from ..losses import BinaryCrossEntropy, Loss, LossBackward
from ..losses.base import check_alike

if TYPE_CHECKING:
    from ..onnx_graph import Graph

__all__ = ["Exponential", "HalfSquaredError", "PoissonDeviance", "SummedBinaryCrossEntropy"]


@dataclass(frozen=True)
class Exponential(Layer):
    """The exponential function, y = exp(x): what ends a network that predicts counts."""

    def forward(self, params: Params, x: Array) -> tuple[Array, Backward]:
        """Compute y = exp(x)."""
        y = array_namespace(x).exp(x)

        def backward(dy: Array) -> tuple[Array, Params]:
            return dy * y, ()

        return y, backward

    def to_onnx(self, graph: Graph, params: tuple[str, ...], x: str) -> str:
        """Add an Exp."""
        return graph.node("Exp", x)


class HalfSquaredError(Loss):
    """Half the squared error, (prediction - target)² / 2, summed over a sample's outputs."""

    def forward(self, predictions: Array, targets: Array) -> tuple[Array, LossBackward]:
        """Compute half the sum of the squared errors of each sample."""
        xp = array_namespace(predictions)
        check_alike(predictions, targets)
        error = predictions - targets  # (n, k)

        def backward() -> Array:
            return 1.0 * error

        return xp.sum(error * error, axis=1) / 2, backward


class SummedBinaryCrossEntropy(BinaryCrossEntropy):
    """The binary cross-entropy, summed over a sample's outputs: each is a label of its own."""

    def forward(self, predictions: Array, targets: Array) -> tuple[Array, LossBackward]:
        """Compute the cross-entropy of each sample."""
        k = predictions.shape[1]
        losses, of_means = super().forward(predictions, targets)

        def backward() -> Array:
            return k * of_means()

        return k * losses, backward


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
        z = predictions if self.from_logits else xp.log(predictions)  # (n, k)
        mean = xp.exp(z)
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
