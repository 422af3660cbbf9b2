"""Things that are known by name: looked up, described as plain data, and made again.

Layers, losses and optimizers are frozen dataclasses of hyper-parameters.  So each is
described by its class name and its fields, which is what a model file holds, and made
again from that without running any code from the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from inspect import isfunction
from numbers import Real
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")

__all__ = ["Described", "describe", "is_ours", "look_up", "make", "register"]


@dataclass(frozen=True)
class Described:
    """The base class of layers, losses and optimizers: hyper-parameters as plain data.

    A subclass with a ``__post_init__`` of its own calls this one first.
    """

    def __post_init__(self) -> None:
        # a NumPy number or a fraction is no JSON, and makes arrays wider or worse
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(value, np.generic):
                object.__setattr__(self, f.name, value.item())
            elif isinstance(value, Real) and not isinstance(value, int | float):
                object.__setattr__(self, f.name, float(value))


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").replace(" ", "").casefold()


def look_up(name: str, table: Mapping[str, T], kind: str) -> T:
    """Return the entry of a name, in CamelCase or snake_case.

    Raises
    ------
    ValueError
        If there is none; it tells the nearest name and all of them.
    """
    plain = {_plain(key): key for key in table}
    if _plain(name) in plain:
        return table[plain[_plain(name)]]
    import difflib

    near = difflib.get_close_matches(_plain(name), plain, 1, 0.6)
    hint = f"; did you mean {plain[near[0]]!r}?" if near else "."
    raise ValueError(f"unknown {kind} {name!r}{hint} Known are: {', '.join(sorted(table))}")


def register(cls: type[T], table: dict[str, type[T]], kind: str) -> None:
    """Enter a class in the table of its kind; a notebook may define one again.

    Raises
    ------
    TypeError
        If the name is that of one of xpnn's own.
    """
    other = table.get(cls.__name__)
    if other is not None and other.__module__.startswith("xpnn."):
        raise TypeError(f"xpnn has a {kind} {cls.__name__!r}: give yours another name")
    table[cls.__name__] = cls


def is_ours(part: Any) -> bool:
    """Whether a part, and all parts that it holds, are of classes and functions of xpnn's own.

    Of these we know what they do beside what they declare.
    """
    if isinstance(part, Mapping):
        return all(map(is_ours, part.values()))
    if isinstance(part, list | tuple):
        return all(map(is_ours, part))
    if not is_dataclass(part) and not callable(part):
        return True  # a setting
    module = getattr(part if isfunction(part) else type(part), "__module__", None) or ""
    return module.startswith("xpnn.") and is_ours(getattr(part, "__dict__", {}))


def describe(thing: Any) -> dict[str, Any]:
    """Return a frozen dataclass as plain data: its class name and its saved fields."""
    saved = {}
    for f in _saved_fields(thing):
        value = getattr(thing, f.name)
        saved[f.name] = describe(value) if isinstance(value, Described) else value
    return {"type": type(thing).__name__, **saved}


def make(description: Any, classes: Mapping[str, type[T]], kind: str) -> T:
    """Make again what `describe` described.

    Raises
    ------
    ValueError
        If the description is not of that form, names an unknown class, or lacks a
        field, has one too many, or one with an impossible value.
    """
    if not isinstance(description, dict) or not isinstance(description.get("type"), str):
        raise ValueError(f"expected a {kind} as an object with a 'type', got {description!r}")
    values = {key: value for key, value in description.items() if key != "type"}
    name = description["type"]
    if name not in classes:
        raise ValueError(
            f"unknown {kind} {name!r}: import the module that defines it before loading. "
            f"Known are: {', '.join(sorted(classes))}"
        )
    known = {f.name: f for f in _saved_fields(classes[name])}
    odd = values.keys() - known.keys()
    missing = {key for key, f in known.items() if f.default is MISSING} - values.keys()
    if odd or missing:
        problem = f"unknown {sorted(odd)}" if odd else f"missing {sorted(missing)}"
        raise ValueError(f"{kind} {name!r} has wrong fields: {problem}")
    try:
        return classes[name](**values)
    except TypeError as error:
        raise ValueError(f"{kind} {name!r} has a field of the wrong type: {error}") from None


def _saved_fields(thing: Any) -> list[Any]:
    return [f for f in fields(thing) if f.metadata.get("saved", True)]
