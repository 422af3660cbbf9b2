"""Arrays of NumPy that write down on a `Tape` what is computed with them.

What is played back is only right if all that changes went through them.  So they refuse what
can't be written down: a look at a number (``if x > 0``), or a result whose size depends on the
numbers.  `_playback` tells what for, and looks for what bypasses them.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from types import FunctionType
from typing import Any

import numpy as np

from ._tape import CannotRecordError, Tape

__all__ = ["Recording", "added_to_rows", "added_up", "recorded", "summed", "take_rows"]

_tape: ContextVar[Tape | None] = ContextVar("xpnn_tape", default=None)


def recorded(tape: Tape, function: Callable[..., Any], *args: Any) -> Any:
    """Run a function whose arrays are recordings, and write down on the tape what it does."""
    token = _tape.set(tape)
    try:
        return function(*args)
    finally:
        _tape.reset(token)


def _current() -> Tape:
    tape = _tape.get()
    if tape is None:
        raise CannotRecordError("an array of a recorded step was kept beyond it")
    return tape


class Recording(np.ndarray):
    """An array that writes down what is computed with it.

    Views of it (slices, transposed and reshaped arrays) are made once, while recording: they
    show the same memory when it is played back.
    """

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return _current().ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if func in _OF_NO_KNOWN_SIZE:
            raise CannotRecordError(f"{func.__name__} returns as many numbers as it happens to")
        # what is written in Python comes down to universal functions and the methods below,
        # if it begins with an array of ours
        ours = isinstance(args[0], Recording | list | tuple) if args else False
        if ours and isinstance(func._implementation, FunctionType):
            return super().__array_function__(func, types, args, kwargs)
        if func is np.copyto:
            return _current().copy(*args, **kwargs)
        if kwargs.get("out") is not None:
            raise CannotRecordError(f"{func.__name__} with out=")
        if func is np.concatenate and kwargs == {"axis": None} and len(args) == 1:
            return _current().join(_current().plain(args[0]))
        return _current().computed(func, *args, **kwargs)

    # the computing methods of ndarray, which ask nobody

    def __getitem__(self, index: Any) -> Any:
        parts = index if isinstance(index, tuple) else (index,)
        if any(np.asarray(part).dtype == bool for part in parts if _is_fancy(part)):
            raise CannotRecordError("a mask takes as many numbers as it happens to")
        if any(map(_is_fancy, parts)):
            return _current().computed(np.ndarray.__getitem__, self, index)
        # a single number stays an array, of shape (): a NumPy scalar would be a constant
        return super().__getitem__(parts if Ellipsis in parts else (*parts, ...))

    def __setitem__(self, index: Any, value: Any) -> None:
        _current().add(np.ndarray.__setitem__, *_current().plain((self, index, value)))

    def fill(self, value: Any) -> None:
        self[...] = value

    def reshape(self, *shape: Any, **kwargs: Any) -> Any:
        array = super().reshape(*shape, **kwargs)
        if np.may_share_memory(array.view(np.ndarray), self.view(np.ndarray)):
            return array
        if kwargs not in ({}, {"order": "C"}):
            return _current().computed(np.ndarray.reshape, self, *shape, **kwargs)
        # its numbers in their order, which is that of the new array in this one's shape
        array = _current().empty(array.shape, self.dtype)
        _current().copy(array.view(type(self)).reshape(self.shape), self)
        return array

    def ravel(self, order: Any = "C") -> Any:
        return self.reshape(-1, order=order)

    def take(self, indices: Any, axis: Any = None, out: Any = None, mode: Any = "raise") -> Any:
        return _current().take(self, indices, axis, out, mode)

    def astype(  # type: ignore[override]
        self,
        dtype: Any,
        order: Any = "K",
        casting: Any = "unsafe",
        subok: bool = True,
        copy: bool = True,
    ) -> Any:
        if self.dtype == dtype and not copy:
            return self
        array = _current().empty(self.shape, np.dtype(dtype))
        _current().copy(array, self, casting)
        return array

    def argmax(self, axis: Any = None, out: Any = None, *, keepdims: bool = False) -> Any:
        if out is not None or keepdims:
            return _current().computed(np.ndarray.argmax, self, axis, out, keepdims=keepdims)
        tape = _current()
        array = tape.keep(tape.plain(self).argmax(axis))
        tape.calls.append((np.ndarray.argmax, tape.plain((self, axis, array))))
        return array

    def dot(self, other: Any, out: Any = None) -> Any:
        return np.dot(self, other, out)


_OF_NO_KNOWN_SIZE = {
    np.argwhere,
    np.compress,
    np.extract,
    np.flatnonzero,
    np.nonzero,
    np.unique,
    np.unique_all,
    np.unique_counts,
    np.unique_inverse,
    np.unique_values,
}


def _is_fancy(index: Any) -> bool:
    return isinstance(index, np.ndarray | list | tuple | bool)


def _reduction(ufunc: np.ufunc) -> Callable[..., Any]:
    def reduce(
        self: Recording, axis: Any = None, dtype: Any = None, out: Any = None, **kwargs: Any
    ) -> Any:
        return ufunc.reduce(self, axis=axis, dtype=dtype, out=out, **kwargs)

    return reduce


def _by_copying(name: str) -> Callable[..., Any]:
    def method(self: Recording, *args: Any, **kwargs: Any) -> Any:
        return _current().computed(getattr(np.ndarray, name), self, *args, **kwargs)

    return method


def _refused(name: str) -> Callable[..., Any]:
    def method(self: Recording, *args: Any, **kwargs: Any) -> Any:
        raise CannotRecordError(f"{name} looks at numbers, and can't be played back")

    return method


for _name, _ufunc in {
    "sum": np.add,
    "prod": np.multiply,
    "max": np.maximum,
    "min": np.minimum,
    "any": np.logical_or,
    "all": np.logical_and,
}.items():
    setattr(Recording, _name, _reduction(_ufunc))
for _name in [
    "argmin",
    "argsort",
    "choose",
    "clip",
    "copy",
    "cumprod",
    "cumsum",
    "diagonal",
    "flatten",
    "mean",
    "round",
    "searchsorted",
    "std",
    "trace",
    "var",
    "__copy__",
    "__deepcopy__",
]:
    setattr(Recording, _name, _by_copying(_name))
for _name in [
    "__bool__",
    "__int__",
    "__float__",
    "__index__",
    "__complex__",
    "__contains__",
    "__array__",
    "__dlpack__",
    "byteswap",
    "compress",
    "dump",
    "dumps",
    "item",
    "nonzero",
    "partition",
    "put",
    "repeat",
    "resize",
    "setfield",
    "sort",
    "tobytes",
    "tofile",
    "tolist",
]:
    setattr(Recording, _name, _refused(_name))


def take_rows(a: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """Return rows of a constant; NumPy does not tell the indices of it."""
    if isinstance(indices, Recording):
        return _current().take(a, indices, 0)  # type: ignore[no-any-return]
    return a.take(indices, axis=0)


def added_up(rows: np.ndarray, places: np.ndarray, count: int) -> np.ndarray:
    """Return the sum of the rows of each place."""
    make = _current().empty if isinstance(rows, Recording) else np.empty
    total = make((count, rows.shape[1]), rows.dtype)
    total.fill(0)  # also each time that a tape is played
    return added_to_rows(total, places, rows)


def added_to_rows(table: np.ndarray, places: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return a table with rows added to those of some places, in place; one call of a tape."""
    if any(isinstance(a, Recording) for a in (table, places, rows)):
        tape = _current()
        tape.add(add_to_rows, *tape.plain((table, places, rows)))
    else:
        add_to_rows(table, places, rows)
    return table


def add_to_rows(table: np.ndarray, places: np.ndarray, rows: np.ndarray) -> None:
    columns = np.arange(rows.shape[1])
    if not table.flags.c_contiguous:
        np.add.at(table, (places[:, None], columns), rows)
        return
    numbers = places[:, None] * rows.shape[1] + columns  # (n, k)
    np.add.at(table.reshape(-1), numbers.reshape(-1), rows.reshape(-1))


def summed(a: np.ndarray, communicator: Any) -> np.ndarray:
    """Return the sum over processes, in the memory of the array, where it has one piece.

    It is one call on the tape: the processes meet there each time that it is played.
    """
    if not a.flags.c_contiguous:
        a = a.copy()
    if isinstance(a, Recording):
        tape = _current()
        tape.add(communicator.sum, tape.plain(a))
    else:
        communicator.sum(a)
    return a
