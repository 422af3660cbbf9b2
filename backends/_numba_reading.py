"""What a tape of NumPy's calls says, in words that don't depend on where its memory is.

A `Tape` has functions and arrays.  Here each array is a `View` of a numbered memory, so that
two steps that compute the same in the same layout read the same, whatever their addresses:
that is what code is made of, and what it is kept by.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from ._tape import Tape, address, arrays_in, copy_result, lender_of

__all__ = ["Call", "Memories", "UnreadableError", "View", "arrays_of", "dense_strides", "read"]


@dataclass(frozen=True)
class View:
    """An array, as the place of its numbers in a memory.

    Attributes
    ----------
    memory : int
        The number of the memory.
    dtype : numpy.dtype
        The kind of its numbers.
    offset : int
        Where its first number is, in numbers.
    shape, strides : tuple of int
        As an array's, strides in numbers.
    is_uniform : bool
        Whether all numbers are the same, always.
    """

    memory: int
    dtype: np.dtype
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    is_uniform: bool = False

    @property
    def size(self) -> int:
        """The number of numbers."""
        return int(np.prod(self.shape))

    @property
    def bounds(self) -> tuple[int, int]:
        """Where its first number begins and where its last one ends, in bytes."""
        steps = [(n - 1) * stride for n, stride in zip(self.shape, self.strides)]
        first = self.offset + sum(step for step in steps if step < 0)
        last = self.offset + sum(step for step in steps if step > 0)
        return first * self.dtype.itemsize, (last + 1) * self.dtype.itemsize

    @property
    def is_dense(self) -> bool:
        """Whether it lies in one piece, row after row."""
        return self.strides == dense_strides(self.shape)

    def over(self, shape: tuple[int, ...]) -> View:
        """Return it spread over a shape, as NumPy does; what is uniform by its first number."""
        if self.is_uniform:
            return replace(self, shape=shape, strides=(0,) * len(shape))
        missing = len(shape) - len(self.shape)
        pairs = zip(self.shape, self.strides, shape[missing:])
        strides = tuple(0 if n != wanted or n == 1 else stride for n, stride, wanted in pairs)
        return replace(self, shape=shape, strides=(0,) * missing + strides)

    def overlaps(self, other: View) -> bool:
        """Whether a byte may be in both."""
        if self.memory != other.memory:
            return False
        (start, end), (first, last) = self.bounds, other.bounds
        return start < last and first < end


def dense_strides(shape: Sequence[int]) -> tuple[int, ...]:
    """Return the strides of an array that lies row after row; 0 along axes of length 1."""
    strides, step = [], 1
    for n in reversed(shape):
        strides.append(0 if n == 1 else step)
        step *= n
    return tuple(reversed(strides))


class Memories:
    """The memories that the arrays of a tape lie in: those that share bytes are one.

    Memory of the tape that was used again, for another result, counts as another memory: then
    who needs the one need not wait for who needs the other.

    Parameters
    ----------
    tape : Tape
        The tape.  What is borrowed may move, each lender's by itself.
    again : bool
        Whether memory that is used again counts as another.
    given : sequence of numpy.ndarray
        Arrays that are one memory each, though the tape may see them in parts.

    Attributes
    ----------
    starts : list of int
        The address of each memory.
    of_tape : set of int
        The numbers of those that are the tape's, and hold nothing before a step.
    """

    def __init__(self, tape: Tape, again: bool, given: Sequence[np.ndarray]) -> None:
        self.starts: list[int] = []
        self.of_tape: set[int] = set()
        self._loans: dict[int, list[int]] = {}
        for calls, memory in tape.loans:
            self._loans.setdefault(address(memory), []).append(calls if again else 0)
        self._ends = sorted(
            (start, start + a.nbytes) for _, a in tape.loans for start in [address(a)]
        )
        self._of: dict[tuple[int, ...], int] = {}
        seen = [(a, i) for i, call in enumerate(tape.calls) for a in arrays_of(call)]
        seen += [(a, len(tape.calls)) for a in given]
        spans = sorted({(*self._where(array, number), *_span(array)) for array, number in seen})
        where, end = None, -1
        for *at, start, stop in spans:
            if at != where or start >= end:
                self.starts.append(start)
                where, end = at, stop
                if at[0]:
                    self.of_tape.add(len(self.starts) - 1)
            end = max(end, stop)
            self._of[(*at, start)] = len(self.starts) - 1
        # numbered as they are first seen: addresses are others in each process
        order: dict[int, int] = {}
        for array, number in seen:
            order.setdefault(self._of[*self._where(array, number), _span(array)[0]], len(order))
        self.starts = [self.starts[i] for i in order]
        self.of_tape = {order[i] for i in self.of_tape}
        self._of = {place: order[i] for place, i in self._of.items()}

    def _where(self, array: np.ndarray, number: int) -> tuple[int, int]:
        """Return what tells memories apart that may have the same addresses."""
        i = bisect_right(self._ends, (address(array), math.inf)) - 1
        if i >= 0 and address(array) < self._ends[i][1]:
            start = self._ends[i][0]
            return start, bisect_right(self._loans[start], number)
        return 0, id(lender_of(array))

    def view(self, array: np.ndarray, number: int) -> View:
        """Return an array of a call, whose number is given, as a view."""
        start, _ = _span(array)
        memory, itemsize = self._of[(*self._where(array, number), start)], array.dtype.itemsize
        offset, rest = divmod(address(array) - self.starts[memory], itemsize)
        steps = [stride for n, stride in zip(array.shape, array.strides) if n > 1]
        if rest or any(step % itemsize for step in steps):
            raise UnreadableError("an array that is not aligned")
        pairs = zip(array.shape, array.strides)
        strides = tuple(0 if n == 1 else stride // itemsize for n, stride in pairs)
        return View(memory, array.dtype, offset, array.shape, strides)

    def others(self, tape: Tape) -> list[np.ndarray]:
        """Return the arrays of a tape that are not in its own memory."""
        arrays = [array for call in tape.calls for array in arrays_of(call)]
        return [array for array in arrays if not self._where(array, 0)[0]]

    def begins(self, array: np.ndarray) -> int | None:
        """Return the number of the memory, not the tape's, that an array begins."""
        return self._of.get((0, id(lender_of(array)), address(array)))


