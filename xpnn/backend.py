"""The seam between the mathematics and the array libraries.

Everything in xpnn is written against an array namespace ``xp`` (array API standard).
A `Backend` is the small object that says which ``xp``, on which device, and how arrays
get there and back.  The backends that ship with xpnn are the modules of the package
``xpnn.backends``; third parties add theirs through the entry-point group of the same
name.  Both are reached by name, at run time, so that ``import xpnn`` imports no array
library but NumPy, and no static import points from here to a library.

A backend is *asked for* by a spec, ``NAME``, ``NAME:DEVICE``, or either with a ``!`` at
the end, in this order of precedence: the ``backend=`` of a model, `use_backend`,
`set_backend`, the environment variable ``XPNN_BACKEND``, ``"numpy"``.
"""

from __future__ import annotations

import math
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import repeat
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np

# What only a few functions need is imported there: `import xpnn` shall cost little more
# than NumPy does.
if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = [
    "Array",
    "Backend",
    "BackendFallbackWarning",
    "BackendInfo",
    "BackendUnavailableError",
    "array_namespace",
    "available_backends",
    "backend_of",
    "device_of",
    "dtype_name",
    "get_backend",
    "index_dtype_of",
    "operations_of",
    "resolve",
    "row_blocks",
    "set_backend",
    "to_host",
    "use_backend",
]

Array = Any
"""An array of any library that follows the array API standard."""

HOST = "numpy"
"""The backend that is always there, and that a missing one falls back to."""

GROUP = "xpnn.backends"
"""The package that holds our backends, and the entry-point group for everybody else's."""

GATHERED = 1 << 16
"""About how many numbers of rows are gathered at once for several steps: a cache holds them."""

FLUSH_EVERY = 64
"""After how many steps tiny numbers are looked for."""

FLUSH_BELOW = 1024.0
"""What is tiny, in smallest normal numbers: 0.9 to the power of 64 is about 1 / 1024."""

Function = TypeVar("Function", bound=Callable[..., Any])


class BackendUnavailableError(RuntimeError):
    """A backend was asked for that can't run here.

    Parameters
    ----------
    name : str
        The spec that was asked for.
    reason : str
        What was found instead: a missing package, no device, an error of the library.
    remedy : str
        What to do about it.
    """

    def __init__(self, name: str, reason: str, remedy: str = "") -> None:
        super().__init__(name, reason, remedy)
        self.name, self.reason, self.remedy = name, reason, remedy

    def __str__(self) -> str:
        text = f"the backend {self.name!r} is not usable here: {self.reason}."
        return f"{text} {self.remedy}." if self.remedy else text


class BackendFallbackWarning(UserWarning):
    """The backend that was asked for can't run here; NumPy on the CPU runs instead."""


