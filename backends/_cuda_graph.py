"""Steps of training as a CUDA graph, whichever library captures it.

Asked one at a time, the kernels of a step cost the host more than a small step costs the GPU.
A CUDA graph is all of them with their arguments, launched by one call.  It is made by letting
a stream write down what is asked of it while a step is taken as it is written (`Player`).

What is played is right only if all that changes from step to step is in memory that the graph
reads: the batch, what layers drew, and the optimizer's numbers are copied to fixed places.
As nothing is computed while the stream writes down, a step that looks at a number fails then;
and what goes unnoticed is found by taking a step in both ways, on copies.  In either case
training goes on without the graph, after one warning.  Where other processes take part, they
know nothing of that: steps are tried out without them, and those that count are taken once.
"""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import chain
from typing import Any, Protocol

import numpy as np

from xpnn.backend import Array, Backend, Block

from ._recurring import Players, shapes_of, warn

__all__ = [
    "NO_GRAPH",
    "Player",
    "Stream",
    "is_close",
    "is_finite",
    "no_collection",
    "repeat",
]

NO_GRAPH = "no CUDA graph could be made of a step of training"

COMPARISONS = 3
"""How many steps may differ: in one, rounding may turn the sign of a number that is almost 0,
which Adam makes a whole step of; what is really wrong differs in each."""


def is_finite(a: np.ndarray) -> bool:
    """Whether no number of an array is infinite or NaN."""
    return bool(np.all(np.isfinite(a)))


