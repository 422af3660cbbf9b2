"""CuPy: NVIDIA GPUs, "cupy" for the first one, "cupy:1" for the next.

Steps of training are played as a CUDA graph (`_cuda_graph`), with an optimizer's rule in one
kernel (`_cupy_kernels`).  Each is compared with the step as it is written, which goes on alone
where they differ or fail.

Who computes with arrays of another GPU than the first outside of a model makes that GPU
the current one, as CuPy asks: ``with backend.activate():``.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import numpy as np

from xpnn.backend import Array, Backend, BackendUnavailableError, Block
from xpnn.optimizers.apart import variants_of, with_variants

REMEDY = (
    "On a machine with an NVIDIA GPU and driver, install CuPy for its CUDA version: "
    "pip install 'cupy-cuda13x[ctk]' (or 'cupy-cuda12x[ctk]')"
)


class CupyBackend(Backend):
    """CuPy arrays on one GPU.

    CuPy computes and allocates on the current GPU, whatever ``device=`` says, and refuses
    or slowly fetches the arrays of another; so every method first makes its GPU current.
    """

    remedy = REMEDY

    # a launch costs more than the numbers that it is for: everything is joined, nothing cut
    packing = (sys.maxsize, sys.maxsize)

    def device_name(self, device: Any) -> str:
        """Return the GPU's number."""
        return str(device.id)

    def asarray(self, x: Any, dtype: Any = None, *, copy: bool = False) -> Array:
        """Place an array on this GPU; as in `Backend.asarray`."""
        with self.device:
            return super().asarray(x, dtype, copy=copy)

    def _to_device(self, x: Array) -> Array:
        # copy() brings an array to the current GPU; asarray can't if it is not contiguous
        return x if x.device == self.device else x.copy()

    def to_numpy(self, x: Array) -> np.ndarray:
        """Copy the array to the host, which waits for the GPU that it is on."""
        with x.device:
            host: np.ndarray = x.get()
        return host

    def read(self, arrays: list[Array]) -> np.ndarray:
        """Return arrays of shape () or (k,) as float64 on the host; as in `Backend.read`."""
        with self.device:
            return super().read(arrays)

    def synchronize(self) -> None:
        """Wait for the GPU."""
        self.device.synchronize()

    def activate(self) -> AbstractContextManager[Any]:
        """Make this GPU the current one."""
        return self.device  # type: ignore[no-any-return]

    def repeat(self, step: Any) -> Callable[..., Any]:
        """Return a function that takes many steps; what recurs is captured and played."""
        if not self.operations:
            return super().repeat(step)
        from ._cuda_graph import repeat
        from ._cupy_graph import CupyStream, address
        from ._cupy_kernels import InPlace, OneKernel
        from ._cupy_sums import watched

        def made(kind: type) -> Any:
            variants = map(kind, variants_of(step.optimizer))
            return replace(step, optimizer=with_variants(step.optimizer, [*variants]))

        step, as_written = made(OneKernel), made(InPlace)
        run = repeat(self, super().repeat(step), step, as_written, CupyStream, address)
        return run if step.communicator is None else watched(run, step.communicator)

    def flush(self, slots: list[list[Array]], block: Block) -> None:
        """Leave tiny numbers: CuPy's kernels set them to 0 in single precision."""


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
    if int(cupy.__version__.partition(".")[0]) < 14:
        reason = f"CuPy {cupy.__version__} is too old: it casts scalars unlike NumPy 2"
        raise BackendUnavailableError("cupy", reason, "Install CuPy 14 or newer")
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
    number = device or "0"
    if not number.isdecimal() or int(number) >= count:
        raise BackendUnavailableError(
            f"cupy:{number}",
            f"there is no GPU {number!r}; CuPy {cupy.__version__} finds {count}",
            "Give the number of a GPU, counted from 0",
        )
    try:
        from ._cupy_kernels import OPERATIONS
        from ._cupy_sums import summed

        CupyBackend.operations = {**OPERATIONS, "summed": summed}  # here: they import CuPy
    except AttributeError:  # what stands in for CuPy may lack kernels, and do without
        CupyBackend.operations = {}
    return CupyBackend("cupy", xp, cupy.cuda.Device(int(number)), cupy.__version__)
