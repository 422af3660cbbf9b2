"""In which order a compiled step computes, and what goes through memory together.

Operations on arrays with as many rows make one pass over them, row by row, if each row needs
only what was computed of the same row; within a row, those on as many columns likewise.  So a
number that one expression makes is still at hand for the next.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ._numba_operations import Each, Loop, Operation
from ._numba_reading import View

__all__ = ["Opaque", "Pass", "postponed", "scheduled", "together"]


class Opaque:
    """A call that NumPy makes, since no rule tells what it does.

    Parameters
    ----------
    number : int
        Its place on the tape.
    views : tuple of View
        What it may read and write.
    """

    def __init__(self, number: int, views: tuple[View, ...]) -> None:
        self.number, self.read, self.written = number, views, views


Pass = list[Each]

FEW = 1 << 14
"""So many numbers of each of many arrays fit into the cache together."""


def scheduled(
    operations: Sequence[Operation | Opaque],
) -> list[Pass | Loop | Opaque]:
    """Return operations in passes: each moves up to the last one that it can be a part of.

    It moves over what touches no memory that it touches, but for what both only read; and only
    to where something is that it needs too, or that it changes: else it would have to be stored
    for who needs it.  Single numbers always move, and few go with whatever is beside them.
    """
    steps: list[Pass | Loop | Opaque] = []
    for operation in operations:
        place = None
        if isinstance(operation, Each):
            for i in reversed(range(len(steps))):
                step = steps[i]
                if isinstance(step, list) and _fits(step, operation, 0):
                    is_beside = i == len(steps) - 1 and math.prod(operation.shape) <= FEW
                    if is_beside or not operation.shape or _shares(step, operation):
                        place = i
                        break
                if isinstance(step, Opaque) or _touches(step, operation):
                    break
        if place is None:
            steps.append([operation] if isinstance(operation, Each) else operation)
        else:
            steps[place].append(operation)  # type: ignore[union-attr, arg-type]
    return steps


def postponed(
    steps: Sequence[Pass | Loop | Opaque], kept: set[int]
) -> list[Pass | Loop | Opaque]:
    """Return steps in which what only one later pass needs is computed there.

    So it need not be stored.  Only what is computed of one array, and single numbers, is put
    off, as that array is read again there; and what is in kept memory stays.
    """
    steps = [[*step] if isinstance(step, list) else step for step in steps]
    for i in reversed(range(len(steps))):
        step = steps[i]
        if not isinstance(step, list):
            continue
        for place in reversed(range(len(step))):
            if not _touches(step[place + 1 :], step[place]):
                later = _needed_at(step[place], steps[i + 1 :], kept)
                if later is not None:
                    later.insert(0, step.pop(place))
    return [step for step in steps if step != []]


def _needed_at(
    operation: Each, later: Sequence[Pass | Loop | Opaque], kept: set[int]
) -> Pass | None:
    """Return the one of later steps to which an operation can be put off."""
    out = operation.out
    if out is None or out.memory in kept or sum(any(a.strides) for a in operation.read) != 1:
        return None
    if any(a.overlaps(out) for a in operation.read):
        return None
    for i, step in enumerate(later):
        if _touches(step, operation):
            if not isinstance(step, list) or not _fits(step, operation, 0):
                return None
            behind = [part for other in later[i + 1 :] for part in _parts_of(other)]
            is_last = not any(a.overlaps(out) for part in behind for a in part.read)
            return step if is_last else None
    return None


def together(operations: Sequence[Each], level: int) -> list[Pass]:
    """Return the operations of a loop's body: those that the same loop over an axis can do.

    What has no axis any more is by itself.  A loop moves down to the first later one that
    touches what it touches, if it can be a part of it: nothing in between is in its way.
    """
    groups: list[Pass] = []
    for operation in operations:
        place = None
        if len(operation.shape) > level:
            for i in reversed(range(len(groups))):
                if len(groups[i][0].shape) > level and _fits(groups[i], operation, level):
                    place = i
                    break
                if _touches(groups[i], operation):
                    break
        if place is None:
            groups.append([operation])
        else:
            groups[place].append(operation)
    for i in reversed(range(len(groups))):
        group = groups[i]
        behind = groups[i + 1 :]
        later = next((g for g in behind if any(_touches(g, one) for one in group)), [])
        is_loop = len(group[0].shape) > level
        if later and is_loop and all(_fits(later, one, level) for one in group):
            later[:0] = groups.pop(i)
    return groups


def _fits(group: Sequence[Each], operation: Each, level: int) -> bool:
    """Whether an operation can be in one loop with others, over an axis of its shape."""
    if group[0].shape[level : level + 1] != operation.shape[level : level + 1]:
        return False
    return len(operation.shape) <= level or all(
        _row_by_row(a, b, level)
        for other in group
        for a, b in _pairs(other, operation)
        if a.overlaps(b)
    )


def _shares(group: Sequence[Each], operation: Each) -> bool:
    """Whether an operation needs numbers that others make or need."""
    seen = [
        view for other in group for view in (*other.read, *other.written) if any(view.strides)
    ]
    return any(a.overlaps(b) for a in operation.read for b in seen)


def _touches(step: Sequence[Each] | Loop | Opaque, operation: Operation) -> bool:
    """Whether two steps have memory in common that one of them changes."""
    return any(a.overlaps(b) for part in _parts_of(step) for a, b in _pairs(part, operation))


def _parts_of(step: Sequence[Each] | Loop | Opaque) -> Sequence[Operation | Opaque]:
    return step if isinstance(step, Sequence) else [step]


def _pairs(first: Operation | Opaque, second: Operation) -> list[tuple[View, View]]:
    """Return what both touch and one writes."""
    written = [(a, b) for a in first.written for b in (*second.read, *second.written)]
    return [*written, *((a, b) for a in first.read for b in second.written)]


def _row_by_row(a: View, b: View, level: int) -> bool:
    """Whether a row along an axis of one has memory in common only with that of the other.

    What is before the axis is the same for both.
    """
    if a.dtype.itemsize != b.dtype.itemsize:
        return False
    stride = a.strides[level]
    if a.strides[: level + 1] != b.strides[: level + 1]:
        return False
    if a.shape[level] == 1:
        return True
    ends = [_ends(view, level + 1) for view in (a, b)]
    return max(last for _, last in ends) - min(first for first, _ in ends) < abs(stride)


def _ends(view: View, level: int) -> tuple[int, int]:
    """Return the places of the first and the last number of a row."""
    steps = [
        (n - 1) * stride
        for n, stride in zip(view.shape[level:], view.strides[level:], strict=True)
    ]
    first = view.offset + sum(step for step in steps if step < 0)
    return first, view.offset + sum(step for step in steps if step > 0)
