"""What `init` sets and all the rest follows: dtypes, products and the stream of draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..backend import Array, Backend, array_namespace, dtype_name, get_backend
from ..checks import check_precision

__all__ = ["drawn_dtype", "floats", "init", "place", "product", "promoted", "randn", "stream"]


@dataclass(frozen=True)
class _Settings:
    """What holds before `init`: NumPy's default, as in a script that does not call it.

    Attributes
    ----------
    dtype : str
        That of what is drawn or made: points, weights, biases.
    product_dtype : str or None
        That of products; None leaves it to their factors.
    products_in_double : bool
        Whether products are computed in double precision, and then rounded.
    """

    dtype: str = "float64"
    product_dtype: str | None = None
    products_in_double: bool = False


_settings = _Settings()


def init(
    dot_precision_workaround: bool = True,
    default_dtype: str = "float32",
    random_seed: int | None = 0,
) -> None:
    """Make runs repeatable, as the book's ``nnfs.init``.

    ``np.random.randn`` is replaced by one that rounds what it draws to `default_dtype`, in the
    whole process and from now on, because scripts of the book call it.  Nothing else of NumPy
    is changed.

    Parameters
    ----------
    dot_precision_workaround : bool
        Whether the products of layers are computed in double precision and then rounded to
        `default_dtype`, so that machines agree; where the device has no double precision,
        they are not.
    default_dtype : {"float32", "float64"}
        The dtype of draws, weights and products.
    random_seed : int or None
        The seed of NumPy's global generator; None leaves it as it is.

    Raises
    ------
    ValueError
        If `default_dtype` is another.
    """
    dtype = check_precision("default_dtype", default_dtype)
    global _settings
    if random_seed is not None:
        np.random.seed(random_seed)
    _settings = _Settings(dtype, dtype, bool(dot_precision_workaround))
    vars(np.random)["randn"] = randn  # NumPy 2.5 declares a function, not what has its type


def drawn_dtype() -> str:
    """Return the dtype of draws that `init` has set."""
    return _settings.dtype


def place(x: Any) -> Array:
    """Return numbers as an array of the backend in use, of the dtype that `init` has set."""
    return get_backend().asarray(x, _settings.dtype)


def floats(backend: Backend, x: Any) -> Array:
    """Return numbers on a backend: floats in their own dtype, integers as float64."""
    x = backend.asarray(x)
    return x if "float" in dtype_name(x.dtype) else backend.asarray(x, "float64")


def promoted(backend: Backend, *arrays: Any) -> list[Array]:
    """Return numbers on a backend, as floats of the dtype in which NumPy adds them."""
    placed = [backend.asarray(a) for a in arrays]
    dtype = np.result_type(*(dtype_name(a.dtype) for a in placed)).name
    if "float" not in dtype or not backend.has_float64:
        dtype = "float64" if backend.has_float64 else "float32"
    return [backend.asarray(a, dtype) for a in placed]


def product(backend: Backend, a: Array, b: Array) -> Array:
    """Return a @ b as ``np.dot`` computes it in a script, before `init` and after."""
    if _settings.product_dtype is None:
        return a @ b if a.dtype == b.dtype else _product(a, b, backend.xp.result_type(a, b))
    dtype = backend.dtype(_settings.product_dtype)
    wide = backend.dtype("float64") if _settings.products_in_double else dtype
    return backend.xp.astype(_product(a, b, wide), dtype, copy=False)


def _product(a: Array, b: Array, dtype: Any) -> Array:
    """Return a @ b, computed in a dtype."""
    xp = array_namespace(a)
    return xp.astype(a, dtype, copy=False) @ xp.astype(b, dtype, copy=False)


def stream() -> np.random.RandomState:
    """Return the generator that ``np.random.randn`` draws from, as the book's code does."""
    generator: np.random.RandomState = np.random.mtrand._rand
    return generator


def randn(*shape: int) -> Any:
    """Draw from a normal distribution, as ``np.random.randn``, in the dtype that `init` set.

    Parameters
    ----------
    *shape : int
        The shape of what is drawn; without it, that is one number.
    """
    return np.asarray(stream().randn(*shape), _settings.dtype)[()]
