"""What processes that train together ask of each other: `Communicator`."""

from __future__ import annotations

import sys
import traceback
import zlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, NoReturn

import numpy as np

from ..backend import Backend, row_blocks, to_host

__all__ = [
    "ALONE",
    "Communicator",
    "DistributedError",
    "check_rows_of",
    "check_same_rows",
    "digest",
    "part_of",
]


class DistributedError(RuntimeError):
    """Another process of a training could not go on, so this one ends, too.

    Its text has the other's number and what was wrong there.
    """

    __module__ = "xpnn.distributed"  # tracebacks print this, and people import it from there


class DistributedOSError(DistributedError, OSError):
    """Another process could not write or read something; what catches that here catches it."""

    __module__ = "xpnn.distributed"


class Communicator:
    """The processes that train together; by itself, one process alone.

    All of them call its methods in the same order.  A subclass for another kind of processes
    defines those that have one underscore in front, and sets the attributes.

    Attributes
    ----------
    rank : int
        The number of this process, counted from 0.
    size : int
        How many processes there are.
    local_rank : int
        Its number among those on this machine, for instance to choose a GPU.
    """

    rank = 0
    size = 1
    local_rank = 0

    cuts_batches = True
    """Whether each process computes with its part of a batch; False where all have the whole
    step computed, and the array library itself spreads it."""

    is_muted = False
    """Whether sums leave arrays as they are now; see `muted`."""

    _depth = 0
    """How many contexts of `together` there are around what is done now."""
    _told: list[BaseException] = []  # noqa: RUF012
    """The errors that all know of; forgotten where the outermost of these contexts ends."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: process {self.rank} of {self.size}>"

    @property
    def is_first(self) -> bool:
        """Whether this is the process that writes files, and shows what there is to show."""
        return self.rank == 0

    def check_backend(self, backend: Backend) -> None:
        """Check that arrays of a backend can be summed.

        Raises
        ------
        ValueError
            If they can't; it says what to do.
        """

    def sum(self, array: np.ndarray) -> None:
        """Sum arrays over all processes, in place: each then has the sum.

        Parameters
        ----------
        array : numpy.ndarray
            Contiguous, of floats; on each process of one shape and dtype.
        """
        if self.size > 1 and not self.is_muted:
            with self._asking():
                self._sum(array)

    def gather(self, value: Any) -> list[Any]:
        """Return the value of each process, in their order, on every process.

        Parameters
        ----------
        value : object
            What `pickle` takes.
        """
        if self.size == 1:
            return [value]
        with self._asking():
            return self._gather(value)

    def broadcast(self, value: Any) -> Any:
        """Return the value of the first process, on every process."""
        if self.size == 1:
            return value
        with self._asking():
            return self._broadcast(value)

    def any(self, flag: bool) -> bool:
        """Whether a flag is set on some process."""
        if self.size == 1:
            return bool(flag)
        with self._asking():
            return self._any(bool(flag))

    def exchange(self, values: Sequence[Any]) -> list[Any]:
        """Give each process a value of its own, and return what each had for this one.

        Parameters
        ----------
        values : sequence of length `size`
            For each process what it gets.
        """
        if self.size == 1:
            return [*values]
        with self._asking():
            return self._exchange(values)

    def abort(self, error: BaseException) -> NoReturn:
        """End all processes at once, as this one can't go on and others wait for it.

        The error is printed with the number of the process.  It is the last resort: where
        all come to agree, `DistributedError` tells the others.
        """
        text = "".join(traceback.format_exception(error))
        where = f"process {self.rank} of {self.size}"
        print(f"xpnn: {where} ends the training:\n{text}", file=sys.stderr, flush=True)
        sys.stdout.flush()
        self._abort()
        raise error

    @contextmanager
    def together(self) -> Iterator[None]:
        """Come to the end of something with all processes, or not at all.

        Raises
        ------
        DistributedError
            If another one can't; who has an error itself raises that.
        """
        if self.size == 1:
            yield
            return
        if not self._depth:
            self._told = []
        self._depth += 1
        try:
            yield
        except BaseException as error:
            self._tell(error)
            raise
        else:
            self._tell(None)
        finally:
            self._depth -= 1

    def _tell(self, error: BaseException | None) -> None:
        """Say whether something went wrong here, and hear whether it did elsewhere.

        An error is told once, at the end where it comes first: who hears of it may be further
        inside, and is not told again on its way out.
        """
        if error is not None and self._is_told(error):
            return
        if not self.any(error is not None):
            return
        said = "" if error is None else f"{type(error).__name__}: {error}".rstrip(": ")
        told = self.gather((said, isinstance(error, OSError)))
        if error is None:
            who, (text, of_system) = next((r, t) for r, t in enumerate(told) if t[0])
            kind = DistributedOSError if of_system else DistributedError
            error = kind(f"process {who} of {self.size} ended with {text}")
            self._told.append(error)
            raise error
        self._told.append(error)

    def _is_told(self, error: BaseException) -> bool:
        """Whether all know of an error, or of the one in place of which it was raised."""
        seen: BaseException | None = error
        while seen is not None:
            if any(seen is told for told in self._told):
                return True
            seen = seen.__cause__ or seen.__context__
        return False

    @contextmanager
    def muted(self) -> Iterator[None]:
        """Let `sum` leave arrays as they are: where a process tries a step out by itself."""
        before, self.is_muted = self.is_muted, True
        try:
            yield
        finally:
            self.is_muted = before

    def waiting(self, what: str) -> AbstractContextManager[None]:
        """Return a context in which this process waits for others, to see whether for too long.

        The methods here are in one; it is for a library that sums on a device of its own.

        Parameters
        ----------
        what : str
            What it waits for, to be told.
        """
        return nullcontext()

    def _asking(self) -> _Asking:
        """Return the context in which others are asked: an error there can't be told them."""
        return _Asking(self)

    # ------------------------------------------------------------ what a subclass defines

    def _sum(self, array: np.ndarray) -> None:
        raise NotImplementedError

    def _gather(self, value: Any) -> list[Any]:
        raise NotImplementedError

    def _broadcast(self, value: Any) -> Any:
        return self._gather(value if self.rank == 0 else None)[0]

    def _any(self, flag: bool) -> bool:
        return any(self._gather(flag))

    def _exchange(self, values: Sequence[Any]) -> list[Any]:
        return [of_one[self.rank] for of_one in self._gather([*values])]

    def _abort(self) -> None:
        raise NotImplementedError


