"""Reading plain data of a model file, trusting nothing: each reader makes one kind of value.

A reader is a function of a value and of what it is called, for the message of the `ValueError`
that it raises where the value is not of its kind.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

__all__ = [
    "flag",
    "number",
    "object_of",
    "one_kind_of",
    "one_of",
    "positive",
    "reader",
    "text",
    "texts",
    "wrong",
]

Reader = Callable[[Any, str], Any]


def wrong(name: str, wanted: str, got: Any) -> ValueError:
    """Return the error that says what a value is not."""
    return ValueError(f"expected {name} as {wanted}, got {got!r:.80}")


def text(value: Any, name: str) -> str:
    """Read a text."""
    if not isinstance(value, str):
        raise wrong(name, "text", value)
    return value


def flag(value: Any, name: str) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise wrong(name, "true or false", value)
    return value


def number(value: Any, name: str, at_least: float = -math.inf) -> float:
    """Read a finite number."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or value < at_least:
        raise wrong(
            name, "a finite number" + f" >= {at_least:g}" * (at_least > -math.inf), value
        )
    return float(value)


def positive(value: Any, name: str) -> float:
    """Read a number above 0."""
    if number(value, name) <= 0:
        raise wrong(name, "a number > 0", value)
    return float(value)


def texts(value: Any, name: str) -> tuple[str, ...]:
    """Read a list of different texts."""
    is_right = isinstance(value, list) and all(isinstance(entry, str) for entry in value)
    if not is_right or len(set(value)) != len(value):
        raise wrong(name, "a list of different texts", value)
    return tuple(value)


def one_of(value: Any, name: str, known: tuple[str, ...]) -> str:
    """Read one of some texts."""
    if value not in known:
        raise wrong(name, " or ".join(map(repr, known)), value)
    return str(value)


def object_of(
    value: Any, name: str, make: Callable[..., Any], readers: Mapping[str, Reader]
) -> Any:
    """Make something of an object that has exactly these fields."""
    if not isinstance(value, dict) or value.keys() != readers.keys():
        raise wrong(name, f"an object with {', '.join(readers)}", value)
    return make(**{key: read(value[key], f"{key} of {name}") for key, read in readers.items()})


def reader(make: Callable[..., Any], **readers: Reader) -> Reader:
    """Return the reader of an object with exactly these fields, of which something is made."""
    return partial(object_of, make=make, readers=readers)


def one_kind_of(kinds: Mapping[str, Reader]) -> Reader:
    """Return the reader of an object that says its kind, which is one of these."""
    return partial(_of_kind, kinds=kinds)


def _of_kind(data: Any, name: str, kinds: Mapping[str, Reader]) -> Any:
    kind = data.get("kind") if isinstance(data, dict) else None
    if not isinstance(kind, str) or kind not in kinds:
        raise wrong(name, f"an object of the kind {' or '.join(map(repr, kinds))}", data)
    rest = {key: value for key, value in data.items() if key != "kind"}
    return kinds[kind](rest, name)
