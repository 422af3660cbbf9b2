"""Capturing a CUDA graph with CuPy.

`_cuda_graph` tells what is captured, and what for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import array_api_compat.cupy as xp
import cupy

from xpnn.backend import set_namespace

from ._cuda_graph import no_collection
from ._cupy_products import Captured, CapturedNamespace, Products
from ._graph_pieces import Pieces

__all__ = ["CupyStream", "address"]


def address(a: Any) -> Any:
    """Return which memory an array is, and how it lies there."""
    return a.data.ptr, a.shape, a.strides


class CupyStream:
    """A stream of the current GPU; see `xpnn.backends._cuda_graph.Stream`.

    With it come a handle of cuBLAS, and a pool of memory that nobody else allocates from.
    """

    def __init__(self) -> None:
        set_namespace(Captured, CapturedNamespace(xp))
        self._stream = cupy.cuda.Stream(non_blocking=True)
        self._pool = cupy.cuda.MemoryPool()
        self._products: Products | None = None

    @contextmanager
    def taking_turns(self) -> Iterator[None]:
        """Make this the current stream; the caller's and this one wait for each other."""
        caller = cupy.cuda.get_current_stream()
        self._stream.wait_event(caller.record())
        try:
            with self._stream:
                yield
        finally:
            caller.wait_event(self._stream.record())

    def capture(self, take: Callable[[], None]) -> Callable[[], None]:
        """Call `take`, then capture it, and return what plays that."""
        with cupy.cuda.using_allocator(self._pool.malloc):
            self._products = Products(self._stream)
            with self._products:
                take()  # it compiles the kernels, and fills the pool
                with no_collection():
                    return Pieces(self._stream.begin_capture, self._end_capture).capture(take)

    def _end_capture(self) -> Callable[[], None]:
        graph = self._stream.end_capture()
        graph.upload(self._stream)
        return partial(graph.launch, self._stream)

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """Return a new array on the current GPU."""
        return cupy.empty(shape, dtype)

    def copy(self, array: Any) -> Any:
        """Return a copy."""
        return array.copy()

    def gather(self, array: Any, rows: Any, place: Any) -> None:
        """Store rows of an array in a place."""
        array.take(rows, axis=0, out=place)

    def view(self, array: Any, captured: bool) -> Any:
        """Return the array as one whose products can be captured, or as a plain one."""
        return array.view(Captured if captured else cupy.ndarray)
