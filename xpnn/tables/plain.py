"""Encodings and targets as plain data for a model file; read back, trusting nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import partial
from typing import Any

from .cells import PARTS
from .encoding import Encoding
from .features import (
    CategoryFeature,
    DateFeature,
    Feature,
    NumberFeature,
    Scale,
    TimeFeature,
    YesNoFeature,
)
from .parsing import DateStyle, NumberStyle
from .targets import Classes, Measure, Target

__all__ = ["encoding_of", "target_of", "to_plain"]

Reader = Callable[[Any, str], Any]
"""Reads a value that has a name, or raises a ValueError that says it."""


def to_plain(value: Any) -> Any:
    """Return an encoding, a target or what they are made of as JSON has it."""
    if isinstance(value, Encoding):
        return [to_plain(feature) for feature in value.features]
    if is_dataclass(value):
        kind = {"kind": value.kind} if hasattr(value, "kind") else {}
        return kind | {f.name: to_plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {key: to_plain(entry) for key, entry in value.items()}
    return [*value] if isinstance(value, tuple) else value


# ------------------------------------------------------------------------------------- readers


def _wrong(name: str, wanted: str, got: Any) -> ValueError:
    return ValueError(f"expected {name} as {wanted}, got {got!r:.80}")


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise _wrong(name, "text", value)
    return value


def _flag(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(name, "true or false", value)
    return value


def _number(value: Any, name: str, above: float = -math.inf) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or value < above:
        raise _wrong(name, "a finite number" + f" >= {above:g}" * (above > -math.inf), value)
    return float(value)


def _positive(value: Any, name: str) -> float:
    if _number(value, name) <= 0:
        raise _wrong(name, "a number > 0", value)
    return float(value)


def _texts(value: Any, name: str) -> tuple[str, ...]:
    is_right = isinstance(value, list) and all(isinstance(text, str) for text in value)
    if not is_right or len(set(value)) != len(value):
        raise _wrong(name, "a list of different texts", value)
    return tuple(value)


def _one_of(value: Any, name: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise _wrong(name, " or ".join(map(repr, known)), value)
    return str(value)


def _format(value: Any, name: str) -> str:
    try:
        if value != "iso":
            datetime(2001, 2, 3).strftime(_text(value, name))
    except ValueError:
        raise _wrong(name, "a format of dates", value) from None
    return str(value)


def _object(value: Any, name: str, cls: type, readers: Mapping[str, Reader]) -> Any:
    """Make a dataclass of an object that has exactly these fields."""
    if not isinstance(value, dict) or value.keys() != readers.keys():
        raise _wrong(name, f"an object with {', '.join(readers)}", value)
    return cls(**{key: read(value[key], f"{key} of {name}") for key, read in readers.items()})


def _reader(cls: type, **readers: Reader) -> Reader:
    return partial(_object, cls=cls, readers=readers)


_scale = _reader(Scale, center=_number, factor=partial(_number, above=0.0), bends=_flag)
_number_style = _reader(NumberStyle, decimal=partial(_one_of, known=(".", ",")), unit=_text)
_date_style = _reader(DateStyle, format=_format)


def _parts(value: Any, name: str) -> dict[str, Scale]:
    if not isinstance(value, dict) or not value.keys() <= PARTS.keys():
        raise _wrong(name, f"an object with some of {', '.join(PARTS)}", value)
    return {part: _scale(entry, f"{part} of {name}") for part, entry in value.items()}


_FEATURES: dict[str, Reader] = {
    "number": _reader(
        NumberFeature,
        column=_text,
        style=_number_style,
        scale=_scale,
        missing=_flag,
        low=_number,
        high=_number,
    ),
    "yes/no": _reader(YesNoFeature, column=_text, values=_texts),
    "category": _reader(
        CategoryFeature, column=_text, values=_texts, missing=_flag, pooled=_flag
    ),
    "date": _reader(DateFeature, column=_text, style=_date_style, parts=_parts, missing=_flag),
    "time": _reader(TimeFeature, column=_text, scale=_scale, missing=_flag),
}

_TARGETS: dict[str, Reader] = {
    "classes": _reader(Classes, column=_text, labels=_texts),
    "number": _reader(
        Measure,
        column=_text,
        style=_number_style,
        mean=_number,
        scale=_positive,
        low=_number,
        high=_number,
    ),
}


def _of_kind(data: Any, name: str, kinds: Mapping[str, Reader]) -> Any:
    """Read an object that says its kind."""
    kind = data.get("kind") if isinstance(data, dict) else None
    if not isinstance(kind, str) or kind not in kinds:
        raise _wrong(name, f"an object of the kind {' or '.join(map(repr, kinds))}", data)
    rest = {key: value for key, value in data.items() if key != "kind"}
    return kinds[kind](rest, name)


def encoding_of(data: Any) -> Encoding:
    """Make an encoding of plain data.

    Raises
    ------
    ValueError
        If the data is not of the form that `to_plain` gives.
    """
    if not isinstance(data, list):
        raise _wrong("features", "a list", data)
    features: list[Feature] = [
        _of_kind(entry, f"feature {number}", _FEATURES) for number, entry in enumerate(data)
    ]
    if len({feature.column for feature in features}) != len(features):
        raise ValueError("expected features of different columns")
    return Encoding(tuple(features))


def target_of(data: Any) -> Target:
    """Make a target of plain data; as `encoding_of`."""
    target: Target = _of_kind(data, "the target", _TARGETS)
    return target