@dataclass(frozen=True)
class BackendInfo:
    """What is known about one backend on this machine.

    Attributes
    ----------
    name : str
        The name by which it is asked for.
    usable : bool
        Whether a small computation ran and gave the right result.
    device : str or None
        The device on which it ran.
    version : str or None
        The version of the array library.
    reason : str
        Empty, or why it is not usable and what to do about it.
    """

    name: str
    usable: bool
    device: str | None
    version: str | None
    reason: str


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
        return resolve, (self.spec,)

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
            raise TypeError(f"expected numbers, got an array of dtype {x.dtype}")
        x = self._to_device(x)
        wanted = self.dtype(x.dtype if dtype is None else dtype)
        if copy or x.dtype != wanted:
            x = self.xp.astype(x, wanted, copy=True)
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
            takes; both are consumed.  `t` steps have been
            taken, `count` are to be.  `data` holds x, y, and weight or None.  `rows` is None
            where every step takes all rows; a slice of rows that the steps take one part
            after the other; or a NumPy array of shape (count, batch_size) of each step's
            rows.  `noise` holds for each layer what it drew, with the steps on the first
            axis, and is empty where none draws.  `measures` is a list with tuples: the loss
            and what the metrics measure, each for one step with the shape () or (w,), or for
            many with the steps on an axis before.
        """

        def run(
            buffers: list[Array],
            slots: list[list[Array]],
            t: int,
            count: int,
            data: tuple[Array, ...],
            rows: Any,
            noise: Any,
        ) -> tuple[list[Array], list[list[Array]], list[tuple[Array, ...]]]:
            parts, params = step.parts(buffers), step.params(buffers)
            slot_parts = step.slot_parts(slots)
            dtype = buffers[0].dtype if buffers else data[0].dtype
            table = self.asarray(step.numbers(t, count), dtype)
            numbers = zip(*(self.unstack(number) for number in self.unstack(table)))
            batches = self._batches(data, rows, count, dtype)
            noises = (
                zip(*(self._each(layer, count) for layer in noise)) if noise else repeat(())
            )
            measured = []
            for batch, number, drawn in zip(batches, numbers, noises):
                parts, slot_parts, measures = step(
                    params, parts, slot_parts, number, *batch, drawn
                )
                if not step.packing:
                    params = step.params(parts)
                measured.append(measures)
            if (t + count) // FLUSH_EVERY > t // FLUSH_EVERY:
                self._flush(slot_parts)
            if not step.packing:
                buffers, slots = parts, slot_parts
            return buffers, slots, measured

        return run

    def _each(self, arrays: Sequence[Array], count: int) -> Iterable[tuple[Array, ...]]:
        """Return the arrays of each step, of arrays with the steps on the first axis."""
        return zip(*(self.unstack(a) for a in arrays)) if arrays else repeat((), count)

    def _batches(
        self, data: tuple[Array, ...], rows: Any, count: int, dtype: Any
    ) -> Iterator[tuple[Array, ...]]:
        """Return the arrays of each step."""
        if rows is None:
            x, *rest = data
            return repeat((self.asarray(x, dtype), *rest), count)
        return self._gathered(data, rows, count, dtype)

    def _gathered(
        self, data: tuple[Array, ...], rows: Any, count: int, dtype: Any
    ) -> Iterator[tuple[Array, ...]]:
        """Yield the rows of each step; those of several are taken at once, and cut."""
        size, together = batch_size_of(rows, count), count
        assert size is not None  # there are rows
        if not isinstance(rows, slice):
            together = max(1, GATHERED // (size * data[0].shape[1]))
            rows = self.asarray(rows.reshape(-1))
        for start in range(0, count * size, together * size):
            taken: list[Any]
            if isinstance(rows, slice):
                taken = [a if a is None else a[rows, ...] for a in data]
            else:
                index = rows[start : min(start + together * size, count * size)]
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

    def _flush(self, slots: list[list[Array]]) -> None:
        """Set to 0 what has become tiny in the optimizer's memory.

        What it remembers of a unit that is never active any more halves every few steps,
        until it is so small that the processor computes with it many times slower than with
        other numbers (a denormal number); on Fashion-MNIST an epoch became 1.5 times as slow
        so.  A step with such a number changes no parameter.
        """
        for slot in slots:
            for part in slot:
                tiny = FLUSH_BELOW * float(self.xp.finfo(part.dtype).smallest_normal)
                part *= self.xp.astype(self.xp.abs(part) >= tiny, part.dtype)


# ---------------------------------------------------------------------------- arrays

_namespaces: dict[type, Any] = {}


def array_namespace(x: Array) -> Any:
    """Return the namespace ``xp`` of an array.

    The look-up of array-api-compat costs more than a small operation does, so its
    answer is kept for each type of array.
    """
    try:
        return _namespaces[type(x)]
    except KeyError:
        import array_api_compat

        return _namespaces.setdefault(type(x), array_api_compat.array_namespace(x))


def batch_size_of(rows: Any, count: int) -> int | None:
    """Return the rows of a step, of the `rows` of `count` steps in `Backend.repeat`'s terms."""
    if isinstance(rows, slice):
        return int(rows.stop - rows.start) // count
    return None if rows is None else int(rows.shape[1])


