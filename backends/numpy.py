"""NumPy on the CPU: the backend that is always there."""

from contextlib import AbstractContextManager
from typing import Any

import array_api_compat.numpy as xp
import numpy as np

from xpnn.backend import Array, Backend, BackendUnavailableError


class NumpyBackend(Backend):
    """NumPy arrays, which are on the host already."""

    def owns(self, x: Any) -> bool:
        """Whether `x` is an array as such; masked arrays and matrices mean other things."""
        return type(x) is np.ndarray or isinstance(x, np.generic)

    def asarray(self, x: Any, dtype: Any = None, *, copy: bool = False) -> Array:
        """Place an array; as in `Backend.asarray`."""
        return super().asarray(
            np.asarray(x) if isinstance(x, np.generic) else x, dtype, copy=copy
        )

    def to_numpy(self, x: Array) -> np.ndarray:
        """Return the array itself."""
        return np.asarray(x)

    def activate(self) -> AbstractContextManager[Any]:
        """Let overflow be silent, as on a GPU: a loss that is not finite is reported."""
        return np.errstate(over="ignore", invalid="ignore")


def load(device: str | None) -> Backend:
    """Return NumPy; its only device is the CPU."""
    if device not in (None, "cpu"):
        raise BackendUnavailableError("numpy", f"NumPy has no device {device!r}", "Use 'numpy'")
    return NumpyBackend("numpy", xp, "cpu", np.__version__)
