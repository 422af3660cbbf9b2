"""Things that are known by name: looked up, described as plain data, and made again.

Layers, losses, optimizers, metrics and schedules are frozen dataclasses of hyper-parameters.
So each is described by its class name and its fields, which is what a model file holds, and
made again from that without running any code from the file.

What is no field would be lost, so it is refused, before anything is trained: fields of a class
that is not decorated where an object is made, and all else, such as what an ``__init__`` of a
class's own takes, where the object is given to a network (`check_described`).
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cached_property
from numbers import Real
from typing import Any, TypeVar

import numpy as np

from .elsewhere import look_up
from .keywords import Helpful, with_settings

T = TypeVar("T")

__all__ = ["Described", "check_described", "describe", "is_own", "look_up", "make", "register"]

ADVICE = "make it a frozen dataclass, @dataclass(frozen=True), whose fields are its settings"

PLAIN = frozenset((type(None), bool, int, float, str))
"""The types of what stands for itself in a file, but for numbers that are not finite."""

_tables: dict[str, dict[str, Any]] = {}
"""The table of each kind, as `register` is given it: ``"layer"`` and so on."""


@dataclass(frozen=True, eq=False)
class Described(Helpful):
    """The base class of layers, losses and optimizers: hyper-parameters as plain data.

    A subclass is a frozen dataclass, or has no fields.  A field holds a number, a string, True,
    False, None, a tuple, list or dict of these, or another layer, loss and so on.  What is
    needed for first values only may be anything, in a field with a default and with
    ``metadata={"saved": False}``.  A field with ``init=False`` is not saved either: it is what
    ``__post_init__`` computes of the others.

    A subclass with a ``__post_init__`` of its own calls this one first.

    Raises
    ------
    TypeError
        If the class has fields, but is not decorated, so that they would be lost.
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "__eq__" not in vars(cls):  # what a decorator would make knows the fields alone
            cls.__eq__ = Described.__eq__  # type: ignore[method-assign]
            cls.__hash__ = Described.__hash__  # type: ignore[method-assign]

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        compared = [f.name for f in fields(self) if f.compare]
        mine, its = (tuple(getattr(thing, f) for f in compared) for thing in (self, other))
        private = [
            [vars(thing)[name] for name in _private(self, other)] for thing in (self, other)
        ]
        return (
            mine == its and _alike(_attributes(self), _attributes(other)) and _alike(*private)
        )

    def __hash__(self) -> int:
        compared = tuple(getattr(self, f.name) for f in fields(self) if f.compare)
        try:
            return hash((type(self), compared))
        except TypeError:  # a list, a dict, or before Python 3.12 a slice
            return hash(type(self))

    def __post_init__(self) -> None:
        _check_decorated(type(self))
        # a NumPy number or a fraction is no JSON, and makes arrays wider or worse
        for name, value in [*vars(self).items()]:
            if type(value) not in PLAIN and (plain := _plain_number(value)) is not value:
                object.__setattr__(self, name, plain)


