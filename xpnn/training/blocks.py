"""The rows of a training, and how its steps are cut into blocks that are taken at once.

Which rows a step takes, and what its layers draw, is drawn on the host, in one order, so that
one seed gives one run on every backend.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..data import batch_slices
from ..layers.base import Layer
from ..network import Network
from .supply import Data, Supply

if TYPE_CHECKING:  # as in `xpnn.initializers`, which says why
    from ..initializers import Generator

__all__ = ["Blocks", "DrawnSteps"]

OPERATIONS = 4e9
"""About how many multiplications and additions are asked for at once: Ctrl-C waits for them."""

STEPS = 128
"""How many steps are taken at once at most."""

DRAWN = 1 << 22
"""About how many numbers that layers drew may be held at once."""


class DrawnSteps(NamedTuple):
    """Some steps that are taken at once, and what was drawn for them."""

    steps: int
    """How many they are."""

    data: Data
    """Inputs, targets and weights, of which they take rows."""

    rows: Any
    """Which rows they take, as in `Backend.repeat`."""

    noise: tuple[Any, ...]
    """What layers drew for them, likewise; and behind it, where several processes take the
    steps together, how these are cut."""

    weights: np.ndarray
    """Of shape (steps,): how much each step counts in the mean loss, its samples' weight."""


