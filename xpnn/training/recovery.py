"""Going back after a NaN: to the last parameters with which an epoch began well."""

from __future__ import annotations

import copy
from bisect import bisect_left
from collections.abc import Iterable
from contextlib import closing
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
    step: int
    """How many steps of the epoch were taken before: not 0 where a run was resumed."""

    several: bool
    """Whether the epochs are taken at once: then it may have to go on, up to one of them."""

    buffers: list[Array]
    slots: list[list[Array]]
    iterations: int
    layer_state: list[Array]
    tables: list[Array]
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

    def remember(self, epoch: int, step: int, count: int) -> None:
        """Keep a copy of what is learnt before some epochs, and of all that goes on from it."""
        with self._model.gate.changing():
            packed = self._model.train_state.prepare(self._model)
            several = count > 1
            moment = Moment(
                epoch,
                step,
                several,
                self._copies(packed.buffers),
                [self._copies(slot) for slot in packed.slots]
                if several or packed.averages
                else [],
                packed.iterations,
                self._copies(packed.layer_state),
                self._copies(packed.tables),
                copy.deepcopy(self._model.generator)
                if several and self._blocks.draws
                else None,
            )
        self._moments = [*self._moments[-1:], moment]

    def _copies(self, arrays: list[Array]) -> list[Array]:
        return self._model.copy_arrays(arrays) if arrays else []

    def spoilt(self) -> str | None:
        """Return, in words, what is infinite or NaN of all that was learnt."""
        model, packed = self._model, self._model.train_state.packed
        if self._all_finite(model.all_arrays, *(packed.slots if packed else ())):
            return None
        if not self._all_finite(model.parameter_arrays):
            return "parameters"
        optimizer = model.require_compiled().optimizer
        return self.spoilt_state() or f"memory of the optimizer, {optimizer},"

    def spoilt_state(self) -> str | None:
        """Return, in words, what is infinite or NaN of what layers keep beside parameters."""
        model = self._model
        if self._all_finite(model.state_arrays):
            return None
        for full_name, array in zip(model.declared_states, model.state_arrays):
            if not self._all_finite([array]):
                index, _, name = full_name.partition(".")
                return f"{name} that layer {index}, {model.layers[int(index)]}, keeps"
        return None

    def _all_finite(self, *lists: Iterable[Array]) -> bool:
        arrays = [array for arrays in lists for array in arrays]
        return not arrays or self._model.backend.all_finite(*arrays)

    def epochs_kept(self, count: int) -> int:
        """Return after how many of the last epochs what layers keep was finite.

        Training can't show that it is not: its loss comes of the batch's own statistics, while
        an infinity stays in a running variance for ever.

        Parameters
        ----------
        count : int
            How many epochs since the last beginning to look at.

        Returns
        -------
        int
            `count`, and nothing is changed; or less, and the model has been taken to the end
            of the epoch after these, in which it happened.
        """
        moment = self._moments[-1]

        def is_spoilt(epochs: int) -> bool:
            if moment.several:
                self.go_back(moment.epoch + epochs)
            return not self._all_finite(self._model.state_arrays)

        if self._all_finite(self._model.state_arrays):
            return count
        kept = bisect_left(range(1, count + 1), True, key=is_spoilt)
        if kept < count:
            is_spoilt(kept + 1)
        return kept

    def go_back(self, epoch: int) -> None:
        """Give the model what it had when an epoch began; the optimizer starts anew.

        Parameters
        ----------
        epoch : int
            The epoch, one of those since the last beginning but one.
        """
        model, state = self._model, self._model.train_state
        moment = next(m for m in reversed(self._moments) if m.epoch <= epoch)
        with model.gate.changing():
            packed = state.prepare(model)
            packed.buffers = self._copies(moment.buffers)
            packed.tables = self._copies(moment.tables)
            packed.iterations = moment.iterations
            packed.layer_state = model.state_arrays = self._copies(moment.layer_state)
            if moment.slots:  # the steps again, or the means that the network has
                packed.slots = [self._copies(slot) for slot in moment.slots]
            if epoch > moment.epoch:  # take the steps again that lead there
                # the model's, where nothing is drawn
                generator = copy.deepcopy(moment.generator) or model.generator
                taken = 0
                team = self._blocks.supply.team
                draw = self._blocks.draw
                count, first = epoch - moment.epoch, moment.iterations - moment.step
                with closing(draw(generator, count, moment.step, (), first)) as drawn:
                    for block in team.at_each(drawn):
                        begin, taken = taken, taken + block.steps
                        if begin < moment.step:
                            continue
                        with team.at_once():
                            state.take(model, block.data, block.steps, block.rows, block.noise)
            model.parameter_arrays, state.memory = packed.whole(), {}
