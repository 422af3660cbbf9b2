"""Arrays that can do no more than those of a step that is being compiled.

A library that compiles runs a function once with arrays that have no numbers yet and lie on no
device, and where it computes with 32 bits it has no others.  What a layer may not ask of these
is found with NumPy's arrays that refuse it too, so that no such library need be there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from ..backend import array_namespace
from ..backend.arrays import set_namespace

__all__ = ["check_traced"]

_numpy = array_namespace(np.empty(0))


class RefusedError(AttributeError, TypeError):
    """Something was asked of an array that it has not where a step is compiled."""


class Traced(np.ndarray):
    """A NumPy array without a device, of which no number can be looked at."""

    @property
    def device(self) -> NoReturn:
        raise RefusedError("x.device is not there: use xpnn.backend.device_of(x)")

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        return NAMESPACE

    def __array_wrap__(
        self, array: Any, context: Any = None, return_scalar: bool = False
    ) -> Any:
        return np.asarray(array).view(Traced)

    def _look(self, *rest: Any) -> NoReturn:
        raise RefusedError("no number can be looked at, as by if or float(): use xp.where")

    __bool__ = __float__ = __int__ = __index__ = _look


class _Info:
    """What the namespace tells of itself."""

    def __getattr__(self, name: str) -> Any:
        return getattr(_numpy.__array_namespace_info__(), name)

    def default_dtypes(self, *, device: Any = None) -> dict[str, Any]:
        dtypes = _numpy.__array_namespace_info__().default_dtypes()
        narrow = {"indexing": np.dtype("int32"), "integral": np.dtype("int32")}
        return {**dtypes, **narrow, "real floating": np.dtype("float32")}


class _Namespace:
    """NumPy's functions, but that none makes numbers of 64 bits."""

    def __array_namespace_info__(self) -> _Info:
        return _Info()

    def __getattr__(self, name: str) -> Any:
        value = getattr(_numpy, name)
        if isinstance(value, type) or not callable(value):
            return value

        def call(*arguments: Any, **options: Any) -> Any:
            dtype = options.get("dtype")
            if name == "astype" and len(arguments) > 1:
                dtype = arguments[1]
            if dtype is not None and np.dtype(dtype).itemsize > 4:
                raise RefusedError(
                    f"there is no {np.dtype(dtype)} where a model is float32: use x.dtype, or "
                    "xpnn.backend.index_dtype_of(x) for integers"
                )
            return value(*arguments, **options)

        return call


NAMESPACE = _Namespace()
set_namespace(Traced, NAMESPACE)


def check_traced(what: str, function: Callable[..., Any], arrays: Sequence[np.ndarray]) -> None:
    """Check that a function can be compiled, on a model that is float32.

    Parameters
    ----------
    what : str
        What is checked, for messages.
    function : callable
        A function of arrays.
    arrays : sequence of numpy.ndarray
        What it is called with.

    Raises
    ------
    AssertionError
        If it asks of an array what that has not then.
    """
    traced = [
        np.array(a, "float32" if a.dtype.kind == "f" else "int32").view(Traced) for a in arrays
    ]
    try:
        with np.errstate(all="ignore"):
            function(*traced)
    except RefusedError as error:
        raise AssertionError(f"{what}, where a step is compiled: {error}") from error
    except Exception:  # of a stand-in; the libraries themselves are tried beside it
        return
