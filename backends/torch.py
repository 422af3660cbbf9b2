"""PyTorch, on the CPU, a CUDA GPU ("torch:cuda", "torch:cuda:1") or Apple's ("torch:mps").

Only its arrays are used: gradients are xpnn's own, so nothing is recorded for autograd.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from xpnn.backend import Array, Backend, BackendUnavailableError


class TorchBackend(Backend):
    """Torch tensors on one device."""

    def dtype(self, name: Any) -> Any:
        """Return the dtype; Apple's GPU has no float64 and takes float32 for it."""
        dtype = super().dtype(name)
        if self.device.type == "mps" and dtype == self.xp.float64:
            dtype = self.xp.float32
        return dtype

    def _place(self, x: np.ndarray, dtype: Any, copy: bool) -> Array:
        # torch shares memory with the array where it can, and warns of read-only ones
        # and refuses negative strides: those are copied
        if not x.flags.writeable or any(stride < 0 for stride in x.strides):
            x = x.copy()
        return super()._place(x, dtype, copy)

    def _to_device(self, x: Array) -> Array:
        return super()._to_device(x.detach())

    def to_numpy(self, x: Array) -> np.ndarray:
        """Return the tensor as a NumPy array, without its autograd history."""
        host: np.ndarray = x.detach().cpu().numpy()
        return host

    def synchronize(self) -> None:
        """Wait for the GPU."""
        import torch

        if self.device.type != "cpu":
            getattr(torch, self.device.type).synchronize()

    def activate(self) -> AbstractContextManager[Any]:
        """Switch autograd off."""
        import torch

        return torch.no_grad()  # type: ignore[no-any-return]


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
    return TorchBackend("torch", xp, place, torch.__version__)
