"""Encodings and targets as plain data for a model file; read back, trusting nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from typing import Any

from .cells import PARTS
from .dating import DateStyle, check_format
from .encoding import Encoding
from .features import (
    CategoryFeature,
    DateFeature,
    Feature,
    NumberFeature,
    TimeFeature,
    YesNoFeature,
)
from .grams import SIZES, folded
from .parsing import NumberStyle
from .readers import flag, number, one_kind_of, one_of, positive, reader, text, texts, wrong
from .scaling import Scale
from .targets import Classes, Measure, Target
from .wording import TextFeature

__all__ = ["encoding_of", "target_of", "to_plain"]


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


def _format(value: Any, name: str) -> str:
    try:
        check_format(text(value, name))
    except ValueError:
        raise wrong(name, "a format of dates", value) from None
    return str(value)


_scale = reader(Scale, center=number, factor=partial(number, at_least=0.0), bends=flag)
_number_style = reader(NumberStyle, decimal=partial(one_of, known=(".", ",")), unit=text)
_date_style = reader(DateStyle, format=_format)


def _parts(value: Any, name: str) -> dict[str, Scale]:
    if not isinstance(value, dict) or not value.keys() <= PARTS.keys():
        raise wrong(name, f"an object with some of {', '.join(PARTS)}", value)
    return {part: _scale(entry, f"{part} of {name}") for part, entry in value.items()}


def _grams(value: Any, name: str) -> tuple[str, ...]:
    grams = texts(value, name)
    sizes = {*map(len, grams)}
    if not grams or not sizes <= {*SIZES} or any(c != folded(c) for g in grams for c in g):
        raise wrong(name, "n-grams", value)
    return grams


def _text_feature(**about: Any) -> TextFeature:
    feature = TextFeature(**about)
    try:
        weights, _ = feature.numbers
        if weights.min() <= 0:
            raise ValueError("a weight is no number > 0")
    except ValueError as error:
        raise ValueError(f"expected numbers for each n-gram of a text: {error}") from None
    return feature


_feature = one_kind_of(
    {
        "number": reader(
            NumberFeature,
            column=text,
            style=_number_style,
            scale=_scale,
            missing=flag,
            low=number,
            high=number,
        ),
        "yes/no": reader(YesNoFeature, column=text, values=texts),
        "category": reader(
            CategoryFeature, column=text, values=texts, missing=flag, pooled=flag
        ),
        "date": reader(DateFeature, column=text, style=_date_style, parts=_parts, missing=flag),
        "time": reader(TimeFeature, column=text, scale=_scale, missing=flag),
        "text": reader(_text_feature, column=text, grams=_grams, weights=text, basis=text),
    }
)

_target = one_kind_of(
    {
        "classes": reader(Classes, column=text, labels=texts),
        "number": reader(
            Measure,
            column=text,
            style=_number_style,
            mean=number,
            scale=positive,
            low=number,
            high=number,
        ),
    }
)


def encoding_of(data: Any) -> Encoding:
    """Make an encoding of plain data.

    Raises
    ------
    ValueError
        If the data is not of the form that `to_plain` gives.
    """
    if not isinstance(data, list):
        raise wrong("features", "a list", data)
    features: list[Feature] = [_feature(entry, f"feature {k}") for k, entry in enumerate(data)]
    if len({feature.column for feature in features}) != len(features):
        raise ValueError("expected features of different columns")
    return Encoding(tuple(features))


def target_of(data: Any) -> Target:
    """Make a target of plain data; as `encoding_of`."""
    target: Target = _target(data, "the target")
    return target
