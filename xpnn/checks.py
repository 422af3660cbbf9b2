"""Checks at the door: an error names the argument, what it was and what it should be."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np

from .backend import (
    Array,
    Backend,
    array_namespace,
    device_of,
    dtype_name,
    is_array,
    row_blocks,
    to_host,
)

__all__ = [
    "about",
    "beside",
    "check_flag",
    "check_integer",
    "check_number",
    "check_path",
    "check_precision",
    "check_rows",
    "check_tensors",
    "reject",
]

BLOCK = 1 << 20
"""How many numbers are looked at at a time to find a wrong one."""


def about(name: str, error: Exception) -> TypeError | ValueError:
    """Return an error that says which argument it is about, before what it says already.

    It is a plain one: some that libraries raise can't be made of a message.

    Parameters
    ----------
    name : str
        The argument.
    error : TypeError or ValueError
        What was raised.
    """
    kind = TypeError if isinstance(error, TypeError) else ValueError
    return kind(f"{name}: {error}")


def beside(name: str, given: Any, like: Array | None = None) -> Array:
    """Return what is array-like as an array of another one's library, on its device.

    Parameters
    ----------
    name : str
        The argument.
    given : array_like
        An array of numbers, or what `to_host` takes.
    like : array, optional
        The other one; if it holds floats, those from elsewhere take its dtype.  Without it an
        array stays what it is, and all else becomes NumPy's.

    Raises
    ------
    TypeError, ValueError
        If they are no numbers, or a ragged list.
    """
    holds_objects = isinstance(given, np.ndarray) and given.dtype.kind not in "biuf"
    if is_array(given) and not holds_objects and (like is None or _are_together(given, like)):
        return given
    try:
        host = np.array(to_host(given))  # a copy: some libraries take none that is read-only
    except (TypeError, ValueError) as error:
        raise about(name, error) from error
    if like is None:
        return host
    xp = array_namespace(like)
    both_floats = host.dtype.kind == "f" and xp.isdtype(like.dtype, "real floating")
    dtype = like.dtype if both_floats else None
    return xp.asarray(host, dtype=dtype, device=device_of(like))


def _are_together(a: Array, b: Array) -> bool:
    return array_namespace(a) is array_namespace(b) and bool(device_of(a) == device_of(b))


def check_number(
    name: str,
    value: Any,
    *,
    above: float | None = None,
    at_least: float | None = None,
    below: float | None = None,
) -> None:
    """Check that a value is a finite number in a range.

    Raises
    ------
    TypeError
        If it is no real number.
    ValueError
        If it is not finite, or out of range.
    """
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    try:
        if (
            is_number
            and math.isfinite(value)
            and (above is None or value > above)
            and (at_least is None or value >= at_least)
            and (below is None or value < below)
        ):
            return
    except OverflowError:  # an integer that no float can hold
        pass
    bounds = {">": above, ">=": at_least, "<": below}
    said = " and ".join(f"{sign} {at:g}" for sign, at in bounds.items() if at is not None)
    wanted = f"{name} must be a finite number {said}".rstrip()
    raise (ValueError if is_number else TypeError)(f"{wanted}, got {value!r}")


def check_flag(name: str, value: Any) -> None:
    """Check that a value is True or False.

    Raises
    ------
    TypeError
        If it is anything else.
    """
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, got {value!r}")


def check_precision(name: str, dtype: Any) -> str:
    """Return the name of a dtype, which must be that of single or of double precision.

    Raises
    ------
    ValueError
        If it is anything else.
    """
    precision = "None" if dtype is None else dtype_name(dtype)
    if precision not in ("float32", "float64"):
        raise ValueError(f"{name} must be 'float32' or 'float64', got {dtype!r}")
    return precision


def check_integer(name: str, value: Any, *, at_least: int) -> int:
    """Return a value that is an integer of at least some size as Python's own.

    One of NumPy's overflows, and lacks methods.

    Raises
    ------
    TypeError
        If it is no integer.
    ValueError
        If it is too small.
    """
    wanted = f"{name} must be an integer >= {at_least}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(wanted)
    if value < at_least:
        raise ValueError(wanted)
    return int(value)


def check_path(name: str, value: Any, what: str) -> None:
    """Check that a value is a path; an empty one would be the working folder.

    Raises
    ------
    TypeError
        If it is neither a str nor a path.
    ValueError
        If it is empty.
    """
    wanted = f"{name} must be the path of a {what}, got {value!r}"
    if not isinstance(value, str | os.PathLike):
        raise TypeError(wanted)
    if not os.fspath(value):
        raise ValueError(wanted)


def check_tensors(name: str, given: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Check that arrays have the names and the shapes of others.

    Raises
    ------
    ValueError
        If one is missing, unknown, of another shape or no array.
    """
    if given.keys() != wanted.keys():
        raise ValueError(f"{name} must be the arrays {sorted(wanted)}, got {sorted(given)}")
    for key, array in wanted.items():
        shape = getattr(given[key], "shape", None)
        if shape is None or tuple(shape) != tuple(array.shape):
            raise ValueError(
                f"{name} {key} must have the shape {tuple(array.shape)}, got {shape}"
            )


