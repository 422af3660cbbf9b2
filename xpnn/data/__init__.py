"""Rows on their way into training, from memory and from elsewhere.

Where they don't fit in memory, `fit`, `evaluate` and `predict` take a row source for X and y:
anything that has ``shape``, and ``take(numbers) -> rows``.

- `mapped` : an array in a ``.npy``, ``.npz`` or ``.safetensors`` file.
- `Parts` : Parquet files, or many of the above, one after the other.
- `from_dask` : a dask array or dataframe; `fit` does so by itself, and with the datasets of
  h5py and Zarr alike.

`xpnn.data.sources` tells what a source of one's own must do.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .rows import (
    batch_slices,
    check_class_weight,
    check_sample_weight,
    classes_of,
    split_rows,
    take_rows,
)

if TYPE_CHECKING:
    from .mapping import mapped
    from .parts import Parts
    from .stored import from_dask
    from .streams import some_rows

__all__ = [
    "Parts",
    "batch_slices",
    "check_class_weight",
    "check_sample_weight",
    "classes_of",
    "from_dask",
    "mapped",
    "some_rows",
    "split_rows",
    "take_rows",
]

PLACES = {
    "Parts": "parts",
    "from_dask": "stored",
    "mapped": "mapping",
    "some_rows": "streams",
}
"""Where what is seldom needed is found when it is asked for."""


def __getattr__(name: str) -> Any:
    if name in PLACES:
        return getattr(import_module(f"{__name__}.{PLACES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
