"""PyTorch, on the CPU or a GPU: "torch:cuda", "torch:cuda:1", "torch:xpu" or "torch:mps".

Only its arrays are used: gradients are xpnn's own, so nothing is recorded for autograd.
On a CUDA GPU, steps of training are played as a CUDA graph (`_torch_graph`).  It is compared
with the step as it is written, which goes on alone where the two differ or the graph fails.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import cache, partial
from typing import Any, ClassVar

import numpy as np

from xpnn.backend import Array, Backend, BackendUnavailableError, Block
from xpnn.optimizers.apart import variants_of, with_variants

CAPTURING = ("cuda",)
"""The types of devices whose work can be captured in a graph."""


def column_sums(a: Array) -> Array:
    """Ask the tensor: the standard's function in array-api-compat costs as much again."""
    return a.sum(0)


def row_sums(a: Array) -> Array:
    """Ask the tensor."""
    return a.sum(1, keepdim=True)


def row_maxima(a: Array) -> Array:
    """Ask the tensor."""
    return a.amax(1, keepdim=True)


def mean(a: Array) -> Array:
    """Ask the tensor."""
    return a.mean()


def positive_part(a: Array) -> Array:
    """One operation where a maximum with a number first makes a tensor of that."""
    return a.relu()


def sign(a: Array) -> Array:
    """Ask the tensor: array-api-compat looks for NaN besides, by a mask."""
    return a.sign()


def where_positive(a: Array, b: Array) -> Array:
    """Choose in one pass, without a mask, by the function behind relu's own gradient."""
    import torch

    return torch.ops.aten.threshold_backward.default(b, a, 0)


def erf(a: Array) -> Array:
    """Ask the tensor: one pass for about forty."""
    return a.erf()


def add_product(a: Array, b: Array, c: Array) -> Array:
    """Add in one pass (of ten that Adam takes), without room for the product."""
    return a.addcmul_(b, c)


def join(*arrays: Array) -> Array:
    """Concatenate without asking for the common dtype: it is one."""
    import torch

    return torch.cat([a.reshape(-1) for a in arrays])


def pick(a: Array, columns: Array) -> Array:
    """Gather, which needs no index of the flat array."""
    return a.gather(1, columns[:, None].long())[:, 0]


def add_rows(table: Array, places: Array, rows: Array) -> Array:
    """Add where they belong, in one call."""
    return table.index_add_(0, places, rows)


def subtract_one_hot(a: Array, columns: Array) -> Array:
    """Change one entry of each row, in place."""
    return a.scatter_(1, columns[:, None].long(), -1.0, reduce="add")


def summed(a: Array, communicator: Any) -> Array:
    """Sum in the tensor's own memory; in a captured step between two graphs."""
    from ._graph_pieces import outside

    a = a.contiguous()
    outside(partial(_sum, a, communicator))
    return a


def _sum(a: Array, communicator: Any) -> None:
    """Sum in place; a tensor of a GPU where its group does that there, else over the host."""
    if communicator.is_muted:
        return
    sums_on = getattr(communicator, "sums_on", None)
    if sums_on is not None and sums_on(a.device):
        communicator.sum_tensor(a)
    elif a.device.type == "cpu":
        communicator.sum(a.numpy())
    else:
        host = a.cpu()
        communicator.sum(host.numpy())
        a.copy_(host)


@cache
def _known() -> frozenset[Any]:
    """Return the dtypes of numbers that other libraries know, too."""
    import torch

    integers = (f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))
    names = "bool", *integers, "float16", "float32", "float64"
    return frozenset(getattr(torch, name) for name in names)


_NOT_PLAIN = [
    ("is_nested", "is nested", ".to_padded_tensor(0.0) makes it a plain one"),
    ("is_quantized", "is quantized", ".dequantize() makes it a plain one"),
    ("is_meta", "is on the device 'meta'", "it has a shape there, but no numbers"),
]
"""What a tensor may be whose numbers can't be computed with, and what to do."""


@cache
def _has_float64(device: Any) -> bool:
    """Whether a device has float64; array-api-compat says so of each."""
    import torch

    if device.type == "xpu":
        return bool(torch.xpu.get_device_properties(device).has_fp64)
    return bool(device.type != "mps")


