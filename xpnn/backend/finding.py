"""Finding a backend: it is loaded by name, tried, and kept.

Backends are the modules of the package ``xpnn.backends``, and what other packages register
under the entry-point group of the same name.  Both are reached by name, when they are asked
for, so that no import leads from here to an array library.

`Backend.asarray` needs `to_host`, and `to_host` needs to find the backend of an array.  So this
file stands below the class `Backend`, and calls a few methods of what it loads without it.
"""

from __future__ import annotations

import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from .arrays import Array, is_array

# What only a few functions need is imported there: `import xpnn` shall cost little more
# than NumPy does.
if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

HOST = "numpy"
"""The backend that is always there, and that a missing one falls back to."""

GROUP = "xpnn.backends"
"""The package that holds our backends, and the entry-point group for everybody else's."""

_lock = threading.RLock()
_found: dict[tuple[str, str | None], Any] = {}
"""Of each name and device, the backend, or the error that says why there is none."""
_warned = False


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

    # tracebacks print this, and people import it from there
    __module__ = "xpnn.backend"

    def __init__(self, name: str, reason: str, remedy: str = "") -> None:
        super().__init__(name, reason, remedy)
        self.name, self.reason, self.remedy = name, reason, remedy

    def __str__(self) -> str:
        text = f"the backend {self.name!r} is not usable here: {self.reason}."
        return f"{text} {self.remedy}." if self.remedy else text


class BackendFallbackWarning(UserWarning):
    """The backend that was asked for can't run here; NumPy on the CPU runs instead."""

    __module__ = "xpnn.backend"  # as above, where a filter makes it an error


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
        The device on which it ran; None where it didn't, or its arrays know of none.
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


@cache
def shipped() -> list[str]:
    """Return the names of the backends that ship with xpnn."""
    import pkgutil

    names = [module.name for module in pkgutil.iter_modules(import_module(GROUP).__path__)]
    return [name for name in names if not name.startswith("_")]


@cache
def third_party() -> dict[str, EntryPoint]:
    """Return the entry points of the backends that other packages register."""
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=GROUP)}


def load(name: str, device: str | None) -> Any:
    """Load a backend and make it compute something; the result is kept.

    Raises
    ------
    BackendUnavailableError
        If it can't run here.
    ValueError
        If there is no backend of that name.
    """
    key = (name, device)
    found = _found.get(key)  # what is there is whole, so that only making it needs the lock
    if found is None:
        with _lock:
            if key not in _found:
                from .draws import undisturbed_draws

                with undisturbed_draws():
                    _found[key] = _load(name, device)
            found = _found[key]
    if isinstance(found, BackendUnavailableError):
        raise BackendUnavailableError(
            name if device is None else f"{name}:{device}", found.reason, found.remedy
        )
    return found


def _load(name: str, device: str | None) -> Any:
    """Return a backend, or the error that says why it can't run here."""
    points = third_party() if name not in shipped() else {}
    if name not in shipped() and name not in points:
        known = [*shipped(), *points, "auto"]
        import difflib

        near = [
            import_module(GROUP).ELSEWHERE.get(name),
            *difflib.get_close_matches(name, known, 1, 0.5),
        ]
        meant = next((other for other in near if other), None)
        hint = f"; did you mean {meant!r}?" if meant else "."
        raise ValueError(
            f"unknown backend {name!r}{hint} Known are: {', '.join(sorted(known))}"
        )
    backend = None
    try:
        point = points.get(name)
        make = point.load() if point else import_module(f"{GROUP}.{name}").load
        backend = make(device)
        for known in _backends(name):  # under another spec: "gpu" may be "gpu:0"
            if known.device == backend.device:
                return known
        _try(backend)
        backend.spec = name if device is None else f"{name}:{device}"
    except BackendUnavailableError as error:
        return error
    except Exception as error:
        reason = f"a small computation failed ({type(error).__name__}: {error})"
        return BackendUnavailableError(name, reason, getattr(backend, "remedy", ""))
    return backend


def _try(backend: Any) -> None:
    """Run a real computation: that a library can be imported doesn't say that it works."""
    with backend.activate():
        xp, x = backend.xp, backend.asarray([[1.0, 2.0], [3.0, 4.0]], dtype="float32")

        def compute(x: Array) -> Array:
            return xp.sum(xp.exp(x - 4.0) + x @ x)

        result = float(backend.to_numpy(backend.compile(compute)(x)))
    if not abs(result - 55.5530) < 1e-3:
        raise ArithmeticError(f"it gave {result} where 55.553 is right")


