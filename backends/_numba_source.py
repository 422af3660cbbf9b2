"""The Python that a compiled step is made of: loops over memory, a few passes a function.

The text says all that the machine code depends on: expressions, shapes, strides and kinds of
numbers, but no address.  Numbers that no later expression reads are not stored at all: most of
what a step computes on its way.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ._numba_operations import Each, Loop, Operation
from ._numba_passes import Opaque, Pass, postponed, scheduled, together
from ._numba_reading import View
from ._tape import ALIGNMENT

__all__ = ["Source"]

INDENT = "    "

LINES = 60
"""About how many lines a function has."""

Known = dict[tuple[object, ...], tuple[str, View]]


class Source:
    """The text of a step.

    Parameters
    ----------
    operations : sequence of Each, Loop or Opaque
        What it computes.
    kept : set of int
        The memories whose numbers somebody reads after the step.

    Attributes
    ----------
    text : str
        A function ``run(addresses, steps, loops, count)``, which takes so many steps; or, where
        NumPy makes calls in between, computes the piece of a step of that number.
    behind : list of Opaque
        What comes behind each piece but the last.
    loops : list of Loop
        Those of NumPy that are called.
    places : dict
        For each memory that is not kept, and is used, where it is in memory for all of them, in
        bytes: what is needed no more makes place.
    size : int
        The number of bytes of that memory.
    """

    def __init__(self, operations: Sequence[Operation | Opaque], kept: set[int]) -> None:
        self.loops: list[Loop] = []
        self.behind: list[Opaque] = []
        self._kept, self._count = kept, 0
        self._stores: dict[int, tuple[int, str]] = {}
        self._events: list[tuple[int | None, View]] = []
        pieces: list[list[list[str | int]]] = [[]]
        for step in postponed(scheduled(operations), kept):
            if isinstance(step, Opaque):
                self._events += [(None, view) for view in step.read]
                self.behind.append(step)
                pieces.append([])
            elif isinstance(step, Loop):
                pieces[-1].append([*self._loop(step)])
            else:
                pieces[-1].append(_Writer(self).written(step))
        needed = self._needed()
        bodies = [
            [
                [
                    line if isinstance(line, str) else self._stores[line][1]
                    for line in step
                    if isinstance(line, str) or line in needed
                ]
                for step in piece
            ]
            for piece in pieces
        ]
        self.places = {} if self.behind else self._placed(bodies[0])
        lines: list[str] = []
        last = ["def run(addresses, steps, loops, count):"]
        for number, body in enumerate(bodies):
            parts, calls = self._parts(body, number)
            lines += parts
            if self.behind:
                last += [f"{INDENT}if count == {number}:", f"{INDENT * 2}k = 0"]
            else:
                last.append(f"{INDENT}for k in range(count):")
            last += [f"{INDENT * 2}{line}" for line in calls or ["pass"]]
        self.text = "\n".join([*lines, *last, ""])

    def _placed(self, steps: Sequence[list[str]]) -> dict[int, int]:
        """Return places for memories, so that none that are needed at once share a byte."""
        spans: dict[int, list[int]] = {}
        for at, step in enumerate(steps):
            for number in _memories_in(step):
                spans.setdefault(number, [at, at])[1] = at
        sizes: dict[int, int] = {}
        for _, view in self._events:
            sizes[view.memory] = max(sizes.get(view.memory, 0), view.bounds[1])
        places: dict[int, int] = {}
        free: list[tuple[int, int]] = []  # how large, and where
        ends: list[tuple[int, int]] = []  # when it is needed last, and which
        self.size = 0
        for number in sorted({*spans} - self._kept, key=lambda i: spans[i]):
            first, last = spans[number]
            for end in [end for end in ends if end[0] < first]:
                ends.remove(end)
                free.append((_rounded(sizes[end[1]]), places[end[1]]))
            size = _rounded(sizes[number])
            fitting = [hole for hole in free if hole[0] == size]
            if fitting:
                free.remove(fitting[0])
                places[number] = fitting[0][1]
            else:
                places[number] = self.size
                self.size += size
            ends.append((last, number))
        return places

    def _parts(self, steps: Sequence[list[str]], piece: int) -> tuple[list[str], list[str]]:
        """Return functions of a few passes each, and the calls of them.

        Numba takes more than twice as long for a function of twice the length.
        """
        parts: list[list[str]] = []
        for step in steps:
            if not parts or len(parts[-1]) >= LINES:
                parts.append([])
            parts[-1] += step
        lines, calls = [], []
        for number, part in enumerate(parts):
            head = f"part{piece}_{number}(addresses, steps, loops, k)"
            lines += [f"def {head}:", *(f"{INDENT}{line}" for line in self._found(part) + part)]
            lines.append("")
            calls.append(head)
        return lines, calls

    # ---------------------------------------------------------------------- pieces

    def _found(self, body: Sequence[str]) -> list[str]:
        """Return the lines that find where memories begin in a step."""
        text = "\n".join(body)
        seen = sorted({(int(n), kind) for n, kind in re.findall(r"\bm(\d+)_(\w+)\b", text)})
        called = sorted({int(number) for number in re.findall(r"\ba(\d+)\b", text)})
        # memories in one place are one memory to who asks what may be the same
        where = {i: (i in self.places, self.places.get(i, i)) for i, _ in seen}
        numbers = sorted({*where.values()})
        lines = [f"a{i} = address(addresses, steps, k, {i})" for i in called]
        for i, kind in seen:
            of = f"{numbers.index(where[i])}, {len(numbers)}"
            lines.append(f"m{i}_{kind} = memory(addresses, steps, k, {i}, {kind}, {of})")
        return lines

    def _loop(self, loop: Loop) -> list[str]:
        """Return the lines that call one of NumPy's loops, for each place of outer axes."""
        self._events += [(None, view) for view in loop.read]
        (out,) = loop.written
        self._events.append((-1, out))
        number = len(self.loops)
        self.loops.append(loop)
        inner = len(loop.views[0].shape) - (2 if loop.ufunc.signature else 1)
        outer = range(max(inner, 0))
        lines = [
            f"{INDENT * axis}for i{axis} in range({loop.views[0].shape[axis]}):"
            for axis in outer
        ]
        places = ", ".join(
            f"a{view.memory}"
            + "".join(
                f" + {part}"
                for part in [
                    str(view.offset * view.dtype.itemsize),
                    *(
                        f"i{axis} * {view.strides[axis] * view.dtype.itemsize}"
                        for axis in outer
                    ),
                ]
                if part != "0"
            )
            for view in loop.views
        )
        return [*lines, f"{INDENT * len(lines)}call(loops, {number}, ({places}))"]

    # ---------------------------------------------------------------------- passes

    def name(self) -> int:
        """Return a number that no other name has."""
        self._count += 1
        return self._count

    def read(self, view: View) -> None:
        """Remember that numbers are read from memory."""
        self._events.append((None, view))

    def store(self, view: View, line: str) -> int:
        """Remember that numbers are stored, by a line that may not be needed."""
        number = len(self._stores)
        self._stores[number] = len(self._events), line
        self._events.append((number, view))
        return number

    def _needed(self) -> set[int]:
        """Return the stores whose numbers are read, in the step or after it."""
        needed = set()
        for number, (place, _) in self._stores.items():
            view = self._events[place][1]
            for other, seen in self._events[place + 1 :]:
                if not seen.overlaps(view):
                    continue
                if other is None:
                    needed.add(number)
                    break
                if _covers(seen, view):
                    break
            else:
                if view.memory in self._kept:
                    needed.add(number)
        return needed


