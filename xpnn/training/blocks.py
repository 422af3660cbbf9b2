"""The rows of a training, and how its steps are cut into blocks that are taken at once.

Which rows a step takes, and what its layers draw, is drawn on the host, in one order, so that
one seed gives one run on every backend.
"""

from __future__ import annotations

import math
from collections import abc
from collections.abc import Iterable
from contextlib import closing
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..data import batch_slices
from ..data.order import Windows, equal_parts
from ..network import Network
from .guesses import Call, Guesses
from .noise import Noise
from .supply import Data, Order, Span, Supply, numbers_of

if TYPE_CHECKING:  # as in `xpnn.initializers`, which says why
    from ..initializers import Generator

__all__ = ["Blocks", "DrawnSteps"]

OPERATIONS = 4e9
"""About how many multiplications and additions are asked for at once: Ctrl-C waits for them."""

STEPS = 128
"""How many steps are taken at once at most."""

DRAWN = 1 << 22
"""About how many numbers that layers drew may be held at once."""


COMING = 1 << 22
"""About how many numbers may come at once for rows that are not in memory."""

NOTHING: Data = None, None, None
"""The data of steps that won't be taken."""


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
    shuffle : bool or "parts"
        Whether each epoch goes through the rows in a new order; what is read in parts goes
        by "parts" if it is true.
    one_by_one : bool
        Whether a block has one step.

    Attributes
    ----------
    supply
        As given.
    shuffle : bool or "parts"
        In which order epochs go.
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
        shuffle: bool | str,
        one_by_one: bool,
    ) -> None:
        self.supply, self._team = supply, supply.team
        self._backend, self._dtype = network.backend, network.dtype
        self._n_layers = len(network.stack.layers)
        n, n_features = supply.shape
        slices = batch_slices(n, batch_size)
        self._all = NOTHING
        if len(slices) == 1:  # a batch of all rows is placed once
            x, *rest = supply.of_all()
            self._all = self._backend.asarray(x, self._dtype), *rest
        self.counts = np.array([float(part.stop - part.start) for part in slices])
        self.n_steps = len(slices)
        self.batch_size = slices[0].stop  # but for the last one, which may be shorter
        self.shuffle = shuffle if len(slices) > 1 else False
        if self.shuffle and supply.parts is not None:
            self.shuffle = "parts"
        widths = [size or 0 for size in network.link_sizes(n_features)][:-1]
        self._noise = Noise(network, widths, self._team)
        n_drawn = self._noise.of_row * self.batch_size
        self._draws = Guesses(n_drawn > 0 and self._backend.leaves_python)
        self.draws = bool(self.shuffle or n_drawn)
        n_parameters = sum(math.prod(p.shape) for p in network.parameter_arrays)
        steps = min(
            STEPS,
            OPERATIONS / (3 * self.batch_size * max(1, n_parameters)),
            DRAWN / max(1, n_drawn),
            *([COMING / (self.batch_size * n_features)] if supply.arrives else ()),
        )
        self.steps_at_once = 1 if one_by_one else max(1, int(steps))

    def draw(
        self,
        generator: Generator,
        epochs: int,
        skip: int = 0,
        cuts: Iterable[int] = (),
        first: int = 0,
        *,
        more: bool = False,
    ) -> abc.Generator[DrawnSteps, None, None]:
        """Yield the blocks of some epochs, drawing what is random in them.

        Parameters
        ----------
        generator : numpy.random.Generator or numpy.random.RandomState
            Where draws come from.
        epochs : int
            How many epochs.
        skip : int
            How many steps of the first epoch won't be taken, so that their rows don't come.
        cuts : iterable of int
            After so many steps of each epoch a block ends.
        first : int
            How many steps the optimizer took before these epochs, for schedules.
        more : bool
            Whether others are likely to follow that are cut alike.
        """
        n, size, draws = self.supply.shape[0], self.batch_size, self._draws
        if size == n:
            spans = [
                Span(0, min(self.steps_at_once, epochs - start) * n, n)
                for start in range(0, epochs, self.steps_at_once)
            ]
            for span, following in zip(spans, [*spans[1:], spans[0] if more else None]):
                noise = draws.ask(generator, self._noise_of(span, first))
                first += span.steps
                if following is not None:
                    draws.guess(generator, self._noise_of(following, first))
                yield self._block(None, span, (self._all, None), noise)
            return
        for left in range(epochs - 1, -1, -1):
            order = draws.ask(generator, (self._order,))
            spans = self._spans((skip, *cuts))
            to_come = [span for span in spans if span.start >= skip * size]
            with closing(self.supply.of_epoch(order, to_come)) as coming:
                for span, following in zip(spans, [*spans[1:], None]):
                    data = next(coming) if span.start >= skip * size else (NOTHING, None)
                    noise = draws.ask(generator, self._noise_of(span, first))
                    if following is not None:
                        draws.guess(generator, self._noise_of(following, first))
                    elif left or more:
                        begin, first = self._spans(cuts)[0], first + self.n_steps
                        draws.guess(generator, (self._order,), self._noise_of(begin, first))
                    yield self._block(order, span, data, noise)
            skip = 0

    def close(self) -> None:
        """Forget what was drawn ahead; nothing more is drawn."""
        self._draws.close()

    def _noise_of(self, span: Span, first: int) -> Call:
        """Return the call that draws a block's noise; `first` steps come before its epoch."""
        t = first + span.start // self.batch_size
        return self._noise.draw, span.steps, span.size, t

    def _order(self, generator: Generator) -> Order:
        """Draw the order in which an epoch goes through the rows."""
        n, width = self.supply.shape
        parts = self.supply.parts
        if self.shuffle == "parts" and parts is None:
            parts = equal_parts(n, width)
        if parts is not None:
            return Windows(parts, width, generator if self.shuffle else None)
        return generator.permutation(n) if self.shuffle else None

    def _spans(self, cuts: Iterable[int]) -> list[Span]:
        """Return the blocks of an epoch, which end after so many steps at least."""
        n, size = self.supply.shape[0], self.batch_size
        end = n // size * size
        ends = [0, *sorted(min(cut * size, end) for cut in cuts), end]
        spans = [
            Span(start, min(start + at_once, last), size)
            for first, last in pairwise(ends)
            if last > first
            for at_once in [self._at_once((last - first) // size) * size]
            for start in range(first, last, at_once)
        ]
        return spans if end == n else [*spans, Span(end, n, n - end)]

    def _block(
        self, order: Order, span: Span, coming: tuple[Data, Any], noise: tuple[Any, ...]
    ) -> DrawnSteps:
        """Return a block, for which something came, and something was drawn."""
        weights = self._weights(order, span)
        if self._team.size > 1:
            own = self._weights(order, span, self._team.here(span.size))
            cuts = self._cuts(span.size, own, weights)
            noise = (*(noise or ((),) * self._n_layers), cuts)
        return DrawnSteps(span.steps, *coming, noise, weights)

    def _at_once(self, steps: int) -> int:
        """Return how many of some steps each block but the last has, of about equally many."""
        n_blocks = -(-steps // self.steps_at_once)
        return -(-steps // n_blocks)

    def _weights(self, order: Order, span: Span, here: slice | None = None) -> np.ndarray:
        """Return how much the rows of each step weigh, or those in some places of it."""
        weight, size = self.supply.weight, span.size
        if weight is None:
            return _equal(span.steps, size if here is None else here.stop - here.start)
        here = here or slice(size)
        if size == self.supply.shape[0]:
            return np.full(span.steps, weight[here].sum())
        rows = numbers_of(order, span.start, span.stop)
        own: np.ndarray = weight[rows].reshape(-1, size)[:, here].sum(axis=1)
        return own

    def _cuts(self, size: int, own: np.ndarray, weights: np.ndarray) -> tuple[Any, ...]:
        """Return the numbers of `xpnn.distributed.Cut`, with the steps on the first axis."""
        part = np.full(len(weights), self._team.parts([size])[0, self._team.rank] / size)
        # of samples that weigh nothing the loss is 0, but the penalties are to be shared
        share = np.divide(own, weights, out=part.copy(), where=(weights > 0) & (part > 0))
        rows = np.full(len(weights), size)
        return tuple(self._backend.asarray(a, self._dtype) for a in (share, part, rows))


@lru_cache
def _equal(steps: int, rows: int) -> np.ndarray:
    """Return the weights of steps with so many rows, of which all weigh the same."""
    weights = np.full(steps, float(rows))
    weights.flags.writeable = False  # others are given the same
    return weights
