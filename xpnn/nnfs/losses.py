"""The book's losses, and the last activation with its loss in one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from ..backend import Array, dtype_name, get_backend
from ..losses import (
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    MeanAbsoluteError,
    MeanSquaredError,
    one_hot,
)
from ..losses import Loss as OurLoss
from ..losses.cross_entropies import CLIP
from .layers import Activation_Softmax, Layer_Dense
from .settings import floats, promoted

__all__ = [
    "Activation_Softmax_Loss_CategoricalCrossentropy",
    "Loss",
    "Loss_BinaryCrossentropy",
    "Loss_CategoricalCrossentropy",
    "Loss_MeanAbsoluteError",
    "Loss_MeanSquaredError",
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
    """Chapter 5: the mean of what a subclass's `forward` gives for each sample.

    Attributes
    ----------
    trainable_layers : sequence of Layer_Dense
        The layers whose penalties belong to the loss.
    accumulated_sum, accumulated_count : number
        The sum of the losses since `new_pass`, and of how many samples.
    """

    trainable_layers: Sequence[Layer_Dense] = ()
    accumulated_sum: Any = 0
    accumulated_count: int = 0

    def forward(self, y_pred: Any, y_true: Any) -> Array:
        """Return the loss of each sample."""
        raise TypeError(f"{type(self).__name__} does not define forward")

    def calculate(self, output: Any, y: Any, *, include_regularization: bool = False) -> Any:
        """Return the mean loss, as a NumPy number, and if it is asked for the penalty.

        Parameters
        ----------
        output : array_like of shape (n, k)
            The network's outputs.
        y : array_like of shape (n,) or (n, k)
            The targets, as `forward` takes them.
        include_regularization : bool
            Whether `regularization_loss` is returned too, behind the mean.
        """
        backend = get_backend()
        losses = floats(backend, self.forward(output, y))
        self.accumulated_sum += _number(backend.xp.sum(losses))
        self.accumulated_count += losses.shape[0] if losses.ndim else 1
        mean = _number(backend.xp.mean(losses))
        return (mean, self.regularization_loss()) if include_regularization else mean

    def calculate_accumulated(self, *, include_regularization: bool = False) -> Any:
        """Return the mean of all losses since `new_pass`, and if it is asked for the penalty.

        Raises
        ------
        ValueError
            If there was none.
        """
        if not self.accumulated_count:
            raise ValueError("there is no loss since new_pass: call calculate first")
        mean = self.accumulated_sum / self.accumulated_count
        return (mean, self.regularization_loss()) if include_regularization else mean

    def new_pass(self) -> None:
        """Forget the losses so far."""
        self.accumulated_sum, self.accumulated_count = 0, 0

    def remember_trainable_layers(self, trainable_layers: Sequence[Layer_Dense]) -> None:
        """Set `trainable_layers`."""
        self.trainable_layers = trainable_layers

    def regularization_loss(self, layer: Layer_Dense | None = None) -> Any:
        """Return the penalty of a layer, as in chapter 14, or of all `trainable_layers`.

        Returns
        -------
        number
            A NumPy number, or 0 without penalties.
        """
        backend, penalty = get_backend(), 0
        for each in self.trainable_layers if layer is None else (layer,):
            for kind, array in (("weight", each.weights), ("bias", each.biases)):
                p = floats(backend, array)
                l1, l2 = (getattr(each, f"{kind}_regularizer_{of}") for of in ("l1", "l2"))
                if l1 > 0:
                    penalty += l1 * _number(backend.xp.sum(backend.xp.abs(p)))
                if l2 > 0:
                    penalty += l2 * _number(backend.xp.sum(p * p))
        return penalty


def _number(a: Array) -> Any:
    """Return an array of one number as NumPy's number."""
    return get_backend().to_numpy(a).reshape(-1)[0]


class _OfPairs(Loss):
    """A loss of xpnn's, of predictions and targets (n, k) each."""

    loss: ClassVar[OurLoss]
    dinputs: Array

    def forward(self, y_pred: Any, y_true: Any) -> Array:
        """Return the loss of each sample, an array of shape (n,)."""
        losses, _ = self.loss.forward(*self._pairs(y_pred, y_true))
        return get_backend().scriptable(losses)

    def backward(self, dvalues: Any, y_true: Any) -> None:
        """Set `dinputs`, from the predictions `dvalues`."""
        _, dinputs = self.loss.mean_and_gradient(*self._pairs(dvalues, y_true))
        self.dinputs = get_backend().scriptable(dinputs)

    def _pairs(self, y_pred: Any, y_true: Any) -> tuple[Array, Array]:
        """Return predictions and targets, which must go together."""
        p, y = promoted(get_backend(), y_pred, y_true)
        if p.ndim != 2 or y.ndim == 0 or y.shape[0] != p.shape[0]:
            raise ValueError(
                "y_pred must have the shape (n, k) and y_true as many rows, got the shapes "
                f"{tuple(p.shape)} and {tuple(y.shape)}"
            )
        return p, self.loss.prepare(y, p.shape[1], p.dtype, "y_true")


class Loss_BinaryCrossentropy(_OfPairs):
    """Chapter 16: `xpnn.BinaryCrossEntropy` of probabilities."""

    loss = BinaryCrossEntropy()

    def backward(self, dvalues: Any, y_true: Any) -> None:
        """Set `dinputs`, in the book's order of operations, so that its digits come out."""
        backend = get_backend()
        p, y = self._pairs(dvalues, y_true)
        p = backend.xp.clip(p, CLIP, 1 - CLIP)
        dinputs = -(y / p - (1 - y) / (1 - p)) / p.shape[1]
        self.dinputs = backend.scriptable(dinputs / p.shape[0])


class Loss_MeanSquaredError(_OfPairs):
    """Chapter 17: `xpnn.MeanSquaredError`."""

    loss = MeanSquaredError()


class Loss_MeanAbsoluteError(_OfPairs):
    """Chapter 17: `xpnn.MeanAbsoluteError`.

    Its gradient is that of the loss; in the final scripts of the book's author it has the
    opposite sign, with which a network would go away from its targets.
    """

    loss = MeanAbsoluteError()


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
        mean: np.floating[Any] = self.loss.calculate(self.output, y_true)
        return mean

    def backward(self, dvalues: Any, y_true: Any) -> None:
        """Set `dinputs` to (probabilities - one-hot targets) / n, with `dvalues` the former."""
        backend = get_backend()
        p = floats(backend, dvalues)
        dinputs = (p - one_hot(_classes(y_true, p), p)) / p.shape[0]
        self.dinputs = backend.scriptable(dinputs)
