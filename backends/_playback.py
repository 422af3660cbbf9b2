"""A step of training with NumPy, recorded once and played back.

NumPy computes as soon as it is asked, so at small sizes most of a step goes into the asking:
Python calls a layer, the layer calls NumPy, NumPy finds memory for a result.  None of that
changes from one step to the next.  So one step is run with arrays that write down each
computation, its inputs and where its result went (`Recording`), and from then on the list is
played back: the same computations into the same memory, and nothing else.  It is for NumPy
what a CUDA graph is for a GPU, and what is recorded is the one body that every library shares.

What is played back is only right if all that changes went through the list.  A step that looks
at a number (``if x > 0``), or does what can't be written down, is not recorded
(`CannotRecordError`); what bypasses the arrays is found by `Player`, which plays the list
beside the step itself, with other numbers, and compares.  In either case training goes on
without it.  A layer's own memory, which no step of a pure layer has, would not be found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import numpy as np

from xpnn.backend import Array, Block

from ._recording import Recording, recorded
from ._tape import Tape, address, arrays_in, borrowed, is_borrowed

__all__ = ["Player"]


class Player:
    """The steps of training with batches of one shape: recorded, compared, and played back.

    Parameters
    ----------
    step : xpnn.training.TrainStep
        The step; one whose packing lets the optimizer change the parameters in place.
    buffers, slots : list of array, list of list of array
        The parameters, and what the optimizer remembers.
    batch : tuple of array or None
        x, y and weight: of the shapes of the batches, whose values are copied into them, or
        the data themselves in borrowed memory: a player outlives a fit, and must not keep
        them.
    noise : tuple of tuples of array
        What each layer drew, likewise.
    others : list of tuple of array or None
        Batches of other rows to compare with; empty where the batch is the data.
    """

    def __init__(
        self,
        step: Any,
        buffers: list[np.ndarray],
        slots: list[list[np.ndarray]],
        batch: tuple[Any, ...],
        noise: tuple[tuple[Any, ...], ...],
        others: Sequence[tuple[Any, ...]] = (),
    ) -> None:
        self.step, self.buffers, self.slots = step, buffers, slots
        self.batch, self.noise, self.others = batch, noise, others
        self.numbers = np.empty(step.numbers(0, 1).shape[0], buffers[0].dtype)
        self.measures: list[np.ndarray] = []
        self.works = True
        self._places: list[int] = []
        self.take_step = self._first_step
        """Take a step with what `batch`, `noise` and `numbers` hold; return the measures."""

    @classmethod
    def of_block(
        cls, step: Any, buffers: list[np.ndarray], slots: list[list[np.ndarray]], block: Block
    ) -> Player:
        """Make a player for the batches of a block, and others like it."""
        noise = tuple(tuple(np.empty_like(a[0]) for a in layer) for layer in block.noise)
        if block.rows is None:
            whole = tuple(a if a is None else borrowed(a) for a in block.data)
            return cls(step, buffers, slots, whole, noise)
        # rows in which about each place has another target than it has now
        _, each = np.unique(block.data[1], axis=0, return_index=True)
        size = block.batch_size
        batch, *others = (
            _rows(block.data, each[np.arange(i, i + size) % each.size])
            for i in range(2 + 32 // size)
        )
        return cls(step, buffers, slots, batch, noise, others)

    def take_steps(self, block: Block) -> list[np.ndarray]:
        """Take the steps of a block.

        Parameters
        ----------
        block : Block
            The steps.

        Returns
        -------
        list of array of shape (count,) or (count, w)
            What was measured.
        """
        rows, size = block.rows, block.batch_size
        if rows is None:
            self._look_at(block.data)
        pairs = [(a, place) for a, place in zip(block.data, self.batch) if a is not None]
        gathers = isinstance(rows, np.ndarray)
        fresh = [*zip(chain(*block.noise), chain(*self.noise))]
        numbers = self.step.numbers(block.t, block.count).T.astype(self.numbers.dtype)
        changes = np.any(numbers != numbers[0])
        self.numbers[...] = numbers[0]
        columns: list[np.ndarray] = []
        for k in range(block.count):
            if gathers:
                _gather(pairs, rows[k])
            elif rows is not None:
                _cut(pairs, rows.start + k * size, size)
            for array, place in fresh:
                place[...] = array[k]
            if changes:
                self.numbers[...] = numbers[k]
            measures = self.take_step()
            if not columns:
                columns = [np.empty((block.count, *measure.shape)) for measure in measures]
            for column, measure in zip(columns, measures):
                column[k] = measure
        return columns

    def _look_at(self, data: tuple[Any, ...]) -> None:
        """Compute with all rows where they are now."""
        places = [0 if a is None else address(a) for a in data]
        if places != self._places:
            if self._places and self.take_step == self._played:
                pairs = zip(self.batch, places)
                self.tape.move([(a, p - address(a)) for a, p in pairs if a is not None])
            else:
                self.batch = tuple(a if a is None else borrowed(a) for a in data)
            self._places = places

    def _first_step(self) -> Sequence[np.ndarray]:
        try:
            self.works = self._tried(self._record)
        except Exception:  # the step itself will tell what is really wrong
            self.works = False
        self.take_step = self._played if self.works else self._as_written
        return self.take_step()

    def _tried(self, make: Callable[[], bool]) -> bool:
        """Make what plays the step, and return whether it does; nothing else changes."""
        ours = arrays_in([self.buffers, self.slots, self.noise, self.numbers])
        if self.others:
            ours = [*ours, *arrays_in(self.batch)]
        before = [array.copy() for array in ours]
        try:
            with self.step.alone():
                return make() and all(map(self._compare, self.others or [self.batch]))
        finally:
            for array, old in zip(ours, before):
                array[...] = old

    def _take(self, kind: type, buffers: Any, slots: Any) -> Sequence[np.ndarray]:
        """Take the step as it is written, with arrays of a kind."""

        def view(arrays: Any) -> Any:
            if isinstance(arrays, np.ndarray):
                return arrays.view(kind)
            return arrays and type(arrays)(view(array) for array in arrays)

        parameters = view(buffers)
        *_, measures = self.step(
            self.step.params(parameters),
            self.step.parts(parameters),
            self.step.slot_parts(view(slots)),
            [view(self.numbers)[i, ...] for i in range(self.numbers.shape[0])],
            *view(self.batch),
            view(self.noise),
        )
        return measures  # type: ignore[no-any-return]

    def _record(self) -> bool:
        """Write a step down; return whether that was possible."""
        self.tape = Tape(Recording)
        measures = recorded(self.tape, self._take, Recording, self.buffers, self.slots)
        if not all(isinstance(measure, Recording) for measure in measures):
            return False  # one does not depend on the batch
        self._kept = measures  # whose memory is not to be used again
        self.measures = [self.tape.plain(measure) for measure in measures]
        if is_borrowed(self.measures):
            return False  # one is a part of the batch
        self._play = self.tape.compiled()
        return True

    def _compare(self, other: tuple[Any, ...]) -> bool:
        """Play, and take the step as it is written, with other numbers than were recorded.

        What bypassed the tape is as it was then, and so is found: results must be equal to
        the last bit, and nothing that was not computed in the step may have changed.
        """
        generator = np.random.default_rng(0)
        for array, values in zip(arrays_in(self.batch), arrays_in(other)):
            if array is not values:
                array[...] = values
        for array in arrays_in([self.buffers, self.slots, self.numbers]):
            array *= generator.uniform(0.9, 1.1, array.shape).astype(array.dtype)
        for array in arrays_in(self.noise):
            array[...] = np.roll(array, 1)
        buffers = [array.copy() for array in self.buffers]
        slots = [[array.copy() for array in slot] for slot in self.slots]
        measures = self._take(np.ndarray, buffers, slots)
        self._play()
        ours = arrays_in([self.buffers, self.slots, self.measures])
        wanted = arrays_in([buffers, slots, [np.asarray(measure) for measure in measures]])
        pairs = [*zip(ours, wanted), *self.tape.constants.values()]
        return all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in pairs)

    def _played(self) -> Sequence[np.ndarray]:
        self._play()
        return self.measures

    def _as_written(self) -> Sequence[np.ndarray]:
        return self._take(np.ndarray, self.buffers, self.slots)


def _gather(pairs: Sequence[tuple[np.ndarray, np.ndarray]], rows: np.ndarray) -> None:
    """Put rows of arrays into their places."""
    for array, place in pairs:  # "clip" writes in place; the rows are there
        array.take(rows, 0, place, "clip")


def _cut(pairs: Sequence[tuple[np.ndarray, np.ndarray]], start: int, size: int) -> None:
    """Put the rows of arrays that begin at one into their places."""
    for array, place in pairs:
        place[...] = array[start : start + size]


def _rows(data: tuple[Array | None, ...], rows: Array) -> tuple[Array | None, ...]:
    """Return rows of x, y and weight as a batch."""
    return tuple(a if a is None else a.take(rows, 0) for a in data)
