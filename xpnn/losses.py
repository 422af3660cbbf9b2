"""Losses, sorted in order of increasing complexity.

A loss measures each sample, and its backward pass tells how each sample's loss changes::

    losses, backward = criterion.forward(predictions, targets)      (n, k), (n, …) -> (n,)
    dlosses = backward()                                            (n, k)

Calling the loss gives the mean and its gradient, divided by n or weighted:
``loss, dpredictions = criterion(predictions, targets)``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from .backend import Array, array_namespace, index_dtype_of
from .checks import check_flag, check_number, reject
from .naming import Described, register
from .operations import mean, one_hot, pick, row_maxima, row_sums, sign, subtract_one_hot

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

LOSSES: dict[str, type[Loss]] = {}
"""Every loss class by its name: a model file names its loss so."""

CLIP = 1e-7
"""Probabilities are kept this far from 0 and 1 before their logarithm (the book, ch. 5)."""

LossBackward = Callable[[], Array]


@dataclass(frozen=True)
class Loss(Described):
    """The base class of losses; a subclass defines `forward`."""

    activation: ClassVar[str | None] = None
    """The last layer with which the loss is computed together, from logits."""

    classifies: ClassVar[bool] = False
    """Whether targets are classes, so that there is an accuracy."""

    @property
    def threshold(self) -> float | None:
        """Where an output begins to say yes; None where outputs compete for one class."""
        return None

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        register(cls, LOSSES, "loss")

    def forward(self, predictions: Array, targets: Array) -> tuple[Array, LossBackward]:
        """Compute the loss of each sample, and the function that gives the gradient.

        Parameters
        ----------
        predictions : array of shape (n, k)
            The network's outputs.
        targets : array
            What they should be, as `prepare` returns them.

        Returns
        -------
        losses : array of shape (n,)
            The loss of each sample.
        backward : callable
            ``backward()`` is a new array of shape (n, k), the gradient of each sample's
            loss with respect to its predictions.
        """
        raise TypeError(f"the loss {type(self).__name__} does not define forward")

    def __call__(
        self, predictions: Array, targets: Array, sample_weight: Array | None = None
    ) -> tuple[Array, Array]:
        """Compute the mean loss and its gradient.

        Parameters
        ----------
        predictions : array of shape (n, k)
            The network's outputs.
        targets : array
            What they should be.
        sample_weight : array of shape (n,), optional
            How much each sample counts in the mean.

        Returns
        -------
        loss : array of shape ()
            The mean over the samples.
        dpredictions : array of shape (n, k)
            Its gradient with respect to `predictions`.
        """
        xp = array_namespace(predictions)
        losses, backward = self.forward(predictions, targets)
        dpredictions = backward()
        if sample_weight is None:
            dpredictions /= predictions.shape[0]
            return mean(losses), dpredictions
        # a batch may hold samples of weight 0 only; the smallest normal number keeps 0 / 0 out
        total = xp.maximum(xp.sum(sample_weight), float(xp.finfo(losses.dtype).smallest_normal))
        weight = sample_weight / total
        dpredictions *= weight[:, None]
        return xp.sum(weight * losses), dpredictions

    def prepare(self, targets: Array, n_outputs: int, dtype: Any, name: str = "y") -> Array:
        """Check targets once, and return them as `forward` takes them.

        Parameters
        ----------
        targets : array
            Numbers for the n samples: of shape (n, n_outputs), or (n,) for one output.
        n_outputs : int
            The number of the network's outputs.
        dtype : dtype
            That of the network's outputs.
        name : str
            What error messages call them.

        Returns
        -------
        array of shape (n, n_outputs)
            The targets.

        Raises
        ------
        ValueError
            If they have another shape, or impossible values.
        """
        xp = array_namespace(targets)
        if targets.ndim == 1 and n_outputs == 1:
            targets = targets[:, None]
        if targets.ndim != 2 or targets.shape[1] != n_outputs:
            wanted = "(n,) or (n, 1)" if n_outputs == 1 else f"(n, {n_outputs})"
            raise ValueError(
                f"{name} must have the shape {wanted} for a network with {n_outputs} "
                f"output{'s' * (n_outputs > 1)}, got {tuple(targets.shape)}"
            )
        targets = xp.astype(targets, dtype, copy=False)
        reject(~xp.isfinite(targets), targets, f"{name} must hold finite numbers")
        return targets


class MeanSquaredError(Loss):
    """The mean squared error: the mean of (prediction - target)² over a sample's outputs."""

    def forward(self, predictions: Array, targets: Array) -> tuple[Array, LossBackward]:
        """Compute the mean of the squared errors of each sample."""
        xp = array_namespace(predictions)
        error = predictions - targets  # (n, k)

        def backward() -> Array:
            return 2 * error / error.shape[1]

        return xp.mean(error * error, axis=1), backward


class MeanAbsoluteError(Loss):
    """The mean absolute error: the mean of abs(prediction - target) over the outputs."""

    def forward(self, predictions: Array, targets: Array) -> tuple[Array, LossBackward]:
        """Compute the mean of the absolute errors of each sample."""
        xp = array_namespace(predictions)
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
        error = predictions - targets  # (n, k)
        cut = xp.minimum(xp.maximum(error, -self.delta), self.delta)

        def backward() -> Array:
            return cut / error.shape[1]

        return xp.mean(cut * (error - cut / 2), axis=1), backward


