"""NumPy on the CPU: the backend that is always there."""

import array_api_compat.numpy as xp
import numpy as np

from xpnn.backend import Array, Backend, BackendUnavailableError


class NumpyBackend(Backend):
    """NumPy arrays, which are on the host already."""

    def to_numpy(self, x: Array) -> np.ndarray:
        """Return the array itself."""
        return np.asarray(x)


def load(device: str | None) -> Backend:
    """Return NumPy; its only device is the CPU."""
    if device not in (None, "cpu"):
        raise BackendUnavailableError("numpy", f"NumPy has no device {device!r}", "Use 'numpy'")
    return NumpyBackend("numpy", xp, "cpu", np.__version__)
