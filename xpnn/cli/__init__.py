"""The command ``xpnn``: train, evaluate, predict, report, export, compare, book, and so on.

Each command is a file of that name, and is added to the group here.  What was asked for is
checked before anything slow begins.  Results go to stdout, and everything else that is said
goes to stderr; bad input ends with status 2 and one sentence.
"""

from __future__ import annotations

import click

from ..version import __version__
from . import (
    backends,
    book,
    compare,
    evaluate,
    export,
    inspect,
    play,
    predict,
    report,
    train,
)
from .datasets import DATA_SETS as DATA_SETS
from .errors import Group

__all__ = ["main"]


@click.group(
    cls=Group,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 96},
)
@click.version_option(__version__, prog_name="xpnn")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Train neural networks and use them, on any array library."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


for command in (
    train.train,
    evaluate.evaluate,
    predict.predict,
    export.export,
    report.report,
    inspect.inspect,
    compare.compare,
    book.book,
    play.play,
    backends.backends,
):
    main.add_command(command)
del command
