"""Computations in their order, with the memory that they work in, to be done again.

`_recording` has the arrays that write here what is computed with them.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

__all__ = [
    "CannotRecordError",
    "Tape",
    "address",
    "arrays_in",
    "borrowed",
    "copy_result",
    "is_borrowed",
    "lender_of",
]

ALIGNMENT = 64
"""Where results begin, in bytes: as one vector register and one line of the cache."""


class CannotRecordError(Exception):
    """A step does something that can't be played back."""


class _Loan(np.ndarray):
    """Memory of a tape that is in use."""


class _Borrowed:
    """Memory that somebody else keeps as long as it is used here; it is not kept by this."""

    def __init__(self, array: np.ndarray, moved: int = 0) -> None:
        interface = array.__array_interface__
        start, read_only = interface["data"]
        self.__array_interface__ = {**interface, "data": (start + moved, read_only)}


def borrowed(array: np.ndarray, moved: int = 0) -> np.ndarray:
    """Return an array in the same memory, or so many bytes behind, that does not keep it."""
    return np.asarray(_Borrowed(array, moved))


def lender_of(array: Any) -> _Borrowed | None:
    """Return what a view of a borrowed array was made of."""
    while isinstance(array, np.ndarray):
        array = array.base
    return array if isinstance(array, _Borrowed) else None


