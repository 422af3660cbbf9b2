"""Sums over processes with CuPy: by NCCL from GPU to GPU, else over the host.

NCCL needs processes that find each other.  They do so by the words of their communicator,
whichever it is, at the first sum that counts, which all of them come to.  So a communicator
goes with one GPU of each process.

What waits for others is the GPU then, and not the host; see `watched`.
"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import cupy

from xpnn.distributed import Communicator

from ._graph_pieces import outside

__all__ = ["summed", "watched"]


class _Group(NamedTuple):
    """How the processes of a communicator sum."""

    gpu: int
    """The number of this process's GPU."""

    add: Callable[[Any, Communicator], None]
    """Sums a contiguous array of any shape, in place."""


_groups: WeakKeyDictionary[Communicator, _Group] = WeakKeyDictionary()


def summed(a: Any, communicator: Communicator) -> Any:
    """Sum in the memory of the array; in a captured step between two graphs."""
    if not a.flags.c_contiguous:
        a = cupy.ascontiguousarray(a).view(type(a))
    outside(partial(_sum, a, communicator))
    return a


def watched(run: Callable[..., Any], communicator: Communicator) -> Callable[..., Any]:
    """Return a function that takes steps, and looks whether others are waited for too long."""

    def run_and_wait(*steps: Any) -> Any:
        with communicator.waiting("a sum"):
            taken = run(*steps)  # where the GPU has much to do, it waits, too
            cupy.cuda.get_current_stream().synchronize()
        return taken

    return run_and_wait


def _sum(a: Any, communicator: Communicator) -> None:
    if communicator.is_muted:
        return
    group = _groups.get(communicator)
    if group is None:
        number = a.device.id
        group = _groups[communicator] = _Group(number, _meet(communicator, number))
    if group.gpu != a.device.id:
        raise ValueError(
            f"a communicator goes with one GPU of each process: with this one models were "
            f"trained on GPU {group.gpu} before, and now on {a.device.id}. Make another one, "
            "as by xpnn.distributed.mpi(mpi4py.MPI.COMM_WORLD.Dup())"
        )
    group.add(a, communicator)


def _over_host(a: Any, communicator: Communicator) -> None:
    host = a.get()
    communicator.sum(host)
    a[...] = cupy.asarray(host)


def _by_nccl(nccl: Any, group: Any) -> Callable[[Any, Communicator], None]:
    """Return what sums by NCCL, on the current stream."""
    kinds = {"float32": nccl.NCCL_FLOAT32, "float64": nccl.NCCL_FLOAT64}

    def add(a: Any, _: Communicator) -> None:
        stream, place = cupy.cuda.get_current_stream(), a.data.ptr
        group.allReduce(place, place, a.size, kinds[a.dtype.name], nccl.NCCL_SUM, stream.ptr)

    return add


def _name(gpu: int) -> bytes:
    """Return what tells a GPU from all others."""
    properties: dict[str, Any] = cupy.cuda.runtime.getDeviceProperties(gpu)
    return bytes(properties["uuid"])


def _meet(communicator: Communicator, gpu: int) -> Callable[[Any, Communicator], None]:
    """Return what sums: by NCCL or, with a warning, over the host."""
    from cupy.cuda import nccl  # it warns where there is none

    version = nccl.get_version() if nccl.available else 0
    told = communicator.gather((version, _name(gpu)))
    versions, gpus = {version for version, _ in told}, {name for _, name in told}
    if 0 in versions:
        why = (
            "NCCL is not installed in each process: pip install nvidia-nccl-cu13 (or "
            "nvidia-nccl-cu12, for the CUDA version of CuPy)"
        )
    elif len(versions) > 1:
        why = f"the processes have NCCL of different versions, {sorted(versions)}"
    elif len(gpus) < communicator.size:
        why = (
            "processes share a GPU, which NCCL does not do. Let each take its own: "
            'backend=f"cupy:{communicator.local_rank}", or --backend cupy:{local_rank}'
        )
    else:
        here = nccl.get_unique_id() if communicator.is_first else None
        where = communicator.broadcast(here)
        group = nccl.NcclCommunicator(communicator.size, where, communicator.rank)
        # at exit, too: to let go of it in the other way waits for the others
        weakref.finalize(communicator, group.abort)
        return _by_nccl(nccl, group)
    if communicator.is_first:
        warnings.warn(f"GPUs are summed over the host, which is slower: {why}", stacklevel=2)
    return _over_host
