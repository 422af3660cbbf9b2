"""Losses, sorted in order of increasing complexity.

A loss measures each sample, and its backward pass tells how each sample's loss changes::

    losses, backward = criterion.forward(predictions, targets)      (n, k), (n, …) -> (n,)
    dlosses = backward()                                            (n, k)

Calling the loss gives the mean and its gradient, divided by n or weighted:
``loss, dpredictions = criterion(predictions, targets)``.
"""

# isort: off
# Classes register themselves in this order.
from ..operations import one_hot
from .base import LOSSES, Loss
from .base import LossBackward as LossBackward
from .errors import Huber, MeanAbsoluteError, MeanSquaredError
from .cross_entropies import BinaryCrossEntropy, CategoricalCrossEntropy
# isort: on

__all__ = [
    "LOSSES",
    "BinaryCrossEntropy",
    "CategoricalCrossEntropy",
    "Huber",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "one_hot",
]
