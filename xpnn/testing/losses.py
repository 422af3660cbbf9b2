"""The check of losses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..backend import Array, Backend
from ..layers import Dense
from ..layers.base import LAYERS, Layer
from ..losses import LOSSES, Loss
from ..network.step import with_gradient
from ..optimizers import SGD
from ..sequential import Sequential
from .base import Arrays, Back, check_at_work, check_description, check_passes

__all__ = ["check_loss"]


def check_loss(
    loss: Loss,
    predictions: Any = None,
    targets: Any = None,
    *,
    backends: Sequence[str | Backend] | None = None,
    seed: int = 0,
) -> None:
    """Check that a loss computes what it should, and the same everywhere.

    As `check_layer`, for the loss of each sample, the mean and the weighted mean.  Targets are
    given to `Loss.prepare` first, as `fit` does.

    Parameters
    ----------
    loss : Loss
        The loss.
    predictions : array_like of shape (n, k), optional
        What to check with; by default draws, made to probabilities where the loss takes
        these.
    targets : array_like, optional
        What belongs to them, as `fit` takes them; by default classes for a loss that
        classifies, else draws.
    backends : sequence of str or Backend, optional
        Where to check; by default on every backend that is usable here.
    seed : int
        The seed of the draws.

    Raises
    ------
    AssertionError
        If a check fails.
    """
    if not isinstance(loss, Loss):
        raise TypeError(f"loss must be a Loss, got {loss!r}")
    assert loss.activation is None or loss.activation in LAYERS, (
        f"{loss} has the activation {loss.activation!r}, but there is no such layer"
    )
    generator = np.random.default_rng(seed)
    if predictions is None:
        predictions = generator.standard_normal((5, 3))
        if loss.activation is not None and not getattr(loss, "from_logits", False):
            predictions, _ = LAYERS[loss.activation]().forward((), predictions)
    assert loss.activation is None or hasattr(loss, "from_logits"), (
        f"{loss} is computed together with {loss.activation}, as its activation says, so it "
        "must have a field from_logits: bool, and take logits where it is True"
    )
    predictions = np.asarray(predictions, dtype=np.float64)
    n, k = predictions.shape
    if targets is None:
        if not loss.classifies:
            targets = generator.standard_normal((n, k))
            if not _takes(loss, targets, k):
                targets = np.abs(targets)  # counts, and the like
            if not _takes(loss, targets, k):
                targets = targets[:, :1]  # one for all outputs
        elif loss.threshold is None:
            targets = generator.integers(k, size=n)
        else:
            targets = generator.integers(2, size=(n, k)).astype(np.float64)
    given = np.asarray(targets)
    targets = loss.prepare(given, k, predictions.dtype)
    weight = generator.uniform(0.5, 2.0, n)

    measure = with_gradient(loss)

    def run(*arrays: Array) -> tuple[Arrays, Back]:
        p, y, w = arrays
        losses, _ = loss.forward(p, y)
        mean, dmean = measure(p, y)
        weighted, dweighted = measure(p, y, w)
        outputs = {"losses": losses, "loss": mean, "weighted loss": weighted}
        return outputs, lambda: {"dpredictions": dweighted, "dpredictions (no weights)": dmean}

    def total(*arrays: Array) -> Array:
        return run(*arrays)[0]["weighted loss"]

    arrays = [predictions, targets, weight]
    shapes: dict[str, tuple[int, ...]] = {"losses": (n,), "loss": (), "weighted loss": ()}
    check_passes(str(loss), run, total, ["predictions"], arrays, backends, shapes)
    check_description(loss, LOSSES, "loss")

    def network(dtype: str, backend: Backend) -> Sequential:
        layers: list[Layer] = [Dense(3, k)]
        if loss.activation is not None and not getattr(loss, "from_logits", False):
            layers.append(LAYERS[loss.activation]())
        model = Sequential(layers, seed=0, dtype=dtype, backend=backend)
        return model.compile(loss, SGD(1e-3))

    check_at_work(str(loss), network, generator.standard_normal((n, 3)), given, backends)


def _takes(loss: Loss, targets: np.ndarray, k: int) -> bool:
    """Whether a loss takes such targets."""
    try:
        loss.prepare(targets, k, targets.dtype)
    except ValueError:
        return False
    return True
