"""Losses of classes: cross-entropies, of probabilities or of logits."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

from ..backend import Array, array_namespace, index_dtype_of
from ..checks import check_flag, check_integer, check_number, reject
from ..operations import one_hot, pick, row_maxima, row_sums, subtract_one_hot
from .base import Loss, LossBackward, check_alike

__all__ = ["BinaryCrossEntropy", "CategoricalCrossEntropy", "Focal"]

CLIP = 1e-7
"""Probabilities are kept this far from 0 and 1 before their logarithm (the book, ch. 5)."""


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
        check_alike(predictions, targets)
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
    ignore_index : int or None
        The index, any int of 32 bits, that stands for no class: rows of it have the loss 0 and
        count nothing, as if they had the weight 0, in the mean, in metrics and in balanced
        weights of classes.  Batches of such rows alone have the loss and the gradients 0.

    Notes
    -----
    The loss of a sample is -log p[y].  Probabilities are clipped to [1e-7, 1 - 1e-7], as
    in the book's chapter 5.  From logits z, log p = z - log(sum(exp(z))) needs no
    clipping, and the derivative with respect to z is p - one_hot(y) (chapter 9).  With a
    smoothing s, one_hot(y) becomes (1 - s) one_hot(y) + s / k in both.

    While training, metrics too leave out the rows that `ignore_index` tells, but an epoch's
    batches, and the parts of one that is cut over processes, are joined by all of their rows.
    Losses, and all that is measured in evaluation and validation, are exact.
    """

    from_logits: bool = False
    label_smoothing: float = 0.0
    _: KW_ONLY
    ignore_index: int | None = None

    activation: ClassVar[str | None] = "Softmax"
    classifies: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_flag("from_logits", self.from_logits)
        check_number("label_smoothing", self.label_smoothing, at_least=0, below=1)
        if self.ignore_index is not None:
            check_integer("ignore_index", self.ignore_index, at_least=-(2**31))
            check_number("ignore_index", self.ignore_index, below=2**31)

    @property
    def leaves_out(self) -> bool:
        """Whether there is an `ignore_index`."""
        return self.ignore_index is not None

    def counted(self, targets: Array) -> Array | None:
        """Return which rows have a class; as in `Loss.counted`."""
        if self.ignore_index is None or targets.ndim != 1:
            return None
        return targets != self.ignore_index

    def forward(self, predictions: Array, targets: Array) -> tuple[Array, LossBackward]:
        """Compute the cross-entropy of each sample."""
        if (
            targets.ndim != 1
            or predictions.ndim != 2
            or targets.shape[0] != predictions.shape[0]
        ):
            check_alike(predictions, targets)
        counted = self.counted(targets)
        if counted is None:
            return self._of_classes(predictions, targets)
        xp = array_namespace(predictions)
        classes = targets * xp.astype(counted, targets.dtype)  # the first one for none
        losses, backward_of_all = self._of_classes(predictions, classes)

        def backward() -> Array:
            dpredictions = backward_of_all()
            dpredictions *= xp.astype(counted, predictions.dtype)[:, None]
            return dpredictions

        return xp.where(counted, losses, 0.0), backward

    def _of_classes(self, predictions: Array, targets: Array) -> tuple[Array, LossBackward]:
        """Compute what `forward` does, where each row has a class."""
        if self.label_smoothing:
            s, k = self.label_smoothing, predictions.shape[1]
            targets = (1 - s) * one_hot(targets, predictions) + s / k  # (n, k)
        if self.from_logits:
            return self._of_logits(predictions, targets)
        return self._of_probabilities(predictions, one_hot(targets, predictions))

    def _of_probabilities(self, predictions: Array, y: Array) -> tuple[Array, LossBackward]:
        xp = array_namespace(predictions)
        p = xp.minimum(xp.maximum(predictions, CLIP), 1 - CLIP)  # (n, k)

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
            Indices as integers, that of no class among them, rows as `dtype`.
        """
        xp = array_namespace(targets)
        if n_outputs == 1:
            raise ValueError(
                f"{self} needs an output for each class, got one: use two, or "
                "BinaryCrossEntropy()"
            )
        if targets.ndim == 2 and targets.shape[1] == n_outputs:
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
        none = self.ignore_index
        wanted = f"{name} must hold class indices 0 to {n_outputs - 1}, as whole numbers"
        wanted += "" if none is None else f", or {none} for none"

        def none_such(indices: Array) -> Array:
            out = (indices < 0) | (indices >= n_outputs)
            return out if none is None else out & (indices != none)

        if xp.isdtype(targets.dtype, "real floating"):
            whole = xp.floor(targets) == targets  # NaN is not even itself
            reject(~whole | none_such(targets), targets, wanted)
        # before they are compared, so that as many classes fit as there may be
        classes = xp.astype(targets, index_dtype_of(targets), copy=False)
        reject(none_such(classes), classes, wanted)
        return classes


@dataclass(frozen=True)
class Focal(CategoricalCrossEntropy):
    """Cross-entropy that turns to the samples that are still hard.  Lin et al. (2017).

    Targets are as in `CategoricalCrossEntropy`.  The paper's weights of classes are
    ``class_weight`` of `Sequential.fit`.

    Parameters
    ----------
    gamma : float
        How little the easy samples count, >= 0; with 0 it is the cross-entropy.
    from_logits, label_smoothing, ignore_index
        As in `CategoricalCrossEntropy`.

    Notes
    -----
    The loss of a sample is -(1 - p[y])^gamma log p[y].  Its derivative with respect to the
    logits is c (p - one_hot(y)), where c = (1 - p[y])^gamma (1 - gamma p[y] log p[y] /
    (1 - p[y])).  Of rows of targets, the sum over the classes counts, as these say.
    """

    gamma: float = 2.0
    _: KW_ONLY
    from_logits: bool = False
    label_smoothing: float = 0.0
    ignore_index: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("gamma", self.gamma, at_least=0)

    def _of_logits(self, logits: Array, targets: Array) -> tuple[Array, LossBackward]:
        xp = array_namespace(logits)
        indices = targets.ndim == 1
        z = logits - row_maxima(logits)  # (n, k)
        e = xp.exp(z)
        total = row_sums(e)  # (n, 1)
        log_total = xp.log(total)
        log_p = pick(z, targets) - log_total[:, 0] if indices else z - log_total
        losses, c = self._focused(log_p)  # (n,) or (n, k)

        def backward() -> Array:
            p = e / total
            if indices:
                dlogits = subtract_one_hot(p, targets)
                dlogits *= c[:, None]
                return dlogits
            return p * row_sums(targets * c) - targets * c

        return losses if indices else row_sums(targets * losses)[:, 0], backward

    def _of_probabilities(self, predictions: Array, y: Array) -> tuple[Array, LossBackward]:
        xp = array_namespace(predictions)
        p = xp.minimum(xp.maximum(predictions, CLIP), 1 - CLIP)  # (n, k)
        losses, c = self._focused(xp.log(p))

        def backward() -> Array:
            return -y * c / p

        return xp.sum(y * losses, axis=1), backward

    def _focused(self, log_p: Array) -> tuple[Array, Array]:
        """Return the losses of classes with such probabilities, and c, of the Notes."""
        xp = array_namespace(log_p)
        rest = -xp.expm1(log_p)  # 1 - p, also where p is almost 1
        focus = rest**self.gamma
        # where rest is 0, so is log p
        ratio = log_p / xp.maximum(rest, float(xp.finfo(rest.dtype).smallest_normal))
        return -focus * log_p, focus * (1 - self.gamma * xp.exp(log_p) * ratio)