def _plain_number(value: Any) -> Any:
    """Return a setting with Python's numbers for others, also within tuples and lists."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Real) and not isinstance(value, int | float):
        return float(value)
    if type(value) in (tuple, list):
        plain = [_plain_number(item) for item in value]
        if any(new is not old for new, old in zip(plain, value)):
            return type(value)(plain)
    return value


# ------------------------------------------------------------------------ what a class may be


def _own_fields(cls: type) -> set[str]:
    """Return the names that a class annotates, of which the decorator makes fields."""
    return {
        name
        for name, annotation in inspect.get_annotations(cls).items()
        if not any(word in str(annotation) for word in ("ClassVar", "KW_ONLY"))
    }


def _check_init(cls: type) -> None:
    """Check that what a class's ``__init__`` takes are its fields.

    What ``**settings`` take can't be told, but by what becomes of them.
    """
    known = {f.name for f in fields(cls)}
    init: Any = cls.__init__  # type: ignore[misc]
    _, *arguments = inspect.signature(init).parameters.values()
    for argument in arguments:
        if argument.kind is not argument.VAR_KEYWORD and argument.name not in known:
            raise TypeError(
                f"{cls.__name__} has an __init__ of its own that takes {str(argument)!r}, "
                f"which is no field, so that a file would lose it: {ADVICE}, instead of an "
                "__init__"
            )


def _bases(cls: type) -> Iterator[type]:
    """Yield the classes that a described one is made of, from itself up to `Described`."""
    return (
        base for base in cls.__mro__ if issubclass(base, Described) and base is not Described
    )


_decorated: set[type] = set()
"""The classes that are known to be, as each object asks; their tables keep them alive too."""


def _check_decorated(cls: type) -> None:
    """Check that the decorator has seen what a class annotates."""
    if cls in _decorated:
        return
    for base in _bases(cls):
        if "__dataclass_fields__" in vars(base):
            continue
        inherited = {f.name for f in fields(base)}
        for name in _own_fields(base):
            # a class may say again what its base class says of all, such as `unbounded`
            said = any(hasattr(above, name) for above in base.__mro__[1:])
            if name in inherited or not said:
                raise TypeError(
                    f"{base.__name__} has the field {name!r}, but is not decorated, so that a "
                    f"file would lose it: {ADVICE}"
                )
    _decorated.add(cls)


def check_described(thing: Any, name: str) -> None:
    """Check that a file can hold a thing, so that it comes back as it is.

    Parameters
    ----------
    thing : Layer, Loss, Optimizer, Metric or Schedule
        What is given.
    name : str
        What errors call it.

    Raises
    ------
    TypeError
        If its class is not known by its name, or a setting can't be held: it names both and
        says what to do.
    """
    cls = type(thing)
    if is_own(cls):  # whose settings are checked where it is made
        return
    kind = _kind_of(cls)
    if kind is None:
        raise TypeError(f"{name}: the class {cls.__name__} is not known by its name")
    known = _tables[kind][cls.__name__]
    if (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
        raise TypeError(
            f"{name}: there are two {kind} classes {cls.__name__!r}, in {cls.__module__} and "
            f"in {known.__module__}, and a file tells them by this name: give one another name"
        )
    try:
        _check_decorated(cls)
        _check_init(cls)
        description = describe(thing)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from None
    try:
        again = make(description, _tables[kind], kind)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"{name}: {cls.__name__} can't be made again from its fields ({error}): {ADVICE}"
        ) from None
    if (odd := _changed(thing, again)) is not None:
        raise TypeError(
            f"{name}: {cls.__name__} would come back from a file with another {odd!r}, "
            f"{getattr(again, odd, 'none')!r:.60} for {getattr(thing, odd)!r:.60}: {ADVICE}"
        )


def _kind_of(cls: type) -> str | None:
    """Return the kind of a class that is known by its name."""
    return next(
        (
            kind
            for kind, table in _tables.items()
            if (known := table.get(cls.__name__)) is not None
            and set(_bases(known)) & set(_bases(cls))
        ),
        None,
    )


def _attributes(thing: Described) -> dict[str, Any]:
    """Return what an object has beside its fields, but for what it remembers for itself."""
    declared, cls = {f.name for f in fields(thing)}, type(thing)
    return {
        name: value
        for name, value in vars(thing).items()
        if not (
            name in declared
            or name.startswith("_")
            or isinstance(getattr(cls, name, None), cached_property)
        )
    }


def _private(thing: Described, other: Described) -> list[str]:
    """Return the private attributes that two have, but for what may be a memory of theirs."""
    return [
        name
        for name, value in vars(thing).items()
        if name.startswith("_") and name in vars(other) and not isinstance(value, dict | list)
    ]


def _changed(thing: Described, again: Described) -> str | None:
    """Return the name of something that was lost when a thing was made again."""
    saved = [f.name for f in fields(thing) if f.metadata.get("saved", True)]
    for name in [*saved, *_attributes(thing), *_private(thing, again)]:
        if name not in vars(again) or not _alike(vars(thing)[name], vars(again)[name]):
            return name
    return None


def _alike(a: Any, b: Any) -> bool:
    """Whether a setting came back; of what can't be compared, whether its type did."""
    if isinstance(a, Described) and isinstance(b, Described):
        return type(a).__name__ == type(b).__name__ and _changed(a, b) is None
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_alike(a[key], b[key]) for key in a)
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(map(_alike, a, b))
    if isinstance(a, np.ndarray):
        return np.array_equal(a, b)
    return type(a) not in PLAIN or a == b or (a != a and b != b)


# ----------------------------------------------------------------------------- known by name


