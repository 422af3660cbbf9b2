"""Large matrix products by oneDNN, on a CPU.

torch comes with two libraries for them, and asks oneDNN for its own layers after
``to_mkldnn`` only.  On an AMD EPYC it takes 20 ms for 512 rows of 2048 and 2048 columns where
the other takes 24, to the same precision; with a transposed first factor it is no faster.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

__all__ = ["LARGE", "Products", "works"]

LARGE = 1 << 27
"""From how many multiplications on: what it costs to look at each call is nothing then."""

PRODUCTS = (torch.matmul, torch.Tensor.matmul, torch.Tensor.__matmul__)


class Products(TorchFunctionMode):  # type: ignore[misc]
    """Takes large products to oneDNN, wherever they are written as ``a @ b``."""

    def __torch_function__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Call a function of torch."""
        if function in PRODUCTS and not kwargs and _fits(*args):
            return _product(*args)
        return function(*args, **(kwargs or {}))


def _fits(a: Any, b: Any) -> bool:
    """Whether oneDNN is the faster one: (m, k), (k, n)."""
    return bool(
        a.ndim == b.ndim == 2
        and a.dtype == b.dtype == torch.float32
        and a.is_contiguous()
        and a.shape[0] * a.shape[1] * b.shape[1] >= LARGE
    )


def _product(a: Any, b: Any) -> Any:
    """Multiply: (m, k), (k, n) -> (m, n); oneDNN's layer takes weights as (n, k)."""
    return torch.ops.mkldnn._linear_pointwise(a, b.T, None, "none", [], "")


@cache
def works() -> bool:
    """Whether this torch has oneDNN, and gets the right products from it."""
    a, b = torch.linspace(-1, 1, 35).reshape(7, 5), torch.linspace(1, 2, 15).reshape(5, 3)
    try:
        products = _product(a, b), _product(a, b.T.contiguous().T)
    except (AttributeError, RuntimeError, TypeError):
        return False
    return all(torch.allclose(product, a @ b, rtol=1e-5, atol=1e-5) for product in products)
