"""Steps of training as a CUDA graph; not run on a GPU yet.

Asked one at a time, the kernels of a step cost the host more than a small step costs the GPU.
A CUDA graph is all of them with their arguments, launched by one call.  It is made by letting
a stream write down what is asked of it while a step is taken as it is written (`Player`).

What is played is right only if all that changes from step to step is in memory that the graph
reads: the batch, what layers drew, and the optimizer's numbers are copied to fixed places.
As nothing is computed while the stream writes down, a step that looks at a number fails then;
and what goes unnoticed is found by taking a step in both ways, on copies.  In either case
training goes on without the graph, after one warning.
"""

from __future__ import annotations

import gc
from collections.abc import Sequence
from contextlib import suppress
from itertools import chain
from typing import Any

import cupy
import numpy as np

from ._cupy_kernels import is_close, is_finite, warn
from ._cupy_products import Captured, Products

__all__ = ["NO_GRAPH", "Player"]

NO_GRAPH = "no CUDA graph could be made of a step of training"

COMPARISONS = 3
"""How many steps may differ: in one, rounding may turn the sign of a number that is almost 0,
which Adam makes a whole step of; what is really wrong differs in each."""


class Player:
    """The steps of training with batches of one shape: captured, compared, and played.

    All that the graph works with belongs to it: a stream, a handle of cuBLAS, and a pool of
    memory that nobody else allocates from, so that what the graph computes in between can't
    be overwritten.

    Parameters
    ----------
    step, as_written : xpnn.training.TrainStep
        The step; and the same one without what was made faster.
    buffers, slots : list of array, list of list of array
        The parameters, and what the optimizer remembers.
    data : tuple of array or None
        All of x, y and weight.
    size : int or None
        The number of rows of a batch; None for all rows, which are used where they are.
    noise : tuple of tuples of array
        What each layer drew, with the steps on the first axis.
    """

    def __init__(
        self,
        step: Any,
        as_written: Any,
        buffers: list[Any],
        slots: list[list[Any]],
        data: tuple[Any, ...],
        size: int | None,
        noise: Any,
    ) -> None:
        self.step, self.as_written = step, as_written
        self.buffers, self.slots = buffers, slots
        self.works = True
        self._size, self._comparisons = size, COMPARISONS
        self._stream = cupy.cuda.Stream(non_blocking=True)
        self._pool = cupy.cuda.MemoryPool()
        dtype = buffers[0].dtype
        self._batch = data
        if size is not None:
            self._batch = tuple(
                a if a is None else cupy.empty((size, *a.shape[1:]), a.dtype) for a in data
            )
        self._noise = tuple(tuple(cupy.empty_like(a[0]) for a in layer) for layer in noise)
        self._numbers = cupy.empty(step.numbers(0, 1).shape[0], dtype)
        self._measures = cupy.empty(1 + len(step.metrics), dtype)
        self._products: Products | None = None
        self._graph: Any = None
        self._take_step = self._record

    def take_steps(
        self, t: int, count: int, data: tuple[Any, ...], rows: Any, noise: Any
    ) -> tuple[Any, ...]:
        """Take steps; the arguments are those of `Backend.repeat`'s function.

        Returns
        -------
        tuple of array of shape (count,)
            What was measured.
        """
        # our stream waits for what the caller's was asked, and then the caller's for ours
        caller = cupy.cuda.get_current_stream()
        self._stream.wait_event(caller.record())
        try:
            with self._stream:
                measured = self._take_steps(t, count, data, rows, noise)
        finally:
            caller.wait_event(self._stream.record())
        return tuple(measured[:, i] for i in range(measured.shape[1]))

    def _take_steps(
        self, t: int, count: int, data: tuple[Any, ...], rows: Any, noise: Any
    ) -> Any:
        if isinstance(rows, slice):
            rows = np.arange(rows.start, rows.stop).reshape(count, -1)
        # all that the steps need goes to the GPU at once
        index = None if rows is None else cupy.asarray(rows)
        numbers = cupy.asarray(self.step.numbers(t, count).T.astype(self._numbers.dtype))
        measured = cupy.empty((count, self._measures.size), self._measures.dtype)
        gathered = [(a, place) for a, place in zip(data, self._batch) if a is not None]
        drawn = [*zip(chain(*noise), chain(*self._noise))]
        for k in range(count):
            if index is not None:
                for array, place in gathered:
                    array.take(index[k], axis=0, out=place)
            for array, place in drawn:
                place[...] = array[k]
            self._numbers[...] = numbers[k]
            self._take_step()
            measured[k] = self._measures
        return measured

    # --------------------------------------------------------------- the ways to take a step

    def _record(self) -> None:
        """Take the step with what a graph can hold, then again for the graph to be made."""
        buffers, slots = self._copies()
        try:
            with cupy.cuda.using_allocator(self._pool.malloc):
                self._products = Products(self._stream)
                self._with_products()  # it compiles the kernels, and fills the pool
                self._graph = self._captured()
            self._graph.upload(self._stream)
        except Exception as error:
            self._restore(buffers, slots)
            self._take(self.as_written, self.buffers, self.slots)
            self._give_up(error)
        else:
            self._take_step = self._compare

    def _compare(self) -> None:
        """Play, and take the step as it is written too; what differs is not played again."""
        buffers, slots = self._copies()
        error: Exception = ArithmeticError("it gives other numbers than the step itself")
        try:
            self._graph.launch(self._stream)
            played = [a.copy() for a in self._changed()]
        except Exception as raised:
            played, error, self._comparisons = [], raised, 1
        self._restore(buffers, slots)
        self._take(self.as_written, self.buffers, self.slots)
        if played and not all(map(is_finite, self._changed())):
            return  # training diverges: the next step may tell
        if played and all(map(is_close, played, self._changed())):
            self._take_step = self._play
            return
        self._comparisons -= 1
        if not self._comparisons:
            self._give_up(error)

    def _play(self) -> None:
        self._graph.launch(self._stream)

    def _take_as_written(self) -> None:
        self._take(self.as_written, self.buffers, self.slots)

    def _give_up(self, error: Exception) -> None:
        self.works, self._take_step = False, self._take_as_written
        self._graph = None
        warn(NO_GRAPH, error)

    # --------------------------------------------------------------------------------- parts

    def _captured(self) -> Any:
        """Return the graph of a step, of which nothing is computed."""
        collecting = gc.isenabled()
        gc.collect()
        gc.disable()  # what the collector frees may ask the GPU for what is refused now
        try:
            self._stream.begin_capture()
            try:
                self._with_products()
            except BaseException:
                with suppress(Exception):  # it complains of what is raised here
                    self._stream.end_capture()
                raise
            return self._stream.end_capture()
        finally:
            if collecting:
                gc.enable()

    def _with_products(self) -> None:
        assert self._products is not None
        with self._products:
            self._take(self.step, self.buffers, self.slots, Captured)

    def _take(
        self, step: Any, buffers: list[Any], slots: list[list[Any]], kind: Any = None
    ) -> None:
        """Take a step, whose layers see arrays of a kind, and store what it measures."""

        def seen(arrays: Any) -> Any:
            if isinstance(arrays, cupy.ndarray):
                return arrays.view(kind or cupy.ndarray)
            return arrays and type(arrays)(seen(array) for array in arrays)

        *_, measures = step(
            step.params(seen(buffers)),
            step.parts(buffers),
            [step.parts(slot) for slot in slots],
            [self._numbers[i, ...] for i in range(self._numbers.size)],
            *seen(self._batch),
            seen(self._noise),
        )
        for i, measure in enumerate(measures):
            self._measures[i, ...] = measure

    def _changed(self) -> Sequence[Any]:
        return [*self.buffers, *chain(*self.slots), self._measures]

    def _copies(self) -> tuple[list[Any], list[list[Any]]]:
        return [a.copy() for a in self.buffers], [[a.copy() for a in s] for s in self.slots]

    def _restore(self, buffers: list[Any], slots: list[list[Any]]) -> None:
        for place, old in zip(self._changed(), [*buffers, *chain(*slots)]):
            place[...] = old
