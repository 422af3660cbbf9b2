"""dpnp, Intel's NumPy for its GPUs and for CPUs: "dpnp:gpu", "dpnp:cpu", "dpnp:opencl:gpu:1".

Its wheels come with an OpenCL driver for CPUs, which they don't find by themselves.
"""

from __future__ import annotations

import copyreg
import os
import sys
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

import numpy as np

from xpnn.backend import Array, Backend, BackendUnavailableError, resolve

DRIVERS = "OCL_ICD_FILENAMES"
"""The environment variable that names OpenCL drivers beside those of the system."""

REMEDY = (
    "Install the driver of your Intel GPU; or, for the CPU, the package intel-opencl-rt, or "
    f"set {DRIVERS} to the path of its libintelocl.so"
)


class DpnpBackend(Backend):
    """Arrays of dpnp on one device."""

    remedy = REMEDY

    # a call costs some tenths of a millisecond: a small network takes 1.5 times as many steps
    packing = (sys.maxsize, sys.maxsize)

    def device_name(self, device: Any) -> str:
        """Return the selector of the device."""
        return selector(device)

    def to_numpy(self, x: Array) -> np.ndarray:
        """Return the array as a NumPy array."""
        host: np.ndarray = self.xp.asnumpy(x)
        return host

    def synchronize(self) -> None:
        """Wait for the queue of the device."""
        self.device.sycl_queue.wait()


def selector(device: Any) -> str:
    """Return what stands between the brackets that a device prints as: "opencl:cpu:0"."""
    return str(device).partition("(")[2].removesuffix(")")


def pickled(x: Array) -> tuple[Any, ...]:
    """Return how an array is pickled and copied, which dpnp itself refuses."""
    import dpnp

    return unpickled, (dpnp.asnumpy(x), selector(x.device))


def unpickled(x: np.ndarray, device: str) -> Array:
    """Return the array again, on the device on which it was."""
    return resolve(f"dpnp:{device}!").asarray(x)


def show_the_cpu() -> None:
    """Name the driver for CPUs, where pip has installed it, in the environment.

    It is read when the first device is looked for.  What is set already stays.
    """
    try:
        installed = files("intel-opencl-rt") or ()
    except PackageNotFoundError:
        return
    for file in installed:
        if file.name == "libintelocl.so" and not os.environ.get(DRIVERS):
            os.environ[DRIVERS] = str(Path(file.locate()).resolve())


def load(device: str | None) -> Backend:
    """Return dpnp on a device, by default the one that it prefers: a GPU, if there is one."""
    try:
        import dpnp as xp
    except ImportError as error:
        raise BackendUnavailableError(
            "dpnp", f"dpnp can't be imported ({error})", "Install it: pip install dpnp"
        ) from error
    show_the_cpu()
    try:
        place = xp.zeros(1, dtype=xp.float32, device=device).device
    except Exception as error:  # of several libraries below it, each with its own
        what = "no device" if device is None else f"no device {device!r}"
        raise BackendUnavailableError(
            "dpnp" if device is None else f"dpnp:{device}",
            f"dpnp {xp.__version__} has {what} here ({error})".rstrip("."),
            REMEDY,
        ) from error
    copyreg.pickle(xp.ndarray, pickled)
    return DpnpBackend("dpnp", xp, place, xp.__version__)
