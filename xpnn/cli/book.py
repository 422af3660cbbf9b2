"""The command ``xpnn book``: the figures of the book, drawn from computations of xpnn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import FilePath
from .saying import say, tell


@click.command()
@click.argument("number", required=False, metavar="[NUMBER]")
@click.option(
    "--output",
    type=FilePath(),
    help="The file to draw figure NUMBER to: .png, .svg or .pdf; .gif or .mp4 if it moves.",
)
@click.option(
    "--all",
    "directory",
    type=FilePath(),
    metavar="DIRECTORY",
    help="Draw all figures to a folder, film those that move, and write index.html there.",
)
def book(number: str | None, output: Path | None, directory: Path | None) -> None:
    """Draw the figures of the book 'Neural Networks from Scratch in Python'.

    Without NUMBER it lists them. Those that move are marked with *, and those that the book
    doesn't have, but tells of, with +.
    """
    if directory is not None:
        if number is not None or output is not None:
            raise ValueError("--all draws every figure: leave out NUMBER and --output")
        _draw_all(directory)
        return
    if number is None:
        if output is not None:
            raise ValueError("--output needs the NUMBER of a figure; 'xpnn book' lists them")
        _list()
        return
    from ..book import write

    path = output or Path(f"{number}.png")
    write(number, path)
    say(f"wrote {path}")


def _list() -> None:
    """List the figures, chapter by chapter."""
    from ..book import CHAPTERS, FIGURES

    for chapter, title in CHAPTERS.items():
        say(f"{chapter}. {title}")
        for figure in FIGURES.values():
            if figure.chapter == chapter:
                marks = "*" * (figure.film is not None) + "+" * (not figure.in_book)
                say(f"  {figure.number:<7}{marks:<3}{figure.shows}")


def _draw_all(directory: Path) -> None:
    """Draw all figures, with a bar on a terminal."""
    from tqdm import tqdm

    from ..book import draw_all

    with tqdm(desc="figures", unit="file", leave=False, disable=None) as bar:

        def show(name: str, done: int, count: int) -> None:
            bar.total = count
            bar.set_postfix_str(name, refresh=False)
            bar.update(done - bar.n)

        paths: list[Any] = draw_all(directory, tell=show)
    say(f"wrote {len(paths) - 1} files and {paths[0]}")
    tell(f"Open {paths[0].resolve().as_uri()} in a browser.")
