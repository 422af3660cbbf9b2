"""Whether layers give the same where a batch is cut over processes.

It is found by trying, as in `xpnn.network.goals`, so that a layer of one's own needs to declare
nothing.  Both halves of a batch go through it, one after the other; where it asks for a sum
over processes, it is made to stop, until the other half has come there, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ..layers.base import Layer
from ..operations import Cut, cut_up
from .stack import is_ours
from .trying import with_codes

__all__ = ["check_cuts"]

ROWS = 8
"""How many rows are tried, half of them at a time."""

SUMS = 64
"""How many sums a layer may ask for at most, in both directions."""


class _Waits(Exception):  # noqa: N818  it is no error
    """What stops a half where it asks for a sum that is not known yet."""


class _Half:
    """What sums for one half: what is known of both, and then it stops."""

    is_muted = False

    def __init__(self, known: list[np.ndarray]) -> None:
        self.known, self.asked, self.own = known, 0, np.zeros(0)

    def sum(self, array: np.ndarray) -> None:
        """Put the sum over both halves into the array of one."""
        if self.asked == len(self.known):
            self.own = array.copy()
            raise _Waits
        array[...] = self.known[self.asked]
        self.asked += 1


Run = Callable[[np.ndarray, np.ndarray], list[np.ndarray]]
"""From inputs and the gradient of outputs to outputs, the gradient of inputs, those of
parameters, and the state."""


def _as_halves(run: Run, x: np.ndarray, dy: np.ndarray) -> list[list[np.ndarray]] | None:
    """Return what both halves give; None if one asks for sums that the other does not."""
    known: list[np.ndarray] = []
    half, n = np.asarray(0.5), np.asarray(float(len(x)))
    while len(known) <= SUMS:
        gave, asked = [], []
        for part in (slice(0, len(x) // 2), slice(len(x) // 2, len(x))):
            one = _Half(known)
            try:
                with cut_up(Cut(one, half, half, n)):
                    gave.append(run(x[part], dy[part]))
            except _Waits:
                asked.append(one.own)
        if not asked:
            return gave
        if gave or asked[0].shape != asked[1].shape:
            return None
        known.append(asked[0] + asked[1])
    return None


def check_cuts(links: Mapping[str, Layer], sizes: Sequence[int | None]) -> None:
    """Check that layers of one's own give the same where a batch is cut.

    Parameters
    ----------
    links, sizes
        As in `xpnn.network.goals.check_goal`.

    Raises
    ------
    ValueError
        If one does not, as it computes with several rows of the batch at once and does not
        ask for what these have in common by `xpnn.operations.over_batch`.
    """
    for (name, layer), size in zip(links.items(), sizes):
        if is_ours(layer):
            continue
        try:
            whole, halves, n_params = _tried(layer, size or 3)
        except Exception:  # of a layer that takes no such rows
            continue
        if halves is None or not _are_the_same(whole, halves, n_params):
            raise ValueError(
                f"layer {name}, {layer}, computes with several rows of a batch at once, and "
                "would give something else where batches are cut over processes: ask for what "
                "they have in common by xpnn.operations.over_batch"
            )


def _tried(
    layer: Layer, size: int
) -> tuple[list[np.ndarray], list[list[np.ndarray]] | None, int]:
    """Return what a batch gives, and its halves; and how many parameters there are."""
    generator = np.random.default_rng(0)
    x = with_codes([layer], generator.standard_normal((ROWS, size)), generator)
    params, state = (
        tuple(generator.uniform(0.5, 1, p.shape) for p in declared.values())
        for declared in (layer.parameters(), layer.state())
    )

    def run(x: np.ndarray, dy: np.ndarray) -> list[np.ndarray]:
        y, backward, new = layer.train(params, state, x)  # without noise
        dx, grads = backward(dy)
        return [y, dx, *(grad for grad in grads if grad is not None), *new]

    dy = generator.standard_normal(layer.train(params, state, x)[0].shape)
    whole = run(x, dy)
    return whole, _as_halves(run, x, dy), len(whole) - 2 - len(state)


def _are_the_same(
    whole: list[np.ndarray], halves: list[list[np.ndarray]], n_params: int
) -> bool:
    """Whether halves give together what the whole gives."""
    for number, arrays in enumerate(zip(whole, *halves)):
        expected, *parts = map(np.asarray, arrays)
        if number < 2:  # outputs and the gradient of inputs, by rows
            got = [np.concatenate(parts)]
        elif number < 2 + n_params:  # gradients are summed
            got = [parts[0] + parts[1]]
        else:
            got = parts
        if any(
            a.shape != expected.shape or not np.allclose(a, expected, equal_nan=True)
            for a in got
        ):
            return False
    return True
