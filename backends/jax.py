"""JAX: functions are compiled by XLA, on the device that JAX chooses or "jax:cpu".

JAX has float64 only when the flag ``jax_enable_x64`` is on, for the whole process; off,
it computes in float32 whatever it is asked for.  So the first float64 array that is
placed here turns the flag on; a program that stays in float32 never does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from xpnn.backend import Array, Backend, BackendUnavailableError, Function, dtype_name


class JaxBackend(Backend):
    """JAX arrays on one device."""

    def dtype(self, name: Any) -> Any:
        """Return the dtype; asking for float64 turns ``jax_enable_x64`` on."""
        import jax

        name = dtype_name(name)
        if name == "float64":
            jax.config.update("jax_enable_x64", True)
        elif name in ("int64", "uint64") and not jax.config.jax_enable_x64:
            name = name.replace("64", "32")  # what JAX does by itself, but with a warning
        return super().dtype(name)

    def _place(self, x: np.ndarray, dtype: Any, copy: bool) -> Array:
        wanted = self.dtype(x.dtype if dtype is None else dtype)
        if x.dtype.kind in "iu" and x.size:
            info = self.xp.iinfo(wanted) if self.xp.isdtype(wanted, "integral") else None
            if info and not (info.min <= x.min() and x.max() <= info.max):
                # without jax_enable_x64 these would silently become other numbers
                raise ValueError(f"expected integers that {wanted} can hold, got {x.max()}")
        # a copy always: JAX may keep the host's memory, which is somebody else's to change
        return super()._place(x, dtype, True)

    def to_numpy(self, x: Array) -> np.ndarray:
        """Return the array as a NumPy array of its own."""
        return np.array(x)

    def read(self, arrays: list[Array]) -> np.ndarray:
        """Fetch all at once: joining them first takes JAX a compilation for each number."""
        import jax

        return np.concatenate(jax.device_get(arrays), axis=None, dtype=np.float64)

    def synchronize(self) -> None:
        """Wait for every array on the device: JAX has no other word for "all is done"."""
        import jax

        for array in jax.live_arrays():
            if not array.is_deleted() and self.device in array.devices():
                array.block_until_ready()

    def compile(self, function: Function, *, donate: tuple[int, ...] = ()) -> Function:
        """Return the function compiled by ``jax.jit`` at its first call for each shape."""
        import jax

        return jax.jit(function, donate_argnums=donate)  # type: ignore[no-any-return]


def load(device: str | None) -> Backend:
    """Return JAX on a device: "cpu", "gpu", "gpu:1"; by default the one JAX prefers."""
    try:
        import jax
    except ImportError as error:
        raise BackendUnavailableError(
            "jax", f"JAX can't be imported ({error})", "Install it: pip install jax"
        ) from error
    platform, _, number = (device or "").partition(":")
    try:
        place = jax.devices(platform or None)[int(number or 0)]
    except (RuntimeError, IndexError, ValueError) as error:
        raise BackendUnavailableError(
            f"jax:{device}",
            f"JAX {jax.__version__} has no device {device!r} here ({error})",
            "Use 'jax' for the device that JAX finds, or install jax[cuda13] for a GPU",
        ) from error
    return JaxBackend("jax", jax.numpy, place, jax.__version__)
