"""The command ``xpnn inspect``: the card of a model."""

from __future__ import annotations

import json
from pathlib import Path

import click

from .. import cards
from .models import load_any
from .options import model_argument


@click.command()
@model_argument
@click.option("--json", "as_json", is_flag=True, help="Print the model card as JSON.")
def inspect(model: Path, as_json: bool) -> None:
    """Tell what the MODEL is: layers, how it was trained, on what and how well."""
    network, _, extra = load_any(model)
    card = cards.model_card(network, extra)
    click.echo(json.dumps(card, indent=2) if as_json else cards.text(network, card))
