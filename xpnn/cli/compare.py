"""The command ``xpnn compare``: where array libraries differ in a model."""

from __future__ import annotations

from pathlib import Path

import click

from ..comparison import compare_backends
from .models import load, rows_for
from .options import answers_option, data_argument, import_option, model_argument


@click.command()
@model_argument
@data_argument
@click.option(
    "--backends",
    "specs",
    metavar="SPECS",
    required=True,
    help="Two or more, as numpy,auto; the others are compared with the first.",
)
@answers_option
@import_option
def compare(model: Path, data: str, specs: str, target: str | None) -> None:
    """Show where array libraries differ in the MODEL by more than rounding.

    DATA is as for evaluate; of its rows the first 256 are used.  The exit status is 1 where
    something differs.
    """
    loaded = load(model, "numpy")
    X, y = next(pair for pair in rows_for(loaded, data, target).values() if pair is not None)
    if compare_backends(loaded.network, X[:256], y[:256], specs.split(",")).first is not None:
        raise click.exceptions.Exit(1)
