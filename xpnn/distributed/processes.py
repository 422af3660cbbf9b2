"""Processes that MPI starts: on a laptop, or on the machines of a cluster."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

import numpy as np

from ..checks import check_number
from .communicator import Communicator
from .watch import NO_WATCH, Watch

__all__ = ["mpi"]

SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MPI_LOCALNRANKS", "PALS_NRANKS")
"""Where launchers say to the processes that they start how many these are."""

TIMEOUT = 1800.0
"""After how many seconds somebody who does not answer is taken to be lost."""


_of_all: dict[float | None, Communicator] = {}
"""What `mpi` has returned for all processes, by its timeout."""


def mpi(comm: Any = None, *, timeout: float | None = TIMEOUT) -> Communicator:
    """Return the processes that MPI started, this one among them.

    All of them must call it.  A program that is started without MPI's launcher is one process,
    and trains alone.

    Parameters
    ----------
    comm : mpi4py.MPI.Intracomm, optional
        Some of the processes; by default ``MPI.COMM_WORLD``.
    timeout : float or None
        After how many seconds of waiting for another process it is taken to be lost, so that
        this one says so and ends the job; None waits for ever.  What one process does while
        the others wait, as writing a checkpoint, must take less.

    Returns
    -------
    Communicator
        For ``fit(communicator=)``.

    Raises
    ------
    ModuleNotFoundError
        If mpi4py is not installed.
    RuntimeError
        If there is no MPI library, or the processes were started by another one than mpi4py
        found, so that each is alone.
    TypeError, ValueError
        If an argument is none of the above.
    """
    if timeout is not None:
        check_number("timeout", timeout, above=0)
    try:
        import mpi4py  # noqa: F401
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "xpnn.distributed.mpi needs mpi4py: pip install 'xpnn[mpi]'; where there is no MPI "
            "library yet, pip install mpich brings one"
        ) from None
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        raise RuntimeError(
            f"xpnn.distributed.mpi: mpi4py finds no MPI library ({_line(error)}); on a cluster "
            "load its module, elsewhere pip install mpich"
        ) from error
    world = MPI.COMM_WORLD if comm is None else comm
    if not isinstance(world, MPI.Intracomm) or world == MPI.COMM_NULL:
        raise TypeError(f"comm must be an mpi4py.MPI.Intracomm, got {comm!r}")
    if comm is not None:
        return MPICommunicator(MPI, world, timeout)
    _check_launcher(world.size, os.environ, MPI.Get_library_version())
    if timeout not in _of_all:  # each takes something of MPI's
        _of_all[timeout] = MPICommunicator(MPI, world, timeout)
    return _of_all[timeout]


def _check_launcher(size: int, environment: Mapping[str, str], library: str) -> None:
    """Check that processes that a launcher started together know of one another.

    Raises
    ------
    RuntimeError
        If they don't, as where two MPI libraries are mixed.
    """
    wanted = [int(environment[name]) for name in SIZES if environment.get(name, "").isdigit()]
    if size == 1 and wanted and max(wanted) > 1:
        raise RuntimeError(
            f"xpnn.distributed.mpi: {max(wanted)} processes were started together, but each is "
            f"alone: mpiexec, or srun, belongs to another MPI than the library that mpi4py "
            f"found ({_line(library)}). Start them by the mpiexec of that library, or set "
            "MPI4PY_LIBMPI to the library of that mpiexec"
        )


def _line(text: object) -> str:
    """Return the first line of a text, for a message."""
    return (str(text).strip().splitlines() or [""])[0].rstrip(". \x00")


class MPICommunicator(Communicator):
    """The processes that MPI started.

    Parameters
    ----------
    MPI : module
        ``mpi4py.MPI``.
    comm : mpi4py.MPI.Intracomm
        The processes.
    timeout : float or None
        As `mpi` takes it.
    """

    def __init__(self, MPI: Any, comm: Any, timeout: float | None) -> None:
        # sums have one of their own: a library that computes in the background asks for them
        # at other moments than the loop asks for what it must know
        self._sums, self._words = comm.Dup(), comm.Dup()
        self.rank, self.size = comm.rank, comm.size
        self.local_rank = comm.Split_type(MPI.COMM_TYPE_SHARED, key=comm.rank).rank
        self._MPI = MPI
        self._watch = Watch(timeout, self) if timeout and self.size > 1 else None
        if self.size > 1:
            _abort_where_uncaught(self)

    def _sum(self, array: np.ndarray) -> None:
        with self.waiting("a sum"):
            self._sums.Allreduce(self._MPI.IN_PLACE, array)

    def _gather(self, value: Any) -> list[Any]:
        with self.waiting("what they have to say"):
            values: list[Any] = self._words.allgather(value)
        return values

    def _broadcast(self, value: Any) -> Any:
        with self.waiting("the first"):
            return self._words.bcast(value)

    def _any(self, flag: bool) -> bool:
        flags = np.array([flag], dtype=np.int32)
        with self.waiting("what they decide"):
            self._words.Allreduce(self._MPI.IN_PLACE, flags, self._MPI.MAX)
        return bool(flags[0])

    def _exchange(self, values: Sequence[Any]) -> list[Any]:
        with self.waiting("rows"):
            got: list[Any] = self._words.alltoall([*values])
        return got

    def waiting(self, what: str) -> Any:
        """Return a context in which the time is watched; as in `Communicator.waiting`."""
        return NO_WATCH if self._watch is None else self._watch.waiting(what)

    def _abort(self) -> None:
        self._words.Abort(1)


def _abort_where_uncaught(communicator: Communicator) -> None:
    """Let an error that nobody catches end all processes, which would wait for this one."""
    before = sys.excepthook

    def hook(
        kind: type[BaseException], error: BaseException, place: TracebackType | None
    ) -> None:
        before(kind, error, place)
        sys.stderr.flush()
        communicator._abort()

    sys.excepthook = hook