def reject(wrong: Array, values: Array, wanted: str, first_row: int = 0) -> None:
    """Raise if any entry of an array is wrong.

    In a function that is being compiled or mapped no entry can be looked at, and none is.

    Parameters
    ----------
    wrong : array of bool
        Which entries are, in the shape of `values`.
    values : array of shape (n,) or (n, k)
        The entries.
    wanted : str
        What they should be: how the message begins.
    first_row : int
        The number of the first row, where these are a part of them.

    Raises
    ------
    ValueError
        It shows the first wrong entry and where it is.
    """
    xp = array_namespace(wrong)
    if _any(wrong):
        first = int(xp.argmax(xp.astype(xp.reshape(wrong, (-1,)), xp.int8)))
        scalar = xp.reshape(values, (-1,))[first]
        value = int(scalar) if xp.isdtype(values.dtype, "integral") else float(scalar)
        place = f"row {first_row + first}"
        if values.ndim == 2:
            row, column = divmod(first, values.shape[1])
            place = f"row {first_row + row}, column {column}"
        raise ValueError(f"{wanted}; got {value!r} in {place}")


def _any(wrong: Array) -> bool:
    """Whether any entry is true; False where no entry can be looked at."""
    try:
        return bool(array_namespace(wrong).any(wrong))
    except (RuntimeError, TypeError):  # as the libraries say it
        return False


def check_codes(name: str, x: Array, codes: Mapping[int, int], numbers: Any = None) -> None:
    """Check that some columns hold codes of categories.

    Parameters
    ----------
    name : str
        What errors call the rows.
    x : array of shape (n, n_features)
        The rows.
    codes : mapping of int to int
        By the number of a column of how many categories it holds the codes: 0, 1, …
    numbers : array_like of int, of shape (n,), optional
        Which rows they are; by default these are numbered from 0.

    Raises
    ------
    ValueError
        If one is none; it names the row and the column.
    """
    xp = array_namespace(x)
    for column, count in codes.items():
        values = x[:, column]
        wrong = (values < 0) | (values >= count) | (values != xp.floor(values))
        if _any(wrong):
            first = int(xp.argmax(xp.astype(wrong, xp.int8)))
            row = first if numbers is None else int(numbers[first])
            raise ValueError(
                f"{name} must hold codes of categories in column {column}, the integers 0 to "
                f"{count - 1}; got {float(values[first]):g} in row {row}, column {column}"
            )


def check_rows(name: str, x: Array, backend: Backend) -> None:
    """Check that an array on a backend holds finite rows of features.

    Raises
    ------
    ValueError
        If it has not the shape (n, n_features), both > 0, or holds NaN or infinity.
    """
    if x.ndim != 2:
        hint = ""
        if x.ndim == 1:
            hint = (
                f"; use {name}.reshape(-1, 1) for one feature, or {name}[None, :] for one row"
            )
        elif x.ndim > 2:
            hint = f"; flatten what belongs to one sample with {name}.reshape(len({name}), -1)"
        raise ValueError(
            f"{name} must have the shape (n_samples, n_features), got {tuple(x.shape)}{hint}"
        )
    for size, what in zip(x.shape, ("row", "feature")):
        if size == 0:
            raise ValueError(
                f"{name} must have at least one {what}, got the shape {tuple(x.shape)}"
            )
    if not backend.all_finite(x):
        for start, block in row_blocks(x, BLOCK):
            wrong = ~array_namespace(block).isfinite(block)
            reject(wrong, block, f"{name} must hold finite numbers", start)
