"""JAX: functions are compiled by XLA, on the device that JAX chooses or "jax:cpu".

JAX has float64 only where ``jax_enable_x64`` is on; elsewhere it computes in float32 whatever
it is asked for.  What computes in float64 here does so in a context in which it is on, for this
thread alone (`JaxBackend.activate_for`).  Only a float64 array that is placed outside of one,
for somebody to compute with, as a script of `xpnn.nnfs` does, turns it on for the process.

XLA compiles for each shape.  So on a CPU, whose memory NumPy shares, rows are cut and joined by
NumPy, and a network is used, and trained, with few numbers of rows (`padded`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import cache, lru_cache, partial
from typing import Any, ClassVar

import numpy as np

from xpnn.backend import (
    Array,
    Backend,
    BackendUnavailableError,
    dtype_name,
    row_blocks,
)
from xpnn.backend.base import Function
from xpnn.optimizers.apart import variants_of, with_variants

from ._jax_memory import empty, padded


@cache
def _all_finite() -> Callable[..., Array]:
    import jax

    def all_finite(*arrays: Array) -> Array:
        finite = [jax.numpy.all(jax.numpy.isfinite(array)) for array in arrays]
        return jax.numpy.all(jax.numpy.stack(finite))

    return jax.jit(all_finite)  # type: ignore[no-any-return]


def subtract_one_hot(a: Array, columns: Array) -> Array:
    """Change one entry of each row; a CPU takes 10 % less for a step of 784-128-128-10 so.

    With very few columns it is faster to compare each, and on a GPU, where that takes part in
    the kernel around it.
    """
    import jax

    def compare(a: Array, columns: Array) -> Array:
        return jax.numpy.where(jax.numpy.arange(a.shape[1]) == columns[:, None], a - 1, a)

    def change(a: Array, columns: Array) -> Array:
        return a.at[jax.numpy.arange(a.shape[0]), columns].add(-1)

    if a.shape[1] < 8:
        return compare(a, columns)
    return jax.lax.platform_dependent(a, columns, cpu=change, default=compare)


def add_rows(table: Array, places: Array, rows: Array) -> Array:
    """Add where they belong, as XLA knows how to."""
    return table.at[places].add(rows)


def erf(a: Array) -> Array:
    """Name it to XLA, which has it."""
    import jax

    return jax.lax.erf(a)


def summed(a: Array, communicator: Any) -> Array:
    """Sum on the host, which what is compiled calls in the order of its steps."""
    import jax

    dtype = np.dtype(a.dtype)

    def on_host(part: Array) -> np.ndarray:
        host = np.array(part)
        communicator.sum(host.view(dtype))
        return host

    if not isinstance(a, jax.core.Tracer):
        return jax.device_put(on_host(a), a.device)
    from jax.experimental import io_callback

    # as bits: the thread that is called may have float64 switched off, and would round
    bits = jax.lax.bitcast_convert_type(a, jax.numpy.uint32)
    summed_bits = io_callback(
        on_host, jax.ShapeDtypeStruct(bits.shape, bits.dtype), bits, ordered=True
    )
    return jax.lax.bitcast_convert_type(summed_bits, a.dtype)


SMALL = 1 << 16
"""So many numbers may go from a GPU to the host and back, to be padded there."""


class JaxBackend(Backend):
    """JAX arrays on one device."""

    measures_on_host = True

    operations: ClassVar[Mapping[str, Callable[..., Any]]] = {
        "add_rows": add_rows,
        "erf": erf,
        "subtract_one_hot": subtract_one_hot,
        "summed": summed,
    }

    @property
    def has_float64(self) -> bool:
        """Whether there is float64 on the device; JAX tells whether it is switched on."""
        return bool(self.device.platform != "METAL")

    def dtype(self, name: Any) -> Any:
        """Return the dtype; float64 turns ``jax_enable_x64`` on, outside of `activate_for`."""
        import jax

        name = dtype_name(name)
        if name == "float64" and self.has_float64 and not jax.config.jax_enable_x64:
            jax.config.update("jax_enable_x64", True)
        elif name in ("int64", "uint64") and not jax.config.jax_enable_x64:
            name = name.replace("64", "32")  # what JAX does by itself, but with a warning
        return super().dtype(name)

    def from_numpy(self, x: np.ndarray, dtype: Any, copy: bool) -> Array:
        """Take a NumPy array to the device, always as a copy."""
        import jax

        wanted = self.dtype(x.dtype if dtype is None else dtype)
        if x.dtype.kind in "iu" and x.size:
            info = self.xp.iinfo(wanted) if self.xp.isdtype(wanted, "integral") else None
            if info and not (info.min <= x.min() and x.max() <= info.max):
                # without jax_enable_x64 these would silently become other numbers
                raise ValueError(f"expected integers that {wanted} can hold, got {x.max()}")
        # a copy always: JAX may keep the host's memory, which is somebody else's to change;
        # and made by NumPy, as JAX compiles a conversion for each shape
        host = empty(x.shape, np.dtype(wanted))
        with np.errstate(over="ignore"):  # what is too large becomes infinite, and is found
            host[...] = x
        return jax.device_put(host, self.device)

    def plain(self, x: Array) -> Array:
        """Return the array, if it has not been deleted."""
        import jax

        if not isinstance(x, jax.core.Tracer) and x.is_deleted():
            raise TypeError(
                "expected numbers, got an array that was deleted, or donated to a compiled "
                "function, which then has its memory: give a copy there"
            )
        return x

    def device_name(self, device: Any) -> str:
        """Return the platform, and the device's number among those of this process."""
        import jax

        platform = device.platform
        return f"{platform}:{jax.local_devices(backend=platform).index(device)}"

    def activate_for(self, dtype: Any) -> AbstractContextManager[Any]:
        """Have float64 in this thread, for a dtype that needs it; the process has it not."""
        import jax

        wanted = dtype_name(dtype) == "float64" and self.has_float64
        if not wanted or jax.config.jax_enable_x64:
            return nullcontext()
        if not hasattr(jax, "enable_x64"):  # before JAX 0.8
            from jax.experimental import enable_x64

            return enable_x64(True)  # type: ignore[no-any-return]
        return jax.enable_x64(True)  # type: ignore[no-any-return]

    def map_rows(
        self, function: Callable[[Array], Array], x: Array, at_once: int, apart: bool
    ) -> Array:
        """Call a function of rows with few numbers of rows; as in `Backend.map_rows`."""
        import jax

        n = x.shape[0]
        if not self._is_near(x) or (n <= at_once and not apart):
            return super().map_rows(function, x, at_once, apart)
        size = min(at_once, padded(n))
        host, results = np.asarray(x), []

        def put(part: np.ndarray) -> Array:  # on a CPU what is compiled takes it as it is
            on_host = self.device.platform == "cpu"
            return part if on_host else jax.device_put(part, self.device)

        if size == n:
            return function(put(host))
        for start in range(0, n, size):
            part = host[start : start + size]
            short = (size if size <= 64 else min(size, padded(len(part)))) - len(part)
            if apart and short:  # with a row of the data, of which no function makes a NaN
                part = np.concatenate([part, np.broadcast_to(part[-1:], (short, *x.shape[1:]))])
            results.append(function(put(part)))
        if len(results) == 1:
            return np.array(results[0])[:n]
        return np.concatenate([np.asarray(result) for result in results])[:n]

    def take_rows(self, a: Array, rows: Array) -> Array:
        """Let NumPy take them, where it shares the memory: that compiles nothing."""
        import jax

        if not self._is_near(a):
            return super().take_rows(a, rows)
        host, rows = np.asarray(a), np.asarray(rows)
        taken = empty((len(rows), *host.shape[1:]), host.dtype)
        # all rows are there; with mode="raise" NumPy would fill memory of its own first
        return jax.device_put(np.take(host, rows, 0, out=taken, mode="clip"), self.device)

    def _is_near(self, x: Array) -> bool:
        """Whether an array is on the host, or soon there."""
        return bool(self.device.platform == "cpu" or x.size <= SMALL)

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

    def all_finite(self, *arrays: Array) -> bool:
        """Whether no array holds a NaN or an infinity.

        On a CPU NumPy looks at the same memory, where JAX would compile for each shape; on a
        GPU it is compiled, and needs no memory.
        """
        if self.device.platform == "cpu":
            blocks = (part for a in arrays for _, part in row_blocks(np.asarray(a), 1 << 20))
            return all(bool(np.isfinite(block).all()) for block in blocks)
        return bool(_all_finite()(*arrays))

    def compile(self, function: Function, *, donate: tuple[int, ...] = ()) -> Function:
        """Return the function compiled by ``jax.jit`` at its first call for each shape.

        Networks with the same layers share what they predict by, if these are xpnn's own:
        else each fit of a search would wait for it.
        """
        import jax

        stack = getattr(function, "__self__", None)
        if getattr(stack, "rows_apart", False) and not donate:
            return self._of_stack(stack, function.__name__)  # type: ignore[no-any-return]
        return jax.jit(function, donate_argnums=donate)  # type: ignore[no-any-return]

    @lru_cache(maxsize=32)  # noqa: B019 - there is one object for each device, for ever
    def _of_stack(self, stack: Any, method: str) -> Any:
        import jax

        return jax.jit(getattr(stack, method))

    def repeat(self, step: Any) -> Callable[..., Any]:
        """Return a function that takes many steps as one compiled loop.

        Models with the same layers, loss, optimizer and metrics share it, and what it has
        compiled, if these are xpnn's own, of which we know that equal ones compute the same.
        The learning rate is no part of that: it is in the numbers that a step is given.
        """
        metrics = [getattr(metric, "function", metric) for metric in step.metrics]
        variants = variants_of(step.optimizer)
        parts = (step.criterion, *variants, *metrics)
        ours = all(type(part).__module__.startswith("xpnn.") for part in parts)
        if ours and step.stack.rows_apart:  # and so are all layers
            same = [replace(variant, learning_rate=1.0, decay=0.0) for variant in variants]
            optimizer = with_variants(step.optimizer, same)
            return partial(self._repeat(replace(step, optimizer=optimizer)), step.numbers)
        return partial(self._repeat.__wrapped__(self, step), step.numbers)

    @lru_cache(maxsize=32)  # noqa: B019 - as above
    def _repeat(self, step: Any) -> Callable[..., Any]:
        from ._jax_steps import repeat

        return repeat(step, self.device)


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
        # of several processes each has its own; of another's memory nothing can be placed
        place = jax.local_devices(backend=platform or None)[int(number or 0)]
    except (RuntimeError, IndexError, ValueError) as error:
        raise BackendUnavailableError(
            f"jax:{device}",
            f"JAX {jax.__version__} has no device {device!r} here ({error})",
            "Use 'jax' for the device that JAX finds, or install jax[cuda13] for a GPU",
        ) from error
    return JaxBackend("jax", jax.numpy, place, jax.__version__)
