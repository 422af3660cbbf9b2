"""Matrix products that can be recorded in a CUDA graph.

CuPy refuses every call of cuBLAS while a stream is being captured, though cuBLAS itself
allows it.  So the products of a captured step call the same library directly, with a handle
that belongs to the stream, and with a workspace of its own: otherwise cuBLAS allocates one
inside the graph.  A step as it is written says ``x @ weights``; `Captured` is the kind of
array with which that leads here.
"""

from __future__ import annotations

import ctypes
import os
import weakref
from contextvars import ContextVar
from importlib import import_module
from types import ModuleType
from typing import Any

import cupy
import numpy as np

WORKSPACE = 32 << 20
"""In bytes, what NVIDIA recommends for its data-centre GPUs."""

_HANDLE, _POINTER, _INT = ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int
SIGNATURES = {
    "cublasCreate_v2": [_POINTER],
    "cublasDestroy_v2": [_HANDLE],
    "cublasSetStream_v2": [_HANDLE, _POINTER],
    "cublasSetWorkspace_v2": [_HANDLE, _POINTER, ctypes.c_size_t],
    # handle, transposed or not (2), m, n, k, alpha, A (pointer, type, leading dimension), B,
    # beta, C, the type to compute in, the algorithm
    "cublasGemmEx": [
        *[_HANDLE, _INT, _INT, _INT, _INT, _INT, _POINTER],
        *[_POINTER, _INT, _INT, _POINTER, _INT, _INT],
        *[_POINTER, _POINTER, _INT, _INT, _INT, _INT],
    ],
}

# cuBLAS's numbers: of the type, of the type to compute in; and what alpha and beta are
_TYPES = {"float32": (0, 68, ctypes.c_float), "float64": (1, 70, ctypes.c_double)}
_FAST_TF32 = 77
_DEFAULT_ALGORITHM = -1


def load_cublas() -> Any:
    """Return the cuBLAS that CuPy uses, with the signatures of what is called here."""
    # it comes with CuPy, and knows from where CuPy has its libraries
    pathfinder = import_module("cuda.pathfinder")
    library = ctypes.CDLL(pathfinder.load_nvidia_dynamic_lib("cublas").abs_path)
    for name, signature in SIGNATURES.items():
        function = getattr(library, name)
        function.argtypes, function.restype = signature, ctypes.c_int
    return library