@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """The cross-entropy of outputs that each say yes or no, independently.

    Parameters
    ----------
    from_logits : bool
        Whether predictions are logits.  If not, they are probabilities, as Sigmoid gives.

    Notes
    -----
    With p = sigmoid(z), the loss of one output is -y log p - (1 - y) log(1 - p), which
    is max(z, 0) - y z + log(1 + exp(-abs(z))), and its derivative with respect to z is
    p - y.  A sample's loss is the mean over its outputs.
    """

    from_logits: bool = False

    activation: ClassVar[str | None] = "Sigmoid"
    classifies: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_flag("from_logits", self.from_logits)

    @property
    def threshold(self) -> float:
        """The logit or the probability of even odds."""
        return 0.0 if self.from_logits else 0.5

    def forward(self, predictions: Array, targets: Array) -> tuple[Array, LossBackward]:
        """Compute the mean cross-entropy of each sample's outputs."""
        xp = array_namespace(predictions)
        y = targets
        if self.from_logits:
            z = predictions
            e = xp.exp(-xp.abs(z))
            losses = xp.maximum(z, 0.0) - y * z + xp.log1p(e)  # (n, k)
            p = xp.where(z >= 0, 1.0, e) / (1 + e)
            dlosses = p - y
        else:
            p = xp.minimum(xp.maximum(predictions, CLIP), 1 - CLIP)
            losses = -(y * xp.log(p) + (1 - y) * xp.log(1 - p))  # (n, k)
            dlosses = (p - y) / (p * (1 - p))

        def backward() -> Array:
            return dlosses / y.shape[1]

        return xp.mean(losses, axis=1), backward

    def prepare(self, targets: Array, n_outputs: int, dtype: Any, name: str = "y") -> Array:
        """Check that targets lie between 0 and 1; as in `Loss.prepare`."""
        targets = super().prepare(targets, n_outputs, dtype, name)
        reject((targets < 0) | (targets > 1), targets, f"{name} must lie between 0 and 1")
        return targets


@dataclass(frozen=True)
class CategoricalCrossEntropy(Loss):
    """The cross-entropy of outputs that are the probabilities of k classes.

    Targets are class indices of shape (n,), or one-hot rows of shape (n, k).

    Parameters
    ----------
    from_logits : bool
        Whether predictions are logits.  If not, they are probabilities, as Softmax gives.
    label_smoothing : float
        The part of a target, 0 <= part < 1, that is spread evenly over all k classes.
        Szegedy et al. (2016).

    Notes
    -----
    The loss of a sample is -log p[y].  Probabilities are clipped to [1e-7, 1 - 1e-7], as
    in the book's chapter 5.  From logits z, log p = z - log(sum(exp(z))) needs no
    clipping, and the derivative with respect to z is p - one_hot(y) (chapter 9).  With a
    smoothing s, one_hot(y) becomes (1 - s) one_hot(y) + s / k in both.
    """

    from_logits: bool = False
    label_smoothing: float = 0.0

    activation: ClassVar[str | None] = "Softmax"
    classifies: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_flag("from_logits", self.from_logits)
        check_number("label_smoothing", self.label_smoothing, at_least=0, below=1)

    def forward(self, predictions: Array, targets: Array) -> tuple[Array, LossBackward]:
        """Compute the cross-entropy of each sample."""
        if self.label_smoothing:
            s, k = self.label_smoothing, predictions.shape[1]
            targets = (1 - s) * one_hot(targets, predictions) + s / k  # (n, k)
        if self.from_logits:
            return self._of_logits(predictions, targets)
        xp = array_namespace(predictions)
        y = one_hot(targets, predictions)  # (n, k)
        p = xp.minimum(xp.maximum(predictions, CLIP), 1 - CLIP)

        def backward() -> Array:
            return -y / p

        return -xp.sum(y * xp.log(p), axis=1), backward

    def _of_logits(self, logits: Array, targets: Array) -> tuple[Array, LossBackward]:
        xp = array_namespace(logits)
        indices = targets.ndim == 1
        z = logits - row_maxima(logits)  # (n, k)
        e = xp.exp(z)
        total = row_sums(e)  # (n, 1)
        z_y = pick(z, targets) if indices else row_sums(targets * z)[:, 0]  # (n,)

        def backward() -> Array:
            p = e / total
            return subtract_one_hot(p, targets) if indices else p - targets

        return xp.log(total)[:, 0] - z_y, backward

    def prepare(self, targets: Array, n_outputs: int, dtype: Any, name: str = "y") -> Array:
        """Check class indices or one-hot rows; as in `Loss.prepare`.

        Returns
        -------
        array of shape (n,) or (n, n_outputs)
            Indices as integers, rows as `dtype`.
        """
        xp = array_namespace(targets)
        if targets.ndim == 2 and targets.shape[1] == n_outputs > 1:
            rows = super().prepare(targets, n_outputs, dtype, name)
            off = xp.abs(xp.sum(rows, axis=1, keepdims=True) - 1) > 1e-3
            wrong = (rows < 0) | xp.broadcast_to(off, rows.shape)
            reject(wrong, rows, f"{name} must hold one-hot rows: not negative, with a sum of 1")
            return rows
        if targets.ndim == 2 and targets.shape[1] == 1:
            targets = targets[:, 0]
        if targets.ndim != 1:
            raise ValueError(
                f"{name} must have the shape (n,), with class indices, or (n, {n_outputs}), "
                f"with one-hot rows, for {n_outputs} classes; got {tuple(targets.shape)}"
            )
        wanted = f"{name} must hold class indices 0 to {n_outputs - 1}, as whole numbers"
        if xp.isdtype(targets.dtype, "real floating"):
            whole = xp.floor(targets) == targets  # NaN is not even itself
            reject(~whole | (targets < 0) | (targets >= n_outputs), targets, wanted)
        # before they are compared, so that as many classes fit as there may be
        classes = xp.astype(targets, index_dtype_of(targets), copy=False)
        reject((classes < 0) | (classes >= n_outputs), classes, wanted)
        return classes
