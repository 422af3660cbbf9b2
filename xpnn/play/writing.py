"""Values as Python writes them, for the code that is shown."""

from __future__ import annotations

from typing import Any

__all__ = ["called", "written"]


def written(value: Any) -> str:
    """Return a value as Python reads it; a text in double quotes where that is plain."""
    if isinstance(value, str) and value.isprintable() and not {'"', "\\"} & {*value}:
        return f'"{value}"'
    return repr(value)


def called(name: str, *arguments: Any, **settings: Any) -> str:
    """Return a call."""
    words = [written(argument) for argument in arguments]
    words += [f"{key}={written(value)}" for key, value in settings.items()]
    return f"{name}({', '.join(words)})"
