"""Checks of hyper-parameters: an error names the argument, what it was and what is right."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

__all__ = ["check_integer", "check_number"]


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
    bounds = [
        ("> ", above, lambda bound: value > bound),
        (">= ", at_least, lambda bound: value >= bound),
        ("< ", below, lambda bound: value < bound),
    ]
    said = " and ".join(sign + format(bound, "g") for sign, bound, _ in bounds if bound is not None)
    wanted = f"{name} must be a finite number {said}".rstrip()
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{wanted}, got {value!r}")
    held = all(test(bound) for _, bound, test in bounds if bound is not None)
    if not (math.isfinite(value) and held):
        raise ValueError(f"{wanted}, got {value!r}")


def check_integer(name: str, value: Any, *, at_least: int) -> None:
    """Check that a value is an integer of at least some size.

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