def digest(*arrays: Any) -> str:
    """Return what tells rows from others: a checksum; of a mapped file, of some of its rows."""
    total = 0
    for array in arrays:
        if array is None:
            continue
        host = to_host(array)
        total = zlib.crc32(f"{host.shape} {host.dtype}".encode(), total)
        for part in _looked_at(host):
            total = zlib.crc32(part.tobytes(), total)
    return f"{total:08x}"


def _looked_at(array: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the rows of an array that are read to tell it from others."""
    if isinstance(array, np.memmap) or isinstance(array.base, np.memmap):
        n = array.shape[0]
        yield array[np.unique(np.linspace(0, n - 1, 64).astype(int))]
        return
    for _, block in row_blocks(array, 1 << 20):
        yield block


def check_same_rows(communicator: Communicator, *arrays: Any) -> None:
    """Check that rows are the same on all processes.

    Raises
    ------
    ValueError
        If they are not.
    """
    if len({*communicator.gather(digest(*arrays))}) > 1:
        raise ValueError(
            "the rows must be the same on all processes, and these are not: where each has its "
            "own, say rows='own'"
        )


def check_rows_of(rows: str) -> None:
    """Check how rows are spread over processes.

    Raises
    ------
    ValueError
        If it is neither.
    """
    if rows not in ("same", "own"):
        raise ValueError(
            "rows must be 'same', where each process is given all rows, or 'own', where each "
            f"is given its own, got {rows!r}"
        )


def part_of(n: int, rank: int, size: int) -> slice:
    """Return which of n rows in a row are those of one process: all have about as many."""
    return slice(n * rank // size, n * (rank + 1) // size)


class _Asking:
    """Where a second Ctrl-C, or a process that is gone, leaves nobody to agree with."""

    def __init__(self, communicator: Communicator) -> None:
        self._communicator = communicator

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, place: object) -> None:
        if error is not None:
            self._communicator.abort(error)


ALONE = Communicator()
"""One process, which needs no other."""
