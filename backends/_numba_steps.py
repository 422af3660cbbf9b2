"""The code of a step that a player recorded, and the tables that it computes with."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from xpnn.backend import Block

from ._numba_code import code_of
from ._numba_frames import frames
from ._numba_operations import Each, Operation
from ._numba_passes import Opaque
from ._numba_reading import Memories, UnreadableError, View, arrays_of, dense_strides, read
from ._numba_rules import operations
from ._numba_source import Source
from ._playback import Player
from ._tape import ALIGNMENT, Tape, address, is_borrowed

__all__ = ["Steps", "Text", "own_memory", "read_all", "text_of"]

PLACES = np.dtype(np.int64)
"""The kind of the numbers of rows."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Text:
    """What a player's step is in Python, and what the numbers of its memories mean.

    Attributes
    ----------
    source : Source
        The functions.
    memories : Memories
        The tape's.
    data : list of int
        x, y and weight, of all rows; empty where the batch is given, not taken from them.
    rows : int or None
        The numbers of the rows that a step takes.
    columns : list of int
        Where measures go.
    size : int
        How many memories there are.
    """

    source: Source
    memories: Memories
    data: list[int]
    rows: int | None
    columns: list[int]
    size: int


def text_of(player: Player) -> Text:
    """Return the text of a player's steps.

    Where each call has a rule, it is a loop over steps: rows are taken and measures stored by
    it too.  Otherwise it is the pieces between the calls that NumPy makes, in the memory that
    these see.
    """
    tape = player.tape
    batch = [a for a in player.batch if a is not None]
    try:
        given = [*batch, *chain(*player.noise), player.numbers]
        computed, memories = read_all(tape, given)
    except UnreadableError:
        listed, memories = _with_gaps(tape)
        kept = {memories.view(a, len(tape.calls)).memory for a in player.measures}
        kept |= set(range(len(memories.starts))) - memories.of_tape
        size = len(memories.starts)
        return Text(Source(listed, kept), memories, [], None, [], size)
    size = len(memories.starts)
    batch = batch if player.others else []
    data = [*range(size, size + len(batch))]
    size += len(batch)
    rows = size if batch else None
    size += len(batch[:1])
    taken = [
        operation
        for a, source in zip(batch, data)
        for operation in _taken(memories.begins(a), a, source, rows)
    ]
    columns = [*range(size, size + len(player.measures))]
    measured = []
    for a, column in zip(player.measures, columns):
        view = memories.view(a, len(tape.calls))
        to = View(column, np.dtype(float), 0, view.shape, dense_strides(view.shape))
        measured.append(Each("{0}", (view,), to))
    kept = set(range(size)) - memories.of_tape
    size += len(columns)
    source = Source([*taken, *computed, *measured], kept | set(columns))
    return Text(source, memories, data, rows, columns, size)


def read_all(tape: Tape, given: Sequence[np.ndarray]) -> tuple[list[Operation], Memories]:
    """Return what a tape computes; `given` is that of `Memories`.

    Raises
    ------
    UnreadableError
        If a call has no rule.
    """
    calls, memories = read(tape, again=True, given=given)
    return [operation for call in calls for operation in operations(call)], memories


def _with_gaps(tape: Tape) -> tuple[list[Operation | Opaque], Memories]:
    """Return what a tape computes, with the calls that have no rule as they are."""
    calls, memories = read(tape, again=False)
    listed: list[Operation | Opaque] = []
    for number, call in enumerate(calls):
        try:
            listed += operations(call)
        except UnreadableError as why:
            _log.info("NumPy computes a part of each step, %s", why)
            if is_borrowed(arrays_of(tape.calls[number])):
                raise  # it may move, and NumPy's calls are not told
            listed.append(Opaque(number, call.touched))
    return listed, memories


def _taken(place: int | None, batch: np.ndarray, data: int, rows: int | None) -> list[Each]:
    """Return what takes the rows of a batch."""
    if place is None or rows is None:  # the step doesn't look at it
        return []
    shape, rest = batch.shape, batch.shape[1:]
    to = View(place, batch.dtype, 0, shape, dense_strides(shape))
    line = View(data, batch.dtype, 0, (*shape, 0), (0, *dense_strides(rest), math.prod(rest)))
    at = View(rows, PLACES, 0, shape, (1, *(0 for _ in rest)))
    return [Each("{0:{1}}", (line, at), to)]