class Tape:
    """Computations in their order, with the memory that they work in.

    Parameters
    ----------
    kind : type
        The class of the arrays that write down here what is computed with them.
    """

    def __init__(self, kind: type[np.ndarray]) -> None:
        self._kind = kind
        self.calls: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []
        self.constants: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        """What was not computed in the step, with a copy of it."""
        self.loans: list[tuple[int, np.ndarray]] = []
        """How many calls there were, and the memory, each time that memory was given."""
        self._free: dict[int, list[np.ndarray]] = {}
        self._loans: dict[int, np.ndarray] = {}
        self._scope: dict[str, Any] = {}
        self._on_borrowed: dict[str, Any] = {}

    def compiled(self) -> Callable[[], None]:
        """Return a function that computes everything again.

        It is Python without a loop, ``f0(a0, a1, a2)`` and so on, which calls a function in
        two thirds of the time that ``function(*arguments)`` takes.
        """
        names: dict[int, tuple[str, Any]] = {}  # by identity; the calls keep them alive
        lines = ["def play():"]

        def name(value: Any) -> str:
            return names.setdefault(id(value), (f"v{len(names)}", value))[0]

        for function, arguments in self.calls:
            lines.append(f"    {name(function)}({', '.join(map(name, arguments))})")
        self._scope = scope = dict(names.values())
        self._on_borrowed = {name: value for name, value in scope.items() if is_borrowed(value)}
        exec("\n".join(lines), scope)  # names and numbers of our own, nothing else
        return scope["play"]  # type: ignore[no-any-return]

    def move(self, moves: Sequence[tuple[np.ndarray, int]]) -> None:
        """Let what was compiled compute with other memory than was borrowed for recording.

        Parameters
        ----------
        moves : sequence of (array, int)
            Each array that was borrowed, and by how many bytes the other one, of the same
            shape, strides and dtype, lies behind it.
        """
        by = {id(lender_of(array)): bytes_behind for array, bytes_behind in moves}
        for name, value in self._on_borrowed.items():
            self._scope[name] = _moved(value, by)

    def add(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Write a computation down, and compute it."""
        self.calls.append((function, arguments))
        return function(*arguments)

    def empty(self, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """Return an array in memory that nothing uses any more, or in new memory.

        What a step has let go of when it is recorded, it has let go of when it is played
        back, so its memory can hold a later result.
        """
        size = max(1, -(-dtype.itemsize * int(np.prod(shape)) // ALIGNMENT)) * ALIGNMENT
        free = self._free.setdefault(size, [])
        if free:
            memory = free.pop()
        else:
            memory = np.empty(size + ALIGNMENT, np.uint8)
            offset = -address(memory) % ALIGNMENT
            memory = memory[offset : offset + size]
        # every view, of whatever kind, keeps the array: NumPy looks for what to keep through
        # views of one class only; what is written down here is no view of it
        self.loans.append((len(self.calls), memory))
        loan = np.ndarray(shape, dtype, memory).view(_Loan)
        array = loan.view(self._kind)
        self._loans[id(loan)] = memory
        weakref.finalize(array, free.append, memory)
        return array

    def plain(self, value: Any) -> Any:
        """Return recordings, also in tuples, lists and dicts, as arrays to write down."""
        if isinstance(value, tuple | list):
            return type(value)(self.plain(part) for part in value)
        if isinstance(value, dict):
            return {key: self.plain(part) for key, part in value.items()}
        if not isinstance(value, np.ndarray):
            return value
        if not isinstance(value, self._kind):
            self.constants.setdefault(id(value), (value, value.copy()))
            return value
        loan: Any = value
        while loan is not None and not isinstance(loan, _Loan):
            loan = getattr(loan, "base", None)
        if loan is None:  # an array that the step was given
            return value.view(np.ndarray)
        memory = self._loans[id(loan)]
        offset = address(value) - address(memory)
        return np.ndarray(value.shape, value.dtype, memory, offset, value.strides)

    def keep(self, result: Any) -> np.ndarray:
        """Return a result that was computed elsewhere, in the tape's memory."""
        if not isinstance(result, np.ndarray | np.generic):
            raise CannotRecordError(f"a computation returned {type(result).__name__}")
        if result.ndim > 1 and result.flags.f_contiguous and not result.flags.c_contiguous:
            array = self.empty(result.shape[::-1], result.dtype).T
        else:
            array = self.empty(result.shape, result.dtype)
        self.plain(array)[...] = result
        return array

    def computed(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Compute and write down what can't write into given memory: its result is copied."""
        args, kwargs = self.plain(args), self.plain(kwargs)
        result = function(*args, **kwargs)
        if isinstance(result, np.ndarray) and result.base is not None:
            for array in arrays_in((args, kwargs)):
                if np.may_share_memory(result, array):
                    raise CannotRecordError(f"{function} returned a view")
        array = self.keep(result)
        if function is np.concatenate:
            joins = partial(function, *args, **(kwargs | {"out": self.plain(array)}))
            self.calls.append((joins, ()))
        else:
            copies = partial(function, *args, **kwargs)
            self.calls.append((copy_result, (self.plain(array), copies)))
        return array

    def copy(self, to: Any, source: Any, casting: str = "same_kind") -> None:
        """Write down `numpy.copyto`."""
        if not isinstance(to, self._kind):
            raise CannotRecordError("a constant is changed")
        self.add(np.copyto, *self.plain((to, source)), casting)

    def join(self, arrays: Sequence[np.ndarray]) -> np.ndarray:
        """Write down that arrays lie in one flat array, one after the other.

        A matrix product of which nothing else was made is written there from the start: this
        is where most of the gradients come from, and they need not be copied.
        """
        whole = np.empty(sum(a.size for a in arrays), np.result_type(*arrays))  # new memory
        parts = np.split(whole, np.cumsum([a.size for a in arrays])[:-1])
        for array, part in zip(arrays, parts):
            place = part.reshape(array.shape)
            place[...] = array
            users = [i for i, call in enumerate(self.calls) if _touches(call, array)]
            function, arguments = self.calls[users[-1]] if users else (None, ())
            if function is np.matmul and _same_memory(arguments[2], array):
                self.calls[users[-1]] = function, (*arguments[:2], place)
            else:
                self.calls.append((np.copyto, (place, array)))
        return whole.view(self._kind)

    def take(
        self, a: Any, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise"
    ) -> Any:
        """Write down `numpy.take`."""
        if out is not None:
            raise CannotRecordError("take with out=")
        array = self.keep(self.plain(a).take(self.plain(indices), axis, None, mode))
        self.calls.append((np.ndarray.take, self.plain((a, indices, axis, array, mode))))
        return array

    def ufunc(
        self, ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Write down a universal function, with its result in memory of the tape."""
        out = kwargs.pop("out", (None,))[0]
        if method not in ("__call__", "reduce") or ufunc.nout != 1:
            raise CannotRecordError(f"{ufunc}.{method}")
        call = ufunc if method == "__call__" else ufunc.reduce
        inputs = _as_arrays(self.plain(inputs))
        if out is None:
            array = self.keep(call(*inputs, **self.plain(kwargs)))
            remembered = self.calls.append
        else:
            if not isinstance(out, self._kind):
                raise CannotRecordError("a constant is changed")
            array = out
            remembered = self._compute_too
        # NumPy wants these two to name where their result goes, and the others needn't
        if method == "__call__" and not kwargs and ufunc not in (np.maximum, np.minimum):
            remembered((call, (*inputs, self.plain(array))))
        else:
            remembered((partial(call, **self.plain(kwargs), out=self.plain(array)), inputs))
        return array

    def _compute_too(self, call: tuple[Callable[..., Any], tuple[Any, ...]]) -> None:
        self.add(call[0], *call[1])


def address(array: np.ndarray) -> int:
    """Return where an array begins in memory."""
    return int(array.__array_interface__["data"][0])


def is_borrowed(value: Any) -> bool:
    """Whether an array, or one in a call or a collection, lies in borrowed memory."""
    if isinstance(value, partial):
        value = value.args, value.keywords
    return any(lender_of(array) is not None for array in arrays_in(value))


def _moved(value: Any, by: dict[int, int]) -> Any:
    """Return a value with its borrowed arrays moved by so many bytes."""
    if isinstance(value, np.ndarray):
        lender = lender_of(value)
        return value if lender is None else borrowed(value, by[id(lender)])
    if isinstance(value, partial):
        return partial(value.func, *_moved(value.args, by), **_moved(value.keywords, by))
    if isinstance(value, tuple | list):
        return type(value)(_moved(part, by) for part in value)
    if isinstance(value, dict):
        return {key: _moved(part, by) for key, part in value.items()}
    return value


def arrays_in(value: Any) -> Sequence[np.ndarray]:
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, tuple | list):
        return [array for part in value for array in arrays_in(part)]
    if isinstance(value, dict):
        return arrays_in(list(value.values()))
    return []


def _touches(call: tuple[Callable[..., Any], tuple[Any, ...]], array: np.ndarray) -> bool:
    """Whether a call reads or writes memory of an array."""
    function, arguments = call
    if isinstance(function, partial):
        arguments = (*arguments, *function.args, *function.keywords.values())
    return any(np.may_share_memory(array, other) for other in arrays_in(arguments))


def _same_memory(a: np.ndarray, b: np.ndarray) -> bool:
    same = a.shape == b.shape and a.strides == b.strides and a.dtype == b.dtype
    return same and address(a) == address(b)


def _as_arrays(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return Python numbers beside a float array as arrays of its dtype, which they become."""
    dtypes = {x.dtype for x in inputs if isinstance(x, np.ndarray)}
    if len(dtypes) != 1 or not np.issubdtype(next(iter(dtypes)), np.floating):
        return inputs
    (dtype,) = dtypes
    return tuple(np.array(x, dtype) if type(x) in (int, float) else x for x in inputs)


def copy_result(out: np.ndarray, function: Callable[[], Any]) -> None:
    out[...] = function()
