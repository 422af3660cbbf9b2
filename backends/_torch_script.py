"""Tensors that NumPy's functions take: what a script of the book is handed on torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch


def _on_host(x: Any) -> Any:
    """Return what a function of NumPy was called with, with NumPy's arrays for tensors."""
    if isinstance(x, torch.Tensor):
        return x.detach().cpu().numpy()
    if isinstance(x, tuple | list):
        return type(x)(map(_on_host, x))
    return x


class ScriptTensor(torch.Tensor):  # type: ignore[misc]
    """A tensor whose values NumPy's functions compute with, on the host.

    Without it ``np.mean`` finds the tensor's own ``mean``, and calls it with arguments that
    only NumPy's arrays have.  What torch's functions return is of this class again.
    """

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if isinstance(kwargs.get("out"), torch.Tensor):
            return NotImplemented  # on a GPU, the host's copy would be written into
        return function(*_on_host(args), **{k: _on_host(v) for k, v in kwargs.items()})

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if any(isinstance(out, torch.Tensor) for out in kwargs.get("out", ())):
            return NotImplemented
        return getattr(ufunc, method)(*_on_host(inputs), **kwargs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(_on_host(self), dtype, copy=copy)

    @classmethod
    def __torch_function__(
        cls, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Call a function of torch; NumPy's arrays go to the tensor's device for it."""
        if any(isinstance(a, np.ndarray) for a in args):
            (device,) = {a.device for a in args if isinstance(a, torch.Tensor)}
            args = [
                torch.asarray(a, device=device) if isinstance(a, np.ndarray) else a
                for a in args
            ]
        return super().__torch_function__(function, types, args, kwargs or {})

    def copy(self) -> torch.Tensor:
        """Return a copy, under NumPy's name for it."""
        return self.clone()

    def __deepcopy__(self, memo: dict[int, Any]) -> torch.Tensor:
        return memo.setdefault(id(self), self.clone())

    def __str__(self) -> str:
        return str(_on_host(self))
