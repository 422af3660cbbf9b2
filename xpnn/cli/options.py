"""Arguments and options that several commands have, and checks of the paths they take."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping
from contextlib import redirect_stdout, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from ..files import atomic
from .errors import sentence


class FilePath(click.Path):
    """A path, which an unset variable of a shell does not make the current folder."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: Any) -> Any:
        """Refuse an empty path."""
        _refuse_empty(self, value, param, ctx)
        return super().convert(value, param, ctx)


class DataName(click.types.StringParamType):
    """The name of data."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: Any) -> str:
        """Refuse an empty name."""
        _refuse_empty(self, value, param, ctx)
        return str(super().convert(value, param, ctx))


def _refuse_empty(kind: Any, value: Any, param: click.Parameter | None, ctx: Any) -> None:
    if not os.fspath(value):
        kind.fail("it is empty, and must name a file or folder", param, ctx)


class Sections(click.Command):
    """A command of many options, some of which are shown under titles of their own.

    Parameters
    ----------
    sections : mapping of str to collection of str
        The names of the options under each title; all others come before them.
    """

    def __init__(self, *args: Any, sections: Mapping[str, Collection[str]], **named: Any):
        super().__init__(*args, **named)
        self._sections = sections

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options."""
        shown: dict[str, list[tuple[str, str]]] = {"Options": []}
        shown |= {title: [] for title in self._sections}
        for option in self.get_params(ctx):
            titles = [t for t, names in self._sections.items() if option.name in names]
            if (record := option.get_help_record(ctx)) is not None:
                shown[titles[0] if titles else "Options"].append(record)
        for title, records in shown.items():
            with formatter.section(title):
                formatter.write_dl(records)


def _import(ctx: click.Context, param: click.Parameter, names: tuple[str, ...]) -> None:
    """Import modules, also from the current folder, as ``python -m`` does."""
    if names and "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    for name in names:
        if not name.strip():
            raise ValueError("--import must name a module, got an empty name")
        try:
            with redirect_stdout(sys.stderr):  # stdout is for results
                import_module(name)
        except (Exception, SystemExit) as error:
            if isinstance(error, ModuleNotFoundError) and error.name in _beginnings(name):
                hint = f"; give its name, as {name[:-3]}" if name.endswith(".py") else ""
                raise ValueError(
                    f"--import: there is no module {name!r} in the current folder nor among "
                    f"what is installed{hint}"
                ) from error
            raise ValueError(
                f"--import {name}: {type(error).__name__}: {sentence(error)}"
            ) from error


def _beginnings(name: str) -> list[str]:
    """Return the packages that a module is in, and its own name."""
    parts = name.split(".")
    return [".".join(parts[: i + 1]) for i in range(len(parts))]


model_argument = click.argument("model", type=FilePath(), metavar="MODEL")

data_argument = click.argument("data", type=DataName(), metavar="DATA")

import_option = click.option(
    "--import",
    multiple=True,
    metavar="MODULE",
    is_eager=True,
    expose_value=False,
    callback=_import,
    help="Import a module first, from the current folder too, so that the layers, losses, "
    "optimizers and metrics that it defines are known; any number of times.",
)

backend_option = click.option(
    "--backend",
    metavar="SPEC",
    help="Array library and device: numpy, auto, NAME or NAME:DEVICE, with ! at the end to "
    "forbid falling back to NumPy.  'xpnn backends' lists them.  [default: $XPNN_BACKEND, else "
    "numpy]",
)

metric_option = click.option(
    "--metric",
    multiple=True,
    metavar="NAME",
    help="What else to measure, any number of times: for classes f1, precision, recall (of "
    "the second of two classes; of more their mean, f1_macro and so on), log_loss, roc_auc, "
    "top_3_accuracy, and f1_weighted and the like; for numbers r2 and mean_squared_error.",
)

answers_option = click.option(
    "--target",
    metavar="COLUMN",
    help="The column with the right answers.  [default: the one that the model was trained on]",
)
"""For commands that use a model; 'xpnn train' has a --target of its own."""


def check_writable(option: str, path: Path, *others: tuple[str, str | Path]) -> None:
    """Check that a file can be written, before the work that it will hold.

    Parameters
    ----------
    option : str
        What the user calls the file, for messages.
    path : Path
        The file.
    *others : tuple of str and path
        Files that it must not be, each with its name for the message.

    Raises
    ------
    ValueError
        If its folder is not there or can't be written to, if it is a folder, a pipe or a
        device, can't have that name, or is one of the others.
    """
    folder = path.parent
    if str(path) == "-":
        raise ValueError(f"{option} must be a file, and can't be standard output")
    if not os.path.isdir(folder):
        raise ValueError(f"{option}: there is no folder {str(folder)!r}; make it first")
    if os.path.isdir(path):
        raise ValueError(f"{option} must be a file, but {str(path)!r} is a folder")
    try:
        atomic.check_writable(path)
    except PermissionError as error:
        raise ValueError(f"{option}: the folder {str(folder)!r} can't be written to") from error
    except (OSError, ValueError) as error:
        raise ValueError(f"{option}: {sentence(error)}") from error
    for name, other in others:
        if path.resolve() == Path(other).resolve():
            raise ValueError(f"{option} must not be {name}, but both are {str(path)!r}")


def check_folder(option: str, folder: Path) -> None:
    """Check that files can be written to a folder, which may have to be made.

    Raises
    ------
    ValueError
        If it is a file, or can't be made or written to.
    """
    there = folder
    while not os.path.exists(there) and there != there.parent:
        there = there.parent
    if not os.path.isdir(there):
        raise ValueError(f"{option} must be a folder, not the file {there}")
    try:
        with suppress(FileNotFoundError):
            os.lstat(folder)  # asks whether there can be such a name
        atomic.check_writable(there / "checkpoint")
    except OSError as error:
        raise ValueError(f"{option}: {str(folder)!r}: {error.strerror}") from error
