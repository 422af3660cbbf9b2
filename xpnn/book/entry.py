"""What a figure of the book is here: a number, a line, and how it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ..movie import movie_of
from ..plots import new_figure

__all__ = ["BookFigure", "frames", "on_axes"]

Draw = Callable[[], Any]
Film = Callable[[str], Any]


@dataclass(frozen=True)
class BookFigure:
    """A figure.

    Attributes
    ----------
    number : str
        As in the book: ``"9.07"``.
    shows : str
        A line on what it shows.
    functions : tuple of callable
        Of `xpnn.plots`, which draw it.
    draw : callable
        Without arguments; returns the matplotlib Figure.
    film : callable, optional
        Takes the path of a ``.gif`` or ``.mp4``, and writes the movie.
    in_book : bool
        Whether the book has it; the others are what its text tells of.
    together : str
        What one process draws one after the other, as they share trainings; empty for others.
    """

    number: str
    shows: str
    functions: tuple[Callable[..., Any], ...]
    draw: Draw
    film: Film | None = None
    in_book: bool = True
    together: str = ""

    @property
    def chapter(self) -> int:
        """The chapter's number."""
        return int(self.number.partition(".")[0])


def on_axes(
    function: Callable[..., Any],
    *args: Any,
    size: tuple[float, float] = (6, 4),
    **settings: Any,
) -> Draw:
    """Return what draws with a function that takes axes first; `size` is in inches."""

    def draw() -> Any:
        figure = new_figure(*size, dpi=110)
        function(figure.subplots(), *args, **settings)
        return figure

    return draw


def frames(drawings: Iterable[Draw], fps: float = 5) -> Film:
    """Return what writes a movie of drawings."""
    drawings = [*drawings]
    return lambda path: movie_of(path, (draw() for draw in drawings), fps=fps)
