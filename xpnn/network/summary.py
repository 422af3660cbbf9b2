"""The table of a network's layers, and of those that these hold."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from ..layers.base import Layer

__all__ = ["Row", "summary_rows", "summary_table"]

Row = tuple[str, int | None, int]
"""What a table tells of a layer: what it is called, its outputs and numbers of parameters."""


def summary_rows(
    layers: Iterable[Layer], sizes: Iterable[int | None], before: str = ""
) -> list[Row]:
    """Return a row for each layer, and behind it for those that it holds.

    Parameters
    ----------
    layers : iterable of Layer
        The layers.
    sizes : iterable of int or None
        How many inputs they have.
    before : str
        What stands before their names.
    """
    rows: list[Row] = []
    for layer, size in zip(layers, sizes):
        count = sum(math.prod(p.shape) for p in layer.parameters().values())
        rows.append((before + layer.title, layer.output_size(size), count))
        inner = layer.inner_layers().values()
        rows += summary_rows(inner, layer.inner_sizes(size), f"{before}- ")
    return rows


def summary_table(rows: Sequence[Row], total: int, dtype: str, spec: str) -> str:
    """Return a table of layers, and how many parameters they have together."""
    from tabulate import tabulate

    cells = [[name, f"(n, {'?' if n is None else n})", f"{k:,}"] for name, n, k in rows]
    columns = ["layer", "output", "parameters"]
    table = tabulate(cells, columns, colalign=("left", "left", "right"))
    size = total * np.dtype(dtype).itemsize
    return f"{table}\n{total:,} parameters, {size / 1e6:.3g} MB, {dtype} on {spec}"
