"""Arrays as cells with numbers, and how products of them come about, cell by cell."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import to_host
from ..checks import check_integer
from .style import COLOURS, blank, number

__all__ = ["array_cells", "dot_product", "matrix_product", "transposition"]

WIDE = 1.4
"""How wide a cell is, which is 1 high."""

MARKED = "#FBE3B5"


def array_cells(axes: Any, array: Any, *, title: bool = True) -> None:
    """Draw an array of one, two or three axes as cells with its numbers, and its shape.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    array : array_like of shape (n,), (n, m) or (k, n, m)
        The array; of three axes, k sheets one behind the other.
    title : bool
        Whether its shape stands above it.

    Raises
    ------
    ValueError
        If the array has other axes, or nothing in it.
    """
    array = to_host(array)
    if array.ndim not in (1, 2, 3) or not array.size:
        raise ValueError(f"array must have one to three axes, got the shape {array.shape}")
    sheets = array.reshape((1,) * (3 - array.ndim) + array.shape)
    k, n, m = sheets.shape
    shift = 0.45
    blank(axes, m * WIDE + shift * (k - 1) + 1, n + shift * (k - 1) + 1)
    for back in reversed(range(k)):
        corner = 0.5 + shift * back, 0.5 + shift * (k - 1 - back)
        _cells(axes, sheets[back], corner, zorder=2 * (k - back))
    if title:
        axes.set_title(f"shape {array.shape}", fontsize="medium")


def dot_product(axes: Any, a: Any, b: Any, *, terms: int | None = None) -> float:
    """Draw the dot product of two vectors: cell times cell, and the sum of these.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    a, b : array_like of shape (n,)
        The vectors.
    terms : int, optional
        How many products are drawn; by default all, and their sum.

    Returns
    -------
    float
        The dot product.
    """
    a, b = to_host(a), to_host(b)
    if a.ndim != 1 or a.shape != b.shape or not a.size:
        raise ValueError(f"a and b must have the same shape (n,), got {a.shape} and {b.shape}")
    n = len(a)
    terms = n if terms is None else check_integer("terms", terms, at_least=0)
    blank(axes, n * (WIDE + 0.5) + 3, 4.6)
    for i in range(n):
        left = 0.5 + i * (WIDE + 0.5)
        marked = {(0, 0)} if i < terms else set()
        _cells(axes, a[i : i + 1, None], (left, 0.4), marked)
        _sign(axes, left + WIDE / 2, 1.65, "×")
        _cells(axes, b[i : i + 1, None], (left, 1.9), marked)
        if i < terms:
            _sign(axes, left + WIDE / 2, 3.15, "=")
            _sign(axes, left + WIDE / 2, 3.8, number(float(a[i] * b[i])), COLOURS[0])
            if i:
                _sign(axes, left - 0.25, 3.8, "+")
    result = float(a @ b)
    if terms >= n:
        _sign(axes, n * (WIDE + 0.5) + 1.2, 3.8, f"= {number(result)}", COLOURS[4])
    return result


def matrix_product(
    axes: Any, a: Any, b: Any, *, biases: Any = None, cells: int | None = None
) -> np.ndarray:
    """Draw the product of two matrices: each cell is a row of one times a column of the other.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    a : array_like of shape (n, k)
        As inputs, a row for each sample.
    b : array_like of shape (k, m)
        As weights, a column for each neuron; it is drawn above the product.
    biases : array_like of shape (m,), optional
        What is added to each row, drawn below.
    cells : int, optional
        How many cells of the product are there, row by row; the row and the column of the
        last one are marked, and below it is said how it comes about.  By default all.

    Returns
    -------
    numpy.ndarray of shape (n, m)
        The product, with the biases.

    Raises
    ------
    ValueError
        If the shapes don't fit.
    """
    a, b = to_host(a), to_host(b)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[0] or not (a.size and b.size):
        raise ValueError(
            f"a and b must have the shapes (n, k) and (k, m), got {a.shape} and {b.shape}"
        )
    (n, k), m = a.shape, b.shape[1]
    added = None if biases is None else to_host(biases)
    if added is not None and added.shape != (m,):
        raise ValueError(f"biases must have the shape ({m},), got {added.shape}")
    result: np.ndarray = a @ b if added is None else a @ b + added
    last = n * m if cells is None else check_integer("cells", cells, at_least=0)
    row, column = divmod(min(last, n * m) - 1, m)
    marks = 0 < last < n * m
    left, top = k * WIDE + 1.2, k + 1.2
    blank(axes, left + m * WIDE + 0.5, top + n + (2.6 if added is None else 3.6))
    _cells(axes, b, (left, 0.5), {(i, column) for i in range(k)} if marks else set())
    _cells(axes, a, (0.5, top), {(row, i) for i in range(k)} if marks else set())
    shown = np.where(np.arange(n * m).reshape(n, m) < last, result, np.nan)
    _cells(axes, shown, (left, top), {(row, column)} if marks else set())
    below = top + n + 0.7
    if added is not None:
        _cells(axes, added[None], (left, below - 0.2), {(0, column)} if marks else set())
        _sign(axes, left - 0.4, below + 0.3, "+")
        below += 1.3
    if last:
        terms = [f"{_factor(x)}·{_factor(w)}" for x, w in zip(a[row], b[:, column])]
        if added is not None:
            terms.append(_factor(added[column]))
        says = f"{' + '.join(terms)} = {number(float(result[row, column]))}"
        middle = (left + m * WIDE) / 2
        axes.text(middle, below + 0.3, says, ha="center", va="center", fontsize=8)
    return result


def transposition(axes: Any, array: Any, *, rows: int | None = None) -> None:
    """Draw a matrix, or a row, beside its transpose: what was a row is a column.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    array : array_like of shape (n, m)
        The matrix; rows keep their colour.
    rows : int, optional
        How many of them have become columns; by default all.
    """
    array = to_host(array)
    if array.ndim != 2 or not array.size:
        raise ValueError(f"array must have the shape (n, m), got {array.shape}")
    n, m = array.shape
    rows = n if rows is None else check_integer("rows", rows, at_least=0)
    blank(axes, (n + m) * WIDE + 2.5, max(n, m) + 1.6)
    from matplotlib.colors import to_rgb

    tints = [0.7 + 0.3 * np.array(to_rgb(COLOURS[i % len(COLOURS)])) for i in range(n)]
    _cells(axes, array, (0.5, 0.5), tints=[[tint] * m for tint in tints])
    _sign(axes, m * WIDE + 1.2, 0.5 + max(n, m) / 2, "→")
    there = np.where(np.arange(n) < rows, array.T, np.nan)
    shown = [tint if i < rows else "white" for i, tint in enumerate(tints)]
    _cells(axes, there, (m * WIDE + 2.0, 0.5), tints=[shown] * m)
    for left, wide, shape in ((0.5, m, (n, m)), (m * WIDE + 2.0, n, (m, n))):
        _sign(axes, left + wide * WIDE / 2, max(n, m) + 1.1, str(shape))


def _cells(
    axes: Any,
    array: np.ndarray,
    corner: tuple[float, float],
    marked: Any = (),
    tints: Any = None,
    zorder: int = 2,
) -> None:
    """Draw a matrix of shape (n, m) as cells; one that is not a number is empty."""
    from matplotlib.patches import Rectangle

    for i, j in np.ndindex(array.shape):
        at = corner[0] + j * WIDE, corner[1] + i
        face = tints[i][j] if tints is not None else MARKED if (i, j) in marked else "white"
        axes.add_patch(
            Rectangle(at, WIDE, 1, facecolor=face, edgecolor="0.45", lw=0.8, zorder=zorder)
        )
        if not np.isnan(array[i, j]):
            words: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 8}
            says = number(float(array[i, j]))
            axes.text(at[0] + WIDE / 2, at[1] + 0.5, says, zorder=zorder + 1, **words)


def _factor(value: Any) -> str:
    """Return a number as it stands among others."""
    shown = number(float(value))
    return f"({shown})" if value < 0 else shown


def _sign(axes: Any, x: float, y: float, text: str, colour: str = "black") -> None:
    axes.text(x, y, text, ha="center", va="center", fontsize=10, color=colour)
