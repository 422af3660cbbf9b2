"""Capturing a CUDA graph with torch.

`_cuda_graph` tells what is captured, and what for.  A capture that fails leaves traces in
torch: its random numbers can't be drawn any more, and in some versions memory stays taken
(pytorch/pytorch#180395).  So what would fail is looked for in the step before it (`Watch`).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import cuda
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from ._cuda_graph import no_collection
from ._graph_pieces import Pieces

__all__ = ["TorchStream", "address"]

aten = torch.ops.aten

COPIES = (aten._to_copy.default, aten.copy_.default)
CHANGES = (aten.index_put.default, aten.index_put_.default, aten._index_put_impl_.default)
MASKS = (torch.bool, torch.uint8)


def address(a: Any) -> Any:
    """Return which memory a tensor is, and how it lies there."""
    return a.data_ptr(), tuple(a.shape), a.stride()


class TorchStream:
    """A stream of a GPU; see `xpnn.backends._cuda_graph.Stream`.

    A graph of torch has memory of its own by itself.

    Parameters
    ----------
    device : torch.device
        The GPU.
    """

    def __init__(self, device: Any) -> None:
        self._device, self._stream = device, cuda.Stream(device)
        self._graph: Any = None  # of what was captured last

    @contextmanager
    def taking_turns(self) -> Iterator[None]:
        """Make this the current stream; the caller's and this one wait for each other."""
        caller = cuda.current_stream(self._device)
        self._stream.wait_stream(caller)
        try:
            with cuda.stream(self._stream):
                yield
        finally:
            caller.wait_stream(self._stream)

    def capture(self, take: Callable[[], None]) -> Callable[[], None]:
        """Call `take`, then capture it, and return what plays that."""
        with Constants():
            with Watch():
                take()  # cuBLAS makes itself ready for this stream, too
            with no_collection():
                return Pieces(self._begin_capture, self._end_capture).capture(take)

    def _begin_capture(self) -> None:
        before, self._graph = self._graph, cuda.CUDAGraph()
        pool = None if before is None else before.pool()
        # another thread may ask what this one is refused
        mode = {"capture_error_mode": "thread_local"}
        self._capture = ExitStack()
        self._capture.enter_context(
            cuda.graph(self._graph, pool=pool, stream=self._stream, **mode)
        )
        # a step that looks at numbers only where it may goes on without a graph; what CUDA
        # refuses ends the capture all the same
        self._capture.enter_context(Watch())

    def _end_capture(self) -> Callable[[], None]:
        with warnings.catch_warnings():
            # between two sums there may be nothing
            warnings.filterwarnings("ignore", "The CUDA Graph is empty")
            self._capture.close()
        return self._graph.replay  # type: ignore[no-any-return]

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """Return a new tensor on the GPU."""
        return torch.empty(shape, dtype=dtype, device=self._device)

    def copy(self, array: Any) -> Any:
        """Return a copy."""
        return array.clone()

    def gather(self, array: Any, rows: Any, place: Any) -> None:
        """Store rows of a tensor in a place."""
        torch.index_select(array, 0, rows, out=place)

    def view(self, array: Any, captured: bool) -> Any:
        """Return the tensor: its products can be captured as they are."""
        return array


class Constants(TorchFunctionMode):  # type: ignore[misc]
    """Lets a Python number become a tensor by a kernel, where torch copies from the host.

    ``xp.maximum(x, 0.0)`` makes a tensor of the number, and a capture refuses the copy.
    """

    def __torch_function__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Call a function of torch."""
        kwargs = kwargs or {}
        makes = function in (torch.asarray, torch.as_tensor, torch.tensor)
        if makes and args and isinstance(args[0], bool | int | float):
            where = {key: kwargs.get(key) for key in ("dtype", "device")}
            return torch.full((), args[0], **where)
        return function(*args, **kwargs)


class Watch(TorchDispatchMode):  # type: ignore[misc]
    """Refuses what would make the host wait for the GPU, as a capture does."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Say that torch need not keep its compiler away, which it would import for seconds."""
        return False

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Call an operation, or what it is made of."""
        kwargs = kwargs or {}
        with self:
            result = function.decompose(*args, **kwargs)
        if result is NotImplemented:
            waits = _looks(function, args)  # in a capture, before CUDA is asked
            if not waits:
                result = function(*args, **kwargs)
                waits = _moves(function, args, result)
            if waits:
                raise RuntimeError(f"{function} makes the host wait for the GPU")
        return result


def _looks(function: Any, args: Any) -> bool:
    """Whether the host has to know the numbers of a tensor."""
    masked = function in (aten.index.Tensor, *CHANGES) and any(
        index is not None and index.dtype in MASKS for index in args[1]
    )
    if function in CHANGES:  # one number for what a mask says is filled in
        return masked and not (args[2].numel() == 1 and args[2].device.type == "cpu")
    if function is aten.index.Tensor:
        return masked
    tags = torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape
    return any(tag in function.tags for tag in tags)


def _moves(function: Any, args: Any, result: Any) -> bool:
    """Whether numbers go from the host to the GPU, or back."""
    if function is aten.lift_fresh.default:  # a tensor was made of numbers of the host
        return bool(result.device.type != "cpu")
    return function in COPIES and any(
        isinstance(a, torch.Tensor) and a.device != result.device for a in args
    )
