"""The processes of a `torch.distributed` group, which torchrun, Ray, Spark or Dask started.

It is made by whoever starts them; here steps are cut over it.
"""

from __future__ import annotations

import atexit
import os
import socket
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import Any

import numpy as np

from xpnn.backend import Array
from xpnn.distributed import Communicator
from xpnn.distributed.watch import Watch

__all__ = ["TorchGroup", "torch_group"]


def torch_group(group: Any = None) -> Communicator:
    """Return the processes of a group of torch's, this one among them.

    All of them must call it, when ``torch.distributed.init_process_group`` has been called.

    Parameters
    ----------
    group : torch.distributed.ProcessGroup, optional
        Some of the processes; by default all.

    Returns
    -------
    Communicator
        For ``fit(communicator=)``, with any array library.  How long one waits for another is
        what the group was made with.

    Raises
    ------
    ModuleNotFoundError
        If PyTorch is not installed.
    RuntimeError
        If there is no group yet.
    TypeError, ValueError
        If `group` is none, or this process is not in it.
    """
    try:
        import torch.distributed as dist
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "xpnn.distributed.torch_group needs PyTorch: pip install torch"
        ) from None
    if not (dist.is_available() and dist.is_initialized()):
        raise RuntimeError(
            "xpnn.distributed.torch_group: there is no group yet. Start the processes by "
            "torchrun, and call torch.distributed.init_process_group('gloo') first, or 'nccl' "
            "on GPUs"
        )
    if group is None:
        group = dist.group.WORLD
    if group == dist.GroupMember.NON_GROUP_MEMBER:
        raise ValueError("group must be one of which this process is a member")
    if not isinstance(group, dist.ProcessGroup):
        raise TypeError(f"group must be a torch.distributed.ProcessGroup, got {group!r}")
    return TorchGroup(dist, group)


class TorchGroup(Communicator):
    """The processes of a group of torch's.

    Parameters
    ----------
    dist : module
        ``torch.distributed``.
    group : torch.distributed.ProcessGroup
        The processes.
    """

    def __init__(self, dist: Any, group: Any) -> None:
        self._dist, self._group = dist, group
        self.rank, self.size = dist.get_rank(group), dist.get_world_size(group)
        self._members = dist.get_process_group_ranks(group)
        self._timeout = _timeout_of(group)
        self._watch: Watch | None = None
        # words are the host's, also where sums are those of GPUs
        self._words = dist.new_group(
            self._members, self._timeout, "gloo", use_local_synchronization=True
        )
        machines = self.gather(socket.gethostname())
        self.local_rank = machines[: self.rank].count(machines[self.rank])
        atexit.register(self._leave)

    def _leave(self) -> None:
        """Let go of the groups while Python still runs: their threads end with them."""
        self._group = self._words = None

    def waiting(self, what: str) -> AbstractContextManager[None]:
        """Return a context in which the time is watched: for sums that are not the group's."""
        if self._watch is None and self._timeout is not None:
            self._watch = Watch(self._timeout.total_seconds(), self)
        return nullcontext() if self._watch is None else self._watch.waiting(what)

    def sum_tensor(self, tensor: Array) -> None:
        """Sum a tensor of a GPU over all processes, in place, where the group does that."""
        self._dist.all_reduce(tensor, group=self._group)

    def sums_on(self, device: Any) -> bool:
        """Whether tensors of a device are summed there."""
        return "nccl" in self._dist.get_backend(self._group) and device.type == "cuda"

    def _sum(self, array: np.ndarray) -> None:
        import torch

        self._dist.all_reduce(torch.from_numpy(array), group=self._words)

    def _gather(self, value: Any) -> list[Any]:
        values: list[Any] = [None] * self.size
        self._dist.all_gather_object(values, value, group=self._words)
        return values

    def _any(self, flag: bool) -> bool:
        import torch

        flags = torch.tensor([int(flag)])
        self._dist.all_reduce(flags, self._dist.ReduceOp.MAX, group=self._words)
        return bool(flags[0])

    def _broadcast(self, value: Any) -> Any:
        values = [value]
        self._dist.broadcast_object_list(values, self._members[0], group=self._words)
        return values[0]

    def _exchange(self, values: Sequence[Any]) -> list[Any]:
        got = []
        for rank, member in enumerate(self._members):
            mine: list[Any] = [None]
            given = [*values] if rank == self.rank else None
            self._dist.scatter_object_list(mine, given, member, group=self._words)
            got += mine
        return got

    def _abort(self) -> None:
        os._exit(1)  # the others find the connection closed


def _timeout_of(group: Any) -> timedelta | None:
    """Return how long processes of a group wait for one another; None where it doesn't tell."""
    import torch

    for kind in ("cpu", "cuda"):
        try:
            timeout: timedelta = group._get_backend(torch.device(kind)).options._timeout
        except (AttributeError, RuntimeError):  # torch has no public word for it
            continue
        return timeout
    return None
