"""JAX: functions are compiled by XLA, on the device that JAX chooses or "jax:cpu".

JAX has float64 only when the flag ``jax_enable_x64`` is on, for the whole process; off,
it computes in float32 whatever it is asked for.  So the first float64 array that is
placed here turns the flag on; a program that stays in float32 never does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, lru_cache, partial
from typing import Any

import numpy as np

from xpnn.backend import (
    Array,
    Backend,
    BackendUnavailableError,
    Block,
    dtype_name,
    row_blocks,
)
from xpnn.backend.base import Function, Taken


@cache
def _all_finite() -> Callable[..., Array]:
    import jax

    def all_finite(*arrays: Array) -> Array:
        finite = [jax.numpy.all(jax.numpy.isfinite(array)) for array in arrays]
        return jax.numpy.all(jax.numpy.stack(finite))

    return jax.jit(all_finite)  # type: ignore[no-any-return]


class Head:
    """The first numbers of an array, for `JaxBackend.read`: JAX would compile each length."""

    def __init__(self, array: Array, count: int) -> None:
        self.array, self.count = array, count

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.array, dtype)[: self.count]


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
        import jax

        wanted = self.dtype(x.dtype if dtype is None else dtype)
        if x.dtype.kind in "iu" and x.size:
            info = self.xp.iinfo(wanted) if self.xp.isdtype(wanted, "integral") else None
            if info and not (info.min <= x.min() and x.max() <= info.max):
                # without jax_enable_x64 these would silently become other numbers
                raise ValueError(f"expected integers that {wanted} can hold, got {x.max()}")
        # a copy always: JAX may keep the host's memory, which is somebody else's to change;
        # and made by NumPy, as JAX compiles a conversion for each shape
        with np.errstate(over="ignore"):  # what is too large becomes infinite, and is found
            return jax.device_put(np.array(x, wanted, order="C"), self.device)

    def plain(self, x: Array) -> Array:
        """Return the array, if it has not been deleted."""
        import jax

        if not isinstance(x, jax.core.Tracer) and x.is_deleted():
            raise TypeError(
                "expected numbers, got an array that was deleted, or donated to a compiled "
                "function, which then has its memory: give a copy there"
            )
        return x

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
        """Return the function compiled by ``jax.jit`` at its first call for each shape."""
        import jax

        return jax.jit(function, donate_argnums=donate)  # type: ignore[no-any-return]

    def repeat(self, step: Any) -> Callable[..., Any]:
        """Return a function that takes many steps as one compiled loop.

        Models with the same layers, loss, optimizer and metrics share it, and what it has
        compiled, if these are xpnn's own, of which we know that equal ones compute the same.
        The learning rate is no part of that: it is in the numbers that a step is given.
        """
        metrics = [getattr(metric, "function", metric) for metric in step.metrics]
        parts = (*step.stack.layers, step.criterion, step.optimizer, *metrics)
        if all(type(part).__module__.startswith("xpnn.") for part in parts):
            optimizer = replace(step.optimizer, learning_rate=1.0, decay=0.0)
            return partial(self._repeat(replace(step, optimizer=optimizer)), step.numbers)
        return partial(self._repeat.__wrapped__(self, step), step.numbers)

    def _compiled(self, step: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """Return a step, and a loop of many of them, compiled."""
        import jax

        def take(
            buffers: list[Array], slots: Any, numbers: Any, data: Any, rows: Any, noise: Any
        ) -> Any:
            batch = data if rows is None else [a if a is None else a[rows] for a in data]
            return step(step.params(buffers), buffers, slots, numbers, *batch, noise)

        def loop(
            buffers: Any, slots: Any, count: Any, table: Any, data: Any, rows: Any, noise: Any
        ) -> Any:
            def body(k: Any, carry: Any) -> Any:
                buffers, slots, measured = carry
                each = jax.tree.map(lambda a: a[k], (table, rows, noise))
                buffers, slots, measures = take(buffers, slots, each[0], data, *each[1:])
                measured = [m.at[k].set(new) for m, new in zip(measured, measures)]
                return buffers, slots, measured

            first = jax.tree.map(lambda a: a[0], (table, rows, noise))
            shapes = jax.eval_shape(take, buffers, slots, first[0], data, *first[1:])[2]
            empty = [self.xp.empty((table.shape[0], *s.shape), table.dtype) for s in shapes]
            return jax.lax.fori_loop(0, count, body, (buffers, slots, empty))

        return jax.jit(take, donate_argnums=(0, 1)), jax.jit(loop, donate_argnums=(0, 1))

    @lru_cache(maxsize=32)  # noqa: B019 - there is one object for each device, for ever
    def _repeat(self, step: Any) -> Callable[..., Any]:
        # JAX compiles anew for each shape of the arguments, so the number of steps is not in
        # the shapes: arrays have room for the most steps that were asked for so far
        import jax

        one, many = self._compiled(step)
        room = 1

        def run(
            numbers: Callable[[int, int], np.ndarray],
            buffers: list[Array],
            slots: list[list[Array]],
            *steps: Any,
        ) -> Taken:
            nonlocal room
            block = Block(*steps)
            count, data, rows, noise = block.count, block.data, block.rows, block.noise
            room = max(room, 16, 1 << (count - 1).bit_length())
            # new slots are bound to no device, and for arrays that are, JAX compiles anew
            slots = [
                [a if a.committed else jax.device_put(a, self.device) for a in slot]
                for slot in slots
            ]
            with np.errstate(over="ignore"):  # what becomes infinite makes a loss that is told
                table = numbers(block.t, count).T.astype(data[0].dtype)
            if isinstance(rows, slice):
                rows = np.arange(rows.start, rows.stop).reshape(count, -1)
            if rows is not None:
                rows = rows.astype(np.int32)
            if count == 1:
                each = jax.tree.map(lambda a: a[0], (table, rows, noise))
                buffers, slots, measures = one(buffers, slots, each[0], data, *each[1:])
                return buffers, slots, [measures]

            def fill(a: Any) -> Any:
                return np.concatenate([a, np.zeros((room - count, *a.shape[1:]), a.dtype)])

            each = jax.tree.map(fill, (table, rows, noise))
            buffers, slots, measured = many(buffers, slots, count, each[0], data, *each[1:])
            return buffers, slots, [tuple(Head(column, count) for column in measured)]

        return run


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
