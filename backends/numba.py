"""NumPy's arrays, and NumPy's everything, but that steps of training are compiled by Numba.

What a step asks of NumPy is recorded as for NumPy itself (`_playback`).  The recording is read
(`_numba_reading`) and put into a few loops by a table of rules (`_numba_rules`,
`_numba_passes`), written as Python (`_numba_source`), compiled (`_numba_compiler`) and kept on
the disk (`_numba_kept`); a player decides when that pays (`_numba_player`).  Every number has
the same bits as with NumPy.
"""

from __future__ import annotations

from importlib.metadata import version
from importlib.util import find_spec
from math import isfinite
from typing import Any, ClassVar

import array_api_compat.numpy as xp
import numpy as np

from xpnn.backend import Array, Backend, BackendUnavailableError
from xpnn.backend.base import OneRow

from ._numba_functions import CompiledFunction
from ._numba_player import CompiledPlayer
from ._playback import Player
from .numpy import NumpyBackend

__all__ = ["NumbaBackend"]


class NumbaBackend(NumpyBackend):
    """NumPy arrays, and steps that are compiled."""

    player: ClassVar[type[Player]] = CompiledPlayer
    leaves_python: ClassVar[bool] = True

    def compile(self, function: Any, *, donate: tuple[int, ...] = ()) -> Any:
        """Return the function, which is compiled when that pays."""
        return function if donate else CompiledFunction(function)

    def one_row(self, stack: Any, dtype: str, n_features: int) -> OneRow | None:
        """Return what computes one row at once, in one call if it is compiled."""
        shape, wanted = (1, n_features), np.dtype(dtype)

        @np.errstate(over="ignore", invalid="ignore")
        def placed(x: Array) -> Array:
            return x.astype(wanted)

        @np.errstate(over="ignore", under="ignore", invalid="ignore")
        def outputs(arrays: list[Array], x: Array) -> tuple[Array, Array]:
            return stack.predict(arrays, x), np.add.reduce(x * x, axis=None)

        compiled = CompiledFunction(outputs)

        def compute(arrays: list[Array], x: Any) -> Array | None:
            if type(x) is np.ndarray and x.shape == shape and x.dtype.kind in "biuf":
                y, squares = compiled(arrays, x if x.dtype == wanted else placed(x))
                # which are finite only if the numbers are; else each is looked at
                return y if isfinite(squares) else None
            return None

        return compute


def load(device: str | None) -> Backend:
    """Return NumPy with compiled steps; its only device is the CPU."""
    if device not in (None, "cpu"):
        raise BackendUnavailableError("numba", f"NumPy has no device {device!r}", "Use 'numba'")
    if find_spec("numba") is None:  # to import it takes longer than to load code that was kept
        raise BackendUnavailableError(
            "numba", "Numba is not installed", "Install it: pip install numba"
        )
    return NumbaBackend("numba", xp, "cpu", version("numba"))
