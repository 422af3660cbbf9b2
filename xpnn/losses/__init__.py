"""Losses, sorted in order of increasing complexity.

A loss measures each sample, and its backward pass tells how each sample's loss changes::

    losses, backward = criterion.forward(predictions, targets)      (n, k), (n, …) -> (n,)
    dlosses = backward()                                            (n, k)

Calling the loss gives the mean and its gradient, divided by n or weighted:
``loss, dpredictions = criterion(predictions, targets)``.

A network that can't learn from a loss is refused: by `Sequential.compile` for what its end
gives (a layer of one's own is tried out with random rows), by `Sequential.fit` for its targets:

- before `CategoricalCrossEntropy`, an end whose rows are no probabilities that sum to 1, as
  Sigmoid's and Tanh's are not; and one output;
- before `BinaryCrossEntropy`, an end that gives anything outside of 0 to 1, as Tanh does, or
  nothing to learn from, as Step; Softmax of one output, which is always 1; and Softmax of
  several where a row of targets has not one yes in all;
- before a loss that takes logits, or Softmax or Sigmoid in its stead, probabilities, as a
  second Softmax gives them: with logits between 0 and 1 no answer can become certain;
- before a loss of numbers, an end that gives the same for all inputs, Step, and targets that
  are farther from what the end can give than that is wide, or all on one side of it.

What is unusual, but can be right, is not: Softmax within a network, or at its end before
`BinaryCrossEntropy`; ReLU or Tanh before Softmax or Sigmoid; Softmax, Sigmoid or ReLU before a
loss of numbers; Dropout behind Softmax or Sigmoid; layers of one's own that give probabilities.
"""

# isort: off
# Classes register themselves in this order.
from ..operations import one_hot
from .base import LOSSES, Loss
from .base import LossBackward as LossBackward
from .errors import (
    MeanSquaredError,
    MeanAbsoluteError,
    Quantile,
    Huber,
    PoissonDeviance,
    Poisson,
)
from .cross_entropies import BinaryCrossEntropy, CategoricalCrossEntropy, Focal
from .heads import Heads
# isort: on

__all__ = [
    "LOSSES",
    "BinaryCrossEntropy",
    "CategoricalCrossEntropy",
    "Focal",
    "Heads",
    "Huber",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Poisson",
    "PoissonDeviance",
    "Quantile",
    "one_hot",
]
