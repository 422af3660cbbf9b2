"""The command ``xpnn play``: a page on this machine on which one sees a training happen."""

from __future__ import annotations

import asyncio
import os
import threading
import webbrowser

import click

from ..backend import resolve
from ..play import Choices, Session
from ..play.rows import OwnTable
from ..tables import read
from .options import DataName, backend_option
from .saying import say, tell, where

__all__ = ["play"]


@click.command()
@click.argument("data", type=DataName(), metavar="[FILE]", required=False)
@click.option(
    "--target", metavar="COLUMN", help="The column of FILE to learn.  [default: its last]"
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="NUMBER",
    help="Where the page is.  [default: any port that is free]",
)
@click.option("--browser/--no-browser", default=True, help="Whether to open a browser.")
@backend_option
def play(
    data: str | None, target: str | None, port: int, browser: bool, backend: str | None
) -> None:
    """See a network learn, on a page on this machine, until Ctrl-C.

    On it one chooses data, layers, optimizer and what else there is; sees what each neuron
    makes of the data, and the weights, loss and gradients, step by step or in motion; and gets
    the Python that does the same.  FILE is a table, of which two columns of numbers are learnt
    from.  The page is at 127.0.0.1, for who knows the token in its address; it fetches nothing.
    """
    own = _own(data, target)
    used = resolve(backend)
    from ..play.server import Server

    choices = Choices(backend=used.spec)
    try:
        server = Server(Session(choices, own), port)
    except OSError as error:
        raise ValueError(f"--port {port}: {os.strerror(error.errno or 0)}") from error
    if own is not None:  # on the page, where it is said if there are no such columns
        server.runner.ask({"do": "choose", "choices": {**choices.plain(), "data": "table"}})
    say(f"{server.address}\nTraining by {where(used)}; Ctrl-C ends it.")
    if browser:
        opening = threading.Thread(target=webbrowser.open, args=(server.address,), daemon=True)
        opening.start()
    try:
        asyncio.run(server.run())
    except KeyboardInterrupt:
        tell("Ended.")


def _own(data: str | None, target: str | None) -> OwnTable | None:
    """Read the table of one's own."""
    if data is None:
        if target is not None:
            raise ValueError("--target is a column of FILE, and no FILE is given")
        return None
    if data == "-":
        raise ValueError("FILE must be a file, and can't be standard input")
    return OwnTable(data, read(data), target or "")
