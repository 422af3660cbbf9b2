"""Functions of arrays that are compiled where that pays: predictions, measures, gradients.

They are recorded, translated and kept as steps of training are, for each shape of what they are
given, and have NumPy's bits too.  Where a function can't be recorded, it is called as it is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any

import numpy as np

from . import _numba_player as when
from ._numba_code import code_of, object_of
from ._numba_frames import frames
from ._numba_operations import Each
from ._numba_reading import Memories, UnreadableError, View, dense_strides
from ._numba_source import Source
from ._numba_steps import own_memory, read_all
from ._recording import Recording, recorded
from ._recurring import MOST_PLAYERS, warn
from ._tape import CannotRecordError, Tape, address, borrowed

__all__ = ["CompiledFunction"]

_log = logging.getLogger(__name__)

SAVED = 1.5e-6
"""About how many seconds each call of NumPy costs beside what it computes, with its layer."""

CALLS = 10
"""How many such calls a function is thought to have before it was recorded."""

MOST = 1 << 20
"""With more numbers a call takes so long that nothing is gained."""


class CompiledFunction:
    """A function of a list of arrays, which seldom change places, and of others, which do.

    Parameters
    ----------
    function : callable
        A pure function; what it returns may be arrays in tuples and lists.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._kinds: dict[Hashable, _Kind] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        if kwargs or not args or type(args[0]) is not list:
            return self._function(*args, **kwargs)
        arrays, *data = args
        try:
            key = tuple([a if a is None else (a.shape, a.strides, a.dtype) for a in data])
        except AttributeError:  # rows that are sparse, and what else NumPy doesn't know
            return self._function(*args)
        kind = self._kinds.get(key)
        if kind is None:
            if len(self._kinds) >= 4 * MOST_PLAYERS:
                self._kinds.clear()
            kind = self._kinds[key] = _Kind(self._function)
        return kind(arrays, data)