class TorchBackend(Backend):
    """Torch tensors on one device."""

    operations: ClassVar[Mapping[str, Callable[..., Any]]] = {
        f.__name__: f
        for f in (
            column_sums,
            row_sums,
            row_maxima,
            mean,
            positive_part,
            sign,
            where_positive,
            erf,
            add_product,
            join,
            pick,
            add_rows,
            subtract_one_hot,
            summed,
        )
    }

    # a call costs some microseconds, and large arrays are passed over while in the cache
    packing = (1 << 16, 1 << 18)

    @property
    def has_float64(self) -> bool:
        """Whether the device has it: Apple's GPUs don't, and some of Intel's."""
        return _has_float64(self.device)

    def from_numpy(self, x: np.ndarray, dtype: Any, copy: bool) -> Array:
        """Take a NumPy array to the device; as in `Backend.from_numpy`."""
        # torch shares memory with the array where it can, and warns of read-only ones
        # and refuses negative strides: those are copied
        if not x.flags.writeable or any(stride < 0 for stride in x.strides):
            x = x.copy()
        # of a number torch makes its own memory, and then refuses to copy it anywhere
        return super().from_numpy(x, dtype, copy and x.ndim > 0)

    def asarray(self, x: Any, dtype: Any = None, *, copy: bool = False) -> Array:
        """Place an array; as in `Backend.asarray`."""
        import torch

        if type(x) is not torch.Tensor and isinstance(x, torch.Tensor):
            x = x.as_subclass(torch.Tensor)  # what `scriptable` made is slow to compute with
        return super().asarray(x, dtype, copy=copy)

    def plain(self, x: Array) -> Array:
        """Return a dense tensor in a dtype of the standard, with what it puts off done."""
        xp = self.xp
        if (
            x.dtype in _known()
            and x.layout is xp.strided
            and not (x.is_nested or x.is_meta or x.is_neg())
        ):
            return x
        for kind, what, way in _NOT_PLAIN:
            if getattr(x, kind):
                raise TypeError(f"expected numbers, got a tensor that {what}: {way}")
        if x.layout is not xp.strided:
            raise TypeError(
                f"expected numbers, got a tensor with the layout {x.layout}: .to_dense() makes "
                "it a plain one"
            )
        if x.is_floating_point() and x.dtype not in _known():
            x = x.float()
        return x.resolve_conj().resolve_neg()

    def _to_device(self, x: Array) -> Array:
        return super()._to_device(x.detach())

    def scriptable(self, x: Array) -> Array:
        """Return the tensor as one that NumPy's functions take."""
        from ._torch_script import ScriptTensor

        return x.as_subclass(ScriptTensor)

    def to_numpy(self, x: Array) -> np.ndarray:
        """Return the tensor as a NumPy array, without its autograd history."""
        host: np.ndarray = x.detach().cpu().numpy()
        return host

    def synchronize(self) -> None:
        """Wait for the GPU."""
        import torch

        if self.device.type != "cpu":
            getattr(torch, self.device.type).synchronize()

    def all_finite(self, *arrays: Array) -> bool:
        """Look at the extremes, which are NaN if a number is: 18 times as fast."""
        import torch

        ends = [end for a in arrays if a.numel() for end in a.aminmax()]
        return not ends or bool(torch.stack(ends).isfinite().all())

    def take_rows(self, a: Array, rows: Array) -> Array:
        """Ask the tensor: the standard's function takes 66 us for 128 rows of 784, this 44."""
        return a.index_select(0, rows)

    def unstack(self, array: Array) -> Iterable[Array]:
        """Return the entries along the first axis; as in `Backend.unstack`."""
        return array.unbind(0)  # type: ignore[no-any-return]

    def repeat(self, step: Any) -> Callable[..., Any]:
        """Return a function that takes many steps, without even the means for autograd."""
        import torch

        from ._torch_fused import fused

        @cache
        def of(dtype: Any) -> tuple[Any, Callable[..., Any]]:
            kernels = [fused(o, self.device, dtype) for o in variants_of(step.optimizer)]
            if not all(kernels):
                return None, self._repeat(step)
            quick = replace(step, optimizer=with_variants(step.optimizer, kernels))
            if len(kernels) == 1:
                # one pass over the parameters need not be cut for the cache's sake
                whole = replace(step.packing, cut_above=sys.maxsize)
                quick = replace(quick, packing=whole)
            return kernels[0], self._repeat(quick)

        def run(buffers: list[Array], slots: list[list[Array]], *steps: Any) -> Any:
            with torch.inference_mode():
                kernel, take = of(buffers[0].dtype if buffers else None)
                with kernel.kernel_units(slots) if kernel else nullcontext():
                    return take(buffers, slots, *steps)

        return run

    def _repeat(self, step: Any) -> Callable[..., Any]:
        """Return a function that takes many steps, in inference mode."""
        from ._torch_products import LARGE, Products, works

        take = super().repeat(step)
        largest = max(map(math.prod, step.packing.shapes), default=0)

        def run(buffers: list[Array], slots: list[list[Array]], *steps: Any) -> Any:
            n = Block(*steps).batch_size
            large = self.device.type == "cpu" and n * largest >= LARGE and works()
            with Products() if large else nullcontext():
                return take(buffers, slots, *steps)

        return run

    def activate(self) -> AbstractContextManager[Any]:
        """Switch autograd off."""
        import torch

        return torch.no_grad()  # type: ignore[no-any-return]


class TorchDeviceBackend(TorchBackend):
    """Torch tensors on a GPU, where a call costs more than the numbers that it is for."""

    packing = (sys.maxsize, sys.maxsize)

    def _repeat(self, step: Any) -> Callable[..., Any]:
        """Return a function that takes many steps; what recurs is captured and played."""
        run_eagerly = super()._repeat(step)
        if self.device.type not in CAPTURING:
            return run_eagerly
        from ._cuda_graph import repeat
        from ._torch_graph import TorchStream, address

        make_stream = partial(TorchStream, self.device)
        return repeat(self, run_eagerly, step, step, make_stream, address)


def load(device: str | None) -> Backend:
    """Return torch on a device, by default the CPU."""
    try:
        import array_api_compat.torch as xp
        import torch
    except ImportError as error:
        raise BackendUnavailableError(
            "torch", f"PyTorch can't be imported ({error})", "Install it: pip install torch"
        ) from error
    try:
        place = torch.device(device or "cpu")
        # a tensor knows its device in full ("cuda:0"), a torch.device only what was said
        place = torch.zeros(1, device=place).device
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise BackendUnavailableError(
            f"torch:{device}",
            f"PyTorch {torch.__version__} has no device {device!r} here ({reason})",
            "Use 'torch' for the CPU, or install a build of PyTorch for your GPU",
        ) from error
    kind = TorchBackend if place.type == "cpu" else TorchDeviceBackend
    return kind("torch", xp, place, torch.__version__)