def layout(
    shape: tuple[int, int], strides: tuple[int, int], itemsize: int
) -> tuple[int, int] | None:
    """Say how a matrix lies in memory, as cuBLAS wants to know it.

    cuBLAS takes memory column by column, so that rows one after the other are to it the
    transposed matrix.

    Returns
    -------
    (transposed, leading) : tuple of int, or None
        0 where rows lie one after the other, 1 where columns do; and the distance from one
        to the next, in numbers.  None where it is neither.
    """
    (n, k), (down, right) = shape, (stride // itemsize for stride in strides)
    # the distance between rows, where there is only one, or between columns, means nothing
    if (right == 1 or k == 1) and (down >= k or n == 1):
        return 0, max(k, down if n > 1 else 1)
    if (down == 1 or n == 1) and (right >= n or k == 1):
        return 1, max(n, right if k > 1 else 1)
    return None


class Products:
    """Matrix products on one stream, which must be the current one.

    Parameters
    ----------
    stream : cupy.cuda.Stream
        The stream that is going to be captured.
    """

    def __init__(self, stream: Any) -> None:
        self._cublas = load_cublas()
        handle = ctypes.c_void_p()
        _check(self._cublas.cublasCreate_v2(ctypes.byref(handle)))
        self._handle = handle
        # not at exit, when the driver may be gone before us
        weakref.finalize(self, self._cublas.cublasDestroy_v2, handle).atexit = False
        self._workspace = cupy.empty(WORKSPACE, np.uint8)
        _check(self._cublas.cublasSetStream_v2(handle, stream.ptr))
        # after the stream, which resets it
        _check(self._cublas.cublasSetWorkspace_v2(handle, self._workspace.data.ptr, WORKSPACE))

    def __enter__(self) -> None:
        """Let the products of captured arrays be computed here."""
        self._token = _products.set(self)

    def __exit__(self, *error: object) -> None:
        _products.reset(self._token)

    def __call__(self, a: Any, b: Any) -> Any:
        """Return ``a @ b`` of two matrices, or of a vector and a matrix."""
        rows = a[None, :] if a.ndim == 1 else a
        columns = b[:, None] if b.ndim == 1 else b
        if rows.ndim != 2 or columns.ndim != 2 or a.dtype != b.dtype:
            raise TypeError(f"no product of {a.dtype}{a.shape} and {b.dtype}{b.shape}")
        (m, k), n = rows.shape, columns.shape[1]
        if columns.shape[0] != k or 0 in (m, k, n):
            raise ValueError(f"no product of the shapes {a.shape} and {b.shape}")
        number, compute, scalar = _TYPES[a.dtype.name]
        if number == 0 and os.environ.get("CUPY_TF32", "0") != "0":
            compute = _FAST_TF32  # the user lets CuPy multiply with fewer digits
        rows, (rows_transposed, rows_leading) = _laid_out(rows)
        columns, (columns_transposed, columns_leading) = _laid_out(columns)
        result = cupy.empty((m, n), a.dtype)
        # the result, row by row, is to cuBLAS the transposed one: (a b)ᵀ = bᵀ aᵀ
        _check(
            self._cublas.cublasGemmEx(
                *(self._handle, columns_transposed, rows_transposed, n, m, k),
                ctypes.byref(scalar(1)),
                *(columns.data.ptr, number, columns_leading),
                *(rows.data.ptr, number, rows_leading),
                ctypes.byref(scalar(0)),
                *(result.data.ptr, number, n, compute, _DEFAULT_ALGORITHM),
            )
        )
        shape = (m,) * (a.ndim == 2) + (n,) * (b.ndim == 2)
        return result.reshape(shape).view(Captured)


_products: ContextVar[Products | None] = ContextVar("xpnn_products", default=None)


def product(a: Any, b: Any) -> Any:
    """Return ``a @ b``, by CuPy or, in a step that is being captured, without it."""
    products = _products.get()
    if products is None:
        return cupy.matmul(a.view(cupy.ndarray), b.view(cupy.ndarray))
    return products(a, b)


class Captured(cupy.ndarray):  # type: ignore[misc]
    """An array whose matrix products can be captured.

    Its slices, reshaped and transposed views are of its kind, as is what CuPy computes
    elementwise of it; where one factor is of another kind, Python asks this one first.
    """

    def __matmul__(self, other: Any) -> Any:
        return product(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return product(other, self)


class CapturedNamespace:
    """The namespace of captured arrays: what its functions return is captured as well.

    CuPy joins, gathers and sums arrays to plain ones, and of a product at least one factor
    must be of the other kind.

    Parameters
    ----------
    xp : module
        The namespace of CuPy's arrays.
    """

    matmul = staticmethod(product)

    def __init__(self, xp: Any) -> None:
        self._xp = xp

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._xp, name)
        if isinstance(found, ModuleType):  # such as linalg
            return CapturedNamespace(found)
        if isinstance(found, type) or not callable(found):
            return found

        def returning_captured(*args: Any, **kwargs: Any) -> Any:
            return _captured(found(*args, **kwargs))

        return returning_captured


def _captured(result: Any) -> Any:
    if isinstance(result, cupy.ndarray):
        return result.view(Captured)
    if isinstance(result, tuple) and hasattr(result, "_make"):
        return result._make(map(_captured, result))
    return [*map(_captured, result)] if isinstance(result, list | tuple) else result


def _laid_out(a: Any) -> tuple[Any, tuple[int, int]]:
    """Return a matrix, copied if it must be, and its layout."""
    found = layout(a.shape, a.strides, a.itemsize)
    return (a, found) if found else (cupy.ascontiguousarray(a), (0, a.shape[1]))


def _check(status: int) -> None:
    if status:
        raise RuntimeError(f"cuBLAS failed with status {status}")
