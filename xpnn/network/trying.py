"""What layers give, found by trying: on random rows of three sizes, as in training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..initializers import draw
from ..layers import Chain
from ..layers.base import Layer, Parameter, Params

if TYPE_CHECKING:  # as in `xpnn.initializers`, which says why
    from ..initializers import Generator

__all__ = ["ROWS", "SLACK", "Tried", "drawn", "end_of", "try_last", "try_out", "with_codes"]

SCALES = (1.0, 100.0, 10_000.0)
"""How large the rows are that are tried: an activation with limits reaches them at the last."""

ROWS = 16
"""How many rows of each size are tried."""

SLACK = 1e-4
"""How far a probability may be from where it belongs."""


class Tried(NamedTuple):
    """What the end of a network gave.

    Attributes
    ----------
    outputs : numpy.ndarray of shape (n, k)
        For rows of the smallest size first; only finite ones.
    lowest, highest : float
        What outputs don't fall below, and don't exceed; infinite where there is no limit.
    learns : bool
        Whether a gradient goes back.
    """

    outputs: np.ndarray
    lowest: float
    highest: float
    learns: bool

    @property
    def are_probabilities(self) -> bool:
        """Whether each output lies between 0 and 1."""
        return self.lowest >= -SLACK and self.highest <= 1 + SLACK

    @property
    def sum_to_one(self) -> bool:
        """Whether those of a row do so together."""
        return bool(np.all(np.abs(np.sum(self.outputs, axis=1) - 1) <= SLACK))

    @property
    def are_the_same(self) -> bool:
        """Whether outputs don't depend on inputs."""
        return bool(np.all(np.ptp(self.outputs, axis=0) <= SLACK))


def drawn(layer: Layer, generator: Generator) -> tuple[Params, Params]:
    """Draw parameters and state of a layer; those that begin at 0 as if they had learnt."""

    def first(p: Parameter) -> np.ndarray:
        values = draw(p.initializer, generator, p.shape)
        return values if values.any() else generator.uniform(0, 1, p.shape)

    params, state = (
        tuple(map(first, declared.values())) for declared in (layer.parameters(), layer.state())
    )
    return params, state


def with_codes(layers: Sequence[Layer], rows: np.ndarray, generator: Generator) -> np.ndarray:
    """Return random rows for layers, with codes in the columns where they take these."""
    rows = rows.copy()
    for column, count in Chain(*layers).codes(rows.shape[1]).items():
        rows[:, column] = np.floor(generator.uniform(0, count, len(rows)))
    return rows


def end_of(layers: Sequence[Layer]) -> int:
    """Return the number of the first of the layers that say what a network gives.

    What is before the last one that learns, and may give anything, need not be run.
    """
    free = [i for i, layer in enumerate(layers) if layer.parameters() and layer.unbounded]
    return free[-1] + 1 if free else 0


def try_out(layers: Sequence[Layer], n_inputs: int | None) -> Tried | None:
    """Run the end of a network, as in training but without noise; None if it can't be run.

    Parameters
    ----------
    layers : sequence of Layer
        Its last layers.
    n_inputs : int or None
        What the first of them takes.
    """
    generator = np.random.default_rng(0)
    rows = generator.standard_normal((len(SCALES), ROWS, n_inputs or 3))
    x = (rows * np.asarray(SCALES)[:, None, None]).reshape(-1, rows.shape[2])
    backwards = []
    try:
        x = with_codes(layers, x, generator)
        with np.errstate(all="ignore"):
            for layer in layers:
                params, state = drawn(layer, generator)
                x, backward, _ = layer.train(params, state, x)
                backwards.append(backward)
            y = np.asarray(x, dtype=np.float64)
            dy = generator.standard_normal(y.shape)
            for backward in reversed(backwards):
                dy, _ = backward(dy)
    except Exception:  # of somebody's layer, which takes no such rows
        return None
    if y.ndim != 2 or y.shape[0] != len(SCALES) * ROWS:
        return None
    finite = np.all(np.isfinite(y), axis=1)
    if np.sum(finite[:ROWS]) < 2:  # of one row nothing can be told
        return None
    kept = y[finite]
    sizes_of = [part[np.isfinite(part)] for part in np.split(y, len(SCALES))[-2:]]
    lowest, highest = float(kept.min()), float(kept.max())
    if any(part.size == 0 for part in sizes_of):
        lowest, highest = -np.inf, np.inf
    else:
        large, larger = sizes_of
        if larger.min() < large.min() - SLACK:
            lowest = -np.inf
        if larger.max() > large.max() + SLACK:
            highest = np.inf
    return Tried(kept, lowest, highest, bool(np.any(np.asarray(dy))))


def try_last(layers: Sequence[Layer], sizes: Sequence[int | None]) -> Tried | None:
    """Run the last layer; None if it can't be run, or learns."""
    return None if layers[-1].parameters() else try_out([layers[-1]], sizes[-2])
