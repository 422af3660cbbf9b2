"""How much training is still to come, for backends that compile where that pays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["expecting", "steps_to_come"]

_steps: ContextVar[int] = ContextVar("xpnn_steps_to_come", default=0)


def steps_to_come() -> int:
    """Return how many steps of training are to come at most, those at hand counted in.

    0 where that isn't known.
    """
    return _steps.get()


@contextmanager
def expecting(steps: int) -> Iterator[None]:
    """Let so many steps be to come."""
    token = _steps.set(steps)
    try:
        yield
    finally:
        _steps.reset(token)
