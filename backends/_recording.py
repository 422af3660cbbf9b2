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

import weakref
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from functools import partial
from types import FunctionType
from typing import Any

import numpy as np

__all__ = ["CannotRecordError", "Player", "Recording", "Tape"]

ALIGNMENT = 64
"""Where results begin, in bytes: as one vector register and one line of the cache."""


class CannotRecordError(Exception):
    """A step does something that can't be played back."""


class _Loan(np.ndarray):
    """Memory of a tape that is in use."""


class Tape:
    """Computations in their order, with the memory that they work in."""

    def __init__(self) -> None:
        self.calls: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []
        self.constants: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        """What was not computed in the step, with a copy of it."""
        self._free: dict[int, list[np.ndarray]] = {}
        self._loans: dict[int, np.ndarray] = {}

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
        scope = dict(names.values())
        exec("\n".join(lines), scope)  # names and numbers of our own, nothing else
        return scope["play"]  # type: ignore[no-any-return]

    def add(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Write a computation down, and compute it."""
        self.calls.append((function, arguments))
        return function(*arguments)

    def empty(self, shape: tuple[int, ...], dtype: np.dtype) -> Recording:
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
            offset = -_address(memory) % ALIGNMENT
            memory = memory[offset : offset + size]
        # every view, of whatever kind, keeps the array: NumPy looks for what to keep through
        # views of one class only; what is written down here is no view of it
        loan = np.ndarray(shape, dtype, memory).view(_Loan)
        array = loan.view(Recording)
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
        if not isinstance(value, Recording):
            self.constants.setdefault(id(value), (value, value.copy()))
            return value
        loan: Any = value
        while loan is not None and not isinstance(loan, _Loan):
            loan = getattr(loan, "base", None)
        if loan is None:  # an array that the step was given
            return value.view(np.ndarray)
        memory = self._loans[id(loan)]
        offset = _address(value) - _address(memory)
        return np.ndarray(value.shape, value.dtype, memory, offset, value.strides)

    def keep(self, result: Any) -> Recording:
        """Return a result that was computed elsewhere, in the tape's memory."""
        if not isinstance(result, np.ndarray | np.generic):
            raise CannotRecordError(f"a computation returned {type(result).__name__}")
        if result.ndim > 1 and result.flags.f_contiguous and not result.flags.c_contiguous:
            array: Recording = self.empty(result.shape[::-1], result.dtype).T
        else:
            array = self.empty(result.shape, result.dtype)
        self.plain(array)[...] = result
        return array

    def computed(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Compute and write down what can't write into given memory: its result is copied."""
        args, kwargs = self.plain(args), self.plain(kwargs)
        result = function(*args, **kwargs)
        if isinstance(result, np.ndarray) and result.base is not None:
            for array in _arrays((args, kwargs)):
                if np.may_share_memory(result, array):
                    raise CannotRecordError(f"{function} returned a view")
        array = self.keep(result)
        self.calls.append(
            (_copy_result, (self.plain(array), partial(function, *args, **kwargs)))
        )
        return array

    def copy(self, to: Any, source: Any, casting: str = "same_kind") -> None:
        """Write down `numpy.copyto`."""
        if not isinstance(to, Recording):
            raise CannotRecordError("a constant is changed")
        self.add(np.copyto, *self.plain((to, source)), casting)

    def join(self, arrays: Sequence[np.ndarray]) -> Recording:
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
        return whole.view(Recording)

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
            if not isinstance(out, Recording):
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
        return _current().computed(np.ndarray.reshape, self, *shape, **kwargs)

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


def _address(array: np.ndarray) -> int:
    return int(array.__array_interface__["data"][0])


def _arrays(value: Any) -> Sequence[np.ndarray]:
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, tuple | list):
        return [array for part in value for array in _arrays(part)]
    if isinstance(value, dict):
        return _arrays(list(value.values()))
    return []


def _touches(call: tuple[Callable[..., Any], tuple[Any, ...]], array: np.ndarray) -> bool:
    """Whether a call reads or writes memory of an array."""
    function, arguments = call
    if isinstance(function, partial):
        arguments = (*arguments, *function.args, *function.keywords.values())
    return any(np.may_share_memory(array, other) for other in _arrays(arguments))


def _same_memory(a: np.ndarray, b: np.ndarray) -> bool:
    same = a.shape == b.shape and a.strides == b.strides and a.dtype == b.dtype
    return same and _address(a) == _address(b)


def _as_arrays(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return Python numbers beside a float array as arrays of its dtype, which they become."""
    dtypes = {x.dtype for x in inputs if isinstance(x, np.ndarray)}
    if len(dtypes) != 1 or not np.issubdtype(next(iter(dtypes)), np.floating):
        return inputs
    (dtype,) = dtypes
    return tuple(np.array(x, dtype) if type(x) in (int, float) else x for x in inputs)


def _copy_result(out: np.ndarray, function: Callable[[], Any]) -> None:
    out[...] = function()


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
        the data themselves.
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
        self.take_step = self._first_step
        """Take a step with what `batch`, `noise` and `numbers` hold; return the measures."""

    def _first_step(self) -> Sequence[np.ndarray]:
        ours = _arrays([self.buffers, self.slots, self.noise, self.numbers])
        if self.others:
            ours = [*ours, *_arrays(self.batch)]
        before = [array.copy() for array in ours]
        try:
            self.works = self._record() and all(map(self._compare, self.others or [self.batch]))
        except Exception:  # the step itself will tell what is really wrong
            self.works = False
        for array, old in zip(ours, before):
            array[...] = old
        self.take_step = self._played if self.works else self._as_written
        return self.take_step()

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
        self.tape = Tape()
        measures = recorded(self.tape, self._take, Recording, self.buffers, self.slots)
        if not all(isinstance(measure, Recording) for measure in measures):
            return False  # one does not depend on the batch
        self._kept = measures  # whose memory is not to be used again
        self.measures = [self.tape.plain(measure) for measure in measures]
        self._play = self.tape.compiled()
        return True

    def _compare(self, other: tuple[Any, ...]) -> bool:
        """Play, and take the step as it is written, with other numbers than were recorded.

        What bypassed the tape is as it was then, and so is found: results must be equal to
        the last bit, and nothing that was not computed in the step may have changed.
        """
        generator = np.random.default_rng(0)
        for array, values in zip(_arrays(self.batch), _arrays(other)):
            if array is not values:
                array[...] = values
        for array in _arrays([self.buffers, self.slots, self.numbers]):
            array *= generator.uniform(0.9, 1.1, array.shape).astype(array.dtype)
        for array in _arrays(self.noise):
            array[...] = np.roll(array, 1)
        buffers = [array.copy() for array in self.buffers]
        slots = [[array.copy() for array in slot] for slot in self.slots]
        measures = self._take(np.ndarray, buffers, slots)
        self._play()
        ours = _arrays([self.buffers, self.slots, self.measures])
        wanted = _arrays([buffers, slots, [np.asarray(measure) for measure in measures]])
        pairs = [*zip(ours, wanted), *self.tape.constants.values()]
        return all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in pairs)

    def _played(self) -> Sequence[np.ndarray]:
        self._play()
        return self.measures

    def _as_written(self) -> Sequence[np.ndarray]:
        return self._take(np.ndarray, self.buffers, self.slots)