class _Kind:
    """Calls with arrays of the same shapes."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._calls, self._count = CALLS, 0
        self._looked = self._ended = False
        self._run: Any = None
        self._code: Any = None

    def __call__(self, arrays: list[Any], data: list[Any]) -> Any:
        run = self._run
        if run is not None:
            found = run(arrays, data)
            if found is not None:
                return found
        elif not self._ended and sum(a.size for a in data if a is not None) < MOST:
            self._consider(arrays, data)
        return self._function(arrays, *data)

    def _consider(self, arrays: list[Any], data: list[Any]) -> None:
        """Look for code, or make it, if calls like those that were would save more."""
        self._count += 1
        saved = self._count * self._calls * SAVED
        base, more = when.COMPILING
        if saved < when.LOOKING or (self._looked and saved < base + more * self._calls):
            return
        self._looked = True
        try:
            if self._code is None:
                self._code = _Recorded(self._function, arrays, data)
                self._calls = self._code.calls
            code = object_of(self._code.source.text, saved > base + more * self._calls)
            if code is not None:
                self._ended = True
                run = self._code.using(code)
                if not all(self._is_right(run, *args) for args in _two_of(arrays, data)):
                    raise ArithmeticError("it gives other numbers than the function itself")
                self._run = run
        except (CannotRecordError, UnreadableError) as why:
            self._ended = True
            _log.info("NumPy computes %s: %s", self._function, why)
        except Exception as error:
            self._ended = True
            warn("Numba compiled no function of a network", error)

    def _is_right(self, run: Any, arrays: list[Any], data: list[Any]) -> bool:
        ours, wanted = run(arrays, data), self._function(arrays, *data)
        pairs = zip(_leaves(ours), _leaves(wanted), strict=True)
        return all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in pairs)


class _Recorded:
    """What a function computes of certain arrays, and others like them.

    Parameters
    ----------
    function : callable
        The function.
    arrays, data : list of array, list of array or None
        What it is called with.

    Raises
    ------
    CannotRecordError, UnreadableError
        If that can't be written down, or has no rule.
    """

    def __init__(
        self, function: Callable[..., Any], arrays: list[Any], data: list[Any]
    ) -> None:
        self._given = [a if a is None else borrowed(a) for a in (*arrays, *data)]
        views = [a if a is None else a.view(Recording) for a in self._given]
        tape, count = Tape(Recording), len(arrays)
        returned = recorded(tape, function, views[:count], *views[count:])
        leaves = _leaves(returned)
        if not leaves or not all(isinstance(leaf, Recording) for leaf in leaves):
            raise CannotRecordError("it returns no arrays that it computed")
        plain = [tape.plain(leaf) for leaf in leaves]
        given = [a for a in self._given if a is not None]
        computed, self._memories = read_all(tape, [*given, *plain])
        size = len(self._memories.starts)
        self._results = [(size + i, a.shape, a.dtype) for i, a in enumerate(plain)]
        made = [
            Each(
                "{0}",
                (self._memories.view(a, len(tape.calls)),),
                View(number, dtype, 0, shape, dense_strides(shape)),
            )
            for a, (number, shape, dtype) in zip(plain, self._results)
        ]
        kept = set(range(size)) - self._memories.of_tape
        kept |= {number for number, *_ in self._results}
        self.source = Source([*computed, *made], kept)
        self.calls = len(tape.calls)
        self._form = _form_of(returned)
        self._constants = self._memories.others(tape)

    def using(self, code: bytes) -> Callable[[list[Any], list[Any]], Any]:
        """Return what computes by code; it returns None for arrays in other layouts."""
        loaded = code_of(code)
        self._loops = frames(self.source.loops)
        at_loops = address(self._loops)
        numbers = [None if a is None else self._memories.begins(a) for a in self._given]
        layouts = [a if a is None else (a.shape, a.strides, a.dtype) for a in self._given]
        results, form, free = self._results, self._form, list[_Table]()

        def table_for(arrays: list[Any]) -> _Table | None:
            """Return a table with these arrays; None if they lie in another way."""
            table = free.pop() if free else _Table(self.source, self._memories, results)
            ids = [*map(id, arrays)]
            if ids != table.ids:
                found = [(a.shape, a.strides, a.dtype) for a in arrays]
                if found != layouts[: len(arrays)]:
                    return None
                for number, a in zip(numbers, arrays):
                    if number is not None:
                        table.places[number] = address(a)
                table.ids, table.arrays = ids, [*arrays]
            return table

        def run(arrays: list[Any], data: list[Any]) -> Any:
            table = table_for(arrays)
            if table is None:
                return None
            for number, a in zip(numbers[len(arrays) :], data):
                if number is not None:
                    table.places[number] = address(a)
            loaded.run(*table.addresses, at_loops, 1)
            made = [a.copy() for a in table.results]
            free.append(table)
            return made[0] if form is True else _filled(form, iter(made))

        return run


class _Table:
    """The addresses that one call computes with, and its memory; others have their own."""

    def __init__(self, source: Source, memories: Memories, results: Sequence[Any]) -> None:
        self.places = np.zeros(len(memories.starts) + len(results), np.intp)
        self.places[: len(memories.starts)] = memories.starts
        self._own = own_memory(source, self.places)
        self.results = [np.empty(shape, dtype) for _, shape, dtype in results]
        for (number, *_), a in zip(results, self.results):
            self.places[number] = address(a)
        self._back = np.zeros(2 + len(self.places), np.intp)  # two results, and no strides
        back = address(self._back)
        itemsize = self._back.itemsize
        self.addresses = back, back + itemsize, address(self.places), back + 2 * itemsize
        self.ids: list[int] = []
        self.arrays: list[Any] = []  # so that nothing else gets their identities


def _form_of(returned: Any) -> Any:
    """Return the tuples and lists that arrays are in, with True for each array."""
    if isinstance(returned, tuple | list):
        return type(returned)(map(_form_of, returned))
    return None if returned is None else True


def _filled(form: Any, arrays: Iterator[Any]) -> Any:
    """Return arrays in a form."""
    if isinstance(form, tuple | list):
        return type(form)(_filled(part, arrays) for part in form)
    return None if form is None else next(arrays)


def _two_of(arrays: list[Any], data: list[Any]) -> list[tuple[list[Any], list[Any]]]:
    """Return arguments as they are, and others like them."""
    generator = np.random.default_rng(0)

    def other(a: Any) -> Any:
        if a is None or a.dtype.kind != "f":
            return a if a is None else a[::-1].copy("K").reshape(a.shape)
        factors = generator.uniform(0.9, 1.1, a.shape).astype(a.dtype)
        like = np.empty_like(a)  # in the same layout
        return np.multiply(a, factors, out=like)

    return [(arrays, data), ([*map(other, arrays)], [*map(other, data)])]


def _leaves(value: Any) -> list[Any]:
    """Return the arrays of nested tuples and lists."""
    if isinstance(value, tuple | list):
        return [leaf for part in value for leaf in _leaves(part)]
    return [] if value is None else [value]
