"""Steps of training that are compiled where that pays.

A player plays what it recorded until it is worth to compile it, which takes seconds: where so
many steps are to come that they save more, or have come in this process.  Code that was kept on
the disk costs little, and is used soon.  As compiled steps have the bits of those that are
played, nobody notices but by the time.
"""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from xpnn.backend import Block, steps_to_come

from ._numba_code import object_of
from ._numba_reading import UnreadableError
from ._numba_steps import Steps, Text, text_of
from ._playback import Player
from ._recurring import warn
from ._tape import arrays_in, borrowed

__all__ = ["CompiledPlayer"]

_log = logging.getLogger(__name__)

SAVED = 5e-7
"""About how many seconds each call of NumPy costs beside what it computes."""

LOOKING = 0.1
"""About how many seconds it takes to look for code that was kept, and to load it."""

COMPILING = 1.0, 0.025
"""About how many seconds it takes to compile, and how many more for each call."""


class CompiledPlayer(Player):
    """A player whose steps are compiled; see `Player`."""

    _steps: Steps | None = None
    _looked = _ended = False
    _saved = 0.0
    _text: Text | None = None

    def take_steps(self, block: Block) -> list[np.ndarray]:
        """Take the steps of a block; as `Player.take_steps`."""
        if not self._ended and self.take_step == self._played:
            self._consider(block)
        if self._steps is not None:
            measured = self._steps.take(block)
            if measured is not None:
                return measured
        return super().take_steps(block)

    def _look_at(self, data: tuple[Any, ...]) -> None:
        super()._look_at(data)
        if self._steps is not None:
            self._steps.look_at(data)

    def _consider(self, block: Block) -> None:
        """Look for code, or make it, if these steps and those to come save more than that."""
        each = SAVED * len(self.tape.calls)
        self._saved += block.count * each
        saved = max(self._saved, steps_to_come() * each)
        base, more = COMPILING
        compiles = saved > base + more * len(self.tape.calls)
        if not compiles and (self._looked or saved < LOOKING):
            return
        self._looked, self._ended = True, compiles
        try:
            if self._text is None:
                self._text = text_of(self)
            code = object_of(self._text.source.text, compiles)
            if code is not None:
                self._ended = True
                self._use(Steps(self, self._text, code), block)
        except UnreadableError as why:
            self._ended = True
            _log.info("NumPy computes all of each step: %s", why)
        except Exception as error:
            self._ended = True
            warn("Numba compiled no step of training", error)

    def _use(self, steps: Steps, block: Block) -> None:
        """Use code if its steps are those that are written, to the last bit.

        One step is compared with other numbers, and then those of a block with what is played.
        """
        play, batch = self._play, self.batch
        if block.rows is None:  # what was recorded may not be there any more
            self.batch = tuple(a if a is None else borrowed(a) for a in block.data)
            steps.look_at(block.data)

        def make() -> bool:
            self._play = steps.play
            return True

        try:
            is_right = self._tried(make)
        finally:
            self.batch, self._play = batch, play
        if not is_right or not self._takes_alike(steps, block):
            raise ArithmeticError("it gives other numbers than the step as it is written")
        if not steps.is_whole:
            self._play = steps.play
        self._steps = steps

    def _takes_alike(self, steps: Steps, block: Block) -> bool:
        """Whether code takes the steps of a block as they are played; nothing is changed."""
        ours = arrays_in([self.buffers, self.slots])
        before, ends = [array.copy() for array in ours], []
        for take in (steps.take, super().take_steps):
            with self.step.alone():
                measured = take(block)
            ends.append([array.copy() for array in (*ours, *(measured or ()))])
            for array, old in zip(ours, before):
                array[...] = old
            if measured is None:  # it takes no block of this kind
                return True
        return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(*ends))
