"""Things that are known by name: looked up, described as plain data, and made again.

Layers, losses and optimizers are frozen dataclasses of hyper-parameters.  So each is
described by its class name and its fields, which is what a model file holds, and made
again from that without running any code from the file.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache, wraps
from numbers import Real
from typing import Any, ParamSpec, Self, TypeVar

import numpy as np

P = ParamSpec("P")
T = TypeVar("T")

__all__ = ["Described", "Helpful", "describe", "helpful", "look_up", "make", "register"]


class Helpful:
    """The base class of what tells, of a keyword that it doesn't take, what may be meant."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Make an object; whether keywords are known is looked at before ``__init__`` does."""
        if kwargs or args:
            init = cls.__init__
            if init is object.__init__:  # it would be silent where there is a __new__
                raise TypeError(f"{cls.__name__}() takes no arguments")
            known = _keywords(init)
            for name in kwargs if known else ():
                if name not in known:
                    raise _unknown(cls.__name__, name, known)
        return super().__new__(cls)


def helpful(method: Callable[P, T]) -> Callable[P, T]:
    """Decorate a method: of arguments that don't fit, its error tells what may be meant."""

    @wraps(method)
    def called(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except TypeError as error:
            known, trace = _keywords(method), error.__traceback__
            if trace is None or trace.tb_next is not None:
                raise  # of what it does, not of how it was called
            for name in kwargs:
                if name not in known:
                    raise _unknown(method.__name__, name, known) from None
            if "y" in known and "'y'" in str(error):
                raise TypeError(
                    f"{error}. X and y are two arrays; of what gives pairs, as loaders do, "
                    f"take one at a time: for X, y in pairs: model.{method.__name__}(X, y)"
                ) from None
            raise

    return called


@cache
def _keywords(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of a function's arguments; none where it takes any."""
    parameters = inspect.signature(function).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return ()
    return tuple(name for name in parameters if name != "self")


def _unknown(function: str, name: str, known: Iterable[str]) -> TypeError:
    """Return the error of a keyword that a function doesn't take."""
    from .elsewhere import hint

    return TypeError(
        f"{function}() got an unexpected keyword argument {name!r}{hint(name, known)}"
    )


@dataclass(frozen=True)
class Described(Helpful):
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


def look_up(name: str, table: Mapping[str, T], kind: str) -> T:
    """Return the entry of a name, in CamelCase or snake_case.

    Raises
    ------
    ValueError
        If there is none; it tells the nearest name and all of them.
    """
    known = {_plain(key): key for key in table}
    if _plain(name) in known:
        return table[known[_plain(name)]]
    from .elsewhere import meant

    near = meant(name, table)
    hint = f"; did you mean {near!r}?" if near else "."
    raise ValueError(f"unknown {kind} {name!r}{hint} Known are: {', '.join(sorted(table))}")


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").replace(" ", "").casefold()


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