class _Writer:
    """The body of a pass.

    Attributes
    ----------
    lines : list of str or int
        Its lines; a number is that of a store.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.lines: list[str | int] = []

    def written(self, step: Pass) -> list[str | int]:
        """Return the lines of a pass."""
        self.body(step, 0, {})
        return self.lines

    def body(self, operations: Sequence[Each], level: int, known: Known) -> None:
        """Write loops over an axis, and what is in them.

        Parameters
        ----------
        operations : sequence of Each
            What is computed there.
        level : int
            The axis.
        known : dict
            The views whose numbers are in variables here, and these; those that aren't any
            more, since an operation changes them, are taken out.
        """
        for group in together(operations, level):
            if len(group[0].shape) <= level:
                (operation,) = group
                self._compute(operation, level, known)
                continue
            n = group[0].shape[level]
            self.lines.append(f"{INDENT * level}for i{level} in range({n}):")
            for operation in group:  # in each round it is what the one before has left
                _forget(known, operation)
            self.body(group, level + 1, dict(known))

    def _compute(self, operation: Each, level: int, known: Known) -> None:
        indent, number = INDENT * level, self.source.name()
        values = [self._value(view, operation, level, known) for view in operation.inputs]
        lines = [*operation.before, operation.expression]
        *before, expression = (line.format(*values, id=number) for line in lines)
        self.lines += [f"{indent}{line}" for line in before]
        out = operation.out
        if out is None:
            self.lines.append(f"{indent}{expression}")
        else:
            name, kind = f"v{number}", _kind_of(out)
            if not _has_kind_of(operation, out):
                expression = f"{kind}({expression})"
            self.lines.append(f"{indent}{name} = {expression}")
            line = f"{indent}{_array_of(out)}[{_index(out, level)}] = {name}"
            self.lines.append(self.source.store(out, line))
        _forget(known, operation)
        if out is not None:
            known[_place(out)] = name, out

    def _value(self, value: object, operation: Each, level: int, known: Known) -> object:
        """Return what stands for an input in the expression."""
        dtype = operation.dtype
        if not isinstance(value, View):
            return repr(value) if dtype is None else f"{dtype.name}({value!r})"
        if len(value.shape) > len(operation.shape):
            self.source.read(value)
            return _Line(_array_of(value), _index(value, level), value.strides[-1])
        if _place(value) in known:
            text, view = known[_place(value)]
            if view.dtype != value.dtype:
                text = f"bits({text}, {_kind_of(value)})"
        else:
            self.source.read(value)
            text = f"{_array_of(value)}[{_index(value, level)}]"
        return text if dtype in (None, value.dtype) else f"{dtype.name}({text})"


@dataclass(frozen=True)
class _Line:
    """A line of numbers in an expression, where a place stands behind it."""

    array: str
    start: str
    stride: int

    def __format__(self, place: str) -> str:
        return f"{self.array}[{self.start} + {place} * {self.stride}]"


def _has_kind_of(operation: Each, out: View) -> bool:
    """Whether the expression is of the kind of the result; with integers Numba makes longer."""
    kinds = {operation.dtype or view.dtype for view in operation.read}
    return kinds == {out.dtype} and out.dtype.kind == "f"


def _forget(known: Known, operation: Each) -> None:
    """Take out what an operation changes."""
    (changed,) = operation.written
    for place in [place for place, (_, view) in known.items() if view.overlaps(changed)]:
        del known[place]


def _place(view: View) -> tuple[object, ...]:
    """Return where the numbers of a view are, whatever the loops around."""
    strides = view.strides
    while strides and strides[-1] == 0:
        strides = strides[:-1]
    # of a bool a variable has one bit, and memory a byte; of others the bits can be seen
    kind = "boolean" if view.dtype == bool else view.dtype.itemsize
    return view.memory, kind, view.offset, strides


def _array_of(view: View) -> str:
    return f"m{view.memory}_{_kind_of(view)}"


def _kind_of(view: View) -> str:
    return "boolean" if view.dtype == bool else view.dtype.name


def _index(view: View, level: int) -> str:
    """Return where a number is, in loops over so many axes."""
    parts = [
        f"i{axis}" if stride == 1 else f"i{axis} * {stride}"
        for axis, stride in enumerate(view.strides[:level])
        if stride
    ]
    return " + ".join([*parts, *([str(view.offset)] if view.offset or not parts else [])])


def _covers(view: View, other: View) -> bool:
    """Whether all bytes of another are in one that lies in one piece."""
    (start, end), (first, last) = view.bounds, other.bounds
    size = math.prod(n for n, stride in zip(view.shape, view.strides) if stride)
    is_one_piece = size * view.dtype.itemsize == end - start
    return view.memory == other.memory and is_one_piece and start <= first and last <= end


def _memories_in(lines: Sequence[str]) -> set[int]:
    """Return the numbers of the memories that lines name."""
    return {int(n) for line in lines for n in re.findall(r"\b[am](\d+)(?:_\w+)?\b", line)}


def _rounded(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
