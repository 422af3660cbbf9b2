"""The command ``xpnn compare``: where array libraries differ in a model."""

from __future__ import annotations

from pathlib import Path

import click

from ..comparison import compare_backends
from ..tables import Measure
from .datasets import DATA_SETS, data_name
from .models import answered_rows, built_in_rows, load
from .networks import loss_for
from .options import answers_option, data_argument, import_option, model_argument
from .saying import tell

ROWS = 256
"""How many rows are compared at most."""


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

    DATA is as for evaluate; of its rows the first 256 are used.  Of several networks it is the
    first one.  The exit status is 1 where something differs.
    """
    loaded = load(model, "numpy")
    data, network = data_name(data), loaded.network
    if data in DATA_SETS:
        if target is not None:
            raise ValueError(f"--target is for tables; {data} has its classes")
        rows = built_in_rows(loaded, data).values()
        X, y = next(pair for pair in rows if pair is not None)
    else:
        table, y = next(answered_rows(loaded, data, target, tell))
        X = loaded.inputs(table.take(slice(ROWS)))
        if isinstance(loaded.target, Measure):
            y = ((y - loaded.target.mean) / loaded.target.scale)[:, None]
    if network.compiled is None:
        network.compile(loss_for(loaded.target), "sgd")
    found = compare_backends(network, X[:ROWS], y[:ROWS], specs.split(","))
    if found.first is not None:
        raise click.exceptions.Exit(1)
