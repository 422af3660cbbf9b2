"""Errors, warnings, Ctrl-C and other signals, as the command tells them: a line each on stderr.

Every command runs inside `Group`, so that none needs to catch anything itself.
"""

from __future__ import annotations

import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import click

from ..backend import BackendUnavailableError
from ..history import DivergenceError
from ..training.interrupt import ENDING, Signals, handled
from .saying import escape_letters, tell

INTERRUPTED = 128 + signal.SIGINT
"""The exit status after Ctrl-C, as shells have it."""


class Failure(click.ClickException):
    """Bad input: one sentence on stderr and status 2."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """Say it."""
        tell(f"Error: {self.format_message()}")


class Group(click.Group):
    """A group of commands whose errors and warnings are a line each."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the options of the group itself."""
        escape_letters()
        with _plain_errors(Signals()):
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run one of the commands."""
        with handled(*ENDING) as signals, _plain_errors(signals), _plain_warnings():
            return super().invoke(ctx)


@contextmanager
def _plain_errors(signals: Signals) -> Iterator[None]:
    """Turn what is wrong with the input into one sentence, and signals into their status."""
    try:
        yield
    except click.UsageError as error:
        raise Failure(error.format_message()) from error
    except BrokenPipeError:
        raise  # click ends quietly when whoever reads has enough
    except (
        BackendUnavailableError,
        DivergenceError,
        ImportError,
        MemoryError,
        OSError,
        TypeError,
        ValueError,
    ) as error:
        raise Failure(sentence(error)) from error
    except KeyboardInterrupt:
        tell("Interrupted.")
        raise click.exceptions.Exit(INTERRUPTED) from None
    except SystemExit:
        if not signals():
            raise
        tell(f"Ended by {signals.name}.")
        raise click.exceptions.Exit(signals.status) from None


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """Show warnings for users in one line each, and none of those for programmers."""

    def show(message: Any, category: Any, *rest: Any, **named: Any) -> None:
        tell(f"Warning: {sentence(message)}")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = show
        yield


def sentence(error: BaseException) -> str:
    """Return an error in one line, without what only a programmer wants."""
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror}"
    if isinstance(error, MemoryError):
        return f"there is not enough memory ({error}); try less data or a smaller network"
    if isinstance(error, DivergenceError):
        what = str(error).partition(". ")[0]
        return f"training stopped because {what}; try a smaller --learning-rate"
    return " ".join(str(error).split())
