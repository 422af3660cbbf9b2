"""Going back after a NaN: to the last parameters with which an epoch began well."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..backend import Array
from ..hooks import Trainable
from .blocks import Blocks

if TYPE_CHECKING:  # as in `xpnn.initializers`, which says why
    from ..initializers import Generator

__all__ = ["Recovery"]


@dataclass
class Moment:
    """The beginning of some epochs, to which training may have to go back."""

    epoch: int
    buffers: list[Array]
    slots: list[list[Array]]
    iterations: int
    layer_state: list[Array]
    generator: Generator | None


class Recovery:
    """What it takes to go back: copies of what was learnt at the last two beginnings.

    Parameters
    ----------
    model : Trainable
        What trains.
    blocks : Blocks
        The steps that are taken.
    """

    def __init__(self, model: Trainable, blocks: Blocks) -> None:
        self._model, self._blocks = model, blocks
        self._moments: list[Moment] = []

    def remember(self, epoch: int, count: int) -> None:
        """Keep a copy of what is learnt before some epochs, and of all that goes on from it."""
        packed = self._model.train_state.prepare(self._model)
        several = count > 1  # then it may have to go on, up to one of these epochs

        def duplicate(arrays: list[Array]) -> list[Array]:
            return self._model.copy_arrays(arrays) if arrays else []

        moment = Moment(
            epoch,
            duplicate(packed.buffers),
            [duplicate(slot) for slot in packed.slots] if several else [],
            packed.iterations,
            duplicate(packed.layer_state),
            copy.deepcopy(self._model.generator) if several and self._blocks.draws else None,
        )
        self._moments = [*self._moments[-1:], moment]

    def go_back(self, epoch: int) -> None:
        """Give the model what it had when an epoch began; the optimizer starts anew.

        Parameters
        ----------
        epoch : int
            The epoch, one of those since the last beginning but one.
        """
        model, state = self._model, self._model.train_state
        moment = next(m for m in reversed(self._moments) if m.epoch <= epoch)
        packed = state.prepare(model)
        packed.buffers, packed.iterations = moment.buffers, moment.iterations
        packed.layer_state = model.state_arrays = moment.layer_state
        if epoch > moment.epoch:  # take the steps again that lead there
            packed.slots = moment.slots
            generator = moment.generator or model.generator  # which draws nothing then
            for block in self._blocks.draw(generator, epoch - moment.epoch):
                state.take(model, self._blocks.data, block.steps, block.rows, block.noise)
        model.parameter_arrays, state.memory = packed.split(packed.buffers), {}
