"""What a loss is: `Loss`, and the table of all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from ..backend import Array, array_namespace
from ..checks import beside, reject
from ..naming import Described, register
from ..operations import as_floats, mean

__all__ = ["LOSSES", "Loss", "LossBackward"]

LOSSES: dict[str, type[Loss]] = {}
"""Every loss class by its name: a model file names its loss so."""

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

    @property
    def leaves_out(self) -> bool:
        """Whether targets may say of a row that it counts nothing; see `counted`."""
        return False

    def counted(self, targets: Array) -> Array | None:
        """Return which rows count, where targets may say that some don't.

        Parameters
        ----------
        targets : array
            The targets of n rows, as `prepare` returns them.

        Returns
        -------
        array of bool of shape (n,), or None
            None, by default, where all do.
        """
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
        predictions : array_like of shape (n, k)
            The network's outputs; what is no array is taken as NumPy's.
        targets : array_like
            What they should be, as `Sequential.fit` takes them: they are given to `prepare`.
        sample_weight : array_like of shape (n,), optional
            How much each sample counts in the mean.

        Returns
        -------
        loss : array of shape ()
            The mean over the samples.
        dpredictions : array of shape (n, k)
            Its gradient with respect to `predictions`.

        Raises
        ------
        TypeError
            If something is no numbers.
        ValueError
            If the shapes don't go together, or targets have impossible values.
        """
        predictions = as_floats(beside("predictions", predictions))
        targets = beside("targets", targets, predictions)
        if predictions.ndim != 2 or targets.ndim == 0:
            raise of_shapes("the shapes (n, k) and (n, …)", predictions, targets)
        n, k = predictions.shape
        if targets.shape[0] != n:
            raise of_shapes("as many rows as each other", predictions, targets)
        if sample_weight is not None:
            sample_weight = beside("sample_weight", sample_weight, predictions)
            if tuple(sample_weight.shape) != (n,):
                raise ValueError(
                    f"sample_weight must have the shape ({n},), got "
                    f"{tuple(sample_weight.shape)}"
                )
        is_float = array_namespace(targets).isdtype(targets.dtype, "real floating")
        dtype = targets.dtype if is_float else predictions.dtype
        try:
            targets = self.prepare(targets, k, dtype, "targets")
        except ValueError as error:
            raise ValueError(f"{error}, for predictions of the shape {(n, k)}") from None
        return self.mean_and_gradient(predictions, targets, sample_weight)

    def mean_and_gradient(
        self, predictions: Array, targets: Array, sample_weight: Array | None = None
    ) -> tuple[Array, Array]:
        """Compute what calling the loss does, of targets as `prepare` returns them.

        It looks at no number, so it can be compiled.
        """
        xp = array_namespace(predictions)
        losses, backward = self.forward(predictions, targets)
        dpredictions = backward()
        counted = self.counted(targets)
        if counted is not None:
            counts = xp.astype(counted, losses.dtype)
            sample_weight = counts if sample_weight is None else sample_weight * counts
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


def of_shapes(wanted: str, predictions: Array, targets: Array) -> ValueError:
    """Return the error of shapes that don't go together."""
    return ValueError(
        f"predictions and targets must have {wanted}, got the shapes "
        f"{tuple(predictions.shape)} and {tuple(targets.shape)}"
    )


def check_alike(predictions: Array, targets: Array) -> None:
    """Check that predictions are of shape (n, k), and targets too, so that none is stretched.

    Raises
    ------
    ValueError
        If they are not; it names both shapes.
    """
    if predictions.ndim != 2 or predictions.shape != targets.shape:
        raise of_shapes("the same shape (n, k)", predictions, targets)
