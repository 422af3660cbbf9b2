"""The command ``xpnn inspect``: the card of a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from .. import cards
from ..files.model_file import ModelFileError, read_file
from ..tables import Preparation
from .models import load_any
from .options import import_option, model_argument
from .saying import say, tell


@click.command()
@model_argument
@click.option("--json", "as_json", is_flag=True, help="Print the model card as JSON.")
@import_option
def inspect(model: Path, as_json: bool) -> None:
    """Tell what the MODEL is: layers, how it was trained, on what and how well.

    Classes of its own need not be imported: then the card is what the file says of them.
    """
    try:
        network, _, extra = load_any(model)
    except ModelFileError:
        card, unknown = _by_the_file(model)
        if not unknown:
            raise
        told = cards.text(card)
        tell(
            f"Note: of {' and '.join(unknown)} only the file tells; --import MODULE knows more."
        )
    else:
        card = cards.model_card(network, extra)
        told = cards.text(card, network.summary())
    say(json.dumps(card, indent=2) if as_json else told)


def _by_the_file(path: Path) -> tuple[dict[str, Any], list[str]]:
    """Return the card by what a file says itself, and the classes that are not known here."""
    description, tensors = read_file(path)
    unknown = cards.unknown_classes(description)
    if not unknown:
        return {}, []
    try:
        if "preparation" in description["extra"]:
            Preparation.from_json(description["extra"]["preparation"])
        return cards.card_of_file(description, tensors), unknown
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelFileError(f"{path} does not describe a network: {error}") from error