class UnreadableError(Exception):
    """There is no rule for a call, and this says why."""


@dataclass(frozen=True)
class Call:
    """A call on a tape.

    Attributes
    ----------
    function : callable
        What computes; `numpy.ufunc.reduce`, where a universal function reduces.
    inputs : tuple
        A `View` for each array; other values as they are.
    out : View or None
        Where the result goes; None where the tape doesn't say.
    settings : dict
        Other arguments, by their names.
    touched : tuple of View
        All of its arrays.
    """

    function: Any
    inputs: tuple[Any, ...]
    out: View | None
    settings: dict[str, Any]
    touched: tuple[View, ...]


def read(
    tape: Tape, again: bool, given: Sequence[np.ndarray] = ()
) -> tuple[list[Call], Memories]:
    """Return the calls of a tape, in views of memories; the rest is as for `Memories`."""
    memories = Memories(tape, again, given)
    uniform = {id(a) for a, _ in tape.constants.values() if _is_one_number(a)}

    def view(value: Any, number: int) -> Any:
        if isinstance(value, tuple | list):
            return tuple(view(part, number) for part in value)
        if not isinstance(value, np.ndarray):
            return value
        return replace(memories.view(value, number), is_uniform=id(value) in uniform)

    calls = []
    for number, call in enumerate(tape.calls):
        function, inputs, out, settings = _words(*call)
        touched = tuple(memories.view(array, number) for array in arrays_of(call))
        inputs, out = view(inputs, number), view(out, number)
        calls.append(Call(function, inputs, out, settings, touched))
    return calls, memories


def arrays_of(call: tuple[Any, tuple[Any, ...]]) -> list[np.ndarray]:
    """Return the arrays of a call of a tape."""
    function, arguments = call
    if isinstance(function, partial):
        arguments = (*arguments, *function.args, *function.keywords.values())
    arrays = [*arrays_in(arguments)]
    for argument in arguments:
        if isinstance(argument, partial):
            arrays += arrays_of((argument, ()))
    return arrays


def _words(function: Any, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the function, the inputs, the output and the settings of a call."""
    settings: dict[str, Any] = {}
    out = None
    if function is copy_result:
        out, function = arguments
        arguments = ()
    if isinstance(function, partial):
        settings = dict(function.keywords)
        arguments = (*function.args, *arguments)
        function = function.func
        given = settings.pop("out", None)
        out = given if out is None else out
    if out is None and function in _ORDER:
        inputs, out, more = _ORDER[function](*arguments)
        return function, inputs, out, settings | more
    if isinstance(function, np.ufunc) and out is None:
        *arguments, out = arguments  # type: ignore[assignment]
    if isinstance(getattr(function, "__self__", None), np.ufunc):
        settings["ufunc"] = function.__self__
        function = np.ufunc.reduce
    return function, tuple(arguments), out, settings


_ORDER: dict[Any, Callable[..., tuple[Any, ...]]] = {
    np.copyto: lambda out, source, *casting: ((source,), out, {}),
    np.ndarray.__setitem__: lambda out, index, value: ((value,), out, {"index": index}),
    np.ndarray.take: lambda a, at, axis, out, mode: (
        (a, at),
        out,
        {"axis": axis, "mode": mode},
    ),
    np.ndarray.argmax: lambda a, axis, out: ((a,), out, {"axis": axis}),
}
"""What the arguments are of a function that says where its result goes."""


def _span(array: np.ndarray) -> tuple[int, int]:
    """Return where the bytes of an array begin and end."""
    start, end = byte_bounds(array)
    return start, max(end, start + 1)


def _is_one_number(array: np.ndarray) -> bool:
    return bool(array.size) and bool(np.all(array == array.flat[0]))
