"""Choosing a backend: for a model, for a ``with`` block, or for the whole process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from .arrays import Array, device_of
from .base import Backend
from .finding import HOST, find, load, owner

_default: Backend | None = None
_current: ContextVar[Backend | None] = ContextVar("xpnn_backend", default=None)


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
    found: Backend = find(spec)
    return found


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


def precise_backend() -> Backend:
    """Return the backend in use here, or NumPy's where its device has no float64.

    Differences of numbers that are near one another need it.
    """
    backend = get_backend()
    return backend if backend.has_float64 else resolve(HOST)


def backend_of(x: Array) -> Backend:
    """Return the backend on which an array is: that of its library, on its device.

    Raises
    ------
    TypeError
        If no backend is known for it.
    """
    backend: Backend | None = owner(x)
    if backend is None:
        raise TypeError(f"no backend is known for arrays like {type(x).__qualname__}")
    device = device_of(x)
    if device is not None and device != backend.device:
        backend = load(backend.name, backend.device_name(device))
    return backend
