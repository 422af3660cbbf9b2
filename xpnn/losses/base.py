"""What a loss is: `Loss`, and the table of all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from ..backend import Array, array_namespace
from ..checks import reject
from ..naming import Described, register
from ..operations import mean

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
