"""The command ``xpnn inspect``: the card of a model, or what the columns of a table are."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from .. import cards
from ..files.atomic import atomic_write
from ..files.foreign import MAY_HOLD_TABLES, other_kind
from ..files.model_file import ModelFileError, read_file
from ..sequential import Sequential
from ..tables import Preparation, read
from ..tables.files import STDIN
from ..tables.preparation import DROPPED
from ..tables.understanding import mark_of, understand
from ..tabular import cards as of_tables
from .columns import as_toml, asked_columns, columns_options
from .datasets import TABLE
from .models import TableModel, load_any
from .options import DataName, FilePath, check_writable, import_option
from .saying import say, tell


@click.command()
@click.argument("model", type=DataName(), metavar="MODEL|TABLE")
@click.option("--json", "as_json", is_flag=True, help="Print the model card as JSON.")
@click.option(
    "--output",
    type=FilePath(),
    metavar="FILE.toml",
    help="Write what the columns of a table are to a file, to change it and to give it to "
    "'xpnn train --columns'.",
)
@columns_options
@import_option
def inspect(model: str, as_json: bool, output: Path | None, **asked: Any) -> None:
    """Tell what a MODEL is: layers, how it was trained, on what and how well.

    Classes of its own need not be imported: then the card is what the file says of them.

    Of a TABLE, any that 'xpnn train' takes, tell for each column what it is taken for and why.
    """
    if _is_table(model):
        if as_json:
            raise ValueError("--json is for models; --output writes what columns are")
        _inspect_table(model, output, asked)
        return
    if output is not None or any(asked.values()):
        raise ValueError(f"{model} is a model; --output and what columns are is for tables")
    path = Path(model)
    try:
        loaded, extra = load_any(path)
    except ModelFileError:
        card, unknown = _by_the_file(path)
        if not unknown:
            raise
        summary = None
        tell(
            f"Note: of {' and '.join(unknown)} only the file tells; --import MODULE knows more."
        )
    else:
        network = loaded if isinstance(loaded, Sequential) else loaded.network
        summary = network.summary()
        if isinstance(loaded, TableModel):
            card = of_tables.card(loaded.ensemble, extra)
        else:
            card = cards.model_card(network, extra)
    if as_json:
        say(json.dumps(card, indent=2))
    else:
        say((of_tables if "members" in card else cards).text(card, summary))


def _is_table(data: str) -> bool:
    """Whether something is a table, by its name; what is there is known by its beginning."""
    if data == STDIN or not os.path.isfile(data):
        return TABLE.fullmatch(data) is not None
    with open(data, "rb") as file:
        begins = file.read(9)
    is_model = b"\0" in begins and begins[8:] == b"{"  # a length, and JSON
    if is_model or data.endswith(".safetensors"):
        return False
    return TABLE.fullmatch(data) is not None or other_kind(Path(data)) in MAY_HOLD_TABLES


def _by_the_file(path: Path) -> tuple[dict[str, Any], list[str]]:
    """Return the card by what a file says itself, and the classes that are not known here."""
    description, tensors = read_file(path)
    unknown = cards.unknown_classes(description)
    if not unknown:
        return {}, []
    try:
        if "members" in description:
            return of_tables.card_of_file(description, tensors), unknown
        if "preparation" in description["extra"]:
            Preparation.from_json(description["extra"]["preparation"])
        return cards.card_of_file(description, tensors), unknown
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelFileError(f"{path} does not describe a network: {error}") from error


def _inspect_table(data: str, output: Path | None, asked: dict[str, Any]) -> None:
    """Tell what the columns of a table are, and write it down."""
    if output is not None:
        check_writable("--output", output, ("the data", data))
    columns, table = asked_columns(**asked), read(data)
    dropped = [name for name, kind in columns.items() if kind == DROPPED]
    known = {k: v for k, v in columns.items() if k not in dropped}
    found = understand(table.without(dropped), known, mark_of(table))
    for line in table.said():
        say(line)
    say(f"{table.source}: {len(table):,} rows")
    for one in found.values():
        say(str(one))
    for name in dropped:
        say(f"{name}: left out, as asked")
    if output is not None:
        with atomic_write(output) as temporary:
            temporary.write_text(
                as_toml(table.source, found.values(), dropped), encoding="utf-8"
            )
        tell(f"wrote {output}")
