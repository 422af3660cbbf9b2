"""The book's losses, and the last activation with its loss in one."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import Array, dtype_name, get_backend
from ..losses import CategoricalCrossEntropy, one_hot
from ..losses.cross_entropies import CLIP
from .layers import Activation_Softmax
from .settings import floats

__all__ = [
    "Activation_Softmax_Loss_CategoricalCrossentropy",
    "Loss",
    "Loss_CategoricalCrossentropy",
]


def _classes(y_true: Any, y_pred: Array) -> Array:
    """Return targets, checked against the predictions that they belong to."""
    targets = get_backend().asarray(y_true)
    n, k = y_pred.shape
    if targets.ndim == 0 or targets.shape[0] != n:
        raise ValueError(f"y_true must have {n} rows, got the shape {tuple(targets.shape)}")
    return CategoricalCrossEntropy().prepare(targets, k, y_pred.dtype, "y_true")


def _are_rows_of_integers(y_true: Any) -> bool:
    targets = get_backend().asarray(y_true)
    return targets.ndim == 2 and "int" in dtype_name(targets.dtype)


class Loss:
    """Chapter 5: the mean of what a subclass's `forward` gives for each sample."""

    def forward(self, y_pred: Any, y_true: Any) -> Array:
        """Return the loss of each sample."""
        raise TypeError(f"{type(self).__name__} does not define forward")

    def calculate(self, output: Any, y: Any) -> np.floating[Any]:
        """Return the mean loss, as a NumPy number."""
        backend = get_backend()
        losses = floats(backend, self.forward(output, y))
        mean = backend.to_numpy(backend.xp.mean(losses))
        return mean.reshape(-1)[0]  # type: ignore[no-any-return]


class Loss_CategoricalCrossentropy(Loss):
    """Chapters 5 and 9: `xpnn.CategoricalCrossEntropy` of probabilities."""

    dinputs: Array

    def forward(self, y_pred: Any, y_true: Any) -> Array:
        """Return the loss of each sample, an array of shape (n,)."""
        backend = get_backend()
        p = floats(backend, y_pred)
        targets = _classes(y_true, p)
        if _are_rows_of_integers(y_true):  # with which NumPy multiplies in float64
            p = backend.asarray(backend.xp.clip(p, CLIP, 1 - CLIP), "float64")
        losses, _ = CategoricalCrossEntropy().forward(p, targets)
        return backend.scriptable(losses)

    def backward(self, dvalues: Any, y_true: Any) -> None:
        """Set `dinputs`, from the probabilities `dvalues`."""
        backend = get_backend()
        p = floats(backend, dvalues)
        _, dinputs = CategoricalCrossEntropy()(p, _classes(y_true, p))
        if _are_rows_of_integers(y_true):  # of which 0 has no sign
            dinputs = dinputs + 0.0
        self.dinputs = backend.scriptable(dinputs)


class Activation_Softmax_Loss_CategoricalCrossentropy:
    """Chapter 9: softmax and cross-entropy in one, with the simple gradient."""

    output: Array
    dinputs: Array

    def __init__(self) -> None:
        self.activation = Activation_Softmax()
        self.loss = Loss_CategoricalCrossentropy()

    def forward(self, inputs: Any, y_true: Any) -> np.floating[Any]:
        """Set `output` to the probabilities, and return the mean loss."""
        self.activation.forward(inputs)
        self.output = self.activation.output
        return self.loss.calculate(self.output, y_true)

    def backward(self, dvalues: Any, y_true: Any) -> None:
        """Set `dinputs` to (probabilities - one-hot targets) / n, with `dvalues` the former."""
        backend = get_backend()
        p = floats(backend, dvalues)
        dinputs = (p - one_hot(_classes(y_true, p), p)) / p.shape[0]
        self.dinputs = backend.scriptable(dinputs)
