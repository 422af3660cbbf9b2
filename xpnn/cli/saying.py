"""What the command says: results on standard output, and all else on standard error.

Either may be a file on a full disk, or a terminal that is closed by now.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click

from ..backend import Backend
from ..files.atomic import named

__all__ = ["escape_letters", "said_by", "say", "standard_output", "tell", "where"]


_is_silent = False


@contextmanager
def said_by(speaks: bool) -> Iterator[None]:
    """Let this process say results, or leave that to another one."""
    global _is_silent
    before, _is_silent = _is_silent, not speaks
    try:
        yield
    finally:
        _is_silent = before


def say(text: str) -> None:
    """Write results to standard output."""
    if _is_silent:
        return
    with standard_output():
        click.echo(text)


def tell(text: str) -> None:
    """Write to standard error, where it can be written: nothing is lost if it can't."""
    try:
        click.echo(text, err=True)
    except OSError:
        _let_go(sys.stderr)


@contextmanager
def standard_output() -> Iterator[Any]:
    """Give standard output, None where it is closed, to write to.

    Raises
    ------
    OSError
        If it can't be written, as on a full disk; it names it.
    """
    try:
        with named("standard output"):
            yield sys.stdout
            if sys.stdout is not None:
                sys.stdout.flush()
    except OSError:
        _let_go(sys.stdout)
        raise


def where(backend: Backend) -> str:
    """Return what a backend is called, and its device, if its arrays know of one."""
    return backend.name if backend.device is None else f"{backend.name} on {backend.device}"


def _let_go(stream: Any) -> None:
    """Let what is left of a stream that failed go nowhere: Python tries again at its end."""
    with suppress(OSError, ValueError, AttributeError):  # one of a test has no number
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def escape_letters() -> None:
    r"""Let a letter that a terminal can't show be written as ``\xfc``, and be no error."""
    for stream in (sys.stdout, sys.stderr):
        encoding, errors = (getattr(stream, name, None) for name in ("encoding", "errors"))
        raises = errors == "strict" or (errors == "surrogateescape" and encoding != "utf-8")
        if raises and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
