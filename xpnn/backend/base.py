"""What a backend is: an array library on a device, with what it does in its own way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import cache, partial
from typing import Any, ClassVar, TypeVar

import numpy as np

from .arrays import (
    Array,
    Block,
    array_namespace,
    dtype_name,
    has_float64,
    is_array,
    row_blocks,
)
from .batches import Taken as Taken
from .batches import one_by_one
from .finding import find, to_host

FLUSH_EVERY = 64
"""After how many steps tiny numbers are looked for."""

FLUSH_BELOW = 1024.0
"""What is tiny, in smallest normal numbers: 0.9 to the power of 64 is about 1 / 1024."""

Function = TypeVar("Function", bound=Callable[..., Any])

OneRow = Callable[[list[Array], Any], Array | None]
"""What computes one row at once: of arrays and of what somebody gave; see `Backend.one_row`."""


@cache
def _holds_numbers(xp: Any, dtype: Any) -> bool:
    return bool(xp.isdtype(dtype, ("bool", "integral", "real floating")))


@cache  # there is one backend for each device; a device itself may have no hash
def _has_float64(backend: Backend) -> bool:
    return has_float64(backend.xp, backend.device)


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
        A device in the library's own terms, as an array's ``device`` is; None where its arrays
        have none.
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

    multiplies_sparse: ClassVar[bool] = False
    """Whether batches of sparse rows come as `SparseRows`, and not made dense."""

    leaves_python: ClassVar[bool] = False
    """Whether another thread may use Python while it takes the steps of a block."""

    measures_on_host: ClassVar[bool] = False
    """Whether losses and metrics of many rows are computed by NumPy, of the network's outputs:
    right for a library that would compile that for each number of rows."""

    def __init__(self, name: str, xp: Any, device: Any = None, version: str = "") -> None:
        self.name, self.xp, self.device, self.version = name, xp, device, version
        self.spec = name

    def __repr__(self) -> str:
        return f"<Backend {self.name} {self.version} on {self.device}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return find, (self.spec,)

    @property
    def has_float64(self) -> bool:
        """Whether the device computes in double precision; where not, float32 stands for it.

        By default that is what the namespace tells of its device.
        """
        return _has_float64(self)

    def dtype(self, name: Any) -> Any:
        """Return the library's dtype of a name, or of another library's dtype.

        It is float32 for float64 on a device that has no float64.
        """
        wanted = dtype_name(name)
        if wanted == "float64" and not self.has_float64:
            wanted = "float32"
        try:
            return getattr(self.xp, wanted)
        except AttributeError:
            raise TypeError(f"dtype must be a dtype of {self.name}, got {name!r}") from None

    def device_name(self, device: Any) -> str:
        """Return what stands behind the colon in the spec of one of the library's devices."""
        return str(device)

    def elsewhere(self) -> Backend:
        """Return the backend on a device that is not the library's default, to check on.

        There, an array that is made without ``device=`` is found.  By default, and where there
        is one device only, it is this backend.
        """
        return self

    def owns(self, x: Any) -> bool:
        """Whether `x` is an array of this library."""
        return is_array(x) and array_namespace(x) is self.xp

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
            return self.from_numpy(to_host(x), dtype, copy)
        if not _holds_numbers(self.xp, x.dtype):
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

    def from_numpy(self, x: np.ndarray, dtype: Any, copy: bool) -> Array:
        """Take a NumPy array to the device.

        Parameters
        ----------
        x : numpy.ndarray
            Numbers or truth values, in any layout; it may be read-only.
        dtype : dtype, str or None
            The wanted dtype; None is that of `x`.
        copy : bool
            Whether the result must not share memory with `x`.
        """
        return self._place(x, dtype, copy)

    def _place(self, x: np.ndarray, dtype: Any, copy: bool) -> Array:
        """Do so, under the name that backends of before override."""
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

    def scriptable(self, x: Array) -> Array:
        """Return the array as a script takes it that calls NumPy's functions on its arrays.

        It is `x` itself where they take it.  Else it is one that they take, on the same device
        and with the same memory: what they return is on the host then, and it prints as
        NumPy's arrays do.  `asarray` takes it as it takes `x`.
        """
        return x

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
        """Place inputs, as `asarray` does."""
        return self.asarray(x, dtype)

    def let_go(self, x: Array) -> None:
        """Do nothing: what is mapped from a file is read by `xpnn.data.mapping` now.

        It stays for backends from elsewhere that call it.
        """

    def take_rows(self, a: Array, rows: Array) -> Array:
        """Return rows in the order of their indices: (n, k), integers (m,) -> (m, k)."""
        return self.xp.take(a, rows, axis=0)

    def map_rows(
        self, function: Callable[[Array], Array], x: Array, at_once: int, apart: bool
    ) -> Array:
        """Call a function of rows with some rows at a time, and join what it returns.

        Parameters
        ----------
        function : callable
            From rows (k, …) to as many rows.
        x : array of shape (n, …)
            All rows, on this backend.
        at_once : int
            How many rows it may be called with at most.
        apart : bool
            Whether each row's result depends on that row alone.  Then it may be called with
            more rows than there are, of which the results are left out: a library that
            compiles for each number of rows need do so for few.

        Returns
        -------
        array of n rows
            The results: of this library, or NumPy's, where they have come to the host.
        """
        n = x.shape[0]
        if at_once >= n:
            return function(x)
        starts = range(0, n, at_once)
        return self.xp.concat(
            [function(x[start : min(start + at_once, n), ...]) for start in starts]
        )

    def one_row(self, stack: Any, dtype: str, n_features: int) -> OneRow | None:
        """Return what computes one row at once, for who waits for it; None where nothing does.

        Parameters
        ----------
        stack : xpnn.network.stack.Stack
            Whose `predict` is computed.
        dtype : {"float32", "float64"}
            Of the arrays.
        n_features : int
            How many numbers a row has; any finite ones are allowed.

        Returns
        -------
        callable or None
            ``compute(arrays, x)`` looks itself whether `x`, as somebody gave it, is such a row.
            It returns the outputs (1, n_outputs), which may share its memory; or None, and
            then `x` is placed and checked.  It is called outside of `activate_for`.
        """
        return None

    def unstack(self, array: Array) -> Iterable[Array]:
        """Return the entries along the first axis, as arrays: views where there are any."""
        # [k, ...] is an array of shape () where [k] is a NumPy scalar, which is slower
        return [array[k, ...] for k in range(array.shape[0])]

    def synchronize(self) -> None:
        """Wait until everything that was asked of the device is done."""

    def activate(self) -> AbstractContextManager[Any]:
        """Return a context to be in while computing with this backend's arrays."""
        return nullcontext()

    def activate_for(self, dtype: Any) -> AbstractContextManager[Any]:
        """Return `activate`'s context, for a dtype: some have float64 only where it is said."""
        return self.activate()

    def threads_for(self, multiplications: int) -> AbstractContextManager[Any]:
        """Return a context to be in while products have at most so many multiplications."""
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
        return partial(one_by_one, self, step)

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
