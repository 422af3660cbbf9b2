"""What scikit-learn's MLP makes small, where that is none of xpnn's own losses.

The losses are sums over a sample's outputs, as its gradients are, not means.
"""

from __future__ import annotations

from ..backend import Array, array_namespace
from ..layers import Exponential
from ..losses import BinaryCrossEntropy, Loss, LossBackward, PoissonDeviance
from ..losses.base import check_alike

# Exponential and PoissonDeviance were made here, before they were for all
__all__ = ["Exponential", "HalfSquaredError", "PoissonDeviance", "SummedBinaryCrossEntropy"]


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
