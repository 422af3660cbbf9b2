"""All figures in one folder, with a page that shows them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from html import escape
from multiprocessing import get_context
from pathlib import Path

from threadpoolctl import threadpool_limits

from ..checks import check_integer
from ..files.atomic import atomic_write, check_writable
from ..movie import check_movie
from ..plots import check_picture
from .entry import BookFigure
from .inventory import CHAPTERS, FIGURES, figure

__all__ = ["draw_all", "write"]

MOVIES = (".gif", ".mp4")

MOST_WORKERS = 61
"""More processes at once Windows can't wait for; there are not many more files."""


def _check_output(number: str, path: str | os.PathLike[str]) -> None:
    """Check that a figure can be written to a file, before it is drawn."""
    one = figure(number)
    if Path(path).suffix.lower() not in MOVIES:
        check_picture(path)
        check_writable(path)
    elif one.film is None:
        raise ValueError(
            f"figure {number} does not move: give a .png, .svg or .pdf, got {path}"
        )
    else:
        check_movie(path)


def write(number: str, path: str | os.PathLike[str]) -> None:
    """Draw a figure of the book to a file, or film it.

    Parameters
    ----------
    number : str
        As in the book.
    path : str or path
        A picture, as ``.png``, ``.svg`` or ``.pdf``; or ``.gif`` or ``.mp4``, where the book
        animates the figure.

    Raises
    ------
    ValueError
        If there is no such figure, it does not move and the file is a movie, or the ending
        is of no kind of picture.
    ModuleNotFoundError, OSError
        If what draws or writes it is not installed, or the file can't be written.
    """
    _check_output(number, path)
    one = figure(number)
    if Path(path).suffix.lower() in MOVIES and one.film is not None:
        one.film(str(path))
        return
    drawn = one.draw()
    with atomic_write(path) as temporary:
        drawn.savefig(temporary)


def draw_all(
    directory: str | os.PathLike[str],
    *,
    numbers: Iterable[str] | None = None,
    movies: bool = True,
    processes: int | None = None,
    tell: Callable[[str, int, int], None] = lambda number, done, count: None,
) -> list[Path]:
    """Draw figures into a folder, with ``index.html``, which shows them.

    Parameters
    ----------
    directory : str or path
        The folder, which is made if it isn't there.
    numbers : iterable of str, optional
        Which ones; by default all.
    movies : bool
        Whether those that move are filmed too, as GIF.
    processes : int, optional
        How many work on it; by default as many as there are processors for this one.
    tell : callable
        Is called with the file's name, how many are done, and how many there are.

    Returns
    -------
    list of Path
        The files, the page first.

    Raises
    ------
    TypeError, ValueError
        If there is no such figure, or `processes` is no number of them.
    ModuleNotFoundError, OSError
        If matplotlib is not installed, or the folder can't be written to.

    Notes
    -----
    Processes are begun anew, so that a script calls it below ``if __name__ == "__main__":``.
    """
    check_picture("figure.png")
    workers = (
        _processors()
        if processes is None
        else check_integer("processes", processes, at_least=1)
    )
    chosen = {number: figure(number) for number in (FIGURES if numbers is None else numbers)}
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"{number}.png" for number in chosen]
    if movies:
        names += [f"{number}.gif" for number, one in chosen.items() if one.film is not None]
    parts: dict[str, list[str]] = {}
    for name in names:
        parts.setdefault(figure(Path(name).stem).together or name, []).append(name)
    # what takes long begins first, and of those that share a training the one that films it
    order = sorted(parts.values(), key=lambda part: (-len(part), part[0].endswith("png")))
    done = 0
    with ProcessPoolExecutor(
        min(workers, MOST_WORKERS), get_context("spawn"), initializer=_begin
    ) as pool:
        waiting = {
            pool.submit(_write_all, folder, sorted(part, key=_movie_first)): part
            for part in order
        }
        try:
            for future in as_completed(waiting):
                future.result()
                done += len(waiting[future])
                tell(waiting[future][-1], done, len(names))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    page = folder / "index.html"
    with atomic_write(page) as temporary:
        temporary.write_text(_page(chosen, set(names)), encoding="utf-8")
    return [page, *(folder / name for name in names)]


def _processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):  # which macOS and Windows lack
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _movie_first(name: str) -> tuple[bool, str]:
    """Return where a file comes: what is filmed is there to be drawn, and compared at last."""
    return name.endswith(".png"), name


def _write_all(folder: Path, names: list[str]) -> None:
    for name in names:
        write(Path(name).stem, folder / name)


def _begin() -> None:
    """Let each process compute with one thread."""
    threadpool_limits(1)


STYLE = """
:root { color-scheme: light dark; }
body { font-family: sans-serif; max-width: 75rem; margin: 0 auto; padding: 1rem; }
section { display: grid; gap: 1rem; }
section { grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); }
figure { margin: 0; border: 1px solid #8886; border-radius: 0.4rem; overflow: hidden; }
img { width: 100%; display: block; background: white; }
figcaption { padding: 0.5rem; }
"""


def _page(figures: Mapping[str, BookFigure], names: set[str]) -> str:
    """Return the page that shows figures, of which there are files of these names."""
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>The book's figures, drawn by xpnn</title><style>{STYLE}</style></head><body>",
        "<h1>The figures of <cite>Neural Networks from Scratch in Python</cite></h1>",
        f"<p>{len(figures)} figures, computed and drawn by xpnn.</p>",
    ]
    for chapter in sorted({one.chapter for one in figures.values()}):
        parts.append(f"<h2>Chapter {chapter}: {escape(CHAPTERS[chapter])}</h2><section>")
        for number, one in figures.items():
            if one.chapter != chapter:
                continue
            moves = f' <a href="{number}.gif">moves</a>' if f"{number}.gif" in names else ""
            says = f"<b>{number}</b> {escape(one.shows)}{moves}"
            image = f'<img src="{number}.png" alt="{escape(one.shows)}" loading="lazy">'
            image = f'<a href="{number}.png">{image}</a>'
            parts.append(f"<figure>{image}<figcaption>{says}</figcaption></figure>")
        parts.append("</section>")
    return "\n".join([*parts, "</body></html>", ""])