def own_memory(source: Source, addresses: np.ndarray) -> np.ndarray:
    """Return memory for what is stored on the way, and put into a table where it is."""
    own = np.empty(source.size + ALIGNMENT, np.uint8)
    start = -(-address(own) // ALIGNMENT) * ALIGNMENT
    for number, place in source.places.items():
        addresses[number] = start + place
    return own


class Steps:
    """The steps of a player, in machine code.

    Parameters
    ----------
    player : Player
        The player.
    text : Text
        The text of its steps.
    code : bytes
        The object file of the text.
    """

    def __init__(self, player: Player, text: Text, code: bytes) -> None:
        self._player, self._text, memories = player, text, text.memories
        self._code = code_of(code)
        self._loops = frames(text.source.loops)
        self._addresses = np.zeros(text.size, np.intp)
        self._addresses[: len(memories.starts)] = memories.starts
        self._strides = np.zeros(text.size, np.intp)
        self._back = np.zeros(2, np.intp)  # where Numba's functions put what they return
        self._batch = [memories.begins(a) for a in player.batch if a is not None]
        self._noise = [memories.begins(a) for a in chain(*player.noise)]
        self._numbers = memories.begins(player.numbers)
        self.is_whole = not text.source.behind
        """Whether a loop over steps is compiled, and not only pieces of a step."""
        if self.is_whole:
            self._own = own_memory(text.source, self._addresses)

    def look_at(self, data: Sequence[np.ndarray | None]) -> None:
        """Compute with all rows where they are now."""
        for memory, a in zip(self._batch, (a for a in data if a is not None)):
            if memory is not None:
                self._addresses[memory] = address(a)

    def play(self) -> None:
        """Take a step with what the player's batch, noise and numbers hold."""
        player = self._player
        if not self.is_whole:
            calls = player.tape.calls
            for number, opaque in enumerate(self._text.source.behind):
                self._call(number)
                function, arguments = calls[opaque.number]
                function(*arguments)
            self._call(len(self._text.source.behind))
            return
        batch = [a for a in player.batch if a is not None]
        rows = np.arange(len(batch[0]), dtype=PLACES) if player.others else None
        columns = [np.empty(a.shape) for a in player.measures]
        copies = [a.copy() for a in batch] if player.others else batch
        noise = [(a, 0) for a in chain(*player.noise)]
        self._take(copies, rows, 0, noise, (player.numbers, 0), [(a, 0) for a in columns], 1)
        for a, column in zip(player.measures, columns):
            a[...] = column

    def take(self, block: Block) -> list[np.ndarray] | None:
        """Take the steps of a block, and return what was measured; None if the code can't."""
        player, data = self._player, [a for a in block.data if a is not None]
        rows, size, count = block.rows, block.batch_size, block.count
        places = [a for a in player.batch if a is not None]
        noise = [*chain(*block.noise)]
        if not (
            self.is_whole
            and (rows is None or all(a.flags.c_contiguous for a in data))
            and all(a.flags.c_contiguous for a in noise)
            and all(a.dtype == b.dtype for a, b in zip(data, places))
        ):
            return None
        if isinstance(rows, slice):
            rows = np.arange(rows.start, rows.start + count * size, dtype=PLACES)
        elif rows is not None:
            rows = np.ascontiguousarray(rows, PLACES)
        numbers = player.step.numbers(block.t, count).T
        numbers = np.ascontiguousarray(numbers, player.numbers.dtype)
        columns = [np.empty((count, *a.shape)) for a in player.measures]
        self._take(
            data,
            rows,
            size,
            [(a, a.strides[0]) for a in noise],
            (numbers, numbers.strides[0]),
            [(a, a.strides[0]) for a in columns],
            count,
        )
        return columns

    def _take(
        self,
        data: Sequence[np.ndarray],
        rows: np.ndarray | None,
        size: int,
        noise: Sequence[tuple[np.ndarray, int]],
        numbers: tuple[np.ndarray, int],
        columns: Sequence[tuple[np.ndarray, int]],
        count: int,
    ) -> None:
        """Take steps; with noise, numbers and columns goes how far apart they are in bytes."""
        text = self._text
        moving = [*zip(self._noise, noise), (self._numbers, numbers)]
        moving += zip(text.columns, columns)
        if rows is None:
            self.look_at(data)
        else:
            moving += [(m, (a, 0)) for m, a in zip(text.data, data)]
            moving.append((text.rows, (rows, size * rows.itemsize)))
        for memory, (array, stride) in moving:
            if memory is not None:
                self._addresses[memory], self._strides[memory] = address(array), stride
        self._call(count)

    def _call(self, count: int) -> None:
        back = address(self._back)
        tables = map(address, (self._addresses, self._strides, self._loops))
        self._code.run(back, back + self._back.itemsize, *tables, count)
