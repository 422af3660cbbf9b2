"""Steps of JAX that run on several devices at once: of one process, or of many.

Nothing is cut or summed here.  The step as it is runs on arrays that are spread over devices,
a batch by its rows and all else whole on each, and XLA adds what its sums need.
"""

from __future__ import annotations

import os
import pickle
import socket
from collections.abc import Sequence
from typing import Any

import numpy as np

from xpnn.backend import Array, Backend
from xpnn.distributed import Communicator

__all__ = ["JaxMesh", "jax_mesh"]


def jax_mesh(devices: Sequence[Any] | None = None) -> Communicator:
    """Return JAX's devices, over which batches are spread.

    Parameters
    ----------
    devices : sequence of jax.Device, optional
        By default all of them; where ``jax.distributed.initialize`` was called, those of all
        processes, each of which must call this.

    Returns
    -------
    Communicator
        For ``fit(communicator=)`` with the backend ``"jax"``; `size` is the number of
        processes, not that of devices.  Each device holds all rows.

    Raises
    ------
    ModuleNotFoundError
        If JAX is not installed.
    TypeError, ValueError
        If `devices` are none, or not of each process.
    """
    try:
        import jax
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "xpnn.distributed.jax_mesh needs JAX: pip install jax"
        ) from None
    chosen = jax.devices() if devices is None else [*devices]
    if not chosen or not all(isinstance(device, jax.Device) for device in chosen):
        raise TypeError(f"devices must be a list of jax.Device, got {devices!r}")
    if len({device.process_index for device in chosen}) != jax.process_count():
        raise ValueError(
            f"devices must be some of each of the {jax.process_count()} processes, got {chosen}"
        )
    return JaxMesh(jax, chosen)


class JaxMesh(Communicator):
    """Devices of JAX, over which batches are spread.

    Parameters
    ----------
    jax : module
        JAX.
    devices : list of jax.Device
        The devices.
    """

    cuts_batches = False

    def __init__(self, jax: Any, devices: list[Any]) -> None:
        from jax.sharding import Mesh, NamedSharding, PartitionSpec

        self._jax = jax
        self.rank, self.size = jax.process_index(), jax.process_count()
        mesh = Mesh(np.array(devices), ("rows",))
        self._whole = NamedSharding(mesh, PartitionSpec())
        self._by_rows = NamedSharding(mesh, PartitionSpec("rows"))
        self.local_devices = [d for d in devices if d.process_index == self.rank]
        machines = self.gather(socket.gethostname())
        self.local_rank = machines[: self.rank].count(machines[self.rank])

    def check_backend(self, backend: Backend) -> None:
        """Check that a backend is JAX on one of the devices."""
        if backend.device not in self.local_devices:
            raise ValueError(
                f"communicator: jax_mesh() needs a model with the backend 'jax', on one of "
                f"{self.local_devices}, got {backend!r}"
            )

    # ---------------------------------------------------------------- arrays on the devices

    def spread(self, array: Array) -> Array:
        """Let an array in what is compiled be cut over the devices, by its rows."""
        return self._jax.lax.with_sharding_constraint(array, self._by_rows)

    def whole(self, array: Array) -> Array:
        """Return an array that all devices have."""
        if isinstance(array, np.ndarray):
            return self._jax.device_put(array, self._whole)
        shards = [self._jax.device_put(array, device) for device in self.local_devices]
        make = self._jax.make_array_from_single_device_arrays
        return make(array.shape, self._whole, shards)

    @staticmethod
    def on(device: Any, array: Array) -> Array:
        """Return what one device has of an array that all have."""
        return next(s.data for s in array.addressable_shards if s.device == device)

    # ---------------------------------------------------------------------- words of hosts

    def _sum(self, array: np.ndarray) -> None:
        array[...] = sum(self._gather(array))

    def _gather(self, value: Any) -> list[Any]:
        from jax.experimental.multihost_utils import process_allgather

        text = np.frombuffer(pickle.dumps(value), np.uint8)
        lengths = process_allgather(np.array([len(text)], np.int32)).reshape(-1)
        # few lengths, for each of which something is compiled
        padded = np.zeros(1 << int(max(lengths) - 1).bit_length(), np.uint8)
        padded[: len(text)] = text
        texts = process_allgather(padded).reshape(self.size, -1)
        return [pickle.loads(text[:n].tobytes()) for text, n in zip(texts, lengths)]

    def _abort(self) -> None:
        os._exit(1)  # the others find the connection closed
