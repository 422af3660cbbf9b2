"""What layers draw for the steps of training."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..layers.base import Layer
from ..network import Network
from ..schedules import at_step
from .team import Team

if TYPE_CHECKING:  # as in `xpnn.initializers`, which says why
    from ..initializers import Generator

__all__ = ["Noise"]


class Noise:
    """What the layers of a network draw, on the host, step by step.

    Parameters
    ----------
    network : Network
        Whose layers draw.
    widths : iterable of int
        How many inputs each layer has.
    team : Team
        The processes that take the steps together: of what has a row for each row of a step,
        each keeps its own.

    Attributes
    ----------
    of_row : int
        About how many numbers are drawn for each row of a step.
    """

    def __init__(self, network: Network, widths: Iterable[int], team: Team) -> None:
        self._backend, self._dtype, self._team = network.backend, network.dtype, team
        self._layers = [*zip(network.stack.layers, widths)]
        self.of_row = sum(_of_row(layer, width) for layer, width in self._layers)
        if self.of_row and team.size > 1:
            self._have_rows = [_have_rows(layer, width) for layer, width in self._layers]

    def draw(self, generator: Generator, count: int, size: int, first: int) -> tuple[Any, ...]:
        """Return what each layer draws for some steps, with the steps on the first axis.

        Parameters
        ----------
        generator : numpy.random.Generator or numpy.random.RandomState
            Where it is drawn from.
        count, size : int
            How many steps, and the rows of each.
        first : int
            How many steps the optimizer took before these, for schedules.
        """
        if not self.of_row:
            return ()
        here = self._team.here(size)
        places: list[tuple[np.ndarray, ...]] = []
        with at_step() as tell:
            for step in range(count):
                tell(first + step)
                for number, (layer, width) in enumerate(self._layers):
                    drawn = layer.draw(generator, (size, width))
                    if self._team.size > 1:
                        kinds = self._have_rows[number]
                        drawn = tuple(a[here] if rows else a for a, rows in zip(drawn, kinds))
                    if step == 0:  # arrays for all steps cost less than to join them later
                        places.append(
                            tuple(np.empty((count, *np.shape(a)), self._dtype) for a in drawn)
                        )
                    for place, array in zip(places[number], drawn, strict=True):
                        place[step] = array
        return tuple(
            tuple(self._backend.asarray(place, self._dtype) for place in of_layer)
            for of_layer in places
        )


def _of_row(layer: Layer, width: int) -> int:
    """Return about how many numbers a layer draws for a row."""
    if type(layer).draw is Layer.draw:
        return 0
    return sum(map(np.size, layer.draw(np.random.default_rng(0), (1, width))))


def _have_rows(layer: Layer, width: int) -> list[bool]:
    """Return which of the arrays that a layer draws have a row for each of the inputs."""
    few, more = (
        [np.shape(a) for a in layer.draw(np.random.default_rng(0), (n, width))] for n in (2, 3)
    )
    return [a[:1] == (2,) and b[:1] == (3,) for a, b in zip(few, more)]
