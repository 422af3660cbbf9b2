"""What the user knows of a table's columns: options, and a small TOML."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from ..tables.dating import SPREADSHEET, DateStyle
from ..tables.preparation import DROPPED
from ..tables.understanding import KINDS, Understood, split_format
from .options import FilePath

__all__ = ["as_toml", "asked_columns", "columns_options"]

OPTIONS = ("category", "number", "date", "id")
"""The kinds that have an option of their own."""

WITH_FORMAT = re.compile(f"(.+)=(iso|{SPREADSHEET}|.*%.*)", re.DOTALL)
"""A column of dates, and how they are written."""


def _help(kind: str) -> str:
    """Return what is told of the option that has a column be of a kind."""
    more = ", as in day=%d/%m/%Y if it says how dates are written" if kind == "date" else ""
    return f"Take a column for {'an' if kind == 'id' else 'a'} {kind}{more}; repeat it."


def columns_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what columns are."""
    options = [
        click.option(
            "--drop", multiple=True, metavar="COLUMN", help="Leave a column out; repeat it."
        ),
        *(
            click.option(
                f"--{name}",
                f"as_{name}",
                multiple=True,
                metavar="COLUMN",
                help=_help(name),
            )
            for name in OPTIONS
        ),
        click.option(
            "--columns",
            type=FilePath(),
            metavar="FILE.toml",
            help="What columns are, as 'xpnn inspect TABLE --output FILE.toml' writes it.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def asked_columns(
    drop: Iterable[str],
    columns: Path | None,
    *,
    target: str | None = None,
    **as_kind: Iterable[str],
) -> dict[str, str]:
    """Return what columns are said to be: one of `KINDS`, or "drop".

    Parameters
    ----------
    drop, as_category, as_number, as_date, as_id : iterable of str
        Columns, as the options of that name have them.
    columns : Path or None
        A file that says it of others.
    target : str, optional
        The column to learn, of which the file alone may say something.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If a column is said to be two things, or the file is not of that form.
    """
    asked: dict[str, str] = {} if columns is None else _read(columns)
    on_the_line: dict[str, str] = {}
    kinds = {DROPPED: drop, **{k.removeprefix("as_"): names for k, names in as_kind.items()}}
    for option, given in kinds.items():
        for words in given:
            name, kind = words, option
            if option == "date" and (found := WITH_FORMAT.fullmatch(words)):
                name, kind = found[1], f"date {found[2]}"
            if name == target:
                raise ValueError(
                    f"--{option} {words}: it is the target; --task says what to learn of it"
                )
            if on_the_line.setdefault(name, kind) != kind:
                already = f"it is --{on_the_line[name]} already"
                raise ValueError(f"--{option} {words}: {already}, and can't be both")
    return asked | on_the_line


def _read(path: Path) -> dict[str, str]:
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no TOML: {error}") from error
    columns = content.get("columns")
    known = (*KINDS, DROPPED)
    if content.keys() != {"columns"} or not isinstance(columns, dict):
        raise ValueError(f"{path} must have one table, [columns]")
    for name, kind in columns.items():
        if not isinstance(kind, str) or split_format(kind)[0] not in known:
            raise ValueError(f"{path}: {name} must be one of {', '.join(known)}, got {kind!r}")
    return columns


def as_toml(source: str, found: Iterable[Understood], dropped: Iterable[str]) -> str:
    """Return what columns are taken for, as a file that may be changed and given back."""
    lines = [
        f"# What the columns of {source} are taken for.  Change it, and give it to",
        "# 'xpnn train TABLE --target COLUMN --columns FILE'.",
        f"# A column may be {', '.join(KINDS)}, or {DROPPED}: left out.",
        f"# Behind date stands how dates are written: iso, {SPREADSHEET}, or as %d/%m/%Y.",
        "",
        "[columns]",
        *(f"{_quoted(one.column)} = {_quoted(_kind(one))}  # {one.reason}" for one in found),
        *(f"{_quoted(name)} = {_quoted(DROPPED)}" for name in dropped),
    ]
    return "\n".join(lines) + "\n"


def _kind(one: Understood) -> str:
    """Return what a column is, and how it writes dates, of which another way may be right."""
    if isinstance(one.style, DateStyle) and one.kind == "date":
        return f"date {one.style.format}"
    return one.kind


def _quoted(text: str) -> str:
    """Return a basic string of TOML, which is one of JSON but for a delete character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