def _first_usable(names: tuple[str, ...]) -> Any:
    """Return the first backend that can run here; the last one always can."""
    for name in names[:-1]:
        try:
            return load(name, None)
        except BackendUnavailableError:
            continue
    return load(names[-1], None)


def find(spec: str) -> Any:
    """Return the backend of a spec; `xpnn.backend.resolve` tells which there are."""
    spec = spec.strip()
    name, _, device = spec.removesuffix("!").partition(":")
    if name == "auto":
        if device:
            raise ValueError(f"the backend 'auto' finds the device by itself, got {spec!r}")
        return _first_usable(import_module(GROUP).AUTO)
    try:
        return load(name, device or None)
    except BackendUnavailableError as error:
        if spec.endswith("!") or os.environ.get("XPNN_BACKEND_STRICT") == "1":
            raise
        _warn_once(error)
        return load(HOST, None)


find.__module__ = __package__  # pickled backends name it, and files move more than packages


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
    for name in [*shipped(), *third_party()]:
        try:
            backend = load(name, None)
        except BackendUnavailableError as error:
            reason = f"{error.reason}. {error.remedy}".strip()
            records.append(BackendInfo(name, False, None, None, reason))
        else:
            device = None if backend.device is None else str(backend.device)
            records.append(BackendInfo(name, True, device, backend.version, ""))
    return records


def owner(x: Any) -> Any:
    """Return the backend of an array's library; None for what is no such array."""
    if is_array(x):
        for name in [*shipped(), *third_party()]:
            if name not in sys.modules:  # a backend has its library's name, and who made
                continue  # the array has imported that
            try:
                backend = load(name, None)
            except BackendUnavailableError:
                continue  # it can't run here, so it has made no array
            if backend.owns(x):
                return backend
    return None


def operations_of(kind: type) -> Mapping[str, Callable[..., Any]]:
    """Return what the library of a type of arrays computes in its own way, by name."""
    for base in kind.__mro__:
        name = base.__module__.partition(".")[0]  # a backend has its library's name
        if name in shipped() or name in third_party():
            try:
                # a library that is asked in the middle of compiling can't be tried then
                backend = next(_backends(name), None) or load(name, None)
            except BackendUnavailableError:
                break
            operations: Mapping[str, Callable[..., Any]] = backend.operations
            return operations
    return {}


def _backends(name: str) -> Iterator[Any]:
    """Return the backends of a library that were found, each on another device."""
    of_name = [backend for (known, _), backend in [*_found.items()] if known == name]
    return (b for b in of_name if not isinstance(b, BackendUnavailableError))


def to_host(x: Any) -> np.ndarray:
    """Return numbers of any origin as a NumPy array.

    Parameters
    ----------
    x : array_like
        Numbers in lists, an array of any library on any device, or a table or a column of
        numbers, of which missing cells become NaN.

    Returns
    -------
    numpy.ndarray
        `x` itself where it is one; possibly a read-only view of the other's memory.

    Raises
    ------
    TypeError
        If `x` holds something else than numbers or truth values, or can't be read.
    ValueError
        If `x` is a ragged list.
    """
    host: np.ndarray
    refuse_masked(x)
    if isinstance(x, list | tuple):
        host = _of_rows(x)
    elif isinstance(x, np.ndarray | np.generic | int | float):
        host = np.asarray(x)
    elif (backend := owner(x)) is not None:
        host = backend.to_numpy(backend.plain(x))
    else:
        from .given import read_other

        host = read_other(x)
    if host.dtype.kind not in "biuf":
        if host.dtype.isbuiltin != 2:
            from .given import no_numbers

            raise no_numbers(host)
        host = host.astype(np.float32)  # numbers that another package has brought: bfloat16
    if not host.dtype.isnative:  # no other library knows another order of bytes,
        host = host.astype(host.dtype.newbyteorder("="))
    if host.dtype.itemsize > 8:  # nor more than double precision
        host = host.astype(np.float64)
    return host


def refuse_masked(x: Any) -> None:
    """Refuse an array, or rows, of NumPy's in which something is masked.

    Raises
    ------
    TypeError
        If something is: NumPy would take what stands behind the mask.
    """
    for row in x if isinstance(x, list | tuple) else (x,):
        if isinstance(row, np.ndarray) and np.any(getattr(row, "mask", False)):
            raise TypeError("expected numbers, got a masked array: fill in what is masked")


def _of_rows(x: Any) -> np.ndarray:
    """Return a list or a tuple of numbers, or of rows."""
    try:
        return np.asarray(x)
    except Exception as error:
        from .given import read_rows

        rows: np.ndarray = read_rows(x, error, to_host)
        return rows
