"""What is asked of arrays, whichever library they are of: no backend is needed for it.

And `Block`, the arrays of some steps, and `SparseRows`, which some backends take for one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

Array = Any
"""An array of any library that follows the array API standard."""

_namespaces: dict[type, Any] = {}
_names: dict[tuple[type, Any], str] = {}
"""Of each dtype that was asked for: finding its name takes some microseconds."""


def array_namespace(x: Array) -> Any:
    """Return the namespace ``xp`` of an array.

    The look-up of array-api-compat costs more than a small operation does, so its
    answer is kept for each type of array.
    """
    try:
        return _namespaces[type(x)]
    except KeyError:
        import array_api_compat

        return _namespaces.setdefault(type(x), array_api_compat.array_namespace(x))


def set_namespace(kind: type, xp: Any) -> None:
    """Say which namespace arrays of a type have, where array-api-compat can't tell.

    A backend's ``load`` does so for a library whose arrays have no ``__array_namespace__``, or
    one that lacks functions which `xp` has.

    Parameters
    ----------
    kind : type
        The class of the arrays.
    xp : module
        Their namespace, that of the `Backend`.
    """
    _namespaces[kind] = xp


def is_array(x: Any) -> bool:
    """Whether something is an array of which the namespace is known."""
    if type(x) in _namespaces:
        return True
    import array_api_compat

    return bool(array_api_compat.is_array_api_obj(x))


def device_of(x: Array) -> Any:
    """Return the device that new arrays go to, to be beside `x`.

    It is None, the default, inside a function that is being compiled.
    """
    return getattr(x, "device", None)


def index_dtype_of(x: Array) -> Any:
    """Return the dtype of integers that index, in the library of `x`."""
    info = array_namespace(x).__array_namespace_info__()
    return info.default_dtypes(device=device_of(x))["indexing"]


def dtype_name(dtype: Any) -> str:
    """Return a dtype's name in the standard, for any library's dtype: ``"float32"``."""
    if isinstance(dtype, str):
        return dtype
    key = type(dtype), dtype  # dtypes of two libraries can have one hash, and don't compare
    try:
        return _names[key]
    except KeyError:
        return _names.setdefault(key, _dtype_name(dtype))
    except TypeError:  # it has no hash, and so is no dtype
        return _dtype_name(dtype)


def _dtype_name(dtype: Any) -> str:
    try:
        return str(np.dtype(dtype).name)
    except TypeError:  # a dtype that NumPy does not know prints as library.name
        return str(dtype).rpartition(".")[2]


def has_float64(xp: Any, device: Any) -> bool:
    """Whether a namespace says that it has double precision on a device."""
    if not hasattr(xp, "__array_namespace_info__"):
        return True
    return "float64" in xp.__array_namespace_info__().dtypes(device=device)


def batch_size_of(rows: Any, count: int) -> int | None:
    """Return the rows of a step, of the `rows` of `count` steps; None where it takes all."""
    if isinstance(rows, slice):
        return int(rows.stop - rows.start) // count
    return None if rows is None else int(rows.shape[1])


def row_blocks(x: Array, numbers: int) -> Iterator[tuple[int, Array]]:
    """Yield the rows of (n, …) in parts of about so many numbers, and where each begins."""
    rows = max(1, numbers // max(1, math.prod(x.shape[1:])))
    for start in range(0, x.shape[0], rows):
        yield start, x[start : min(start + rows, x.shape[0]), ...]


class Block:
    """Steps of training that are taken at once, all with batches of one size.

    A function that `Backend.repeat` returns gets these values behind the parameters and the
    optimizer's memory: ``run(buffers, slots, t, count, data, rows, noise)``.

    Parameters
    ----------
    t : int
        How many steps have been taken before.
    count : int
        How many are to be taken.
    data : tuple of array or None
        x, y, and weight or None, of all rows.
    rows : None, slice, or numpy.ndarray of shape (count, batch_size)
        None where every step takes all rows; a slice of rows that the steps take one part
        after the other; or the numbers of each step's rows.
    noise : tuple of tuples of array
        What each layer drew, with the steps on the first axis; empty where none draws.

    Attributes
    ----------
    t, count, data, rows, noise
        As given.
    batch_size : int
        How many rows a step takes.
    """

    def __init__(
        self, t: int, count: int, data: tuple[Array, ...], rows: Any, noise: Any
    ) -> None:
        self.t, self.count = t, count
        self.data, self.rows, self.noise = data, rows, noise
        self.batch_size: int = batch_size_of(rows, count) or data[0].shape[0]


class SparseRows:
    """Rows of which only what isn't 0 is stored.

    A backend whose `multiplies_sparse` says so is given them instead of an array where the
    first layer is `Dense`, which only multiplies them and their transpose.

    Parameters
    ----------
    rows : scipy.sparse.csr_array of shape (n, n_features)
        In the dtype of the network.

    Attributes
    ----------
    rows
        As given.
    shape, dtype, ndim
        As of an array.
    """

    def __init__(self, rows: Any) -> None:
        self.rows, self.shape, self.dtype, self.ndim = rows, rows.shape, rows.dtype, 2

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, rows: Any) -> SparseRows:
        """Return rows, ``x[a:b]`` or ``x[a:b, ...]``."""
        chosen = rows[0] if isinstance(rows, tuple) else rows
        if isinstance(chosen, slice) and chosen.indices(len(self)) == (0, len(self), 1):
            return self
        return SparseRows(self.rows[chosen])

    def __array_namespace__(self, api_version: str | None = None) -> Any:
        """Return that of the products."""
        return array_namespace(self.rows.data)

    def __matmul__(self, weights: np.ndarray) -> np.ndarray:
        product: np.ndarray = self.rows @ weights
        return product

    @property
    def T(self) -> Any:  # noqa: N802
        """The transpose, which also multiplies."""
        return self.rows.T

    @staticmethod
    def joined(parts: Sequence[SparseRows]) -> SparseRows:
        """Return rows that come in parts, one part after the other."""
        from scipy.sparse import vstack

        return SparseRows(vstack([part.rows for part in parts], format="csr"))