def row_blocks(x: Array, numbers: int) -> Iterator[tuple[int, Array]]:
    """Yield the rows of (n, …) in parts of about so many numbers, and where each begins."""
    rows = max(1, numbers // max(1, math.prod(x.shape[1:])))
    for start in range(0, x.shape[0], rows):
        yield start, x[start : min(start + rows, x.shape[0]), ...]


def operations_of(kind: type) -> Mapping[str, Callable[..., Any]]:
    """Return what the library of a type of arrays computes in its own way, by name."""
    for base in kind.__mro__:
        name = base.__module__.partition(".")[0]  # a backend has its library's name
        if name in _shipped() or name in _third_party():
            try:
                return _load(name, None).operations
            except BackendUnavailableError:
                break
    return {}


def device_of(x: Array) -> Any:
    """Return the device that new arrays go to, to be beside `x`.

    It is None, the default, inside a function that is being compiled.
    """
    return getattr(x, "device", None)


def index_dtype_of(x: Array) -> Any:
    """Return the dtype of integers that index, in the library of `x`."""
    info = array_namespace(x).__array_namespace_info__()
    return info.default_dtypes(device=device_of(x))["indexing"]


def dtype_name(dtype: Any) -> str:
    """Return a dtype's name in the standard, for any library's dtype: ``"float32"``."""
    if isinstance(dtype, str):
        return dtype
    try:
        return str(np.dtype(dtype).name)
    except TypeError:  # a dtype that NumPy does not know prints as library.name
        return str(dtype).rpartition(".")[2]


def to_host(x: Any) -> np.ndarray:
    """Return numbers of any origin as a NumPy array.

    Parameters
    ----------
    x : array_like
        Numbers in lists, or an array of any library on any device.

    Returns
    -------
    numpy.ndarray
        `x` itself where it is one; possibly a read-only view of the other's memory.

    Raises
    ------
    TypeError
        If `x` holds something else than numbers or truth values.
    ValueError
        If `x` is a ragged list.
    """
    if isinstance(x, np.ndarray) and np.any(getattr(x, "mask", False)):
        raise TypeError("expected numbers, got a masked array: fill in what is masked")
    if not isinstance(x, np.ndarray | np.generic | list | tuple | int | float):
        owner = _owner(x)
        if owner is not None:
            x = owner.to_numpy(x)
        elif hasattr(x, "__dlpack__"):
            x = np.from_dlpack(x)
    try:
        host = np.asarray(x)
    except ValueError as error:
        raise ValueError(f"expected rows of equal length: {error}") from None
    if host.dtype.kind not in "biuf":
        raise TypeError(f"expected numbers, got an array of dtype {host.dtype}")
    if not host.dtype.isnative:  # no other library knows another order of bytes,
        host = host.astype(host.dtype.newbyteorder("="))
    if host.dtype.itemsize > 8:  # nor more than double precision
        host = host.astype(np.float64)
    return host


# --------------------------------------------------------------------------- finding

_lock = threading.RLock()
_found: dict[tuple[str, str | None], Backend | BackendUnavailableError] = {}
_warned = False


@cache
def _shipped() -> list[str]:
    """Return the names of the backends that ship with xpnn."""
    import pkgutil

    names = [module.name for module in pkgutil.iter_modules(import_module(GROUP).__path__)]
    return [name for name in names if not name.startswith("_")]


@cache
def _third_party() -> dict[str, EntryPoint]:
    """Return the entry points of the backends that other packages register."""
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=GROUP)}


def _load(name: str, device: str | None) -> Backend:
    """Load a backend and make it compute something; the result is kept.

    Raises
    ------
    BackendUnavailableError
        If it can't run here.
    ValueError
        If there is no backend of that name.
    """
    key = (name, device)
    with _lock:
        if key not in _found:
            points = _third_party() if name not in _shipped() else {}
            if name not in _shipped() and name not in points:
                known = [*_shipped(), *points, "auto"]
                import difflib

                near = difflib.get_close_matches(name, known, 1, 0.5)
                hint = f"; did you mean {near[0]!r}?" if near else "."
                raise ValueError(
                    f"unknown backend {name!r}{hint} Known are: {', '.join(sorted(known))}"
                )
            backend = None
            try:
                point = points.get(name)
                load = point.load() if point else import_module(f"{GROUP}.{name}").load
                backend = load(device)
                _try(backend)
                backend.spec = name if device is None else f"{name}:{device}"
                _found[key] = backend
            except BackendUnavailableError as error:
                _found[key] = error
            except Exception as error:
                reason = f"a small computation failed ({type(error).__name__}: {error})"
                remedy = backend.remedy if isinstance(backend, Backend) else ""
                _found[key] = BackendUnavailableError(name, reason, remedy)
        found = _found[key]
    if isinstance(found, BackendUnavailableError):
        raise BackendUnavailableError(
            name if device is None else f"{name}:{device}", found.reason, found.remedy
        )
    return found


def _owner(x: Any) -> Backend | None:
    """Return the backend of an array's library; None for what is no such array."""
    import array_api_compat

    if array_api_compat.is_array_api_obj(x):
        for name in [*_shipped(), *_third_party()]:
            if name not in sys.modules:  # a backend has its library's name, and who made
                continue  # the array has imported that
            try:
                backend = _load(name, None)
            except BackendUnavailableError:
                continue  # it can't run here, so it has made no array
            if backend.owns(x):
                return backend
    return None


def backend_of(x: Array) -> Backend:
    """Return the backend on which an array is: that of its library, on its device.

    Raises
    ------
    TypeError
        If no backend is known for it.
    """
    owner = _owner(x)
    if owner is None:
        raise TypeError(f"no backend is known for arrays like {type(x).__qualname__}")
    device = device_of(x)
    if device is None or device == owner.device:
        return owner
    return _load(owner.name, owner.device_name(device))


