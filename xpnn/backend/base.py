"""What a backend is: an array library on a device, with what it does in its own way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from itertools import repeat
from typing import Any, ClassVar, TypeVar

import numpy as np

from .arrays import Array, array_namespace, batch_size_of, dtype_name, row_blocks
from .finding import find, to_host

GATHERED = 1 << 16
"""About how many numbers of rows are gathered at once for several steps: a cache holds them."""

FLUSH_EVERY = 64
"""After how many steps tiny numbers are looked for."""

FLUSH_BELOW = 1024.0
"""What is tiny, in smallest normal numbers: 0.9 to the power of 64 is about 1 / 1024."""

Function = TypeVar("Function", bound=Callable[..., Any])

Taken = tuple[list[Array], list[list[Array]], list[tuple[Array, ...]]]
"""What steps return that were taken: buffers, slots, measures, as `Backend.repeat` tells."""


class Block:
    """Steps of training that are taken at once, all with batches of one size.

    A function that `Backend.repeat` returns gets these values behind the parameters and the
    optimizer's memory: ``run(buffers, slots, t, count, data, rows, noise)``.

    Parameters
    ----------
    t : int
        How many steps have been taken before.
    count : int
        How many are to be taken.
    data : tuple of array or None
        x, y, and weight or None, of all rows.
    rows : None, slice, or numpy.ndarray of shape (count, batch_size)
        None where every step takes all rows; a slice of rows that the steps take one part
        after the other; or the numbers of each step's rows.
    noise : tuple of tuples of array
        What each layer drew, with the steps on the first axis; empty where none draws.

    Attributes
    ----------
    t, count, data, rows, noise
        As given.
    batch_size : int
        How many rows a step takes.
    """

    def __init__(
        self, t: int, count: int, data: tuple[Array, ...], rows: Any, noise: Any
    ) -> None:
        self.t, self.count = t, count
        self.data, self.rows, self.noise = data, rows, noise
        self.batch_size: int = batch_size_of(rows, count) or data[0].shape[0]


class Backend:
    """An array library on a device.

    A backend for another library is a subclass that overrides what that library does
    differently, and a function ``load(device) -> Backend`` that finds it (see
    CONTRIBUTING, "add a backend").

    Parameters
    ----------
    name : str
        The name by which the backend is asked for.
    xp : module
        A namespace of the array API standard.
    device : object
        A device in the library's own terms; None for its default.
    version : str
        The version of the library.

    Attributes
    ----------
    name, xp, device, version
        As given.
    spec : str
        The spec that leads to this backend again, for example ``"numpy"``.
    """

    remedy = ""
    """What to do where the library is there but a computation fails."""

    operations: ClassVar[Mapping[str, Callable[..., Any]]] = {}
    """Functions of `xpnn.operations` that this library computes faster in its own way."""

    packing: ClassVar[tuple[int, int] | None] = None
    """How parameters are packed, ``(join_below, cut_above)`` of `xpnn.packing.Packing`; None
    where slices and reshaped arrays don't share memory, or can't be changed in place."""

    def __init__(self, name: str, xp: Any, device: Any = None, version: str = "") -> None:
        self.name, self.xp, self.device, self.version = name, xp, device, version
        self.spec = name

    def __repr__(self) -> str:
        return f"<Backend {self.name} {self.version} on {self.device}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return find, (self.spec,)

    def dtype(self, name: Any) -> Any:
        """Return the library's dtype of a name, or of another library's dtype."""
        try:
            return getattr(self.xp, dtype_name(name))
        except AttributeError:
            raise TypeError(f"dtype must be a dtype of {self.name}, got {name!r}") from None

    def device_name(self, device: Any) -> str:
        """Return what stands behind the colon in the spec of one of the library's devices."""
        return str(device)

    def owns(self, x: Any) -> bool:
        """Whether `x` is an array of this library."""
        import array_api_compat

        return array_api_compat.is_array_api_obj(x) and array_namespace(x) is self.xp

    def asarray(self, x: Any, dtype: Any = None, *, copy: bool = False) -> Array:
        """Place an array on this backend.

        Parameters
        ----------
        x : array_like
            Numbers in lists, a NumPy array, an array of any library that speaks DLPack,
            or an array that is here already, which is not copied.
        dtype : dtype or str, optional
            The wanted dtype.  Without it, arrays keep theirs, and lists of Python floats
            become float64 where the device has it, as in NumPy.
        copy : bool
            Whether the result must not share memory with `x`.

        Returns
        -------
        array
            The same numbers on `device`.

        Raises
        ------
        TypeError
            If `x` holds something else than numbers or truth values.
        ValueError
            If `x` is a ragged list.
        """
        if not self.owns(x):
            return self._place(to_host(x), dtype, copy)
        if not self.xp.isdtype(x.dtype, ("bool", "integral", "real floating")):
            self.plain(x)  # it may know more to say
            from .given import wrong_dtype

            raise wrong_dtype(x.dtype, "c" if "complex" in str(x.dtype) else "?")
        if copy:  # to be kept; what is only looked at shall cost little
            x = self.plain(x)
        x = self._to_device(x)
        wanted = self.dtype(x.dtype if dtype is None else dtype)
        if copy or x.dtype != wanted:
            x = self.xp.astype(x, wanted, copy=True)
        return x

    def plain(self, x: Array) -> Array:
        """Return an array of this library, on any device, as one whose numbers can be read.

        It is asked for what comes from elsewhere, for targets, and where computing failed.

        Parameters
        ----------
        x : array
            As somebody gave it: a library may have arrays that are sparse, or have no memory.

        Returns
        -------
        array
            By default `x` itself.

        Raises
        ------
        TypeError
            If its numbers can't be read; it says what to do.
        """
        return x

    def _place(self, x: np.ndarray, dtype: Any, copy: bool) -> Array:
        """Take a host array to the device."""
        wanted = self.dtype(x.dtype if dtype is None else dtype)
        with np.errstate(over="ignore"):  # what is too large becomes infinite, and is found
            return self.xp.asarray(
                x, dtype=wanted, device=self.device, copy=True if copy else None
            )

    def _to_device(self, x: Array) -> Array:
        """Take an array of this library to this device; no copy where it is there."""
        import array_api_compat

        if self.device is None or array_api_compat.device(x) == self.device:
            return x
        return array_api_compat.to_device(x, self.device)

    def to_numpy(self, x: Array) -> np.ndarray:
        """Return the array as a NumPy array on the host, which waits for the device."""
        return np.from_dlpack(x)

    def read(self, arrays: list[Array]) -> np.ndarray:
        """Return arrays, flat and one after the other, as float64 on the host.

        It waits for the device once.
        """
        flat = [self.xp.reshape(array, (-1,)) for array in arrays]
        return self.to_numpy(self.xp.concat(flat)).astype(np.float64)

    def all_finite(self, *arrays: Array) -> bool:
        """Whether no array holds a NaN or an infinity."""
        xp = self.xp  # in blocks, so that it takes little memory
        return all(
            bool(xp.all(xp.isfinite(block)))
            for array in arrays
            for _, block in row_blocks(array, 1 << 20)
        )

    def place_inputs(self, x: Any, dtype: Any) -> Array:
        """Place inputs as `asarray` does, or leave them where a file is mapped into memory.

        Then they keep the dtype of the file, and rows are cast when they are used.
        """
        return self.asarray(x, dtype)

    def let_go(self, x: Array) -> None:
        """Say that rows of inputs are not needed for a while; a file's need no memory then."""

    def take_rows(self, a: Array, rows: Array) -> Array:
        """Return rows in the order of their indices: (n, k), integers (m,) -> (m, k)."""
        return self.xp.take(a, rows, axis=0)

    def unstack(self, array: Array) -> Iterable[Array]:
        """Return the entries along the first axis, as arrays: views where there are any."""
        # [k, ...] is an array of shape () where [k] is a NumPy scalar, which is slower
        return [array[k, ...] for k in range(array.shape[0])]

    def synchronize(self) -> None:
        """Wait until everything that was asked of the device is done."""

    def activate(self) -> AbstractContextManager[Any]:
        """Return a context to be in while computing with this backend's arrays."""
        return nullcontext()

    def compile(self, function: Function, *, donate: tuple[int, ...] = ()) -> Function:
        """Return a function that computes the same, faster where the library can.

        Parameters
        ----------
        function : callable
            Pure, but for arguments that it is given to consume.
        donate : tuple of int
            The positions of those arguments: their memory may be used for the results.
        """
        return function

    def repeat(self, step: Any) -> Callable[..., Any]:
        """Return a function that takes many steps of training at once.

        Parameters
        ----------
        step : xpnn.training.TrainStep
            One step.

        Returns
        -------
        callable
            ``run(buffers, slots, t, count, data, rows, noise) -> (buffers, slots,
            measures)``.  `buffers` are the parameters and `slots` what the optimizer
            remembers, and last the layers' state if there is any, in the form that `step`
            takes; both are consumed.  The others are those of a `Block`, which tells what they
            are.  `measures` is a list with tuples: the loss and what the metrics measure, each
            for one step with the shape () or (w,), or for many with the steps on an axis
            before.
        """

        def run(buffers: list[Array], slots: list[list[Array]], *steps: Any) -> Taken:
            block = Block(*steps)
            parts, params = step.parts(buffers), step.params(buffers)
            slot_parts = step.slot_parts(slots)
            dtype = buffers[0].dtype if buffers else block.data[0].dtype
            table = self.asarray(step.numbers(block.t, block.count), dtype)
            numbers = zip(*(self.unstack(number) for number in self.unstack(table)))
            measured = []
            for batch, number, drawn in zip(
                self._batches(block, dtype), numbers, self._noises(block)
            ):
                parts, slot_parts, measures = step(
                    params, parts, slot_parts, number, *batch, drawn
                )
                if not step.packing:
                    params = step.params(parts)
                measured.append(measures)
            self.flush(slot_parts, block)
            if not step.packing:
                buffers, slots = parts, slot_parts
            return buffers, slots, measured

        return run

    def _noises(self, block: Block) -> Iterable[tuple[tuple[Array, ...], ...]]:
        """Return what the layers drew for each step."""
        if not block.noise:
            return repeat(())
        drawn = [[self.unstack(a) for a in layer] for layer in block.noise]
        return zip(*(zip(*layer) if layer else repeat((), block.count) for layer in drawn))

    def _batches(self, block: Block, dtype: Any) -> Iterator[tuple[Array, ...]]:
        """Return the arrays of each step."""
        if block.rows is None:
            x, *rest = block.data
            return repeat((self.asarray(x, dtype), *rest), block.count)
        return self._gathered(block, dtype)

    def _gathered(self, block: Block, dtype: Any) -> Iterator[tuple[Array, ...]]:
        """Yield the rows of each step; those of several are taken at once, and cut."""
        data, rows, size = block.data, block.rows, block.batch_size
        end = block.count * size
        together = end
        if not isinstance(rows, slice):
            together = max(1, GATHERED // (size * data[0].shape[1])) * size
            rows = self.asarray(rows.reshape(-1))
        for start in range(0, end, together):
            taken: list[Any]
            if isinstance(rows, slice):
                taken = [a if a is None else a[rows, ...] for a in data]
            else:
                index = rows[start : min(start + together, end)]
                taken = [a if a is None else self.take_rows(a, index) for a in data]
            if taken[0].dtype != dtype:
                taken[0] = self.asarray(taken[0], dtype)
            self.let_go(data[0])
            n = taken[0].shape[0]
            if n == size:
                yield tuple(taken)
                continue
            for i in range(0, n, size):
                yield tuple(a if a is None else a[i : i + size, ...] for a in taken)

    def flush(self, slots: list[list[Array]], block: Block) -> None:
        """Set to 0 what has become tiny in the optimizer's memory, after some blocks.

        What it remembers of a unit that is never active any more halves every few steps,
        until it is so small that the processor computes with it many times slower than with
        other numbers (a denormal number); on Fashion-MNIST an epoch became 1.5 times as slow
        so.  A step with such a number changes no parameter.
        """
        if (block.t + block.count) // FLUSH_EVERY == block.t // FLUSH_EVERY:
            return
        for slot in slots:
            for part in slot:
                tiny = FLUSH_BELOW * float(self.xp.finfo(part.dtype).smallest_normal)
                part *= self.xp.astype(self.xp.abs(part) >= tiny, part.dtype)
