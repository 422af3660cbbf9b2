"""CuPy: NVIDIA GPUs, "cupy" for the first one, "cupy:1" for the next."""

from __future__ import annotations

import ctypes
import sys
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from xpnn.backend import Array, Backend, BackendUnavailableError

REMEDY = (
    "On a machine with an NVIDIA GPU and driver, install CuPy for its CUDA version: "
    "pip install 'cupy-cuda13x[ctk]' (or 'cupy-cuda12x[ctk]')"
)


class CupyBackend(Backend):
    """CuPy arrays on one GPU."""

    def _place(self, x: np.ndarray, dtype: Any, copy: bool) -> Array:
        with self.device:  # CuPy checks device= but allocates on the current device
            return super()._place(x, dtype, copy)

    def _to_device(self, x: Array) -> Array:
        if x.device == self.device:
            return x
        with self.device:
            return self.xp.asarray(x, copy=True)

    def to_numpy(self, x: Array) -> np.ndarray:
        """Copy the array to the host, which waits for the GPU."""
        with self.device:
            host: np.ndarray = x.get()
        return host

    def synchronize(self) -> None:
        """Wait for the GPU."""
        self.device.synchronize()

    def activate(self) -> AbstractContextManager[Any]:
        """Make this GPU the current one."""
        return self.device  # type: ignore[no-any-return]


def load(device: str | None) -> Backend:
    """Return CuPy on a GPU, by default the first one."""
    # Ordered so that the reason names the first thing that is missing: the package, the
    # driver, a device.  Each can be there without the next.
    try:
        import array_api_compat.cupy as xp
        import cupy
    except ImportError as error:
        reason = f"CuPy can't be imported ({error})"
        raise BackendUnavailableError("cupy", reason, REMEDY) from error
    driver = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    try:
        ctypes.CDLL(driver)
    except OSError as error:
        reason = (
            f"CuPy {cupy.__version__} is installed, but there is no NVIDIA driver ({error})"
        )
        raise BackendUnavailableError("cupy", reason, REMEDY) from error
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        reason = f"CuPy {cupy.__version__} finds no NVIDIA GPU ({error})"
        raise BackendUnavailableError("cupy", reason, REMEDY) from error
    if not (device or "0").isdecimal() or int(device or 0) >= count:
        raise BackendUnavailableError(
            f"cupy:{device}",
            f"there is no GPU {device!r}; {count} found",
            "Give the number of a GPU, counted from 0",
        )
    return CupyBackend("cupy", xp, cupy.cuda.Device(int(device or 0)), cupy.__version__)