def _try(backend: Backend) -> None:
    """Run a real computation: that a library can be imported doesn't say that it works."""
    with backend.activate():
        xp, x = backend.xp, backend.asarray([[1.0, 2.0], [3.0, 4.0]], dtype="float32")

        def compute(x: Array) -> Array:
            return xp.sum(xp.exp(x - 4.0) + x @ x)

        result = float(backend.to_numpy(backend.compile(compute)(x)))
    if not abs(result - 55.5530) < 1e-3:
        raise ArithmeticError(f"it gave {result} where 55.553 is right")


def resolve(spec: str | Backend | None = None) -> Backend:
    """Return the backend of a spec, or the current one.

    Parameters
    ----------
    spec : str, Backend or None
        ``NAME``, ``NAME:DEVICE``, ``"auto"`` (a GPU where one works, else the CPU), or
        one of these with a ``!`` at the end, which forbids the fallback.

    Returns
    -------
    Backend
        The same object for the same spec.

    Raises
    ------
    BackendUnavailableError
        If the backend can't run here, and the spec ends in ``!`` or the environment
        variable ``XPNN_BACKEND_STRICT`` is ``1``.
    ValueError
        If there is no backend of that name.
    TypeError
        If `spec` is something else.

    Warns
    -----
    BackendFallbackWarning
        Once in a process, if the backend can't run here and NumPy runs instead.
    """
    if spec is None:
        return get_backend()
    if isinstance(spec, Backend):
        return spec
    if not isinstance(spec, str):
        raise TypeError(f"backend must be a str or a Backend, got {type(spec).__name__}")
    spec = spec.strip()
    name, _, device = spec.removesuffix("!").partition(":")
    if name == "auto":
        if device:
            raise ValueError(f"the backend 'auto' finds the device by itself, got {spec!r}")
        return _first_usable(import_module(GROUP).AUTO)
    try:
        return _load(name, device or None)
    except BackendUnavailableError as error:
        if spec.endswith("!") or os.environ.get("XPNN_BACKEND_STRICT") == "1":
            raise
        _warn_once(error)
        return _load(HOST, None)


def _first_usable(names: tuple[str, ...]) -> Backend:
    """Return the first backend that can run here; the last one always can."""
    for name in names[:-1]:
        try:
            return _load(name, None)
        except BackendUnavailableError:
            continue
    return _load(names[-1], None)


def _warn_once(error: BackendUnavailableError) -> None:
    global _warned
    if not _warned:
        _warned = True
        frame, level = sys._getframe(), 1
        ours = ("xpnn", "contextlib")
        while frame.f_back and frame.f_globals.get("__name__", "").startswith(ours):
            frame, level = frame.f_back, level + 1
        warnings.warn(
            f"{error} Running on NumPy on the CPU instead. (XPNN_BACKEND_STRICT=1, or a "
            f"'!' after the name, turns this into an error.)",
            BackendFallbackWarning,
            stacklevel=level,
        )


def available_backends() -> list[BackendInfo]:
    """Try every known backend, and tell which can run here.

    Returns
    -------
    list of BackendInfo
        One record for each backend that ships with xpnn or that an installed package
        registers.  This imports each library that is installed, which can take seconds.
    """
    records = []
    for name in [*_shipped(), *_third_party()]:
        try:
            backend = _load(name, None)
        except BackendUnavailableError as error:
            reason = f"{error.reason}. {error.remedy}".strip()
            records.append(BackendInfo(name, False, None, None, reason))
        else:
            records.append(BackendInfo(name, True, str(backend.device), backend.version, ""))
    return records


# -------------------------------------------------------------------------- choosing

_default: Backend | None = None
_current: ContextVar[Backend | None] = ContextVar("xpnn_backend", default=None)


def set_backend(spec: str | Backend) -> Backend:
    """Make a backend the default of this process.

    Parameters
    ----------
    spec : str or Backend
        As in `resolve`.

    Returns
    -------
    Backend
        The backend that was chosen, which is NumPy's after a fallback.

    Notes
    -----
    Inside ``with use_backend(...)`` that backend stays in force until the block ends.
    """
    global _default
    _default = resolve(spec)
    return _default


@contextmanager
def use_backend(spec: str | Backend) -> Iterator[Backend]:
    """Use a backend inside a ``with`` block, in this thread or task only.

    Parameters
    ----------
    spec : str or Backend
        As in `resolve`.
    """
    token = _current.set(resolve(spec))
    try:
        yield get_backend()
    finally:
        _current.reset(token)


def get_backend() -> Backend:
    """Return the backend in use here.

    Returns
    -------
    Backend
        That of the innermost `use_backend`, else that of `set_backend`, else that of
        the environment variable ``XPNN_BACKEND``, else NumPy's.
    """
    return (
        _current.get()
        or _default
        or resolve(os.environ.get("XPNN_BACKEND", "").strip() or HOST)
    )