def is_close(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether an array is another, of finite numbers, but for rounding."""
    scale = 1e3 * np.finfo(a.dtype).eps
    largest = max(1e-30, float(np.max(np.abs(b), initial=0.0)))
    return bool(np.allclose(a, b, rtol=0, atol=scale * largest))


@contextmanager
def no_collection() -> Iterator[None]:
    """Collect garbage now, not inside: what is freed may ask the GPU for what is refused."""
    collecting = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class Stream(Protocol):
    """A stream of a library, for one graph, with all that differs from library to library.

    The memory that its graph works with in between is the graph's own, so that nobody else
    can write there.
    """

    def taking_turns(self) -> AbstractContextManager[Any]:
        """Return a context in which this is the current stream.

        It waits for what the caller's stream was asked before, and then that one for this.
        """

    def capture(self, take: Callable[[], None]) -> Callable[[], None]:
        """Call `take` once as it is, once more to capture it, and return what plays that."""

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Array:
        """Return a new array, whatever it holds."""

    def copy(self, array: Array) -> Array:
        """Return a copy."""

    def gather(self, array: Array, rows: Array, place: Array) -> None:
        """Store rows of an array in a place: (n, …), integers (m,), (m, …)."""

    def view(self, array: Array, captured: bool) -> Array:
        """Return an array as the layers see it, in a step that is or is not captured."""


class Player:
    """The steps of training with batches of one shape: captured, compared, and played.

    Parameters
    ----------
    backend : xpnn.backend.Backend
        Where the arrays are.
    stream : Stream
        What captures.
    step, as_written : xpnn.training.TrainStep
        The step; and the same one without what was made faster.
    buffers, slots : list of array, list of list of array
        The parameters, and what the optimizer remembers.
    block : xpnn.backend.Block
        Steps with batches of that shape; where they take all rows, these are used where they
        are.
    """

    def __init__(
        self,
        backend: Backend,
        stream: Stream,
        step: Any,
        as_written: Any,
        buffers: list[Array],
        slots: list[list[Array]],
        block: Block,
    ) -> None:
        self.step, self.as_written = step, as_written
        self.buffers, self.slots = buffers, slots
        self.works = True
        self._backend, self._stream = backend, stream
        self._comparisons = COMPARISONS
        dtype = buffers[0].dtype
        self._batch: tuple[Array, ...] = ()
        if block.rows is not None:
            size = block.batch_size
            self._batch = tuple(
                a if a is None else stream.empty((size, *a.shape[1:]), a.dtype)
                for a in block.data
            )
        self._noise = tuple(
            tuple(stream.empty(a.shape[1:], a.dtype) for a in layer) for layer in block.noise
        )
        self._n_numbers = step.numbers(0, 1).shape[0]
        self._numbers = stream.empty((self._n_numbers,), dtype)
        self._places: list[int | slice] = []
        self._measures: Array = None  # the first step tells how much it measures
        self._launch: Callable[[], None] | None = None
        self._take_step = self._record

    def take_steps(self, block: Block) -> tuple[Array, ...]:
        """Take the steps of a block.

        Returns
        -------
        tuple of array of shape (count,) or (count, w)
            What was measured.
        """
        whole = block.rows is None
        if whole:
            self._batch = block.data
        try:
            with self._stream.taking_turns():
                measured = self._take_steps(block)
        finally:
            if whole:  # a player outlives a fit, and must not keep the data
                self._batch = ()
        return tuple(measured[:, place] for place in self._places)

    def _take_steps(self, block: Block) -> Array:
        count, rows = block.count, block.rows
        if isinstance(rows, slice):
            rows = np.arange(rows.start, rows.stop).reshape(count, -1)
        # all that the steps need goes to the GPU at once
        index = None if rows is None else self._backend.asarray(rows)
        dtype = self._numbers.dtype
        numbers = self._backend.asarray(self.step.numbers(block.t, count).T, dtype)
        pairs = zip(block.data, self._batch) if index is not None else ()
        gathered = [(a, place) for a, place in pairs if a is not None]
        drawn = [*zip(chain(*block.noise), chain(*self._noise))]
        for k in range(count):
            if index is not None:
                for array, place in gathered:
                    self._stream.gather(array, index[k], place)
            for array, place in drawn:
                place[...] = array[k]
            self._numbers[...] = numbers[k]
            self._take_step()
            if k == 0:
                measured = self._stream.empty((count, *self._measures.shape), dtype)
            measured[k] = self._measures
        return measured

    # --------------------------------------------------------------- the ways to take a step

    def _record(self) -> None:
        """Take the step with what a graph can hold, then again for the graph to be made."""
        refused: Exception | None = None
        try:
            with self._trying():
                self._launch = self._stream.capture(self._take_captured)
        except Exception as error:
            refused = error
        self._take_as_written()  # where the step itself is wrong, this tells what is
        self._take_step = self._compare
        if refused is not None:
            self._give_up(refused)

    def _compare(self) -> None:
        """Play, and take the step as it is written too; what differs is not played again."""
        error: Exception = ArithmeticError("it gives other numbers than the step itself")
        played: list[np.ndarray] = []
        wanted: list[np.ndarray] = []
        with self._trying():
            try:
                self._play()
                played = self._on_host()
            except Exception as raised:
                error, self._comparisons = raised, 1
        if played:
            with self._trying():
                self._take_as_written()
                wanted = self._on_host()
        self._take_as_written()
        if not all(map(is_finite, wanted)):
            return  # training diverges: the next step may tell
        if played and all(map(is_close, played, wanted)):
            self._take_step = self._play
            return
        self._comparisons -= 1
        if not self._comparisons:
            self._give_up(error)

    @contextmanager
    def _trying(self) -> Iterator[None]:
        """Take steps that don't count: nothing stays changed, and no other process is asked."""
        copy = self._stream.copy
        before = [copy(a) for a in (*self.buffers, *chain(*self.slots))]
        try:
            with self.step.alone():
                yield
        finally:
            for place, old in zip(self._changed(), before):
                place[...] = old

    def _play(self) -> None:
        assert self._launch is not None
        self._launch()

    def _take_as_written(self) -> None:
        self._take(self.as_written, captured=False)

    def _take_captured(self) -> None:
        self._take(self.step, captured=True)

    def _give_up(self, error: Exception) -> None:
        self.works, self._take_step = False, self._take_as_written
        self._launch = None
        warn(NO_GRAPH, error)

    # --------------------------------------------------------------------------------- parts

    def _take(self, step: Any, captured: bool) -> None:
        """Take a step, and store what it measures."""

        def seen(arrays: Any) -> Any:
            if isinstance(arrays, list | tuple):
                return type(arrays)(seen(array) for array in arrays)
            return arrays if arrays is None else self._stream.view(arrays, captured)

        *_, measures = step(
            step.params(seen(self.buffers)),
            step.parts(self.buffers),
            step.slot_parts(self.slots),
            [self._numbers[i, ...] for i in range(self._n_numbers)],
            *seen(self._batch),
            seen(self._noise),
        )
        if not self._places:
            self._make_room(measures)
        for place, measure in zip(self._places, measures):
            self._measures[place, ...] = measure

    def _make_room(self, measures: Sequence[Array]) -> None:
        """Find where each measure goes in one array."""
        end = 0
        for measure in measures:
            start, end = end, end + math.prod(measure.shape)
            self._places.append(slice(start, end) if measure.ndim else start)
        self._measures = self._stream.empty((end,), self._numbers.dtype)

    def _changed(self) -> Sequence[Array]:
        return [*self.buffers, *chain(*self.slots), self._measures]

    def _on_host(self) -> list[np.ndarray]:
        """Return what has changed as NumPy arrays, which stay as they are."""
        return [self._backend.to_numpy(self._stream.copy(a)) for a in self._changed()]


def repeat(
    backend: Backend,
    run_eagerly: Callable[..., Any],
    step: Any,
    as_written: Any,
    make_stream: Callable[[], Stream],
    address: Callable[[Array], Any],
) -> Callable[..., Any]:
    """Return a function that takes many steps; what recurs is captured and played.

    Parameters
    ----------
    backend : xpnn.backend.Backend
        Where the arrays are.
    run_eagerly : callable
        What takes steps until there is a graph, or where there can't be one.
    step, as_written : xpnn.training.TrainStep
        As a `Player` takes them.
    make_stream : callable
        Makes a stream for each graph.
    address : callable
        Tells which memory an array is, and how it lies there.

    Returns
    -------
    callable
        As `Backend.repeat` says.
    """
    players: Players[Player] = Players()
    memory: list[Any] = []
    works = True

    def run(buffers: list[Array], slots: list[list[Array]], *steps: Any) -> Any:
        nonlocal memory, works
        block = Block(*steps)
        # a graph works with certain memory: of the parameters, and of all rows of a batch
        whole = block.data if block.rows is None else ()
        places = [a if a is None else address(a) for a in (*buffers, *chain(*slots), *whole)]
        if places != memory:
            memory = places
            players.clear()

        def make() -> Player:
            stream = make_stream()
            return Player(backend, stream, step, as_written, buffers, slots, block)

        player = None
        if works and buffers:
            try:
                player = players.get(shapes_of(block), block.count, make)
            except Exception as error:
                works = False
                warn(NO_GRAPH, error)
        if player is None:
            return run_eagerly(buffers, slots, *steps)
        measured = player.take_steps(block)
        works = player.works
        backend.flush(step.remembered(slots), block)
        return buffers, slots, [measured]

    return run