def register(cls: type[T], table: dict[str, type[T]], kind: str) -> None:
    """Enter a class in the table of its kind; a notebook may define one again.

    Raises
    ------
    TypeError
        If the name is that of one of xpnn's own.
    """
    other = table.get(cls.__name__)
    if other is not None and is_own(other):
        raise TypeError(f"xpnn has a {kind} {cls.__name__!r}: give yours another name")
    _tables.setdefault(kind, table)
    table[cls.__name__] = cls


def is_own(cls: type) -> bool:
    """Whether a class is one of xpnn's; tables have what a user's modules define, too."""
    return cls.__module__.startswith("xpnn.")


# -------------------------------------------------------------------------------- plain data


def describe(thing: Any) -> dict[str, Any]:
    """Return a frozen dataclass as plain data: its class name and its saved fields.

    Lists, strings, finite numbers and so on stand for themselves.  What JSON has no word for
    is a dict with one key: ``{"tuple": [...]}``, ``{"slice": [0, 3, null]}``,
    ``{"float": "inf"}``, ``{"layer": {...}}`` and the like for a layer, a loss and so on; a
    schedule is its description.

    Raises
    ------
    TypeError
        If a field holds something else; it names the class and the field.
    """
    name, saved = type(thing).__name__, {}
    for f in _saved_fields(thing):
        if f.name == "type":
            raise TypeError(f"{name} can't have a field 'type': give it another name")
        value = getattr(thing, f.name)
        if value is None and f.metadata.get("saved") == "where it is set":
            continue  # a setting that came later: what lacks it is described as before
        saved[f.name] = _as_plain(value, name, f.name)
    return {"type": name, **saved}


def _as_plain(value: Any, owner: str, field: str) -> Any:
    """Return a setting as plain data."""
    if type(value) in PLAIN:
        lost = type(value) is float and not math.isfinite(value)
        return {"float": repr(value)} if lost else value
    if isinstance(value, np.generic) and isinstance(value.item(), bool | int | float | str):
        return value.item()
    if isinstance(value, Described):
        kind = _kind_of(type(value))
        return describe(value) if kind == "schedule" else {str(kind): describe(value)}
    if type(value) is list:
        return [_as_plain(item, owner, field) for item in value]
    if type(value) is tuple:
        return {"tuple": [_as_plain(item, owner, field) for item in value]}
    if type(value) is slice:
        ends = (value.start, value.stop, value.step)
        return {"slice": [_as_plain(end, owner, field) for end in ends]}
    if type(value) is dict and all(type(key) is str for key in value):
        return {key: _as_plain(item, owner, field) for key, item in value.items()}
    raise TypeError(
        f"the setting {field!r} of {owner} is {value!r:.60}, of the type "
        f"{type(value).__name__}, which a file can't hold: give a number, a string, a tuple, "
        "list or dict of these, a layer or a loss; or, if it is for first values only, make it "
        "a field with a default and metadata={'saved': False}"
    )


def _from_plain(value: Any) -> Any:
    """Return a setting of which `_as_plain` made plain data."""
    if isinstance(value, list):
        return [_from_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((key, inner),) = value.items()
        if key == "tuple" and isinstance(inner, list):
            return tuple(map(_from_plain, inner))
        if key == "slice" and isinstance(inner, list) and len(inner) == 3:
            return slice(*inner)
        if key == "float" and inner in ("nan", "inf", "-inf"):
            return float(inner)
        if key in _tables and isinstance(inner, dict) and "type" in inner:
            return make(inner, _tables[key], key)
    return {key: _from_plain(item) for key, item in value.items()}


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
    needed = {k for k, f in known.items() if f.default is f.default_factory is MISSING}
    odd, missing = values.keys() - known.keys(), needed - values.keys()
    if odd or missing:
        problem = f"unknown {sorted(odd)}" if odd else f"missing {sorted(missing)}"
        raise ValueError(f"{kind} {name!r} has wrong fields: {problem}")
    values = {key: _from_plain(value) for key, value in values.items()}
    try:
        return with_settings(classes[name], values)
    except TypeError as error:
        raise ValueError(f"{kind} {name!r} has a field of the wrong type: {error}") from None


def _saved_fields(thing: Any) -> list[Any]:
    return [f for f in fields(thing) if f.init and f.metadata.get("saved", True)]
