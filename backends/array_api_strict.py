"""The standard and nothing else: finds what an array library doesn't promise.

Slow, and meant for tests.  "array_api_strict:device1" is a device that NumPy can't read
without being asked, as a GPU is.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from xpnn.backend import Array, Backend, BackendUnavailableError


class StrictBackend(Backend):
    """Arrays of array-api-strict on one of its make-believe devices."""

    def device_name(self, device: Any) -> str:
        """Return the name between the quotes that a device prints as."""
        return str(device).split("'")[1]

    def elsewhere(self) -> Backend:
        """Return it on a device that NumPy can't read."""
        return load("device1") if self.device == self.xp.Device("CPU_DEVICE") else self

    def to_numpy(self, x: Array) -> np.ndarray:
        """Return the array as a NumPy array."""
        return np.asarray(self.xp.asarray(x, device=self.xp.Device("CPU_DEVICE")))

    def activate(self) -> AbstractContextManager[Any]:
        """Let overflow be silent, as in NumPy's backend."""
        return np.errstate(over="ignore", invalid="ignore")


def load(device: str | None) -> Backend:
    """Return array-api-strict on a device, by default its CPU."""
    try:
        import array_api_strict as xp
    except ImportError as error:
        raise BackendUnavailableError(
            "array_api_strict",
            f"array-api-strict can't be imported ({error})",
            "Install it: pip install array-api-strict",
        ) from error
    try:
        place = xp.Device(device or "CPU_DEVICE")
    except ValueError as error:
        raise BackendUnavailableError(
            f"array_api_strict:{device}", str(error), "Use 'array_api_strict'"
        ) from error
    return StrictBackend("array_api_strict", xp, place, xp.__version__)