class Blocks:
    """The rows to train on, placed, and the blocks of steps that go through them.

    Parameters
    ----------
    network : Network
        What trains.
    supply : Supply
        The rows; and the processes that take the steps together.  What is drawn is the same on
        all; each takes its part of the rows of each step.
    batch_size : int or None
        The rows of a step; None is all.
    shuffle : bool
        Whether each epoch goes through the rows in a new order.
    one_by_one : bool
        Whether a block has one step.

    Attributes
    ----------
    supply
        As given.
    counts : numpy.ndarray of shape (steps,)
        The rows of each step of an epoch.
    n_steps : int
        The number of steps of an epoch.
    draws : bool
        Whether something is drawn in training: an order, or noise.
    steps_at_once : int
        How many steps a block has at most.
    """

    def __init__(
        self,
        network: Network,
        supply: Supply,
        batch_size: int | None,
        shuffle: bool,
        one_by_one: bool,
    ) -> None:
        self.supply, self._team = supply, supply.team
        self._backend, self._dtype, self._layers = (
            network.backend,
            network.dtype,
            network.layers,
        )
        n, n_features = supply.shape
        slices = batch_slices(n, batch_size)
        self._all: Data | None = None
        if len(slices) == 1:  # a batch of all rows is placed once
            x, *rest = supply.of_all()
            self._all = self._backend.asarray(x, self._dtype), *rest
        self.counts = np.array([float(part.stop - part.start) for part in slices])
        self.n_steps = len(slices)
        self.batch_size = slices[0].stop  # but for the last one, which may be shorter
        self.shuffle = shuffle and len(slices) > 1
        self._widths = [size or 0 for size in network.layer_sizes(n_features)][:-1]
        n_drawn = sum(
            self.batch_size * width
            for layer, width in zip(self._layers, self._widths)
            if type(layer).draw is not Layer.draw
        )
        self._draws_noise = n_drawn > 0
        if self._draws_noise and self._team.size > 1:
            self._have_rows = [*map(_have_rows, self._layers, self._widths)]
        self.draws = self.shuffle or self._draws_noise
        n_parameters = sum(math.prod(p.shape) for p in network.parameter_arrays)
        steps = min(
            STEPS,
            OPERATIONS / (3 * self.batch_size * max(1, n_parameters)),
            DRAWN / max(1, n_drawn),
        )
        self.steps_at_once = 1 if one_by_one else max(1, int(steps))

    def draw(
        self, generator: Generator, epochs: int, cuts: Iterable[int] = ()
    ) -> Iterator[DrawnSteps]:
        """Yield the blocks of some epochs, drawing what is random in them.

        Parameters
        ----------
        generator : numpy.random.Generator or numpy.random.RandomState
            Where draws come from.
        epochs : int
            How many epochs.
        cuts : iterable of int
            After so many steps of each epoch a block ends.
        """
        n, size = self.supply.shape[0], self.batch_size
        if size == n:
            for start in range(0, epochs, self.steps_at_once):
                count = min(self.steps_at_once, epochs - start)
                yield self._block(generator, count, size, None)
            return
        at_once = self.steps_at_once * size
        end = n // size * size
        ends = [0, *sorted(min(cut * size, end) for cut in cuts), end]
        for _ in range(epochs):
            order = generator.permutation(n) if self.shuffle else None
            for first, last in pairwise(ends):
                for start in range(first, last, at_once):
                    stop = min(start + at_once, last)
                    yield self._of_rows(generator, order, start, stop, size)
            if end < n:
                yield self._of_rows(generator, order, end, n, n - end)

    def _of_rows(
        self, generator: Generator, order: np.ndarray | None, start: int, stop: int, size: int
    ) -> DrawnSteps:
        """Return a block with the rows of a part of an epoch."""
        rows: Any = slice(start, stop)
        if order is not None:
            rows = order[rows].reshape(-1, size)
        return self._block(generator, (stop - start) // size, size, rows)

    def _block(self, generator: Generator, count: int, size: int, rows: Any) -> DrawnSteps:
        """Return a block of so many steps, each of so many rows."""
        weights = self._weights(rows, count, size)
        noise = self._noise(generator, count, size)
        if self._team.size > 1:
            here = self._team.here(size)
            if isinstance(rows, slice):
                rows = np.arange(rows.start, rows.stop).reshape(-1, size)
            own = self._weights(
                here if rows is None else rows[:, here], count, here.stop - here.start
            )
            noise = (*(noise or ((),) * len(self._layers)), self._cuts(size, own, weights))
        data = self._all
        if data is None:
            data, rows = self.supply.of_steps(rows)
        return DrawnSteps(count, data, rows, noise, weights)

    def _weights(self, rows: Any, count: int, size: int) -> np.ndarray:
        """Return how much the rows of each step weigh, of those that are taken."""
        if self.supply.weight is None:
            return np.full(count, float(size))
        weight = self.supply.weight
        weight = weight if rows is None else weight[rows]
        return np.broadcast_to(weight.reshape(-1, size).sum(axis=1), count)

    def _cuts(self, size: int, own: np.ndarray, weights: np.ndarray) -> tuple[Any, ...]:
        """Return the numbers of `xpnn.distributed.Cut`, with the steps on the first axis."""
        part = np.full(len(weights), self._team.parts([size])[0, self._team.rank] / size)
        # of samples that weigh nothing the loss is 0, but the penalties are to be shared
        share = np.divide(own, weights, out=part.copy(), where=(weights > 0) & (part > 0))
        rows = np.full(len(weights), size)
        return tuple(self._backend.asarray(a, self._dtype) for a in (share, part, rows))

    def _noise(self, generator: Generator, count: int, size: int) -> tuple[Any, ...]:
        """Return what each layer draws for some steps, with the steps on the first axis."""
        if not self._draws_noise:
            return ()
        here = self._team.here(size)
        places: list[tuple[np.ndarray, ...]] = []
        for step in range(count):
            for number, (layer, width) in enumerate(zip(self._layers, self._widths)):
                drawn = layer.draw(generator, (size, width))
                if self._team.size > 1:
                    kinds = self._have_rows[number]
                    drawn = tuple(a[here] if rows else a for a, rows in zip(drawn, kinds))
                if step == 0:  # arrays for all steps, which cost less than to join them later
                    places.append(
                        tuple(np.empty((count, *np.shape(a)), self._dtype) for a in drawn)
                    )
                for place, array in zip(places[number], drawn, strict=True):
                    place[step] = array
        return tuple(
            tuple(self._backend.asarray(place, self._dtype) for place in of_layer)
            for of_layer in places
        )


def _have_rows(layer: Layer, width: int) -> list[bool]:
    """Return which of the arrays that a layer draws have a row for each of the inputs."""
    few, more = (
        [np.shape(a) for a in layer.draw(np.random.default_rng(0), (n, width))] for n in (2, 3)
    )
    return [a[:1] == (2,) and b[:1] == (3,) for a, b in zip(few, more)]
